const [K1, K2] = [0.01, 0.03];

/**
 * Structural similarity of two maps [height, width], −1 to 1 (Wang et al. 2004, as scikit-image has it: means and
 * sample covariances in square windows of 7, averaged over the places where the window lies inside). The range is that
 * of both maps together, as Quantus takes it. Maps under 7 get the largest odd window that fits; NaN where that is 1,
 * or where both maps are the same everywhere.
 */
export function ssim(a: ArrayLike<number>, b: ArrayLike<number>, height: number, width: number): number {
  const window = Math.min(7, largestOdd(Math.min(height, width)));
  let [low, high] = [Infinity, -Infinity];
  for (const map of [a, b]) {
    for (let i = 0; i < map.length; i++) {
      low = Math.min(low, map[i]);
      high = Math.max(high, map[i]);
    }
  }
  const range = high - low;
  if (window < 3 || !(range > 0)) return NaN;
  const count = window * window;
  const means = (product: (i: number) => number): ((top: number, left: number) => number) => {
    const sums = integral(product, height, width);
    return (top, left) => {
      const at = (y: number, x: number): number => sums[y * (width + 1) + x];
      return (
        (at(top + window, left + window) - at(top, left + window) - at(top + window, left) + at(top, left)) / count
      );
    };
  };
  const meanA = means((i) => a[i]);
  const meanB = means((i) => b[i]);
  const [meanAA, meanBB, meanAB] = [means((i) => a[i] * a[i]), means((i) => b[i] * b[i]), means((i) => a[i] * b[i])];
  const sample = count / (count - 1);
  const [c1, c2] = [(K1 * range) ** 2, (K2 * range) ** 2];
  let sum = 0;
  for (let y = 0; y + window <= height; y++) {
    for (let x = 0; x + window <= width; x++) {
      const [ma, mb] = [meanA(y, x), meanB(y, x)];
      const va = sample * (meanAA(y, x) - ma * ma);
      const vb = sample * (meanBB(y, x) - mb * mb);
      const vab = sample * (meanAB(y, x) - ma * mb);
      sum += ((2 * ma * mb + c1) * (2 * vab + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    }
  }
  return sum / ((height - window + 1) * (width - window + 1));
}

function largestOdd(size: number): number {
  return size % 2 === 1 ? size : size - 1;
}

/** Sums over all rows above and columns to the left: [height + 1, width + 1]. */
function integral(value: (i: number) => number, height: number, width: number): Float64Array {
  const sums = new Float64Array((height + 1) * (width + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += value(y * width + x);
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  return sums;
}
