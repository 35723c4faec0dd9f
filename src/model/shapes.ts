import type { Dim, Model } from "./graph.ts";

/** Shapes by value name. */
export function inferShapes(model: Model): Map<string, readonly Dim[]> {
  const shapes = new Map<string, readonly Dim[]>();
  const { graph } = model;
  for (const { name, type } of [...graph.valueInfo, ...graph.inputs, ...graph.outputs]) {
    if ((type.kind === "tensor" || type.kind === "sparse") && type.dims !== undefined) shapes.set(name, type.dims);
  }
  for (const { name, dims } of graph.initializers) shapes.set(name, dims);
  return shapes;
}
