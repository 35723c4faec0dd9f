import type { Dim } from "../graph.ts";
import { operatorsWith } from "../operators.ts";
import { unknown, type NodeView } from "./node-view.ts";
import { convShape, convTransposeShape, poolShape } from "./windows.ts";

type Shape = readonly Dim[];
/** The shapes of a node's outputs, as far as known. */
type ShapeRule = (node: NodeView) => readonly (Shape | undefined)[];

const same: ShapeRule = (node) => Array.from({ length: node.outputs }, () => node.dims(0));
const firstAsInput: ShapeRule = (node) => [node.dims(0)];
const broadcastAll: ShapeRule = (node) => [broadcast(Array.from({ length: node.inputs }, (_, i) => node.dims(i)))];

/** Beside functions of one value. */
const SAME = `BitCast BitwiseNot Bernoulli CumSum CumProd EyeLike Hardmax IsInf IsNaN LRN LogSoftmax LpNormalization
  MeanVarianceNormalization Not RandomNormalLike RandomUniformLike ReverseSequence ScatterElements ScatterND Scatter
  Softmax Trilu`.split(/\s+/);
const FIRST = `BatchNormalization GroupNormalization InstanceNormalization LayerNormalization RMSNormalization
  RotaryEmbedding`.split(/\s+/);
const BROADCAST =
  `Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod
  Mul Or Pow Sub Sum Where Xor`.split(/\s+/);

