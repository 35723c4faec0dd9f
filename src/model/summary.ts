import type { TensorSummary } from "../protocol/model.ts";
import { elementCount, type DataType, type TensorRef } from "./graph.ts";
import { decodeTensor, type TypedData } from "./tensor.ts";
import { decimalOfFloat32 } from "../protocol/format.ts";

const PREVIEW = 64;
const BINS = 50;

/**
 * A tensor's statistics over its finite elements, a histogram, and its first elements. Complex numbers are summed up by
 * magnitude.
 */
export function summarise(tensor: TensorRef, bytes: Uint8Array): TensorSummary {
  const { data } = decodeTensor(tensor, bytes);
  const complex = tensor.dataType.startsWith("complex");
  const head = {
    name: tensor.name,
    type: tensor.dataType,
    dims: tensor.dims,
    count: elementCount(tensor.dims),
    preview: preview(data, tensor.dataType, complex),
  };
  if (Array.isArray(data) || data.length === 0) return head;
  const values = complex ? magnitudes(data as Float32Array | Float64Array) : data;
  const statistics = statisticsOf(values);
  if (statistics === undefined) {
    return { ...head, statistics: { min: NaN, max: NaN, mean: NaN, std: NaN, zeros: 0, notFinite: values.length } };
  }
  return { ...head, statistics, histogram: histogramOf(values, statistics.min, statistics.max) };
}

type Numbers = Exclude<TypedData, string[]>;

function statisticsOf(values: Numbers): TensorSummary["statistics"] {
  let [min, max, zeros, notFinite, count] = [Infinity, -Infinity, 0, 0, 0];
  // Welford's update: no loss of digits where the mean is large against the spread.
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!Number.isFinite(value)) {
      notFinite++;
      continue;
    }
    count++;
    if (value === 0) zeros++;
    if (value < min) min = value;
    if (value > max) max = value;
    const difference = value - mean;
    mean += difference / count;
    squares += difference * (value - mean);
  }
  return count === 0 ? undefined : { min, max, mean, std: Math.sqrt(squares / count), zeros, notFinite };
}

function histogramOf(values: Numbers, min: number, max: number): NonNullable<TensorSummary["histogram"]> {
  const counts = new Array<number>(BINS).fill(0);
  // Divided first: max - min can overflow where both are near the largest double.
  const scale = BINS / (max / 2 - min / 2);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!Number.isFinite(value)) continue;
    const bin = max === min ? 0 : Math.floor((value / 2 - min / 2) * scale);
    counts[Math.min(BINS - 1, bin)]++;
  }
  return { counts, min, max };
}

function magnitudes(pairs: Float32Array | Float64Array): Float64Array {
  return Float64Array.from({ length: pairs.length / 2 }, (_, i) => Math.hypot(pairs[2 * i], pairs[2 * i + 1]));
}

function preview(data: TypedData, dataType: DataType, complex: boolean): string[] {
  if (Array.isArray(data)) return data.slice(0, PREVIEW);
  const count = Math.min(PREVIEW, complex ? data.length / 2 : data.length);
  return Array.from({ length: count }, (_, i) => {
    if (complex) return `${elementText(data[2 * i], dataType)} + ${elementText(data[2 * i + 1], dataType)}i`;
    return dataType === "bool" ? String(data[i] !== 0) : elementText(data[i], dataType);
  });
}

/** An element in words: floats in no more digits than read back as the same number of their type. */
export function elementText(value: number | bigint, dataType: DataType): string {
  if (Object.is(value, -0)) return "-0";
  const isWide = dataType === "float64" || dataType === "complex128";
  if (typeof value === "bigint" || !Number.isFinite(value) || Number.isInteger(value) || isWide) return String(value);
  return String(decimalOfFloat32(value));
}
