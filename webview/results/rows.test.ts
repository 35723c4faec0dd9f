import { describe, expect, test } from "vitest";
import { tableOfList } from "../../src/draw/scene/table.ts";
import { rowsShown } from "./rows.ts";

const animals = tableOfList(
  [
    ["cat", 0, 0.1],
    ["Black cat", 1, -2.5],
    ["dog", 12, NaN],
    ["hog", 2, 0.75],
    ["cat 10", 10, 0.75],
    ["cat 9", 9, 1e-5],
  ] as const,
  [
    ["name", "text", ([name]) => name],
    ["place", "integer", ([, place]) => place],
    // As artifacts keep them.
    ["∂y/∂x", "number", ([, , value]) => Math.fround(value)],
  ],
);

const found = (filter: string): number[] => [...rowsShown(animals, filter, undefined)];
const sorted = (column: number, descending: boolean): number[] => [...rowsShown(animals, "", { column, descending })];

describe("rows of a table", () => {
  test("words occur in texts, whatever their case; a number is found by its beginning", () => {
    expect(found("")).toEqual([0, 1, 2, 3, 4, 5]);
    expect(found("CAT")).toEqual([0, 1, 4, 5]);
    expect(found("cat 10")).toEqual([4]);
    expect(found('"black cat"')).toEqual([1]);
    expect(found("-2.5")).toEqual([1]);
    expect(found("0.75")).toEqual([3, 4]);
    expect(found("bird")).toEqual([]);
  });

  test("a column is asked by the beginning of its name, numbers without one by the sign alone", () => {
    expect(found("place>=10")).toEqual([2, 4]);
    expect(found("pl<2")).toEqual([0, 1]);
    expect(found("name=cat")).toEqual([0]);
    expect(found("name!=cat cat")).toEqual([1, 4, 5]);
    expect(found(">0.5")).toEqual([3, 4]);
    expect(found("<-1")).toEqual([1]);
    // 0.1 as a float32 is not 0.1.
    expect(found("∂y/∂x=0.1")).toEqual([0]);
    expect(found("∂y/∂x>=0.1 place<5")).toEqual([0, 3]);
    expect(found("wings>1")).toEqual([]);
    expect(found("place>")).toEqual([]);
  });

  test("texts sort with their numbers, NaN last either way, equal ones as they stood", () => {
    expect(sorted(0, false)).toEqual([1, 0, 5, 4, 2, 3]);
    expect(sorted(1, true)).toEqual([2, 4, 5, 3, 1, 0]);
    expect(sorted(2, true)).toEqual([3, 4, 0, 5, 1, 2]);
    expect(sorted(2, false)).toEqual([1, 5, 0, 3, 4, 2]);
  });
});
