import { DATA_TYPES, type Attribute } from "../graph.ts";
import type { Body } from "./body.ts";

/** False where the node is left as it is. */
export type StandIn = (body: Body) => boolean;

/**
 * com.microsoft's operators that ONNX Runtime has on GPUs only, and layers that have taken in an activation, as
 * standard ones (ONNX Runtime, docs/ContribOperators.md).
 */
export const FUSED: Readonly<Record<string, StandIn>> = {
  // With its parts as nodes of their own, relevance sees a gate (a sigmoid that a Conv has taken in) as it sees any
  // other.
  FusedConv: (b) => {
    const y = b.op("Conv", [b.x(0), b.x(1), b.x(2)], b.without("activation", "activation_params"));
    b.activated(b.has(3) ? b.op("Add", [y, b.x(3)]) : y);
    return true;
  },
  FusedGemm: (b) => {
    const y = b.op(
      "Gemm",
      [b.x(0), b.x(1), b.x(2)],
      b.without("activation", "activation_alpha", "activation_beta", "activation_gamma"),
    );
    const given = ["activation_alpha", "activation_beta"].flatMap((name) =>
      b.node.attributes[name] ? [b.float(name, 0)] : [],
    );
    b.activated(y, given);
    return true;
  },
  GroupNorm: (b) => groupNorm(b, b.x(0)),
  SkipGroupNorm: (b) => {
    const last = b.int("channels_last", 1) !== 0;
    // One vector for each sample: the same at all places.
    const skip =
      b.dims(3)?.length === 2 ? b.op("Reshape", [b.x(3), b.ints(...(last ? [0, 1, 1, -1] : [0, -1, 1, 1]))]) : b.x(3);
    const sum = b.op("Add", [b.x(0), skip]);
    const all = b.has(4) ? b.op("Add", [sum, last ? b.x(4) : b.op("Reshape", [b.x(4), b.ints(-1, 1, 1)])]) : sum;
    b.gives(1, all);
    return groupNorm(b, all);
  },
  BiasAdd: (b) => {
    b.last("Add", [b.op("Add", [b.x(0), b.x(1)]), b.x(2)]);
    return true;
  },
  // The first half times the second's Gelu.
  BiasSplitGelu: (b) => {
    const [left, right] = b.ops("Split", [b.op("Add", [b.x(0), b.x(1)])], 2, {
      axis: -1,
      ...(b.around.opset >= 18 ? { num_outputs: 2 } : {}),
    });
    const one = b.op("Add", [b.op("Erf", [b.op("Mul", [right, b.floats([Math.SQRT1_2], [])])]), b.floats([1], [])]);
    b.last("Mul", [left, b.op("Mul", [b.op("Mul", [right, one]), b.floats([0.5], [])])]);
    return true;
  },
  BiasDropout: (b) => {
    if (b.node.outputs[1] || b.has(4)) return false;
    const sum = b.op("Add", [b.x(0), b.x(1)]);
    if (b.has(2)) b.last("Add", [sum, b.x(2)]);
    else b.gives(0, sum);
    return true;
  },
  BiasSoftmax: (b) => {
    const rank = b.dims(0)?.length;
    const axis = b.int("axis", 1);
    if (axis !== -1 && (rank === undefined || axis !== rank - 1)) return false;
    b.last("Softmax", [b.op("Add", [b.x(0), b.x(1)])], { axis });
    return true;
  },
  // Newer than some ONNX Runtimes.
  ScaledSiLU: (b) => {
    const scaled = b.op("Mul", [b.x(0), b.has(1) ? b.x(1) : b.floats([b.float("alpha", 1)], [])]);
    b.last("Mul", [scaled, b.op("Sigmoid", [scaled])]);
    return true;
  },
  GemmFastGelu: (b) => {
    b.last("FastGelu", [b.op("MatMul", [b.x(0), b.x(1)]), b.x(2)], {}, "com.microsoft");
    return true;
  },
  Attention: (b) => {
    const rotates = b.int("do_rotary", 0) !== 0;
    const square = b.dims(3)?.length === 4;
    if ((!rotates && !square) || b.around.opset < 11) return false;
    return rotates ? rotatedAttention(b) : attentionWith(b, squareMask(b));
  },
};

/** gamma·(x − mean)/√(variance + ε) + beta by groups of channels, then perhaps x·sigmoid(x). */
function groupNorm(b: Body, value: string): boolean {
  const groups = b.int("groups", 1);
  const last = b.int("channels_last", 1) !== 0;
  const first = last ? b.channelsFirst(value) : value;
  const grouped = b.op("Reshape", [first, b.ints(0, groups, -1)]);
  const [ones, zeros] = [1, 0].map((number) => b.floats(new Array<number>(groups).fill(number), [groups]));
  const unit = b.op("Reshape", [
    b.op("InstanceNormalization", [grouped, ones, zeros], {
      epsilon: { type: "float", value: b.float("epsilon", 1e-5) },
    }),
    b.op("Shape", [first]),
  ]);
  const perChannel = (index: number): string => {
    const own =
      b.typeOf(index) === b.typeOf(0)
        ? b.x(index)
        : b.op("Cast", [b.x(index)], { to: DATA_TYPES.indexOf(b.typeOf(0)) });
    return last ? own : b.op("Reshape", [own, b.ints(-1, 1, 1)]);
  };
  const back = last ? b.op("Transpose", [unit], { perm: b.channelsLast() }) : unit;
  const y = b.op("Add", [b.op("Mul", [back, perChannel(1)]), perChannel(2)]);
  b.gives(0, b.int("activation", 0) === 1 ? b.silu(y) : y);
  return true;
}

