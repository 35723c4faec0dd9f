/** Calls `visit` for each row along `axis`: where it begins, the step between its elements, and how many they are. */
export function forEachRow(
  dims: readonly number[],
  axis: number,
  visit: (start: number, step: number, length: number) => void,
): void {
  const length = dims[axis] ?? 1;
  const step = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const outer = dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
  for (let o = 0; o < outer; o++) for (let i = 0; i < step; i++) visit(o * length * step + i, step, length);
}
