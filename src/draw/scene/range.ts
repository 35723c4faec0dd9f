/** The values that the ends of a colour map stand for. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/**
 * Where colours saturate: at the given percentile (0 to 100) of |value| over the finite values. signed: [−p, p], so
 * that zero is the middle; else [min(0, least value), p]. Where p is 0 (most values are zero) the largest magnitude
 * takes its place; where there is none (all zero, nothing finite) the range is [−1, 1] or [0, 1]. Never empty.
 */
export function clipRange(values: Float32Array, percentile: number, signed: boolean): ValueRange {
  const magnitudes = new Float32Array(values.length);
  let count = 0;
  let least = 0;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    const magnitude = Math.abs(value);
    magnitudes[count++] = magnitude;
    if (value < least) least = value;
    if (magnitude > largest) largest = magnitude;
  }
  const bound = largest === 0 ? 1 : selectPercentile(magnitudes.subarray(0, count), percentile) || largest;
  return signed ? { min: -bound, max: bound } : { min: least, max: bound };
}

/** Finite values in ascending order, for percentileOf and percentileRank: made once, asked often. */
export function sortedFinite(values: Float32Array): Float32Array {
  return values.filter(Number.isFinite).sort();
}

/**
 * The percentile (0 to 100) of sorted values, with linear interpolation as numpy.percentile's default; NaN when empty.
 */
export function percentileOf(sorted: Float32Array, percentile: number): number {
  const { below, part } = position(sorted.length, percentile);
  if (sorted.length === 0) return NaN;
  return part === 0 ? sorted[below] : sorted[below] + (sorted[below + 1] - sorted[below]) * part;
}

/** How many percent of the sorted values lie at or below `value`, 0 to 100; NaN for NaN or when empty. */
export function percentileRank(sorted: Float32Array, value: number): number {
  if (Number.isNaN(value) || sorted.length === 0) return NaN;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return (100 * low) / sorted.length;
}

/** percentileOf for unsorted values, in linear time; reorders `values`. */
function selectPercentile(values: Float32Array, percentile: number): number {
  const { below, part } = position(values.length, percentile);
  const at = select(values, below);
  if (part === 0) return at;
  let next = Infinity;
  for (let i = below + 1; i < values.length; i++) if (values[i] < next) next = values[i];
  return at + (next - at) * part;
}

function position(count: number, percentile: number): { below: number; part: number } {
  const exact = (Math.max(0, Math.min(100, percentile)) / 100) * (count - 1);
  const below = Math.floor(exact);
  return { below, part: exact - below };
}

/**
 * Hoare's selection (quickselect, median of three): afterwards values[k] is the k-th smallest, smaller ones before it.
 */
function select(values: Float32Array, k: number): number {
  let left = 0;
  let right = values.length - 1;
  while (right > left) {
    const middle = (left + right) >>> 1;
    const [a, b, c] = [values[left], values[middle], values[right]];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        const swap = values[i];
        values[i++] = values[j];
        values[j--] = swap;
      }
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k];
}
