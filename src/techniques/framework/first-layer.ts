import type { Node } from "../../model/graph.ts";
import { factsOf, hasTrait } from "../../model/operators.ts";
import type { Traced } from "../../runtime/kept-traces.ts";
import { isSpatial, type Layouts } from "../../runtime/layout.ts";
import { ancestors, picked, valuesBefore } from "./layers-before.ts";
import type { LayerInfo } from "./technique.ts";

/**
 * The first convolution's output that the score depends on and that has places; where a normalization and an
 * activation alone follow it, theirs: what the next layer is given. Undefined where there is none.
 */
export function firstConvolution(traced: Traced, layouts: Layouts, score: string): LayerInfo | undefined {
  const before = new Set(valuesBefore(traced, score));
  const { nodes } = traced.graph;
  const isMap = (value: string): boolean =>
    before.has(value) && isSpatial(layouts.get(value), traced.trace.dims.get(value)!);
  const convolution = nodes.find((node) => hasTrait(node, "convolution") && isMap(node.outputs[0]));
  if (!convolution) return undefined;
  const needed = ancestors(traced.graph, score);
  const next = (value: string): Node | undefined => {
    const readers = nodes.filter(
      (node) => node.inputs.includes(value) && node.outputs.some((output) => needed.has(output)),
    );
    return readers.length === 1 && isMap(readers[0].outputs[0]) ? readers[0] : undefined;
  };
  const [output] = convolution.outputs;
  const normalization = next(output);
  const normalized =
    normalization && factsOf(normalization)?.family === "normalization" ? normalization.outputs[0] : output;
  const activation = next(normalized);
  const value = activation && isActivation(activation) ? activation.outputs[0] : output;
  return picked(traced, layouts, value, `the first convolution${value === output ? "" : ", after its activation"}`);
}

function isActivation(node: Node): boolean {
  return hasTrait(node, "activation") || node.opType === "Clip";
}
