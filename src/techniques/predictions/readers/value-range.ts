import { formatNumber } from "../../../protocol/format.ts";
import type { InputInfo } from "../../framework/technique.ts";

/** Which values of a picture are black and white. */
export const VALUE_RANGES = [
  ["auto", "automatic"],
  ["input", "as the input"],
  ["unit", "0 to 1"],
  ["signed", "−1 to 1"],
  ["bytes", "0 to 255"],
  ["values", "smallest to largest"],
] as const;

export type ValueRangeWord = (typeof VALUE_RANGES)[number][0];

export interface DisplayRange {
  /** Of a channel's value 0 (black) to 1 (white), beyond them where it lies outside. */
  scale(value: number, channel: number): number;
  /** "black 0, white 1". */
  readonly how: string;
}

/**
 * How a picture's numbers become colours: as asked; else from 0 to 1, by the input's recipe, from −1 to 1 or 0 to 255,
 * whichever the values lie in first (a tenth of it over); else from the smallest to the largest. Undefined where that of
 * the input is asked for and the input has none.
 */
export function displayRange(
  asked: ValueRangeWord,
  { range }: Pick<InputInfo, "range">,
  values: Float32Array,
): DisplayRange | undefined {
  const [low, high] = endsOf(values);
  const within = (from: number, to: number): boolean =>
    low >= from - 0.1 * (to - from) && high <= to + 0.1 * (to - from);
  const fixed = (from: number, to: number, how: string): DisplayRange => ({
    scale: (value) => (value - from) / (to - from || 1),
    how,
  });
  const ranges: Readonly<Record<Exclude<ValueRangeWord, "auto">, DisplayRange | undefined>> = {
    unit: fixed(0, 1, "black 0, white 1"),
    input: range && {
      scale(value, channel) {
        const of = (list: readonly number[]): number => list[channel] ?? list[0];
        return (value - of(range.low)) / (of(range.high) - of(range.low) || 1);
      },
      how: "colours scaled as in the input's recipe",
    },
    signed: fixed(-1, 1, "black −1, white 1"),
    bytes: fixed(0, 255, "black 0, white 255"),
    values: fixed(low, high, `black ${formatNumber(low, 3)}, white ${formatNumber(high, 3)}`),
  };
  if (asked !== "auto") return ranges[asked];
  if (within(0, 1)) return ranges.unit;
  if (range?.low.every((_, at) => within(Math.min(...range.low), Math.max(range.high[at], ...range.high))))
    return ranges.input;
  if (within(-1, 1)) return ranges.signed;
  return within(0, 255) ? ranges.bytes : ranges.values;
}

function endsOf(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
