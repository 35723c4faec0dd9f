import type { Dim, Model } from "../model/graph.ts";
import { inferShapes } from "../model/shapes/infer.ts";
import type { Feeds } from "./ort.ts";

/** The shapes of a graph's values for these inputs, as far as they follow without running it. */
export function shapesFor(
  { graph, opsets }: Pick<Model, "graph" | "opsets">,
  feeds: Feeds,
): Map<string, readonly Dim[]> {
  const inputs = graph.inputs.map((input) => {
    const fed = feeds[input.name];
    return fed ? { ...input, type: { kind: "tensor" as const, dataType: fed.dataType, dims: fed.dims } } : input;
  });
  return inferShapes({ graph: { ...graph, inputs }, opsets });
}
