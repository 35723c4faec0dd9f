/**
 * Linear interpolation over any number of axes between cell centres, edges held (PyTorch's interpolate with align_corners=False, without
 * anti-aliasing): how class activation maps are brought to the input's size. `values` and the result are row-major in their sizes.
 */
export function resizeLinear(values: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  let current = values;
  const size = [...from];
  to.forEach((length, axis) => {
    current = alongAxis(current, size, axis, length);
    size[axis] = length;
  });
  return current;
}

function alongAxis(values: Float32Array, size: readonly number[], axis: number, length: number): Float32Array {
  if (size[axis] === length) return values;
  const inner = size.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const outer = size.slice(0, axis).reduce((product, dim) => product * dim, 1);
  const out = new Float32Array(outer * length * inner);
  for (let target = 0; target < length; target++) {
    const centre = Math.max(0, ((target + 0.5) * size[axis]) / length - 0.5);
    const before = Math.min(Math.floor(centre), size[axis] - 1);
    const after = Math.min(before + 1, size[axis] - 1);
    const part = centre - before;
    for (let o = 0; o < outer; o++) {
      const [a, b, at] = [(o * size[axis] + before) * inner, (o * size[axis] + after) * inner, (o * length + target) * inner];
      for (let i = 0; i < inner; i++) out[at + i] = values[a + i] * (1 - part) + values[b + i] * part;
    }
  }
  return out;
}
