import type { EditorState } from "../../src/protocol/editor.ts";
import type { LayerDescription } from "../../src/protocol/model.ts";

export type Sort = EditorState["sort"];

/**
 * Layers that a search text finds: every word must occur in the name, the operator or an output's name; `op:Conv` asks
 * for an operator by its whole name. Case does not matter. Order is kept. /
 */
export function findLayers(layers: readonly LayerDescription[], text: string): readonly LayerDescription[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return layers;
  return layers.filter((layer) => {
    const operator = layer.operator.toLowerCase();
    const haystack = `${layer.name}\n${operatorName(layer)}\n${layer.outputs.join("\n")}`.toLowerCase();
    return words.every((word) => {
      if (!word.startsWith("op:")) return haystack.includes(word);
      const wanted = word.slice(3);
      return wanted === "" || operator === wanted || operatorName(layer).toLowerCase() === wanted;
    });
  });
}

/** A sorted copy; equal ones stay in the graph's order, unknown shapes come last. */
export function sortLayers(layers: readonly LayerDescription[], { by, descending }: Sort): readonly LayerDescription[] {
  if (by === "order") return descending ? [...layers].reverse() : layers;
  const compare = comparisons[by];
  const direction = descending ? -1 : 1;
  return [...layers].sort((a, b) => direction * compare(a, b) || a.index - b.index);
}

const names = new Intl.Collator("en", { numeric: true });

const comparisons: Record<Exclude<Sort["by"], "order">, (a: LayerDescription, b: LayerDescription) => number> = {
  name: (a, b) => names.compare(a.name, b.name),
  operator: (a, b) => names.compare(operatorName(a), operatorName(b)),
  parameters: (a, b) => a.parameters - b.parameters,
  shape: (a, b) => elements(a) - elements(b),
};

/** Elements of the output; symbols count as 1, so that [N,3,224,224] compares by what is known. Unknown: −1. */
function elements(layer: LayerDescription): number {
  if (!layer.outputDims) return -1;
  return layer.outputDims.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : 1), 1);
}

/** "Conv", or "com.microsoft.FusedConv" outside ai.onnx. */
export function operatorName(layer: LayerDescription): string {
  return layer.domain && layer.domain !== "ai.onnx" ? `${layer.domain}.${layer.operator}` : layer.operator;
}

/** A family of operators, for the colour of its dot. */
export type Family = "linear" | "activation" | "normalization" | "pool" | "arithmetic" | "shape" | "other";

export function familyOf(operator: string): Family {
  return families.get(operator) ?? "other";
}

const families = new Map<string, Family>(
  Object.entries({
    linear:
      "Conv ConvTranspose Gemm MatMul Einsum ConvInteger MatMulInteger QLinearConv QLinearMatMul LSTM GRU RNN Attention",
    activation:
      "Relu LeakyRelu PRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Tanh Gelu Erf Softplus Softsign Mish Clip Softmax LogSoftmax ThresholdedRelu Swish",
    normalization:
      "BatchNormalization InstanceNormalization GroupNormalization LayerNormalization LpNormalization LRN RMSNormalization MeanVarianceNormalization",
    pool: "MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceLogSumExp ArgMax ArgMin TopK",
    arithmetic:
      "Add Sub Mul Div Pow Neg Sqrt Exp Log Abs Min Max Sum Mean Where Equal Less Greater Not And Or Mod Floor Ceil Round Reciprocal Sign",
    shape:
      "Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Pad Expand Tile Gather GatherElements GatherND Scatter ScatterElements ScatterND Resize Upsample DepthToSpace SpaceToDepth Identity Cast Shape Size Constant ConstantOfShape Range",
  } satisfies Partial<Record<Family, string>>).flatMap(([family, operators]) =>
    operators.split(" ").map((operator): [string, Family] => [operator, family as Family]),
  ),
);
