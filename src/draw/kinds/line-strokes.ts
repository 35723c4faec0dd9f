/** What of a line is drawn in how many columns: its strokes, its range, the colours along it. */
import { envelope, levelsOf } from "../scene/levels.ts";
import { resizeMap } from "../scene/paint.ts";
import type { ValueRange } from "../scene/range.ts";
import type { ValueMap } from "../scene/reduce.ts";

/** The ends of lines' finite values; around one value where all are the same. */
export function lineRange({ values, width }: ValueMap, channels: readonly number[]): ValueRange {
  let [min, max] = [Infinity, -Infinity];
  for (const channel of channels) {
    const line = lineAt(values, width, channel);
    const { low, high } = envelope(levelsOf(line), 0, width, 1);
    // Infinite ends: what is finite has to be looked for.
    const ends = Number.isFinite(low[0]) && Number.isFinite(high[0]) ? [low[0], high[0]] : line.filter(Number.isFinite);
    for (const end of ends) {
      if (end < min) min = end;
      if (end > max) max = end;
    }
  }
  if (!(min <= max)) return { min: 0, max: 1 };
  return min === max ? { min: min - 0.5, max: max + 0.5 } : { min, max };
}

const cut = new WeakMap<Float32Array, Map<number, Float32Array>>();

/** A line's values; the same array each time, so that its levels are made once. */
export function lineAt(values: Float32Array, width: number, channel: number): Float32Array {
  let lines = cut.get(values);
  if (!lines) cut.set(values, (lines = new Map()));
  let line = lines.get(channel);
  if (!line) lines.set(channel, (line = values.subarray(channel * width, (channel + 1) * width)));
  return line;
}

/**
 * The colours along a line: for each of `columns` equal parts of [from, to) of the map's width (parts of one, 0 to 1)
 * the value there, interpolated where `smooth`; of several the one of largest magnitude.
 */
export function stripValues(
  map: ValueMap,
  row: number,
  from: number,
  to: number,
  columns: number,
  smooth: boolean,
): Float32Array {
  const line = lineAt(map.values, map.width, Math.min(row, map.height - 1));
  const [first, last] = [from * map.width, to * map.width];
  if (last - first >= columns) {
    const { low, high } = envelope(levelsOf(line), first, last, columns);
    return low.map((value, column) => (Math.abs(value) > Math.abs(high[column]) ? value : high[column]));
  }
  if (smooth && from === 0 && to === 1)
    return resizeMap({ height: 1, width: map.width, values: line }, 1, columns, true).values;
  return Float32Array.from({ length: columns }, (_, column) => {
    const at = first + ((last - first) * (column + 0.5)) / columns;
    if (!smooth) return line[Math.min(map.width - 1, Math.floor(at))];
    const centre = Math.max(0, Math.min(map.width - 1, at - 0.5));
    const left = Math.floor(centre);
    const right = Math.min(map.width - 1, left + 1);
    return centre === left ? line[left] : line[left] + (line[right] - line[left]) * (centre - left);
  });
}

/** The colours of several rows below one another: [rows, columns], in the order of `rows`. */
export function stripRows(
  map: ValueMap,
  rows: readonly number[],
  { from, to }: { readonly from: number; readonly to: number },
  columns: number,
): ValueMap {
  const values = new Float32Array(rows.length * columns);
  rows.forEach((row, place) => values.set(stripValues(map, row, from, to, columns, false), place * columns));
  return { height: rows.length, width: columns, values };
}

/**
 * A line through all values in [first, last), or where they are more than the columns through each column's least and
 * largest; broken where there is none. Each stroke x and value in turn; x in columns, each value in the middle of its
 * place.
 */
export function strokesOf(
  line: Float32Array,
  width: number,
  [first, last]: readonly [number, number] = [0, line.length],
): number[][] {
  const strokes: number[][] = [[]];
  const add = (x: number, value: number): void => {
    const stroke = strokes[strokes.length - 1];
    if (Number.isFinite(value)) stroke.push(x, value);
    else if (stroke.length > 0) strokes.push([]);
  };
  if (last - first > width) {
    const { low, high } = envelope(levelsOf(line), first, last, width);
    // Down one column and up the next: no jump across a column's whole height.
    for (let column = 0; column < width; column++) {
      const ends = column % 2 === 0 ? [low[column], high[column]] : [high[column], low[column]];
      for (const value of ends) add(column + 0.5, value);
    }
  } else {
    const [begin, end] = [Math.max(0, Math.floor(first) - 1), Math.min(line.length, Math.ceil(last) + 1)];
    for (let i = begin; i < end; i++) add(((i + 0.5 - first) / (last - first)) * width, line[i]);
  }
  return strokes.filter((points) => points.length > 0);
}
