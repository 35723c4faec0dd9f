/**
 * A map at another size over any number of axes, each place taken from the one that it falls in: PyTorch's interpolate
 * with mode "nearest". `values` and the result are row-major in their sizes.
 */
export function resizeNearest(values: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  const strides = from.map((_, axis) => from.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const places = to.reduce<number[]>(
    (found, length, axis) =>
      found.flatMap((place) =>
        Array.from(
          { length },
          (_, at) => place + strides[axis] * Math.min(Math.floor((at * from[axis]) / length), from[axis] - 1),
        ),
      ),
    [0],
  );
  return Float32Array.from(places, (place) => values[place]);
}
