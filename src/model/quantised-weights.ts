import { elementCount, type Node, type TensorRef } from "./graph.ts";

/** How a node takes its integer or packed inputs; every other input of it is data or a setting. */
export interface QuantisedInputs {
  /** Inputs that are weights where they are constant, biases in integers included. */
  readonly weights: readonly number[];
  /** Scales, zero points, sorting and the like: what weights are read with. */
  readonly readers: readonly number[];
  /** Where weights are packed into bytes: how many there are, and of what type. */
  readonly packed?: (node: Node, tensor: TensorRef) => { readonly count: number; readonly type: string };
}

const BINARY: QuantisedInputs = { weights: [0, 3], readers: [1, 2, 4, 5, 6, 7] };
const UNARY: QuantisedInputs = { weights: [0], readers: [1, 2, 3, 4] };

/** By operator, inputs as their schemas number them (ai.onnx 10 to 25; ONNX Runtime's ContribOperators.md). */
const INPUTS: Readonly<Record<string, QuantisedInputs>> = {
  DequantizeLinear: { weights: [0], readers: [1, 2] },
  QuantizeLinear: { weights: [0], readers: [1, 2] },
  QLinearConv: { weights: [3, 8], readers: [1, 2, 4, 5, 6, 7] },
  QLinearMatMul: BINARY,
  ConvInteger: { weights: [0, 1], readers: [2, 3] },
  MatMulInteger: { weights: [0, 1], readers: [2, 3] },
  QLinearAdd: BINARY,
  QLinearMul: BINARY,
  QLinearWhere: { weights: [1, 4], readers: [2, 3, 5, 6, 7, 8] },
  QLinearLeakyRelu: UNARY,
  QLinearSigmoid: UNARY,
  QLinearSoftmax: UNARY,
  QLinearAveragePool: UNARY,
  QLinearGlobalAveragePool: UNARY,
  QLinearReduceMean: { weights: [0], readers: [1, 2, 3, 4] },
  QGemm: { weights: [0, 3, 6], readers: [1, 2, 4, 5, 7, 8] },
  MatMulIntegerToFloat: { weights: [0, 1], readers: [2, 3, 4, 5] },
  DynamicQuantizeMatMul: { weights: [1], readers: [2, 3] },
  DynamicQuantizeLSTM: { weights: [1, 2], readers: [8, 9, 10, 11] },
  QAttention: { weights: [1, 2], readers: [3, 4, 6, 7] },
  QEmbedLayerNormalization: { weights: [2, 3, 4, 5, 6], readers: [8, 9, 10, 11, 12, 13, 14, 15, 16, 17] },
  QOrderedMatMul: { weights: [2, 5], readers: [1, 3, 4, 7] },
  MatMulNBits: {
    weights: [1],
    readers: [2, 3, 4],
    packed: (node, tensor) => matrix(node, tensor, `uint${intOf(node, "bits", 4)}`),
  },
  MatMulBnb4: { weights: [1], readers: [2], packed: (node, tensor) => matrix(node, tensor, "4-bit float") },
  GatherBlockQuantized: {
    weights: [0],
    readers: [2, 3],
    packed: (node, tensor) => bytes(tensor, intOf(node, "bits", 4)),
  },
  QMoE: {
    weights: [2, 5, 8],
    readers: [3, 6, 9, 11, 12, 13],
    packed: (node, tensor) => bytes(tensor, intOf(node, "expert_weight_bits", 4)),
  },
};

/** Operators outside ai.onnx whose schemas these are: ONNX Runtime's, and those that its layout optimisers write. */
const DOMAINS: ReadonlySet<string> = new Set(["", "com.microsoft", "com.ms.internal.nhwc"]);

export function quantisedInputs(node: Node): QuantisedInputs | undefined {
  if (!DOMAINS.has(node.domain)) return undefined;
  if (node.opType === "QLinearConcat") {
    // The output's scale and zero point, then each part with its own.
    const parts = Array.from({ length: Math.floor((node.inputs.length - 2) / 3) }, (_, part) => 2 + 3 * part);
    return { weights: parts, readers: [0, 1, ...parts.flatMap((part) => [part + 1, part + 2])] };
  }
  return Object.hasOwn(INPUTS, node.opType) ? INPUTS[node.opType] : undefined;
}

function intOf({ attributes }: Node, name: string, otherwise: number): number {
  const attribute = attributes[name];
  return attribute?.type === "int" ? attribute.value : otherwise;
}

/** K×N weights, whatever bytes they are packed into: padding of the last block is none. */
function matrix(node: Node, tensor: TensorRef, type: string): { count: number; type: string } {
  return { count: intOf(node, "K", 0) * intOf(node, "N", 0) || elementCount(tensor.dims), type };
}

/** Weights of a few bits, as many in each byte as fit; a tensor of 4-bit elements has its own count. */
function bytes({ dims, dataType }: TensorRef, bits: number): { count: number; type: string } {
  return dataType === "uint8" && bits < 8
    ? { count: elementCount(dims) * (8 / bits), type: `uint${bits}` }
    : { count: elementCount(dims), type: dataType };
}
