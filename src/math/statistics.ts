/** Numbers about numbers; what is not finite is counted, and left out of all else. */
export interface Statistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Population standard deviation (numpy.std's default). */
  readonly std: number;
  readonly zeros: number;
  readonly notFinite: number;
}

/**
 * Undefined where there is no finite value. Two passes in double precision: no cancellation for means far from zero.
 */
export function statisticsOf(values: ArrayLike<number>): Statistics | undefined {
  let [min, max, sum, zeros, finite] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros++;
  }
  if (finite === 0) return undefined;
  const mean = sum / finite;
  let squares = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) squares += (values[i] - mean) ** 2;
  return { min, max, mean, std: Math.sqrt(squares / finite), zeros, notFinite: values.length - finite };
}

export interface Histogram {
  readonly counts: number[];
  readonly min: number;
  readonly max: number;
}

/**
 * Counts of the finite values in `bins` equal bins from min to max, the last bin closed (numpy.histogram). All-equal
 * values get the range [v − 0.5, v + 0.5], as numpy does. Undefined where there is no finite value. /
 */
export function histogramOf(values: ArrayLike<number>, bins: number): Histogram | undefined {
  const statistics = statisticsOf(values);
  if (!statistics) return undefined;
  let { min, max } = statistics;
  if (min === max) [min, max] = [min - 0.5, max + 0.5];
  const counts = new Array<number>(bins).fill(0);
  // The quotient, not the difference, is scaled: max − min may overflow to Infinity for the largest doubles.
  const width = max / 2 - min / 2;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    counts[Math.min(bins - 1, Math.max(0, Math.floor(((value / 2 - min / 2) / width) * bins)))]++;
  }
  return { counts, min, max };
}

/**
 * The percentile (0 to 100) of the finite values with linear interpolation (numpy.percentile's default); NaN where
 * there are none.
 */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return NaN;
  const exact = (Math.max(0, Math.min(100, percent)) / 100) * (sorted.length - 1);
  const below = Math.floor(exact);
  const part = exact - below;
  return part === 0 ? sorted[below] : sorted[below] + (sorted[below + 1] - sorted[below]) * part;
}