const RULES: Readonly<Record<string, ShapeRule>> = {
  Conv: (node) => [convShape(node, node.dims(0), node.dims(1))],
  ConvInteger: (node) => [convShape(node, node.dims(0), node.dims(1))],
  QLinearConv: (node) => [convShape(node, node.dims(0), node.dims(3))],
  ConvTranspose: (node) => [convTransposeShape(node)],
  MaxPool: (node) => [poolShape(node), poolShape(node)],
  AveragePool: (node) => [poolShape(node)],
  LpPool: (node) => [poolShape(node)],
  GlobalAveragePool: (node) => [globalPool(node.dims(0))],
  GlobalMaxPool: (node) => [globalPool(node.dims(0))],
  GlobalLpPool: (node) => [globalPool(node.dims(0))],
  Gemm: (node) => [
    [node.dims(0)[node.int("transA", 0) === 0 ? 0 : 1], node.dims(1)[node.int("transB", 0) === 0 ? 1 : 0]],
  ],
  MatMul: (node) => [matMul(node.dims(0), node.dims(1))],
  MatMulInteger: (node) => [matMul(node.dims(0), node.dims(1))],
  QLinearMatMul: (node) => [matMul(node.dims(0), node.dims(3))],
  Einsum: (node) => [einsum(node)],
  Reshape: (node) => [reshape(node)],
  Flatten: (node) => {
    const dims = node.dims(0);
    const axis = node.int("axis", 1);
    const at = axis < 0 ? axis + dims.length : axis;
    return [[product(dims.slice(0, at)), product(dims.slice(at))]];
  },
  Squeeze: (node) => {
    const dims = node.dims(0);
    const axes = node.intsOrInput("axes", 1)?.map((axis) => node.axis(axis, dims.length));
    if (axes === undefined && dims.some((dim) => typeof dim !== "number")) return [];
    return [dims.filter((dim, axis) => (axes === undefined ? dim !== 1 : !axes.includes(axis)))];
  },
  Unsqueeze: (node) => {
    const rest = [...node.dims(0)];
    const axes = node.intsOrInput("axes", 1) ?? unknown();
    const rank = rest.length + axes.length;
    const ones = new Set(axes.map((axis) => node.axis(axis, rank)));
    return [Array.from({ length: rank }, (_, axis) => (ones.has(axis) ? 1 : (rest.shift() ?? null)))];
  },
  Transpose: (node) => {
    const dims = node.dims(0);
    return [node.ints("perm")?.map((axis) => dims[axis]) ?? [...dims].reverse()];
  },
  Concat: (node) => {
    const all = Array.from({ length: node.inputs }, (_, i) => node.dims(i));
    const axis = node.axis(node.int("axis", 1), all[0].length);
    return [
      all[0].map((dim, i) =>
        i === axis
          ? sum(all.map((dims) => dims[i]))
          : (all.map((dims) => dims[i]).find((other) => typeof other === "number") ?? dim),
      ),
    ];
  },
  Split: (node) => {
    const dims = node.dims(0);
    const axis = node.axis(node.int("axis", 0), dims.length);
    const sizes = node.intsOrInput("split", 1) ?? equalParts(dims[axis], node.outputs);
    return sizes.map((size) => dims.map((dim, i) => (i === axis ? size : dim)));
  },
  Slice: (node) => [slice(node)],
  Pad: (node) => {
    const dims = node.dims(0);
    const pads = node.ints("pads") ?? node.ints("paddings") ?? node.numbers(1);
    const axes = node.has(3)
      ? node.numbers(3).map((axis) => node.axis(axis, dims.length))
      : dims.map((_, axis) => axis);
    return [
      dims.map((dim, axis) => {
        const at = axes.indexOf(axis);
        return at < 0 ? dim : sum([dim, pads[at] + pads[at + axes.length]]);
      }),
    ];
  },
  Expand: (node) => [broadcast([node.dims(0), node.value(1).data])],
  Tile: (node) => {
    const repeats = node.value(1).data;
    return [node.dims(0).map((dim, axis) => product([dim, repeats[axis]]))];
  },
  Gather: (node) => {
    const dims = node.dims(0);
    const axis = node.axis(node.int("axis", 0), dims.length);
    return [[...dims.slice(0, axis), ...node.dims(1), ...dims.slice(axis + 1)]];
  },
  GatherElements: (node) => [node.dims(1)],
  GatherND: (node) => {
    const indices = node.dims(1);
    const last = indices[indices.length - 1];
    if (typeof last !== "number") return [];
    return [[...indices.slice(0, -1), ...node.dims(0).slice(node.int("batch_dims", 0) + last)]];
  },
  Resize: (node) => [resize(node, node.opset < 11 ? 1 : 2, 3)],
  Upsample: (node) => [resize(node, 1, -1)],
  DepthToSpace: (node) => [moveBlocks(node, 1)],
  SpaceToDepth: (node) => [moveBlocks(node, -1)],
  GridSample: (node) => [[...node.dims(0).slice(0, 2), ...node.dims(1).slice(1, -1)]],
  RoiAlign: (node) => [[node.dims(1)[0], node.dims(0)[1], node.int("output_height", 1), node.int("output_width", 1)]],
  MaxRoiPool: (node) => [[node.dims(1)[0], node.dims(0)[1], ...(node.ints("pooled_shape") ?? unknown())]],
  Shape: (node) => {
    const rank = node.dims(0).length;
    const clamp = (at: number): number => Math.max(0, Math.min(rank, at < 0 ? at + rank : at));
    return [[Math.max(0, clamp(node.int("end", rank)) - clamp(node.int("start", 0)))]];
  },
  Size: () => [[]],
  ConstantOfShape: (node) => [node.value(0).data],
  RandomNormal: (node) => [node.ints("shape") ?? unknown()],
  RandomUniform: (node) => [node.ints("shape") ?? unknown()],
  Range: (node) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => node.numbers(i)[0]);
    return [[Math.max(0, Math.ceil((limit - start) / delta))]];
  },
  ArgMax: (node) => [reduce(node, [node.int("axis", 0)])],
  ArgMin: (node) => [reduce(node, [node.int("axis", 0)])],
  TopK: (node) => {
    const dims = node.dims(0);
    const axis = node.axis(node.int("axis", -1), dims.length);
    const k = node.has(1) ? node.value(1).data[0] : node.int("k", 1);
    const out = dims.map((dim, i) => (i === axis ? k : dim));
    return [out, out];
  },
  OneHot: (node) => {
    const dims = [...node.dims(0)];
    dims.splice(node.axis(node.int("axis", -1), dims.length + 1), 0, node.value(1).data[0]);
    return [dims];
  },
  NonZero: (node) => [[node.dims(0).length, null]],
  NonMaxSuppression: () => [[null, 3]],
  Compress: (node) => {
    const dims = node.dims(0);
    const axis = node.int("axis", NaN);
    return [Number.isNaN(axis) ? [null] : dims.map((dim, i) => (i === node.axis(axis, dims.length) ? null : dim))];
  },
  Det: (node) => [node.dims(0).slice(0, -2)],
  DynamicQuantizeLinear: (node) => [node.dims(0), [], []],
  Attention: (node) => {
    const [query, value] = [node.dims(0), node.dims(2)];
    return query.length === 4 ? [[query[0], query[1], query[2], value[3]]] : [];
  },
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
};

