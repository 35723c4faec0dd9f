import type { View } from "./types.ts";

/** A two-dimensional output as predictions by columns, whichever of its axes lists the predictions. */
export interface PredictionTable {
  readonly count: number;
  readonly columns: number;
  /** Which axis of the output lists predictions: "first" [N,C], "last" [C,N]. */
  readonly listed: "first" | "last";
  value(prediction: number, column: number): number;
  /** Index into the output without its batch axis. */
  at(prediction: number, column: number): number[];
  /** The least and largest of a column; NaN where it holds any. */
  range(column: number): { readonly min: number; readonly max: number };
}

export function tableOf({ dims, values, lead }: View, listed: PredictionTable["listed"]): PredictionTable {
  const [count, columns] = listed === "first" ? dims : [dims[1], dims[0]];
  const value =
    listed === "first"
      ? (n: number, c: number): number => values[n * columns + c]
      : (n: number, c: number): number => values[c * count + n];
  const ranges = new Map<number, { min: number; max: number }>();
  return {
    count,
    columns,
    listed,
    value,
    at: (n, c) => (listed === "first" ? [...lead, n, c] : [...lead, c, n]),
    range(column) {
      let range = ranges.get(column);
      if (!range) {
        range = { min: Infinity, max: -Infinity };
        for (let n = 0; n < count; n++) {
          const one = value(n, column);
          range.min = one < range.min || Number.isNaN(one) ? one : range.min;
          range.max = one > range.max || Number.isNaN(one) ? one : range.max;
        }
        ranges.set(column, range);
      }
      return range;
    },
  };
}

/** Rounding that probabilities of half precision may show. */
const ROUNDING = 2e-3;

/** Whether all of a column lies in 0 to 1. */
export function isShare(table: PredictionTable, column: number): boolean {
  const { min, max } = table.range(column);
  return min >= -ROUNDING && max <= 1 + ROUNDING;
}

/** Whether all of some columns do. */
export function areShares(table: PredictionTable, from: number, before: number): boolean {
  for (let column = from; column < before; column++) if (!isShare(table, column)) return false;
  return true;
}
