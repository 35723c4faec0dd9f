import type { Node } from "../model/graph.ts";

/** Said of every result that went through a quantised operator. */
export const STRAIGHT_THROUGH =
  "Gradients through quantised operators are straight-through estimates: rounding counts as the identity inside the range, and as a constant where it clips.";

/** Operators whose integers stand for real numbers, by the outputs that do. */
const QUANTISED: Readonly<Record<string, readonly number[]>> = {
  QuantizeLinear: [0],
  DynamicQuantizeLinear: [0],
  QLinearConv: [0],
  QLinearMatMul: [0],
  ConvInteger: [0],
  MatMulInteger: [0],
  ...Object.fromEntries(
    [
      "QuantizeLinear",
      "QLinearConv",
      "QLinearAdd",
      "QLinearMul",
      "QLinearAveragePool",
      "QLinearGlobalAveragePool",
      "QLinearLeakyRelu",
      "QLinearSigmoid",
      "QLinearSoftmax",
      "QLinearConcat",
      "QLinearReduceMean",
      "QLinearWhere",
      "QGemm",
      "NhwcMaxPool",
    ].map((name) => [`com.microsoft.${name}`, [0]]),
  ),
};

/** Operators that move integers, or add them up, without changing what they stand for. */
const MOVING: ReadonlySet<string> = new Set([
  "Identity",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
  "Expand",
  "Tile",
  "Concat",
  "Split",
  "Slice",
  "Pad",
  "Gather",
  "GatherElements",
  "GatherND",
  "MaxPool",
  "DepthToSpace",
  "SpaceToDepth",
  "Resize",
  "Add",
  "Sub",
  "Sum",
  "ReduceMax",
  "ReduceMin",
  "ReduceSum",
  "Cast",
  "Where",
  "Max",
  "Min",
]);

export function isQuantised(node: Node): boolean {
  const operator = operatorOf(node);
  return (
    Object.hasOwn(QUANTISED, operator) ||
    operator === "DequantizeLinear" ||
    /^com\.microsoft\.(DequantizeLinear|DynamicQuantize|MatMulIntegerToFloat|QAttention|QGemm)/.test(operator)
  );
}

/** Integer values that gradients pass through all the same: quantised numbers and what is made by moving them. */
export function carryingIntegers(nodes: readonly Node[], float: (value: string) => boolean): Set<string> {
  const carriers = new Set<string>();
  for (const node of nodes) {
    const quantised = QUANTISED[operatorOf(node)];
    if (quantised && Object.hasOwn(QUANTISED, operatorOf(node)))
      for (const index of quantised) carriers.add(node.outputs[index]);
    else if (node.domain === "" && MOVING.has(node.opType) && node.inputs.some((input) => carriers.has(input))) {
      const output = node.outputs[0];
      if (!float(output)) carriers.add(output);
      if (node.opType === "Split") for (const other of node.outputs) carriers.add(other);
    }
  }
  carriers.delete("");
  return carriers;
}

function operatorOf(node: Node): string {
  return node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;
}