/** By operator of ai.onnx, all opsets. */
export const SHAPE_RULES: ReadonlyMap<string, ShapeRule> = new Map([
  ...[...operatorsWith("", "unary"), ...SAME].map((name): [string, ShapeRule] => [name, same]),
  ...FIRST.map((name): [string, ShapeRule] => [name, firstAsInput]),
  ...BROADCAST.map((name): [string, ShapeRule] => [name, broadcastAll]),
  ...operatorsWith("", "reduce").map((name): [string, ShapeRule] => [
    name,
    (node) => [reduce(node, node.intsOrInput("axes", 1))],
  ]),
  ...Object.entries(RULES),
]);

/** Numpy's broadcasting; between a symbol and another size than 1 the number is taken. */
function broadcast(shapes: readonly Shape[]): Dim[] {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => (axis < rank - shape.length ? 1 : shape[axis - rank + shape.length]));
    const others = dims.filter((dim) => dim !== 1);
    if (others.length === 0) return 1;
    return (
      others.find((dim) => typeof dim === "number") ?? (others.every((dim) => dim === others[0]) ? others[0] : null)
    );
  });
}

/** Numbers multiplied; a symbol alone among ones stays, otherwise null where one is not known. */
function product(dims: readonly Dim[]): Dim {
  if (dims.includes(0)) return 0;
  const others = dims.filter((dim) => dim !== 1);
  if (others.length === 0) return 1;
  if (others.length === 1) return others[0];
  return others.every((dim) => typeof dim === "number") ? others.reduce((a, b) => a * b, 1) : null;
}

function sum(dims: readonly Dim[]): Dim {
  const others = dims.filter((dim) => dim !== 0);
  if (others.length === 1) return others[0];
  return others.every((dim) => typeof dim === "number") ? others.reduce((a, b) => a + b, 0) : null;
}

function globalPool(dims: Shape): Shape {
  return dims.map((dim, axis) => (axis < 2 ? dim : 1));
}

function matMul(a: Shape, b: Shape): Shape {
  if (a.length === 0 || b.length === 0) return unknown();
  const rows = a.length === 1 ? [] : [a[a.length - 2]];
  const columns = b.length === 1 ? [] : [b[b.length - 1]];
  return [...broadcast([a.slice(0, -2), b.slice(0, -2)]), ...rows, ...columns];
}

function einsum(node: NodeView): Shape {
  const [left, right] = node.string("equation", "").replaceAll(" ", "").split("->");
  if (right === undefined || left.includes(".")) return unknown();
  const sizes = new Map<string, Dim>();
  left
    .split(",")
    .forEach((letters, i) => [...letters].forEach((letter, axis) => sizes.set(letter, node.dims(i)[axis])));
  return [...right].map((letter) => sizes.get(letter) ?? null);
}

function reshape(node: NodeView): Shape {
  const target = node.ints("shape") ?? node.value(1).data;
  const dims = node.dimsIfKnown(0);
  const out: Dim[] = target.map((dim, axis) =>
    dim === 0 && node.int("allowzero", 0) === 0 ? (dims?.[axis] ?? null) : dim,
  );
  const open = out.indexOf(-1);
  if (open < 0) return out;
  return out.map((dim, axis) =>
    axis === open
      ? quotient(
          dims ?? [null],
          out.filter((_, i) => i !== open),
        )
      : dim,
  );
}

/** What is left of a product when others are divided out: symbols cancel, the rest must be numbers. */
function quotient(all: Shape, without: Shape): Dim {
  const rest = [...all];
  const numbers: number[] = [];
  for (const dim of without) {
    if (typeof dim === "number") numbers.push(dim);
    else {
      const at = dim === null ? -1 : rest.indexOf(dim);
      if (at < 0) return null;
      rest.splice(at, 1);
    }
  }
  const divisor = numbers.reduce((a, b) => a * b, 1);
  const total = product(rest);
  if (typeof total === "number") return divisor === 0 ? null : total / divisor;
  return divisor === product(rest.filter((dim) => typeof dim === "number"))
    ? product(rest.filter((dim) => typeof dim !== "number"))
    : null;
}

