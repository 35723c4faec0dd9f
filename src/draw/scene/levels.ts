/** The least and the largest value of blocks of equal length, coarser from level to level. */
export interface Levels {
  readonly values: Float32Array;
  /** Of level k blocks of FACTOR ** (k + 1) values. */
  readonly levels: readonly { readonly low: Float32Array; readonly high: Float32Array }[];
}

const FACTOR = 8;

const known = new WeakMap<Float32Array, Levels>();

/**
 * Levels of detail of a long series: what a drawing that has fewer columns than values reads instead of all of them.
 * NaN counts nowhere; a block of nothing else is NaN. Made once for an array.
 */
export function levelsOf(values: Float32Array): Levels {
  let found = known.get(values);
  if (!found) known.set(values, (found = { values, levels: makeLevels(values) }));
  return found;
}

function makeLevels(values: Float32Array): Levels["levels"] {
  const levels: { low: Float32Array; high: Float32Array }[] = [];
  for (let [low, high] = [values, values]; low.length > FACTOR;) {
    const count = Math.ceil(low.length / FACTOR);
    const next = { low: new Float32Array(count), high: new Float32Array(count) };
    for (let block = 0; block < count; block++) {
      const end = Math.min(low.length, (block + 1) * FACTOR);
      [next.low[block], next.high[block]] = extremes(low, high, block * FACTOR, end);
    }
    levels.push(next);
    ({ low, high } = next);
  }
  return levels;
}

/** What a line is in each column of a drawing. */
export interface Envelope {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/**
 * The least and the largest value in each of `columns` equal parts of [from, to), in indices of the values; NaN where
 * there is none. No value is left out: a peak of one value among millions is seen.
 */
export function envelope({ values, levels }: Levels, from: number, to: number, columns: number): Envelope {
  const low = new Float32Array(columns).fill(NaN);
  const high = new Float32Array(columns).fill(NaN);
  for (let column = 0; column < columns; column++) {
    let at = Math.max(0, Math.floor(from + ((to - from) * column) / columns));
    const end = Math.min(values.length, Math.max(at + 1, Math.floor(from + ((to - from) * (column + 1)) / columns)));
    let [least, largest] = [Infinity, -Infinity];
    while (at < end) {
      // The longest block that begins here and ends in this column.
      let [level, size] = [-1, 1];
      while (level + 1 < levels.length && at % (size * FACTOR) === 0 && at + size * FACTOR <= end) {
        level++;
        size *= FACTOR;
      }
      const block = level < 0 ? at : at / size;
      const [lows, highs] = level < 0 ? [values, values] : [levels[level].low, levels[level].high];
      if (lows[block] < least) least = lows[block];
      if (highs[block] > largest) largest = highs[block];
      at += size;
    }
    if (least <= largest) [low[column], high[column]] = [least, largest];
  }
  return { low, high };
}

function extremes(low: Float32Array, high: Float32Array, from: number, to: number): [number, number] {
  let [least, largest] = [Infinity, -Infinity];
  for (let i = from; i < to; i++) {
    if (low[i] < least) least = low[i];
    if (high[i] > largest) largest = high[i];
  }
  return least <= largest ? [least, largest] : [NaN, NaN];
}
