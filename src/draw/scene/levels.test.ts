import { describe, expect, it } from "vitest";
import { Random } from "../../math/random.ts";
import { envelope, levelsOf } from "./levels.ts";

/** What an envelope is by its definition: every value looked at. */
function byHand(values: Float32Array, from: number, to: number, columns: number): [number, number][] {
  return Array.from({ length: columns }, (_, column) => {
    const begin = Math.max(0, Math.floor(from + ((to - from) * column) / columns));
    const end = Math.min(values.length, Math.max(begin + 1, Math.floor(from + ((to - from) * (column + 1)) / columns)));
    const part = [...values.subarray(begin, end)].filter((value) => !Number.isNaN(value));
    return part.length ? [Math.min(...part), Math.max(...part)] : [NaN, NaN];
  });
}

describe("levels of detail", () => {
  it("give each column's least and largest value, as looking at every value does", () => {
    const random = new Random(7);
    for (const length of [1, 7, 8, 9, 64, 1000, 4097]) {
      const values = Float32Array.from({ length }, () => random.normal());
      if (length > 100) values.fill(NaN, 30, 95);
      const levels = levelsOf(values);
      for (const [from, to, columns] of [
        [0, length, 1],
        [0, length, 3],
        [0, length, 640],
        [length / 3, length / 2, 17],
        [0.25, length - 0.5, 11],
      ]) {
        const { low, high } = envelope(levels, from, to, columns);
        expect(Array.from(low, (value, i) => [value, high[i]])).toEqual(byHand(values, from, to, columns));
      }
    }
  });

  it("lose no value: one among a million is in its column", () => {
    const values = new Float32Array(1_000_000);
    values[654_321] = 3;
    const { low, high } = envelope(levelsOf(values), 0, values.length, 500);
    expect(high.findIndex((value) => value === 3)).toBe(Math.floor((654_321 * 500) / 1_000_000));
    expect(high.filter((value) => value !== 0).length).toBe(1);
    expect(low.every((value) => value === 0)).toBe(true);
  });

  it("are made once for an array, and are an eighth as long each", () => {
    const values = new Float32Array(5000);
    expect(levelsOf(values)).toBe(levelsOf(values));
    expect(levelsOf(values).levels.map(({ low }) => low.length)).toEqual([625, 79, 10, 2]);
  });
});
