import { range, type Builder } from "../../builder.ts";

/** At most this many gathers; beyond it one product with a selection matrix is cheaper. */
const MOST_PASSES = 4;

/**
 * The adjoint of taking positions `sources` of an axis of length `size` (y[j] = x[sources[j]]): each position of x gets
 * the sum of the y's that were taken from it. Negative sources stand for constants that came from nowhere.
 */
export function axisAdjoint(g: Builder, value: string, axis: number, sources: readonly number[], size: number): string {
  const takers: number[][] = range(0, size).map(() => []);
  sources.forEach((source, index) => {
    if (source >= 0) takers[source].push(index);
  });
  const passes = Math.max(0, ...takers.map((list) => list.length));
  if (passes > MOST_PASSES) {
    return axisProduct(
      g,
      value,
      axis,
      size,
      sources.map((source) => (source < 0 ? [] : [{ at: source, weight: 1 }])),
    );
  }
  const dims = g.shape(value);
  if (passes === 0) return g.zeros(dims.map((dim, index) => (index === axis ? size : dim)));
  // One position past the end holds zeros, for the places of x that nobody took in a pass.
  const needsZero = takers.some((list) => list.length < passes);
  const after = dims.map((_, index) => (index === axis && needsZero ? 1 : 0));
  const padded = g.pad(
    value,
    dims.map(() => 0),
    after,
  );
  const parts = range(0, passes).map((pass) =>
    g.gather(
      padded,
      takers.map((list) => list[pass] ?? dims[axis]),
      axis,
    ),
  );
  return parts.reduce((a, b) => g.plus(a, b));
}

/** One place of the input and how much of it an output position took. */
export interface Tap {
  readonly at: number;
  readonly weight: number;
}

/**
 * The adjoint of y[j] = Σ weight·x[at] along an axis, as a product with the transposed matrix of weights [taps.length,
 * size].
 */
export function axisProduct(
  g: Builder,
  value: string,
  axis: number,
  size: number,
  taps: readonly (readonly Tap[])[],
): string {
  const dims = g.shape(value);
  const matrix = new Float32Array(taps.length * size);
  taps.forEach((list, row) => {
    for (const { at, weight } of list) matrix[row * size + at] += weight;
  });
  if (axis === dims.length - 1) return g.matmul(value, g.floats(matrix, [taps.length, size]));
  // Transposed and from the left where the axis is not the last: the rest of the shape stays as it lies in memory.
  const transposed = new Float32Array(matrix.length);
  for (let row = 0; row < taps.length; row++)
    for (let column = 0; column < size; column++) transposed[column * taps.length + row] = matrix[row * size + column];
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const flat = g.reshape(value, [...dims.slice(0, axis), dims[axis], inner]);
  const product = g.matmul(g.floats(transposed, [size, taps.length]), flat);
  return g.reshape(product, [...dims.slice(0, axis), size, ...dims.slice(axis + 1)]);
}
