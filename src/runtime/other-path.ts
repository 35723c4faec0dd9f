import type { Specialised } from "../autodiff/specialise.ts";
import { ModelError, RuledOutError, UsageError } from "../model/errors.ts";
import { isFloat, nodeLabel, sameNumbers, type Node } from "../model/graph.ts";
import { makersAmong } from "../model/makers.ts";
import type { Traced } from "./kept-traces.ts";

/**
 * A run that took another path than its graph was specialised on, or that failed, as it does where another path has
 * other lengths.
 */
export class OtherPath {
  /** `guards`: the values of the specialised graph that differ; none where the run failed before they were seen. */
  constructor(
    readonly guards: readonly string[],
    readonly error?: ModelError,
  ) {}
}

/** Whether a run may have failed because values had other lengths than its graph was written out for. */
export function mayBeLengths(error: unknown): error is ModelError {
  return error instanceof ModelError && !/not enough memory/.test(error.message);
}

/**
 * Whether what `known` was specialised on is what `found` showed: the same branches, shapes, and integers that decide.
 */
export function sameWay(known: Traced, found: Traced): boolean {
  const [before, now] = [known.trace, found.trace];
  const same = (a: readonly number[] | undefined, b: readonly number[] | undefined): boolean =>
    a === b || (a !== undefined && b !== undefined && sameNumbers(a, b));
  return (
    known.graph.nodes.length === found.graph.nodes.length &&
    known.graph.nodes.every(
      ({ outputs }, index) =>
        same(before.dims.get(outputs[0]), now.dims.get(found.graph.nodes[index].outputs[0])) &&
        outputs.join() === found.graph.nodes[index].outputs.join(),
    ) &&
    known.specialised.guards.every(
      ({ value, expected }) => !before.known.has(value) || same(expected, now.known.get(value)),
    )
  );
}

export function otherForBaseline(): RuledOutError {
  return new RuledOutError(
    "The model takes a different path for the baseline than for the input, so they cannot be compared.",
    "baseline",
    ["baseline that compares"],
    "Choose another baseline.",
  );
}

/**
 * What is wrong where the same feeds go another way each time: chance in the model; or, where `steady`, a tie that two
 * ways of running it break differently.
 */
export function noWay({ specialised }: Traced, { guards, error }: OtherPath, steady: boolean): Error {
  if (!steady) return new UsageError("The model takes a different path in each run, so its gradient is not defined.");
  if (error && !specialised.guards.some(({ value }) => decides(specialised, value))) return error;
  const node = guards.map((guard) => deciding(specialised, guard)).find((one) => one !== undefined);
  const place = node ? `${node.opType} "${nodeLabel(node)}"` : error?.where;
  return new UsageError(
    `Two ways of running the model disagree about a tie or a threshold${place ? `: ${place}` : ""}. Everything computed after it depends on that${error ? ` (${error.message})` : ""}.`,
    place,
    "Explain an output before that node (predictions lists them), change the input a little, or use a method that only runs the model forward (occlusion, feature-ablation).",
  );
}

/** The node nearest to a guard that makes integers from floats: a comparison, a TopK, a rounding. */
function deciding(specialised: Specialised, guard: string): Node | undefined {
  const makers = makersAmong(specialised.forward);
  const float = (value: string): boolean =>
    value !== "" && isFloat(specialised.g.typeOf(value) ?? specialised.typeOf(value) ?? "float32");
  const seen = new Set<string>();
  const waiting = [guard];
  for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) {
    const node = makers.get(value);
    if (!node || seen.has(value)) continue;
    seen.add(value);
    if (
      node.opType !== "Shape" &&
      !float(value) &&
      node.inputs.some((input) => float(input) && specialised.tainted.has(input))
    )
      return node;
    // Compress takes what it chooses from, too: what decides is the mask.
    const masks = node.inputs.filter((input) => !float(input) && specialised.tainted.has(input));
    waiting.push(...(masks.length > 0 ? masks : node.inputs));
  }
  return undefined;
}

/** Whether a guard is the shape of a value whose length the input decides. */
function decides(specialised: Specialised, guard: string): boolean {
  return specialised.forward.some(({ opType, outputs }) => opType === "Shape" && outputs[0] === guard);
}
