import type { DataType, Node } from "../model/graph.ts";
import { DATA_TYPES, elementCount } from "../model/graph.ts";
import type { DecodedTensor } from "../model/tensor.ts";

/** The two batch sizes that a graph was specialised to. */
export type BatchSizes = readonly [number, number];

/** What a formula emits its nodes with. */
interface Emitter {
  readonly name: string;
  /** The batch size as the graph runs: int64 [1]. */
  readonly batch: string;
  ints(values: readonly number[], dims: readonly number[]): string;
  tensor(dataType: DataType, dims: readonly number[], data: readonly number[]): string;
  node(opType: string, inputs: readonly string[], attributes?: Node["attributes"]): string;
}

/** Emits a constant that follows from the batch size; gives its name. */
export type Formula = (e: Emitter) => string;

/**
 * How a constant follows from the batch size, from what it is for two sizes: integers that grow with it one by one
 * (shapes, bounds); rows that repeat for each sample; integers that go up evenly from row to row (positions). Undefined
 * for anything else.
 */
export function dynamicConstant(one: DecodedTensor, other: DecodedTensor, sizes: BatchSizes): Formula | undefined {
  const [a, b] = [numbers(one), numbers(other)];
  if (!a || !b || one.dataType !== other.dataType || one.dims.length !== other.dims.length) return undefined;
  const integer = one.dataType === "int64" || one.dataType === "int32";
  if (one.dims.every((dim, axis) => dim === other.dims[axis])) return integer ? linear(one, a, b, sizes) : undefined;
  const [rows, ...inner] = one.dims;
  const perSample = rows / sizes[0];
  if (
    !Number.isInteger(perSample) ||
    other.dims[0] !== perSample * sizes[1] ||
    !inner.every((dim, axis) => dim === other.dims[axis + 1])
  )
    return undefined;
  const width = elementCount(inner);
  if (repeats(a, perSample * width) && repeats(b, perSample * width) && same(a, b, perSample * width))
    return repeated(one, a, perSample);
  return integer && evenly(a, width) && evenly(b, width) && same(a, b, 2 * width)
    ? counting(one, a, perSample, width)
    : undefined;
}

/** slope · batch + offset, for each element. */
function linear(
  { dataType, dims }: DecodedTensor,
  a: readonly number[],
  b: readonly number[],
  [first, second]: BatchSizes,
): Formula | undefined {
  const slopes = a.map((value, i) => (b[i] - value) / (second - first));
  if (!slopes.every(Number.isInteger)) return undefined;
  const offsets = a.map((value, i) => value - slopes[i] * first);
  return (e) => {
    const grown = e.node("Mul", [e.batch, e.ints(slopes, [slopes.length])]);
    const sum = offsets.every((offset) => offset === 0)
      ? grown
      : e.node("Add", [grown, e.ints(offsets, [offsets.length])]);
    const shaped = dims.length === 1 ? sum : e.node("Reshape", [sum, e.ints(dims, [dims.length])]);
    return cast(e, shaped, dataType);
  };
}

/** The rows of one sample, once for each. */
function repeated({ dataType, dims }: DecodedTensor, a: readonly number[], rows: number): Formula {
  const inner = dims.slice(1);
  return (e) => {
    const block = e.tensor(dataType, [rows, ...inner], a.slice(0, rows * elementCount(inner)));
    const times =
      inner.length === 0
        ? e.batch
        : e.node(
            "Concat",
            [
              e.batch,
              e.ints(
                inner.map(() => 1),
                [inner.length],
              ),
            ],
            { axis: { type: "int", value: 0 } },
          );
    return e.node("Tile", [block, times]);
  };
}

/** Row i is the first row and i times the difference of the first two. */
function counting({ dataType, dims }: DecodedTensor, a: readonly number[], rows: number, width: number): Formula {
  const inner = dims.slice(1);
  return (e) => {
    const count = rows === 1 ? e.batch : e.node("Mul", [e.batch, e.ints([rows], [1])]);
    const range = e.node("Range", [e.ints([0], []), e.node("Squeeze", [count]), e.ints([1], [])]);
    const places =
      inner.length === 0 ? range : e.node("Reshape", [range, e.ints([-1, ...inner.map(() => 1)], [dims.length])]);
    const step = a.slice(width, 2 * width).map((value, i) => value - a[i]);
    const grown = step.every((value) => value === 1) ? places : e.node("Mul", [places, e.ints(step, [1, ...inner])]);
    const start = a.slice(0, width);
    return cast(
      e,
      start.every((value) => value === 0) ? grown : e.node("Add", [grown, e.ints(start, [1, ...inner])]),
      dataType,
    );
  };
}

function cast(e: Emitter, value: string, dataType: DataType): string {
  return dataType === "int64"
    ? value
    : e.node("Cast", [value], { to: { type: "int", value: DATA_TYPES.indexOf(dataType) } });
}

function numbers({ data }: DecodedTensor): readonly number[] | undefined {
  return data.length > 0 && typeof data[0] === "string"
    ? undefined
    : Array.from(data as ArrayLike<number | bigint>, Number);
}

function repeats(values: readonly number[], period: number): boolean {
  return values.every((value, i) => Object.is(value, values[i % period]));
}

function same(a: readonly number[], b: readonly number[], count: number): boolean {
  return b.slice(0, count).every((value, i) => Object.is(value, a[i]));
}

/** Whether each row differs from the one before by the same. */
function evenly(values: readonly number[], width: number): boolean {
  return (
    values.length >= 2 * width &&
    values.every(
      (value, i) => i < 2 * width || value - values[i - width] === values[width + (i % width)] - values[i % width],
    )
  );
}
