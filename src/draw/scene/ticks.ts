/** At most about `count` round numbers (1, 2 or 5 times a power of ten apart) within [min, max], ascending. */
export function ticks(min: number, max: number, count: number): number[] {
  if (!(max > min) || !Number.isFinite(max - min) || count < 1) return Number.isFinite(min) ? [min] : [];
  const rough = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9)) ?? 10 * power;
  const found: number[] = [];
  // Multiples of the step rather than repeated sums, rounded to the step's digits: 0.3, not 0.30000000000000004.
  const digits = Math.max(0, Math.min(100, 1 - Math.floor(Math.log10(step))));
  const first = Math.ceil(min / step - 1e-9);
  for (let i = 0; i <= count + 1 && (first + i) * step <= max + step * 1e-9; i++) {
    found.push(Number(((first + i) * step).toFixed(digits)) || 0);
  }
  return found;
}
