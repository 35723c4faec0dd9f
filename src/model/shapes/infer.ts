import { constantOf } from "../constants.ts";
import type { Dim, Graph, Model, Node, TensorRef } from "../graph.ts";
import { toNumbers } from "../tensor.ts";
import { NodeView, NotKnown, type Known } from "./node-view.ts";
import { ML_SHAPE_RULES } from "./ml-rules.ts";
import { SHAPE_RULES } from "./rules.ts";
import { SMALLEST_UNFOLDED, VALUE_RULES } from "./values.ts";

/**
 * Shapes of the main graph's values by name: what the file declares, and what follows from it for common operators of
 * ai.onnx and ai.onnx.ml, without running anything. Symbols stay ("N"), unknown dimensions are null, values of unknown
 * rank are absent.
 */
export function inferShapes(model: Pick<Model, "graph" | "opsets">): Map<string, readonly Dim[]> {
  const { graph } = model;
  const known: Known = { shapes: new Map(), values: new Map(), opset: model.opsets[""] ?? 1 };
  declared(graph, known);
  for (const node of graph.nodes) {
    const constant = constantOf(node);
    if (constant !== undefined) addConstant(constant, known);
    else if (node.domain === "" || node.domain === "ai.onnx.ml") inferNode(node, known);
  }
  return known.shapes;
}

function declared(graph: Graph, known: Known): void {
  for (const { name, type } of [...graph.valueInfo, ...graph.outputs, ...graph.inputs]) {
    if ((type.kind === "tensor" || type.kind === "sparse") && type.dims !== undefined)
      known.shapes.set(name, type.dims);
  }
  for (const tensor of graph.initializers) addConstant(tensor, known);
}

function addConstant(tensor: TensorRef, known: Known): void {
  const { name, dims, dataType, storage } = tensor;
  known.shapes.set(name, dims);
  if (
    tensor.problem !== undefined ||
    storage.kind !== "bytes" ||
    dataType === "string" ||
    dataType.startsWith("complex")
  )
    return;
  if (storage.bytes.length < SMALLEST_UNFOLDED)
    known.values.set(name, { dims, data: toNumbers(tensor, storage.bytes) });
}

function inferNode(node: Node, known: Known): void {
  const view = new NodeView(node, known);
  const rules = node.domain === "" ? SHAPE_RULES : ML_SHAPE_RULES;
  const shapes = attempt(() => rules.get(node.opType)?.(view));
  shapes?.forEach((dims, index) => {
    const name = node.outputs[index];
    if (name === undefined || name === "" || dims === undefined) return;
    const clean = dims.map((dim) =>
      typeof dim === "string" || (typeof dim === "number" && Number.isInteger(dim) && dim >= 0) ? dim : null,
    );
    const before = known.shapes.get(name);
    // What the file declares counts; what follows fills its gaps.
    if (before === undefined) known.shapes.set(name, clean);
    else if (before.length === clean.length)
      known.shapes.set(
        name,
        before.map((dim, axis) => dim ?? clean[axis]),
      );
  });
  if (node.domain !== "") return;
  const value = attempt(() => VALUE_RULES.get(node.opType)?.(view));
  if (value !== undefined && value.data.length < SMALLEST_UNFOLDED && node.outputs.length === 1) {
    known.values.set(node.outputs[0], value);
    if (!known.shapes.has(node.outputs[0])) known.shapes.set(node.outputs[0], value.dims);
  }
}

function attempt<T>(rule: () => T): T | undefined {
  try {
    return rule();
  } catch (error) {
    if (error instanceof NotKnown) return undefined;
    throw error;
  }
}
