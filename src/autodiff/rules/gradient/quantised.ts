import type { DataType } from "../../../model/graph.ts";
import { float, range, type Dims } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";
import { attention } from "./microsoft-attention.ts";

/**
 * Quantised operators (ai.onnx 10 to 25 and com.microsoft), straight through: rounding counts as the identity inside
 * the range of the integers, and nothing passes where they clip (Bengio, Léonard & Courville 2013; PyTorch's
 * fake_quantize).
 */
export const quantisedRules: RuleTable = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  "com.microsoft.QuantizeLinear": quantizeLinear,
  "com.microsoft.DequantizeLinear": dequantizeLinear,
  // The scale spans the values and zero; with it as a value of its own, its gradient counts as well.
  DynamicQuantizeLinear: expanding((r) => {
    const { g } = r;
    const all = range(0, r.dims().length);
    const high = g.op("Max", [g.reduce("ReduceMax", r.x(), all, false), g.scalar(0)], []);
    const low = g.op("Min", [g.reduce("ReduceMin", r.x(), all, false), g.scalar(0)], []);
    const spanned = g.scale(g.minus(high, low), 1 / 255);
    // Where all is zero, as a baseline may be, so is the scale: the quotient is zero, too.
    const scale = g.op("Max", [spanned, g.scalar(1e-30)], []);
    return [g.over(r.x(), scale), scale, undefined];
  }),
  ConvInteger: expanding((r) => [conv(r, centred(r, 0, 2), centred(r, 1, 3, 0))]),
  MatMulInteger: expanding((r) => [
    product(r, centred(r, 0, 2, r.dims(0).length - 2), centred(r, 1, 3, r.dims(1).length - 1)),
  ]),
  QLinearConv: expanding((r) => {
    const { g } = r;
    const y = conv(r, real(r, 0), real(r, 3, 0));
    if (!r.has(8)) return [quantised(r, y, 6)];
    const factor = g.times(single(r, 1), r.x(4));
    const bias = g.times(inFloat(r, 8), factor);
    const alongChannel = r.dims(0).map((_, axis) => (axis === 1 ? r.dims(8)[0] : 1));
    return [quantised(r, g.plus(y, g.reshape(bias, alongChannel)), 6)];
  }),
  QLinearMatMul: expanding((r) => [
    quantised(r, product(r, real(r, 0, r.dims(0).length - 2), real(r, 3, r.dims(3).length - 1)), 6),
  ]),
  "com.microsoft.QLinearAdd": expanding((r) => [quantised(r, r.g.plus(real(r, 0), real(r, 3)), 6)]),
  "com.microsoft.QLinearMul": expanding((r) => [quantised(r, r.g.times(real(r, 0), real(r, 3)), 6)]),
  "com.microsoft.QLinearSigmoid": expanding((r) => [quantised(r, r.g.unary("Sigmoid", real(r, 0)), 3)]),
  "com.microsoft.QLinearLeakyRelu": expanding((r) => [
    quantised(r, r.g.op("LeakyRelu", [real(r, 0)], r.dims(), { alpha: float(r.float("alpha", 0.01)) }), 3),
  ]),
  "com.microsoft.QLinearSoftmax": expanding((r) => [
    quantised(r, r.g.op("Softmax", [real(r, 0)], r.dims(), { axis: r.int("axis", -1) }), 3),
  ]),
  "com.microsoft.QLinearGlobalAveragePool": expanding((r) => {
    const rank = r.dims().length;
    const axes = r.int("channels_last", 0) !== 0 ? range(1, rank - 1) : range(2, rank);
    return [quantised(r, r.g.mean(real(r, 0), axes), 3)];
  }),
  "com.microsoft.QLinearAveragePool": expanding((r) => {
    const { g } = r;
    const { channels_last: _, ...attributes } = r.node.attributes;
    const pooled = (x: string, dims: Dims): string => g.op("AveragePool", [x], dims, attributes);
    if (r.int("channels_last", 0) === 0) return [quantised(r, pooled(real(r, 0), r.outDims()), 3)];
    const rank = r.dims().length;
    const out = r.outDims();
    const first = g.transpose(real(r, 0), [0, rank - 1, ...range(1, rank - 1)]);
    const result = pooled(first, [out[0], out[rank - 1], ...out.slice(1, -1)]);
    return [quantised(r, g.transpose(result, [0, ...range(2, rank), 1]), 3)];
  }),
  "com.microsoft.QLinearWhere": expanding((r) => [quantised(r, r.g.where(r.x(0), real(r, 1), real(r, 4)), 7)]),
  "com.microsoft.QAttention": expanding((r) => {
    const scaled = (value: string, scale: number): string =>
      r.g.times(value, broadcastParameter(r, r.x(scale), r.g.shape(value), undefined));
    return attention(r, {
      input: scaled(centred(r, 0, 6), 3),
      weights: scaled(centred(r, 1, 7, 1), 4),
      mask: 5,
      past: 8,
      bias: -1,
    });
  }),
  // x and h are quantised inside: straight through, it is the LSTM with the real weights, which lie transposed.
  "com.microsoft.DynamicQuantizeLSTM": expanding((r) => {
    const { g } = r;
    const wide = (value: string): string =>
      g.reshape(
        value,
        g.shape(value).length === 2 ? [g.shape(value)[0], 1, g.shape(value)[1]] : [g.shape(value)[0] ?? 1, 1, 1],
      );
    const weights = (index: number, scale: number): string => {
      const whole = inFloat(r, index);
      const centre = r.has(scale + 1) ? g.minus(whole, wide(inFloat(r, scale + 1))) : whole;
      return g.transpose(g.times(centre, wide(r.x(scale))), [0, 2, 1]);
    };
    const outputs = r.node.outputs.map((output, index) => (output === "" ? undefined : r.outDims(index)));
    return g.ops(
      "LSTM",
      [r.x(0), weights(1, 8), weights(2, 10), ...range(3, 8).map((index) => r.x(index))],
      outputs,
      r.node.attributes,
    );
  }),
  "com.microsoft.QLinearConcat": expanding((r) => {
    const parts = range(0, (r.node.inputs.length - 2) / 3).map((part) => real(r, 2 + 3 * part));
    return [quantised(r, r.g.concat(parts, r.axis("axis", 0, r.outDims().length)), 0)];
  }),
  "com.microsoft.QGemm": expanding((r) => {
    const { g } = r;
    const [a, b] = [real(r, 0), real(r, 3, r.int("transB", 0) !== 0 ? 0 : 1)];
    const alpha = r.float("alpha", 1);
    let y = g.scale(
      g.op("Gemm", [a, b], r.outDims(), { transA: r.int("transA", 0), transB: r.int("transB", 0) }),
      alpha,
    );
    if (r.has(6)) {
      const factor = g.scale(g.times(single(r, 1), r.x(4)), alpha);
      y = g.plus(y, g.times(inFloat(r, 6), factor));
    }
    return [r.has(7) ? quantised(r, y, 7) : y];
  }),
  "com.microsoft.MatMulIntegerToFloat": expanding((r) => {
    const { g } = r;
    const [a, b] = [centred(r, 0, 4), centred(r, 1, 5, r.dims(1).length - 1)];
    const y = g.times(product(r, g.times(a, broadcastParameter(r, r.x(2), r.dims(0), undefined)), b), r.x(3));
    return [r.has(6) ? g.plus(y, r.x(6)) : y];
  }),
  // The input is quantised inside: straight through, it is the plain product with the real weights.
  "com.microsoft.DynamicQuantizeMatMul": expanding((r) => {
    const y = r.g.times(product(r, r.x(0), centred(r, 1, 3, r.dims(1).length - 1)), r.x(2));
    return [r.has(4) ? r.g.plus(y, r.x(4)) : y];
  }),
};

