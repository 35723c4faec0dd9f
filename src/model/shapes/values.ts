import { elementCount, type Dim } from "../graph.ts";
import { unknown, type NodeView, type SmallValue } from "./node-view.ts";
import { sliceRange } from "./rules.ts";

/** Tensors of this many elements (bytes, where they come from the file) are not followed. */
export const SMALLEST_UNFOLDED = 1024;

type ValueRule = (node: NodeView) => SmallValue;

const list = (data: readonly Dim[]): SmallValue => ({ dims: [data.length], data });
const unchanged: ValueRule = (node) => node.value(0);

const binary =
  (compute: (a: number, b: number) => number): ValueRule =>
  (node) => {
    const [a, b] = [node.value(0), node.value(1)];
    const dims = a.data.length >= b.data.length && a.dims.length >= b.dims.length ? a.dims : b.dims;
    const count = elementCount(dims);
    if ([a, b].some(({ data }) => data.length !== 1 && data.length !== count)) return unknown();
    const at = ({ data }: SmallValue, i: number): Dim => data[data.length === 1 ? 0 : i];
    return { dims, data: Array.from({ length: count }, (_, i) => combine(at(a, i), at(b, i), compute)) };
  };

/** Exporters keep a symbol when they multiply by 1 or add 0; anything else done to it is not known. */
function combine(a: Dim, b: Dim, compute: (a: number, b: number) => number): Dim {
  if (typeof a === "number" && typeof b === "number") return compute(a, b);
  // Two probes that both give the number back: it is left as it was.
  if (typeof b === "number" && compute(7, b) === 7 && compute(13, b) === 13) return a;
  if (typeof a === "number" && compute(a, 7) === 7 && compute(a, 13) === 13) return b;
  return null;
}

const unary =
  (compute: (value: number) => number): ValueRule =>
  (node) => {
    const { dims, data } = node.value(0);
    return { dims, data: data.map((value) => (typeof value === "number" ? compute(value) : null)) };
  };

/**
 * The arithmetic that exporters do on shapes, by operator: what makes the sizes that Reshape, Expand, Pad and Slice
 * take. Integers mostly; Cast to an integer type is not rounded, which shapes do not need.
 */
