import type { FunctionDef, Model, Node } from "./graph.ts";
import { operatorOf, standardOf } from "./operators.ts";
import { FORMAL_PARAMETERS } from "./operators/formal-parameters.ts";

/** What the specification calls an operator's inputs and outputs: "X", "W", "B". */
interface Formal {
  readonly since: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** By operator, the newest opset first. */
const TABLE: ReadonlyMap<string, readonly Formal[]> = readTable();

/**
 * The names of a node's inputs and outputs by place, as its operator's specification or the model's own function has
 * them; undefined where there is none for a place. What an operator takes any number of is counted from 1.
 */
export function formalNames(
  node: Pick<Node, "domain" | "opType">,
  { opsets, functions }: Pick<Model, "opsets" | "functions">,
): { input(place: number): string | undefined; output(place: number): string | undefined } {
  const own = functions.find(({ name, domain }) => name === node.opType && domain === node.domain);
  const { inputs, outputs } = own ?? rowOf(node, opsets[node.domain] ?? Infinity) ?? NOTHING;
  return { input: (place) => nameAt(inputs, place), output: (place) => nameAt(outputs, place) };
}

const NOTHING: Pick<FunctionDef, "inputs" | "outputs"> = { inputs: [], outputs: [] };

function rowOf(node: Pick<Node, "domain" | "opType">, opset: number): Formal | undefined {
  const operator = operatorOf(node);
  const rows = TABLE.get(operator) ?? TABLE.get(standardOf(operator)) ?? TABLE.get(node.opType);
  return rows?.find(({ since }) => since <= opset) ?? rows?.at(-1);
}

function nameAt(names: readonly string[], place: number): string | undefined {
  const last = names.at(-1);
  if (last?.endsWith("...") && place >= names.length - 1) return `${last.slice(0, -3)} ${place - names.length + 2}`;
  return names[place];
}

function readTable(): Map<string, Formal[]> {
  const table = new Map<string, Formal[]>();
  for (const row of FORMAL_PARAMETERS.trim().split("\n")) {
    const [before, after] = row.split(">").map((side) => side.trim().split(" ").filter(Boolean));
    const [[operator, since = "1"], ...inputs] = [before[0].split("@"), ...before.slice(1)];
    table.set(operator, [{ since: Number(since), inputs, outputs: after }, ...(table.get(operator) ?? [])]);
  }
  return table;
}
