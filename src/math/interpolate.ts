/** Where a place of the new size lies along an axis of the old one: from 0 to `from` − 1. */
export type PlaceOf = (target: number, from: number, to: number) => number;

/** Linear interpolation over any number of axes, edges held. `values` and the result are row-major in their sizes. */
export function interpolate(
  values: Float32Array,
  from: readonly number[],
  to: readonly number[],
  placeOf: PlaceOf,
): Float32Array {
  let current = values;
  const size = [...from];
  to.forEach((length, axis) => {
    if (size[axis] !== length) current = resampleAxis(current, size, axis, length, placeOf);
    size[axis] = length;
  });
  return current;
}

/** Linear interpolation along one axis, to `length` places. */
export function resampleAxis(
  values: Float32Array,
  size: readonly number[],
  axis: number,
  length: number,
  placeOf: PlaceOf,
): Float32Array<ArrayBuffer> {
  const from = size[axis];
  const inner = size.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const outer = size.slice(0, axis).reduce((product, dim) => product * dim, 1);
  const out = new Float32Array(outer * length * inner);
  for (let target = 0; target < length; target++) {
    const place = placeOf(target, from, length);
    const before = Math.min(Math.floor(place), from - 1);
    const after = Math.min(before + 1, from - 1);
    const part = place - before;
    for (let o = 0; o < outer; o++) {
      const a = (o * from + before) * inner;
      const b = (o * from + after) * inner;
      const at = (o * length + target) * inner;
      for (let i = 0; i < inner; i++) out[at + i] = values[a + i] * (1 - part) + values[b + i] * part;
    }
  }
  return out;
}