/** The integers' range, by type; of 8-bit floats the largest finite number. */
const RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint4: [0, 15],
  int4: [-8, 7],
  uint2: [0, 3],
  int2: [-2, 1],
  float8e4m3fn: [-448, 448],
  float8e4m3fnuz: [-240, 240],
  float8e5m2: [-57344, 57344],
  float8e5m2fnuz: [-57344, 57344],
  float4e2m1: [-6, 6],
};

function rangeOf(r: RuleContext): readonly [number, number] {
  return RANGES[r.typeOfOutput(0) ?? "uint8"] ?? [0, 255];
}

/** q = saturate(round(x / scale) + zero point) */
function quantizeLinear(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const [low, high] = rangeOf(r);
  const scale = broadcastParameter(r, r.x(1), r.dims(), "axis");
  const zero = r.has(2) ? broadcastParameter(r, inFloat(r, 2), r.dims(), "axis") : g.scalar(0);
  // What rounds to the ends is inside still. The ends are compared as real numbers: they follow from weights, quotients
  // would be as large as x.
  const ends = [low - 0.5, high + 0.5].map((integer) => g.times(g.minus(g.scalar(integer), zero), scale));
  const inside = g.op(
    "And",
    [
      g.binary("GreaterOrEqual", r.x(0), g.binary("Min", ends[0], ends[1])),
      g.binary("LessOrEqual", r.x(0), g.binary("Max", ends[0], ends[1])),
    ],
    r.dims(),
  );
  const passed = g.where(inside, r.dy(), g.scalar(0));
  const dscale = (): string => gather(r, g.scale(g.times(passed, g.over(g.over(r.x(0), scale), scale)), -1), "axis");
  return [r.needs(0) ? g.over(passed, scale) : undefined, r.needs(1) ? dscale() : undefined];
}

