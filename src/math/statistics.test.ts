import { expect, test } from "vitest";
import { histogramOf, percentile, statisticsOf } from "./statistics.ts";

test("statistics of 1, 2, 3, 4: mean 2.5, variance 1.25", () => {
  expect(statisticsOf([1, 2, 3, 4])).toEqual({
    min: 1,
    max: 4,
    mean: 2.5,
    std: Math.sqrt(1.25),
    zeros: 0,
    notFinite: 0,
  });
});

test("what is not finite is counted and left out", () => {
  expect(statisticsOf([NaN, 0, -0, Infinity, 6])).toEqual({
    min: 0,
    max: 6,
    mean: 2,
    std: Math.sqrt(8),
    zeros: 2,
    notFinite: 2,
  });
  expect(statisticsOf([NaN, -Infinity])).toBeUndefined();
});

test("a mean far from zero does not cost the deviation its digits", () => {
  expect(statisticsOf(Float64Array.of(1e9 + 1, 1e9 + 2, 1e9 + 3))?.std).toBeCloseTo(Math.sqrt(2 / 3), 10);
});

test("a histogram's last bin is closed, and equal values lie in the middle, as in numpy", () => {
  expect(histogramOf([0, 1, 2, 3, 4], 4)).toEqual({ counts: [1, 1, 1, 2], min: 0, max: 4 });
  expect(histogramOf([7, 7, NaN], 2)).toEqual({ counts: [0, 2], min: 6.5, max: 7.5 });
  expect(histogramOf([-Number.MAX_VALUE, Number.MAX_VALUE], 2)?.counts).toEqual([1, 1]);
});

test("percentiles interpolate: of 1, 2, 3, 4 the 50th is 2.5, the 90th 3.7", () => {
  expect(percentile([4, 2, NaN, 3, 1], 50)).toBe(2.5);
  expect(percentile([4, 2, 3, 1], 90)).toBeCloseTo(3.7, 12);
  expect(percentile([], 50)).toBeNaN();
});
