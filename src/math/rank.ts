/** Places in ascending order, from 1; equal values share the mean of their places (scipy.stats.rankdata's default). */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = ascending(values);
  const found = new Float64Array(order.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) found[order[i]] = (from + 1 + to) / 2;
    from = to;
  }
  return found;
}

/** Spearman's rank correlation, −1 to 1; NaN where one side is the same everywhere, as in SciPy. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return pearson(ranks(a), ranks(b));
}

/** Pearson's correlation, −1 to 1. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += (a[i] - meanA) * (b[i] - meanB);
    squaresA += (a[i] - meanA) ** 2;
    squaresB += (b[i] - meanB) ** 2;
  }
  return squaresA > 0 && squaresB > 0 ? product / Math.sqrt(squaresA * squaresB) : NaN;
}

/** Indices by ascending value; equal values by index. */
export function ascending(values: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: values.length }, (_, index) => index).sort(
    (i, j) => values[i] - values[j] || i - j,
  );
}

/** Indices by descending value; equal values by index. */
export function descending(values: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: values.length }, (_, index) => index).sort(
    (i, j) => values[j] - values[i] || i - j,
  );
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * Indices of the `count` largest values, the largest first; equal values by index. NaN comes last. One pass, whatever
 * the length.
 */
export function largestFew(values: ArrayLike<number>, count: number): number[] {
  const best: number[] = [];
  const before = (a: number, b: number): boolean =>
    Number.isNaN(values[b]) ? !Number.isNaN(values[a]) : values[a] > values[b];
  for (let index = 0; index < values.length; index++) {
    if (best.length === count && !before(index, best[count - 1])) continue;
    let place = best.length;
    while (place > 0 && before(index, best[place - 1])) place--;
    best.splice(place, 0, index);
    if (best.length > count) best.pop();
  }
  return best;
}