/** The queries' rows and the keys' columns of a mask [batch, 1, longest, longest], as [batch, queries, keys]. */
function squareMask(b: Body): string {
  const queries = size(b, b.x(0), 1);
  const keys = b.has(4) ? b.op("Add", [queries, size(b, b.x(4), 3)]) : queries;
  const rows = b.slice(b.x(3), 2, b.op("Sub", [keys, queries]), keys);
  const mask = b.slice(rows, 3, b.ints(0), keys);
  return b.op("Reshape", [mask, b.op("Concat", [size(b, b.x(3), 0), queries, keys], { axis: 0 })]);
}

/** The length of an axis, as a list of one. */
function size(b: Body, value: string, axis: number): string {
  return b.op("Gather", [b.op("Shape", [value]), b.ints(axis)]);
}

function attentionWith(b: Body, mask: string): boolean {
  const { node } = b;
  b.nodes.push({
    ...node,
    inputs: node.inputs.map((input, index) => (index === 3 ? mask : input)),
    attributes: b.without("do_rotary"),
  });
  return true;
}

/**
 * Attention whose queries and keys are turned by their positions: the projection, RotaryEmbedding (the first half of a
 * head's channels with the second, angles position·10000^(−2i/size)) and MultiHeadAttention, as ONNX Runtime advises.
 * Positions go on after the past's.
 */
function rotatedAttention(b: Body): boolean {
  const heads = b.int("num_heads", 1);
  const [, width] = b.dims(1) ?? [];
  const sizes =
    b.node.attributes.qkv_hidden_sizes?.type === "ints"
      ? b.node.attributes.qkv_hidden_sizes.value
      : typeof width === "number"
        ? [width / 3, width / 3, width / 3]
        : undefined;
  // A mask of starts and ends of sequences is one that MultiHeadAttention does not take.
  if (!sizes || (b.has(3) && b.dims(3)?.length === 1)) return false;
  const product = b.op("MatMul", [b.x(0), b.x(1)]);
  const projected = b.has(2) ? b.op("Add", [product, b.x(2)]) : product;
  const bounds = [0, sizes[0], sizes[0] + sizes[1], sizes[0] + sizes[1] + sizes[2]];
  const [q, k, v] = [0, 1, 2].map((part) => b.slice(projected, 2, b.ints(bounds[part]), b.ints(bounds[part + 1])));
  const turned = b.int("rotary_embedding_dim", 0) || sizes[0] / heads;
  const queries = size(b, b.x(0), 1);
  const before = b.has(4) ? size(b, b.x(4), 3) : b.ints(0);
  const scalar = (value: string): string =>
    b.op("Squeeze", b.around.opset >= 13 ? [value, b.ints(0)] : [value], b.around.opset >= 13 ? {} : { axes: [0] });
  const positions = b.op("Range", [scalar(before), scalar(b.op("Add", [before, queries])), scalar(b.ints(1))]);
  const float: Attribute = { type: "int", value: DATA_TYPES.indexOf(b.typeOf(0)) };
  const steps = Array.from({ length: turned / 2 }, (_, index) => 10000 ** ((-2 * index) / turned));
  const angles = b.op("Mul", [
    b.op("Reshape", [b.op("Cast", [positions], { to: float }), b.ints(-1, 1)]),
    b.floats(steps, [1, steps.length]),
  ]);
  const [cos, sin] = [b.op("Cos", [angles]), b.op("Sin", [angles])];
  const rotate = (value: string): string =>
    b.op(
      "RotaryEmbedding",
      [value, b.ints(0), cos, sin],
      { num_heads: heads, ...(turned === sizes[0] / heads ? {} : { rotary_embedding_dim: turned }) },
      "com.microsoft",
    );
  const past = (index: number): string =>
    b.has(4)
      ? b.op("Reshape", [
          b.slice(b.x(4), 0, b.ints(index), b.ints(index + 1)),
          b.op("Slice", [b.op("Shape", [b.x(4)]), b.ints(1), b.ints(5)]),
        ])
      : "";
  const mask = b.dims(3)?.length === 4 ? squareMask(b) : b.x(3);
  const attributes = Object.fromEntries(
    ["num_heads", "scale", "unidirectional", "mask_filter_value"].flatMap((name) =>
      b.node.attributes[name] ? [[name, b.node.attributes[name]]] : [],
    ),
  );
  const count = b.node.outputs[1] ? 3 : 1;
  const [y, key, value] = b.ops(
    "MultiHeadAttention",
    [rotate(q), rotate(k), v, "", mask, b.x(5), past(0), past(1)],
    count,
    attributes,
    "com.microsoft",
  );
  if (count === 3) {
    const parts = [key, value].map((one) =>
      b.op("Reshape", [one, b.op("Concat", [b.ints(1), b.op("Shape", [one])], { axis: 0 })]),
    );
    b.gives(1, b.op("Concat", parts, { axis: 0 }));
  }
  b.gives(0, y);
  return true;
}
