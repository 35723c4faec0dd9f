import { interpolate } from "./interpolate.ts";

/**
 * Linear interpolation over any number of axes between cell centres, edges held (PyTorch's interpolate with
 * align_corners=False, without anti-aliasing): how class activation maps are brought to the input's size. `values` and
 * the result are row-major in their sizes.
 */
export function resizeLinear(values: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  return interpolate(values, from, to, (target, size, length) => Math.max(0, ((target + 0.5) * size) / length - 0.5));
}