export const VALUE_RULES: ReadonlyMap<string, ValueRule> = new Map<string, ValueRule>([
  ["Identity", unchanged],
  ["Cast", unchanged],
  ["Add", binary((a, b) => a + b)],
  ["Sub", binary((a, b) => a - b)],
  ["Mul", binary((a, b) => a * b)],
  // Integer division; a float division of sizes is rounded by what follows it.
  ["Div", binary((a, b) => (b === 0 ? NaN : Math.trunc(a / b)))],
  ["Min", binary(Math.min)],
  ["Max", binary(Math.max)],
  ["Equal", binary((a, b) => Number(a === b))],
  ["Neg", unary((value) => -value)],
  ["Floor", unary(Math.floor)],
  ["Ceil", unary(Math.ceil)],
  [
    "Shape",
    (node) => {
      const dims = node.dims(0);
      return list(dims.slice(node.int("start", 0), node.int("end", dims.length)));
    },
  ],
  [
    "Size",
    (node) => ({
      dims: [],
      data: [
        node
          .dims(0)
          .reduce<Dim>((all, dim) => (typeof all === "number" && typeof dim === "number" ? all * dim : null), 1),
      ],
    }),
  ],
  [
    "Where",
    (node) => {
      const [condition, yes, no] = [node.value(0), node.value(1), node.value(2)];
      const longest = [condition, yes, no].reduce((a, b) => (b.data.length > a.data.length ? b : a));
      if ([condition, yes, no].some(({ data }) => data.length !== 1 && data.length !== longest.data.length))
        return unknown();
      const at = ({ data }: SmallValue, i: number): Dim => data[data.length === 1 ? 0 : i];
      return {
        dims: longest.dims,
        data: longest.data.map((_, i) =>
          at(condition, i) === null ? null : at(condition, i) === 0 ? at(no, i) : at(yes, i),
        ),
      };
    },
  ],
  [
    "ConstantOfShape",
    (node) => {
      const dims = node.numbers(0);
      if (dims.some((dim) => !Number.isInteger(dim) || dim < 0)) return unknown();
      return elementCount(dims) < SMALLEST_UNFOLDED
        ? { dims, data: new Array<Dim>(elementCount(dims)).fill(node.tensorNumber("value", 0)) }
        : unknown();
    },
  ],
  [
    "Range",
    (node) => {
      const [start, limit, delta] = [0, 1, 2].map((i) => node.numbers(i)[0]);
      const count = Math.max(0, Math.ceil((limit - start) / delta));
      return count < SMALLEST_UNFOLDED ? list(Array.from({ length: count }, (_, i) => start + i * delta)) : unknown();
    },
  ],
  [
    "ReduceProd",
    (node) => {
      const all = node.numbers(0);
      return {
        dims: node.int("keepdims", 1) === 1 ? [1] : [],
        data: [node.value(0).dims.length === 1 ? all.reduce((a, b) => a * b, 1) : null],
      };
    },
  ],
  ["Squeeze", (node) => ({ dims: node.value(0).dims.filter((dim) => dim !== 1), data: node.value(0).data })],
  [
    "Unsqueeze",
    (node) => {
      const { dims, data } = node.value(0);
      return dims.length === 0 ? { dims: [1], data } : unknown();
    },
  ],
  [
    "Reshape",
    (node) => {
      const { data } = node.value(0);
      const target = node.numbers(1);
      const rest = target.filter((dim) => dim !== -1).reduce((a, b) => a * b, 1);
      const dims = target.map((dim) => (dim === -1 ? data.length / rest : dim));
      return elementCount(dims) === data.length ? { dims, data } : unknown();
    },
  ],
  [
    "Concat",
    (node) => {
      const parts = Array.from({ length: node.inputs }, (_, i) => node.value(i));
      return parts.every(({ dims }) => dims.length === 1) ? list(parts.flatMap(({ data }) => data)) : unknown();
    },
  ],
  [
    "Gather",
    (node) => {
      const [{ dims, data }, indices] = [node.value(0), node.value(1)];
      if (dims.length !== 1) return unknown();
      return {
        dims: indices.dims,
        data: node.numbers(1).map((index) => data[index < 0 ? index + data.length : index] ?? null),
      };
    },
  ],
  [
    "Transpose",
    (node) => {
      const { dims, data } = node.value(0);
      if (dims.length !== 2) return dims.length < 2 ? { dims, data } : unknown();
      const perm = node.ints("perm") ?? [1, 0];
      if (perm[0] === 0) return { dims, data };
      const [rows, columns] = dims;
      return { dims: [columns, rows], data: data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]) };
    },
  ],
  [
    "Slice",
    (node) => {
      const { dims, data } = node.value(0);
      const starts = node.intsOrInput("starts", 1) ?? unknown();
      const ends = node.intsOrInput("ends", 2) ?? unknown();
      const axis = (node.intsOrInput("axes", 3) ?? [0])[0];
      // Along the first axis only: rows stay whole.
      if (starts.length !== 1 || dims.length === 0 || node.axis(axis, dims.length) !== 0) return unknown();
      const step = node.has(4) ? node.numbers(4)[0] : 1;
      if (!Number.isInteger(step) || step === 0) return unknown();
      const { start, count } = sliceRange(dims[0], starts[0], ends[0], step);
      const row = elementCount(dims.slice(1));
      const rows = Array.from({ length: count }, (_, i) =>
        data.slice((start + i * step) * row, (start + i * step + 1) * row),
      );
      return { dims: [count, ...dims.slice(1)], data: rows.flat() };
    },
  ],
]);
