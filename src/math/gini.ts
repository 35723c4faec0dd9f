/** What Quantus adds to every magnitude, so that nothing is divided by zero. */
const EPSILON = 1e-7;

/**
 * The Gini index of the magnitudes: 0 where all are equal, near 1 where a few hold everything (Chalasani et al. 2020).
 * As in Quantus, magnitudes are divided by the largest first.
 */
export function gini(values: ArrayLike<number>): number {
  const { sorted, total } = shares(values);
  const count = sorted.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (2 * (i + 1) - count - 1) * sorted[i];
  return sum / (count * total);
}

/**
 * The Lorenz curve at `points` + 1 places: the share of all magnitude that the smallest x of the values hold, x from 0
 * to 1.
 */
export function lorenz(values: ArrayLike<number>, points: number): { x: Float32Array; y: Float32Array } {
  const { sorted, total } = shares(values);
  const steps = Math.min(points, sorted.length);
  const x = new Float32Array(steps + 1);
  const y = new Float32Array(steps + 1);
  let [sum, at] = [0, 0];
  for (let step = 1; step <= steps; step++) {
    const until = Math.round((step * sorted.length) / steps);
    for (; at < until; at++) sum += sorted[at];
    x[step] = until / sorted.length;
    y[step] = sum / total;
  }
  return { x, y };
}

/** Magnitudes as shares of the largest, ascending. */
function shares(values: ArrayLike<number>): { sorted: Float64Array; total: number } {
  const sorted = Float64Array.from(values, Math.abs).sort();
  const largest = sorted[sorted.length - 1];
  let total = 0;
  for (let i = 0; i < sorted.length; i++) total += sorted[i] = (largest > 0 ? sorted[i] / largest : 0) + EPSILON;
  return { sorted, total };
}
