import { elementCount } from "../model/graph.ts";
import { forEachRow } from "./axis-rows.ts";
import type { End } from "./score.ts";
import type { OutputFacts } from "./outputs.ts";

/**
 * The graph's own class axis where it is known; else one along which the values sum to 1; else 1 of a map, the last of
 * anything else.
 */
export function classAxisOf({ dims, values }: OutputFacts, end?: End): number {
  const usual = spaceOf(dims) ? 1 : lastOverOne(dims);
  // Batches that the graph does not have shift its axes: only those from behind are sure, and values tell.
  const candidates = [
    ...(end?.axis === undefined || end.reshaped ? [] : [end.axis < 0 ? dims.length + end.axis : end.axis]),
    usual,
    dims.length - 1,
    1,
  ].filter((axis) => axis >= 0 && axis < dims.length && dims[axis] > 1);
  if (end && end.form !== "sigmoid" && end.form !== "log-sigmoid") {
    const summing = candidates.find((axis) =>
      sumsToOne(end.form === "softmax" ? values : values.map(Math.exp), dims, axis, 0.05),
    );
    if (summing !== undefined) return summing;
  }
  return usual;
}

export function sumsToOne(values: Float32Array, dims: readonly number[], axis: number, tolerance: number): boolean {
  if (values.length === 0 || values.some((value) => !(value >= -1e-6 && value <= 1 + tolerance))) return false;
  let all = true;
  forEachRow(dims, axis, (start, step, length) => {
    let total = 0;
    for (let i = 0; i < length; i++) total += values[start + i * step];
    all &&= Math.abs(total - 1) <= tolerance;
  });
  return all;
}

export function withinOne(values: Float32Array): boolean {
  return values.every((value) => value >= 0 && value <= 1);
}

export function isPicture({ inputs }: OutputFacts, channels: number): boolean {
  return inputs.some(
    ({ dims, picture }) => picture && dims.length === 4 && dims[1] === channels && (channels === 1 || channels === 3),
  );
}

/** How many channels a map [N, C, H, W] has; undefined where the output is none. */
export function spaceOf(dims: readonly number[]): number | undefined {
  return dims.length === 4 && dims[2] > 1 && dims[3] > 1 ? dims[1] : undefined;
}

/** Elements of one batch entry. */
export function entrySize({ dims }: Pick<OutputFacts, "dims">): number {
  return elementCount(dims.slice(1));
}

/** Whether only one axis behind the batch is longer than 1. */
export function isVector(dims: readonly number[]): boolean {
  return dims.slice(1).filter((dim) => dim !== 1).length <= 1;
}

export function lastOverOne(dims: readonly number[]): number {
  for (let axis = dims.length - 1; axis > 0; axis--) if (dims[axis] > 1) return axis;
  return Math.max(0, dims.length - 1);
}