function slice(node: NodeView): Shape {
  const dims = node.dims(0);
  const starts = node.intsOrInput("starts", 1) ?? unknown();
  const ends = node.intsOrInput("ends", 2) ?? unknown();
  const axes = node.intsOrInput("axes", 3) ?? starts.map((_, axis) => axis);
  const steps = node.has(4) ? node.numbers(4) : starts.map(() => 1);
  const out = [...dims];
  axes.forEach((axis, i) => {
    const at = node.axis(axis, dims.length);
    const dim = dims[at];
    if (typeof dim === "number") out[at] = sliceRange(dim, starts[i], ends[i], steps[i]).count;
    else if (!(starts[i] === 0 && ends[i] >= 2 ** 31 - 1 && steps[i] === 1)) out[at] = null;
  });
  return out;
}

/**
 * Where a slice of an axis starts, and how many elements it takes (ONNX Slice: clamped, negative steps run backwards).
 */
export function sliceRange(size: number, start: number, end: number, step: number): { start: number; count: number } {
  const [lowest, highest] = step < 0 ? [-1, size - 1] : [0, size];
  const clamp = (at: number): number => Math.max(lowest, Math.min(highest, at < 0 ? at + size : at));
  const first = clamp(start);
  return { start: first, count: Math.max(0, Math.ceil((clamp(end) - first) / step)) };
}

function resize(node: NodeView, scalesAt: number, sizesAt: number): Shape {
  const dims = node.dims(0);
  if (node.string("keep_aspect_ratio_policy", "stretch") !== "stretch") return unknown();
  const axes = node.ints("axes")?.map((axis) => node.axis(axis, dims.length)) ?? dims.map((_, axis) => axis);
  const sizes = sizesAt > 0 && node.has(sizesAt) ? node.value(sizesAt).data : undefined;
  const scales = sizes === undefined ? (node.floats("scales") ?? node.numbers(scalesAt)) : [];
  return dims.map((dim, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return dim;
    if (sizes !== undefined) return sizes[at];
    return typeof dim === "number" ? Math.floor(dim * scales[at]) : scales[at] === 1 ? dim : null;
  });
}

function moveBlocks(node: NodeView, direction: 1 | -1): Shape {
  const [batch, channels, height, width] = node.dims(0);
  const block = node.int("blocksize", 1);
  const scale = (dim: Dim, factor: number): Dim => (typeof dim === "number" ? dim * factor : null);
  return [
    batch,
    scale(channels, block ** (-2 * direction)),
    scale(height, block ** direction),
    scale(width, block ** direction),
  ];
}

function reduce(node: NodeView, axes: readonly number[] | undefined): Shape {
  const dims = node.dims(0);
  if (axes === undefined || axes.length === 0) {
    if (node.int("noop_with_empty_axes", 0) === 1) return dims;
    return node.int("keepdims", 1) === 1 ? dims.map(() => 1) : [];
  }
  const reduced = new Set(axes.map((axis) => node.axis(axis, dims.length)));
  return node.int("keepdims", 1) === 1
    ? dims.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
    : dims.filter((_, axis) => !reduced.has(axis));
}

function equalParts(dim: Dim, parts: number): Dim[] {
  if (typeof dim !== "number") return Array.from({ length: parts }, () => null);
  const size = Math.ceil(dim / parts);
  return Array.from({ length: parts }, (_, i) => (i < parts - 1 ? size : dim - size * (parts - 1)));
}

/** Y [sequence, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]; batch first with layout 1. */
function recurrent(node: NodeView): readonly Shape[] {
  const [first, second] = node.dims(0);
  const hidden = node.int("hidden_size", NaN);
  const directions = node.string("direction", "forward") === "bidirectional" ? 2 : 1;
  if (node.int("layout", 0) === 1)
    return [
      [first, second, directions, hidden],
      [first, directions, hidden],
      [first, directions, hidden],
    ];
  return [
    [first, directions, second, hidden],
    [directions, second, hidden],
    [directions, second, hidden],
  ];
}
