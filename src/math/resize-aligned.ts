import { interpolate } from "./interpolate.ts";

/**
 * Linear interpolation over any number of axes with aligned corners: the first and last places of both sizes are the
 * same points (PyTorch's interpolate with align_corners=True). `values` and the result are row-major in their sizes.
 */
export function resizeAligned(values: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  return interpolate(values, from, to, (target, size, length) => target * (length > 1 ? (size - 1) / (length - 1) : 0));
}