/** y = (q − zero point) · scale */
function dequantizeLinear(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const dscale = (): string => {
    const q = inFloat(r, 0);
    const real = r.has(2) ? g.minus(q, broadcastParameter(r, inFloat(r, 2), r.dims(), "axis")) : q;
    return gather(r, g.times(r.dy(), real), "axis");
  };
  return [
    r.needs(0) ? g.times(r.dy(), broadcastParameter(r, r.x(1), r.dims(), "axis")) : undefined,
    r.needs(1) ? dscale() : undefined,
  ];
}

function inFloat(r: RuleContext, index: number): string {
  return r.g.op("Cast", [r.x(index)], r.dims(index), { to: 1 });
}

/** A scalar given as [] or [1]. */
function single(r: RuleContext, index: number): string {
  return r.g.reshape(r.x(index), []);
}

/**
 * A scale or zero point as it broadcasts over `dims`: one for all, one for each place of an axis, or one for each block
 * along it.
 */
function broadcastParameter(
  r: RuleContext,
  value: string,
  dims: Dims,
  axisName: string | undefined,
  place?: number,
): string {
  const { g } = r;
  const own = g.shape(value);
  if (own.length === 0 || (own.length === 1 && own[0] === 1)) return g.reshape(value, []);
  const axis = axisName === undefined ? (place ?? dims.length - 1) : r.axis(axisName, 1, dims.length);
  if (own.length === 1)
    return g.reshape(
      value,
      dims.map((dim, other) => (other === axis ? dim : 1)),
    );
  // Blocked: each number for `block_size` neighbours along the axis, the last block perhaps shorter.
  const block = r.int("block_size", 0) || Math.ceil(dims[axis] / own[axis]);
  return block === 1
    ? value
    : g.gather(
        value,
        range(0, dims[axis]).map((index) => Math.floor(index / block)),
        axis,
      );
}

/** The adjoint of `broadcastParameter`, for input 1. */
function gather(r: RuleContext, grad: string, axisName: string): string {
  const { g } = r;
  const [dims, own] = [r.dims(), r.dims(1)];
  const axis = r.axis(axisName, 1, dims.length);
  if (own.length <= 1) {
    const axes = range(0, dims.length).filter((other) => own.length === 0 || own[0] === 1 || other !== axis);
    return g.reshape(g.sum(grad, axes, false), own);
  }
  const block = r.int("block_size", 0) || Math.ceil(dims[axis] / own[axis]);
  const padded = g.pad(
    grad,
    dims.map(() => 0),
    dims.map((dim, other) => (other === axis ? own[axis] * block - dim : 0)),
  );
  const split = g.reshape(
    padded,
    dims.flatMap((dim, other) => (other === axis ? [own[axis], block] : [dim])),
  );
  return g.sum(split, [axis + 1], false);
}

/** Integers less their zero point, as floats; a zero point of several numbers lies along `place`. */
function centred(r: RuleContext, index: number, zero: number, place?: number): string {
  const { g } = r;
  const value = inFloat(r, index);
  return r.has(zero) ? g.minus(value, broadcastParameter(r, inFloat(r, zero), r.dims(index), undefined, place)) : value;
}

/** The real numbers that input `index` stands for, with its scale and zero point in the two inputs after it. */
function real(r: RuleContext, index: number, place?: number): string {
  return r.g.times(
    centred(r, index, index + 2, place),
    broadcastParameter(r, r.x(index + 1), r.dims(index), undefined, place),
  );
}

/**
 * Real numbers as integers with the scale of input `scale` and the zero point after it, clipped but not rounded. Below,
 * exactly at the end: where the zero point is the lowest integer, a Relu was fused in, and its kink is at zero, not
 * half a step under it.
 */
function quantised(r: RuleContext, value: string, scale: number): string {
  const { g } = r;
  const [low, high] = rangeOf(r);
  const ratio = g.over(value, single(r, scale));
  const exact = r.has(scale + 1) ? g.plus(ratio, g.reshape(inFloat(r, scale + 1), [])) : ratio;
  return g.op("Clip", [exact, g.scalar(low), g.scalar(high + 0.5)], g.shape(exact));
}

function conv(r: RuleContext, x: string, w: string): string {
  return r.g.op("Conv", [x, w], r.outDims(), r.node.attributes);
}

function product(r: RuleContext, a: string, b: string): string {
  return r.g.op("MatMul", [a, b], r.outDims());
}
