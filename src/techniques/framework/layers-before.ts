import { isFloat, type Graph } from "../../model/graph.ts";
import { hasTrait } from "../../model/operators.ts";
import type { Traced } from "../../runtime/kept-traces.ts";
import type { Layouts } from "../../runtime/layout.ts";
import { makerLabel } from "./layer-names.ts";
import type { LayerInfo } from "./technique.ts";

/**
 * Float values that depend on the input and that the score is computed from, the last first; with `steps` also all
 * steps of a recurrent layer of which the last one is read.
 */
export function* valuesBefore(
  { graph, trace, specialised }: Traced,
  score: string,
  steps = false,
): Generator<string, undefined> {
  const before = ancestors(graph, score);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    const { outputs } = node;
    if (steps && hasTrait(node, "recurrent") && outputs.some((output) => before.has(output))) before.add(outputs[0]);
    for (const output of outputs) {
      if (
        output === score ||
        !trace.dims.has(output) ||
        !before.has(output) ||
        !specialised.tainted.has(output) ||
        !isFloat(trace.types.get(output) ?? "float32")
      )
        continue;
      yield output;
    }
  }
}

/** A layer that a method takes by itself, and why. */
export function picked({ graph, trace }: Traced, layouts: Layouts, value: string, why: string): LayerInfo {
  return {
    value,
    node: makerLabel(graph, value),
    dims: trace.dims.get(value)!,
    layout: layouts.get(value),
    picked: true,
    why,
  };
}

/** Values that `value` is computed from. */
export function ancestors(graph: Graph, value: string): Set<string> {
  const found = new Set([value]);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index];
    if (node.outputs.some((output) => found.has(output))) for (const input of node.inputs) found.add(input);
  }
  return found;
}
