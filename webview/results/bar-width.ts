/**
 * How long a value's bar is, as a CSS width: a part of `whole` percent where the longest of them has all of it. What is
 * infinite is as long as the longest, and NaN has no bar.
 */
export function barWidth(value: number, longest: number, whole = 100): string {
  const part = Math.abs(value) / longest;
  return `${Number.isNaN(value) ? 0 : Number.isNaN(part) ? whole : Math.min(1, part) * whole}%`;
}

/** The largest magnitude among those that are numbers; never 0, as it is divided by. */
export function longestOf(values: Iterable<number>): number {
  let longest = Number.MIN_VALUE;
  for (const value of values) if (Number.isFinite(value)) longest = Math.max(longest, Math.abs(value));
  return longest;
}
