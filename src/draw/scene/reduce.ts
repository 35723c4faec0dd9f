import type { SpatialAxes } from "../../protocol/artifacts.ts";

/** A plane of values, [height, width] in row-major order. */
export interface ValueMap {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

export type Reduction = "max" | "mean" | "l2";

/**
 * Makes the channels one plane. max: the largest value, or where `signed` the value of largest magnitude with its sign;
 * mean: the mean over channels; l2: the Euclidean norm. A NaN in any channel makes the result NaN. `dims` may have any
 * order of axes (NCHW, NHWC); of axes that `axes` does not name, and of frames, the first index is taken.
 */
export function reduceChannels(
  values: Float32Array,
  dims: readonly number[],
  axes: SpatialAxes,
  how: Reduction,
  signed: boolean,
): ValueMap {
  const strides = stridesOf(dims);
  const height = dims[axes.height];
  const width = dims[axes.width];
  const channels = axes.channel === undefined ? 1 : dims[axes.channel];
  const [sy, sx, sc] = [
    strides[axes.height],
    strides[axes.width],
    axes.channel === undefined ? 0 : strides[axes.channel],
  ];
  const reduce = reducers[how === "max" && signed ? "magnitude" : how];
  const reduced = new Float32Array(height * width);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out++) reduced[out] = reduce(values, y * sy + x * sx, sc, channels);
  }
  return { height, width, values: reduced };
}

/** One channel as a plane, as it is. */
export function channelOf(values: Float32Array, dims: readonly number[], axes: SpatialAxes, channel: number): ValueMap {
  const strides = stridesOf(dims);
  const [height, width] = [dims[axes.height], dims[axes.width]];
  const [sy, sx] = [strides[axes.height], strides[axes.width]];
  const start = axes.channel === undefined ? 0 : channel * strides[axes.channel];
  const plane = new Float32Array(height * width);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out++) plane[out] = values[start + y * sy + x * sx];
  }
  return { height, width, values: plane };
}

/** Row-major strides in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  for (let i = dims.length - 1, stride = 1; i >= 0; stride *= dims[i--]) strides[i] = stride;
  return strides;
}

type Reducer = (values: Float32Array, start: number, stride: number, count: number) => number;

const reducers: Record<Reduction | "magnitude", Reducer> = {
  max(values, start, stride, count) {
    let best = values[start];
    for (let c = 1; c < count; c++) best = Math.max(best, values[start + c * stride]);
    return best;
  },
  magnitude(values, start, stride, count) {
    let best = values[start];
    for (let c = 1; c < count && !Number.isNaN(best); c++) {
      const value = values[start + c * stride];
      if (!(Math.abs(value) <= Math.abs(best))) best = value;
    }
    return best;
  },
  mean(values, start, stride, count) {
    let sum = 0;
    for (let c = 0; c < count; c++) sum += values[start + c * stride];
    return sum / count;
  },
  l2(values, start, stride, count) {
    let sum = 0;
    for (let c = 0; c < count; c++) sum += values[start + c * stride] ** 2;
    return Math.sqrt(sum);
  },
};
