import type { Attribute, Node } from "../model/graph.ts";
import { makersAmong } from "../model/makers.ts";
import { hasTrait } from "../model/operators.ts";

/** What works on each element by itself: of steps that are put side by side it may as well come after that. */
const BY_ELEMENT: ReadonlySet<string> = new Set(["Sigmoid", "HardSigmoid"]);
const ALONG_AXIS: ReadonlySet<string> = new Set(["Softmax", "LogSoftmax"]);

export interface LastOperator {
  /** What goes into it at each step, in the shape of what comes out. */
  readonly inputs: readonly string[];
  /** Nodes that bring it into that shape. */
  readonly shaping: readonly Node[];
  /** The operator, for all steps at once; its input and output are not yet set. */
  readonly node: Node;
}

/**
 * The softmax or sigmoid that ends each step of a loop, so that it can be applied once to all steps, stacked along a
 * new axis: the scores before it are then one value of the graph, as they are where there is no loop. Undefined where
 * steps end in anything else.
 * @param fresh A name that nothing has yet.
 */
export function lastOperator(
  values: readonly string[],
  nodes: readonly Node[],
  axis: number,
  opset: number,
  fresh: (hint: string) => string,
): LastOperator | undefined {
  const makers = makersAmong(nodes);
  const shaping: Node[] = [];
  const inputs: string[] = [];
  let last: Node | undefined;
  for (const value of values) {
    const chain: Node[] = [];
    let node = makers.get(value);
    while (node && (node.opType === "Identity" || hasTrait(node, "reshape"))) {
      chain.unshift(node);
      node = makers.get(node.inputs[0]);
    }
    if (
      node?.domain !== "" ||
      !(
        BY_ELEMENT.has(node.opType) ||
        (ALONG_AXIS.has(node.opType) && chain.every(({ opType }) => opType === "Identity"))
      )
    )
      return undefined;
    if (last && (last.opType !== node.opType || JSON.stringify(last.attributes) !== JSON.stringify(node.attributes)))
      return undefined;
    last ??= node;
    inputs.push(
      chain.reduce((from, { inputs: [, ...others], ...kept }) => {
        const output = fresh(`${kept.outputs[0]}.scores`);
        shaping.push({ ...kept, inputs: [from, ...others], outputs: [output] });
        return output;
      }, node.inputs[0]),
    );
  }
  const attributes = last && (BY_ELEMENT.has(last.opType) ? last.attributes : shifted(last, axis, opset));
  return attributes && { inputs, shaping, node: { ...last!, attributes } };
}

/** The attributes of a softmax over values with one more axis in front; undefined where that is elsewhere. */
function shifted({ attributes }: Node, axis: number, opset: number): Record<string, Attribute> | undefined {
  if (axis !== 0) return undefined;
  const along = attributes.axis?.type === "int" ? attributes.axis.value : opset >= 13 ? -1 : 1;
  return { ...attributes, axis: { type: "int", value: along < 0 ? along : along + 1 } };
}
