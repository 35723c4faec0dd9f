import { describe, expect, test } from "vitest";
import { COLOR_MAPS, DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { colorTable, resolveColorMap } from "./colormap.ts";
import { heatmapDrawing } from "../kinds/heatmap.ts";
import { blend, NOT_FINITE_COLOR, paintMap, paintTile, resizeMap } from "./paint.ts";
import { clipRange, percentileOf, percentileRank, sortedFinite } from "./range.ts";
import { channelOf, reduceChannels } from "./reduce.ts";
import { ticks } from "./ticks.ts";
import { formatValue } from "../../protocol/format.ts";
import { tileOrder, tileRange, tilesSigned, valuesRange } from "../kinds/tiles.ts";
import { heatmap, tiles } from "../../../test/support/artifacts.ts";

describe("colour maps", () => {
  const entry = (name: (typeof COLOR_MAPS)[number], i: number): number[] => [
    ...colorTable(name).subarray(3 * i, 3 * i + 3),
  ];

  test("all have 256 colours", () => {
    for (const name of COLOR_MAPS) expect(colorTable(name)).toHaveLength(768);
  });
  // matplotlib's own: colormaps[name](i, bytes=True).
  test.each([
    ["inferno", 0, [0, 0, 3]],
    ["inferno", 255, [252, 254, 164]],
    ["viridis", 0, [68, 1, 84]],
    ["viridis", 128, [32, 144, 140]],
    ["viridis", 255, [253, 231, 36]],
    ["magma", 128, [182, 54, 121]],
  ] as const)("%s %i is as published", (name, i, rgb) => expect(entry(name, i)).toEqual(rgb));
  test("turbo's polynomial starts dark blue and ends dark red", () => {
    expect(entry("turbo", 0)).toEqual([35, 23, 27]);
    expect(entry("turbo", 255)[0]).toBeGreaterThan(130);
    expect(entry("turbo", 255)[2]).toBeLessThan(30);
  });
  test.each(["blue-red", "purple-green"] as const)("%s is white at zero and evenly darker to both ends", (name) => {
    const lightness = (i: number): number =>
      entry(name, i).reduce((sum, c, channel) => sum + c * [0.2126, 0.7152, 0.0722][channel], 0);
    expect(entry(name, 127)).toEqual(entry(name, 128));
    expect(lightness(127)).toBeGreaterThan(245);
    for (let i = 1; i < 128; i++) {
      expect(lightness(i)).toBeGreaterThanOrEqual(lightness(i - 1) - 1);
      expect(lightness(255 - i)).toBeGreaterThanOrEqual(lightness(256 - i) - 1);
    }
  });
  test.each([
    [[0.625, 0.375, 0], "protanopia"],
    [[0.7, 0.3, 0], "deuteranopia"],
  ] as const)(
    "both diverging maps tell their ends apart where red and green mix as %j (%s)",
    (mix: readonly number[], _name: string) => {
      for (const name of ["blue-red", "purple-green"] as const) {
        // Red and green seen as one mixture, blue as it is: the common rough model of dichromacy.
        const seen = (i: number): number[] => [
          entry(name, i).reduce((sum, c, channel) => sum + c * mix[channel], 0),
          entry(name, i)[2],
        ];
        for (const distance of [40, 80, 110]) {
          const [low, high] = [seen(127 - distance), seen(128 + distance)];
          expect(Math.hypot(low[0] - high[0], low[1] - high[1])).toBeGreaterThan(18);
        }
      }
    },
  );
  test("auto is diverging for signed values", () => {
    expect([resolveColorMap("auto", true), resolveColorMap("auto", false), resolveColorMap("gray", true)]).toEqual([
      "blue-red",
      "inferno",
      "gray",
    ]);
  });
});

describe("channels become one", () => {
  // Two channels over 1×2: (3, −4) and (−4, 3).
  const nchw = Float32Array.of(3, -4, -4, 3);
  const axes = { channel: 1, height: 2, width: 3 };
  test.each([
    ["max", true, [-4, -4]],
    ["max", false, [3, 3]],
    ["mean", true, [-0.5, -0.5]],
    ["l2", true, [5, 5]],
  ] as const)("%s, signed %s", (how, signed, expected) => {
    expect([...reduceChannels(nchw, [1, 2, 1, 2], axes, how, signed).values]).toEqual(expected);
  });
  test("channels may come last", () => {
    const nhwc = Float32Array.of(3, -4, -4, 3);
    expect([...reduceChannels(nhwc, [1, 1, 2, 2], { channel: 3, height: 1, width: 2 }, "max", true).values]).toEqual([
      -4, -4,
    ]);
    expect([...channelOf(nhwc, [1, 1, 2, 2], { channel: 3, height: 1, width: 2 }, 1).values]).toEqual([-4, 3]);
  });
  test("a map without channels stays as it is", () => {
    expect(reduceChannels(nchw, [2, 2], { height: 0, width: 1 }, "max", true)).toEqual({
      height: 2,
      width: 2,
      values: nchw,
    });
  });
  test("NaN stays NaN, wherever it is", () => {
    for (const values of [
      [NaN, 1],
      [1, NaN],
    ]) {
      for (const how of ["max", "mean", "l2"] as const) {
        for (const signed of [true, false]) {
          expect(reduceChannels(Float32Array.from(values), [1, 2, 1, 1], axes, how, signed).values[0]).toBeNaN();
        }
      }
    }
  });
});

describe("ranges", () => {
  test("the 50th percentile of |−4|, 1, 2, 3 is 2.5, the 90th 3.7", () => {
    const values = Float32Array.of(1, -4, 3, 2);
    expect(clipRange(values, 50, true)).toEqual({ min: -2.5, max: 2.5 });
    expect(clipRange(values, 90, true).max).toBeCloseTo(3.7, 6);
    expect(clipRange(values, 100, false)).toEqual({ min: -4, max: 4 });
    expect([...values]).toEqual([1, -4, 3, 2]);
  });
  test("unsigned values start at zero", () =>
    expect(clipRange(Float32Array.of(5, 6, 7), 100, false)).toEqual({ min: 0, max: 7 }));
  test("what is not finite does not count", () => {
    expect(clipRange(Float32Array.of(NaN, Infinity, -Infinity, 2, 2), 99, true)).toEqual({ min: -2, max: 2 });
  });
  test("a range is never empty", () => {
    expect(clipRange(new Float32Array(5), 99, true)).toEqual({ min: -1, max: 1 });
    expect(clipRange(new Float32Array(5), 99, false)).toEqual({ min: 0, max: 1 });
    expect(clipRange(Float32Array.of(NaN), 99, false)).toEqual({ min: 0, max: 1 });
    expect(clipRange(new Float32Array(0), 99, true)).toEqual({ min: -1, max: 1 });
    // One spike in a hundred zeros: its percentile is zero, the spike takes its place.
    expect(
      clipRange(
        Float32Array.from({ length: 101 }, (_, i) => (i === 7 ? 3 : 0)),
        90,
        true,
      ),
    ).toEqual({ min: -3, max: 3 });
  });
  test("selection agrees with sorting, for values with many ties, sorted and reversed", () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (const make of [
      (i: number) => i,
      (i: number) => -i,
      () => Math.floor(random() * 5),
      () => random() - 0.5,
      () => 1,
    ]) {
      const values = Float32Array.from({ length: 1001 }, (_, i) => make(i));
      const sorted = sortedFinite(values.map(Math.abs));
      for (const percentile of [0, 50, 73.21, 99, 100]) {
        const expected = percentileOf(sorted, percentile) || sorted[1000] || 1;
        expect(clipRange(values, percentile, true).max).toBeCloseTo(expected, 5);
      }
    }
  });
  test("the rank counts what is at or below", () => {
    const sorted = sortedFinite(Float32Array.of(3, 1, NaN, 2, 2));
    expect([0, 1, 2, 2.5, 3, NaN].map((value) => percentileRank(sorted, value))).toEqual([0, 25, 75, 75, 100, NaN]);
    expect(percentileRank(new Float32Array(0), 1)).toBeNaN();
  });
});

describe("painting", () => {
  const gray = colorTable("gray");
  test("the range's ends are the table's ends, beyond them it saturates, NaN is none of its colours", () => {
    const rgba = paintMap(
      { height: 1, width: 5, values: Float32Array.of(-1, 0, 0.5, 9, NaN) },
      { min: 0, max: 1 },
      gray,
    );
    expect([...rgba].filter((_, i) => i % 4 === 0)).toEqual([0, 0, 128, 255, NOT_FINITE_COLOR[0]]);
    expect([...rgba.subarray(16)]).toEqual([...NOT_FINITE_COLOR, 255]);
  });
  test("no colour map contains the colour of what is not finite", () => {
    for (const name of COLOR_MAPS) {
      const table = colorTable(name);
      for (let i = 0; i < 768; i += 3)
        expect(Math.hypot(...NOT_FINITE_COLOR.map((c, channel) => c - table[i + channel]))).toBeGreaterThan(60);
    }
  });
  test("infinities too are not finite", () => {
    const rgba = paintMap(
      { height: 1, width: 2, values: Float32Array.of(Infinity, -Infinity) },
      { min: 0, max: 1 },
      gray,
    );
    expect([...rgba]).toEqual([...NOT_FINITE_COLOR, 255, ...NOT_FINITE_COLOR, 255]);
  });
  test("one tile among several", () => {
    expect(paintTile(tiles.tiles, 2, 2, 1, { min: 2, max: 6 }, gray).filter((_, i) => i % 4 === 0)).toEqual(
      Uint8ClampedArray.of(0, 64, 191, 255),
    );
  });
  test("zero is white in a diverging map", () => {
    const zero = { height: 1, width: 1, values: Float32Array.of(0) };
    expect([...paintMap(zero, { min: -3, max: 3 }, colorTable("blue-red"))]).toEqual([250, 250, 250, 255]);
  });
  test("opacity 0 is the picture, 1 the map, 0.25 a quarter of the way", () => {
    const map = Uint8ClampedArray.of(100, 200, 0, 255);
    expect([0, 0.25, 1].map((opacity) => [...blend(Uint8Array.of(0, 100, 40), map, opacity)])).toEqual([
      [0, 100, 40, 255],
      [25, 125, 30, 255],
      [100, 200, 0, 255],
    ]);
  });
  test("bilinear between cell centres: 0, 4 to four cells is 0, 1, 3, 4", () => {
    expect([...resizeMap({ height: 1, width: 2, values: Float32Array.of(0, 4) }, 1, 4, true).values]).toEqual([
      0, 1, 3, 4,
    ]);
    expect([...resizeMap({ height: 2, width: 1, values: Float32Array.of(0, 4) }, 4, 1, false).values]).toEqual([
      0, 0, 4, 4,
    ]);
    expect([...resizeMap({ height: 1, width: 4, values: Float32Array.of(1, 2, 3, 4) }, 1, 2, false).values]).toEqual([
      2, 4,
    ]);
  });
  test("an infinite cell does not spoil its neighbours' centres", () => {
    const map = { height: 1, width: 3, values: Float32Array.of(1, Infinity, 1) };
    expect([...resizeMap(map, 2, 3, true).values]).toEqual([1, Infinity, 1, 1, Infinity, 1]);
  });
  test("a norm is drawn without a sign", () => {
    expect(heatmapDrawing(heatmap, { ...DEFAULT_LOOKS, reduce: "l2" })).toMatchObject({
      signed: false,
      range: { min: 0 },
    });
    expect(heatmapDrawing(heatmap, DEFAULT_LOOKS).range.min).toBeLessThan(0);
  });
});

describe("tiles", () => {
  test("by index or by strength, the unsent as well", () => {
    expect([tileOrder(tiles, "index"), tileOrder(tiles, "strength")]).toEqual([
      [0, 1, 2],
      [1, 0, 2],
    ]);
  });
  test("each on its own scale, or all on one", () => {
    expect(tileRange(tiles, 1, { tileScale: "own", clip: 100 })).toEqual({ min: 2, max: 6 });
    expect(tileRange(tiles, 1, { tileScale: "shared", clip: 100 })).toEqual({ min: 0, max: 6 });
    expect(tileRange(tiles, 2, { tileScale: "own", clip: 100 })).toEqual({ min: 0, max: 1 });
  });
  test("a little below zero is not signed, far below is", () => {
    expect(tilesSigned({ ...tiles, min: Float32Array.of(-0.28, 0, 0) })).toBe(false);
    expect(tilesSigned({ ...tiles, min: Float32Array.of(-2, 0, NaN) })).toBe(true);
    expect(valuesRange(Float32Array.of(-2, 1), 100, true)).toEqual({ min: -2, max: 2 });
  });
});

describe("numbers for people", () => {
  test.each([
    [0, "0"],
    [-0, "0"],
    [0.40512, "0.4051"],
    [-3, "−3"],
    [123456, "123456"],
    [1234567, "1.235e6"],
    [0.00012346, "0.0001235"],
    [-1.25e-7, "−1.25e−7"],
    [NaN, "NaN"],
    [-Infinity, "−∞"],
    [99999.5, "1e5"],
    [Math.fround(0.1), "0.1"],
  ])("%d is %s", (value, text) => expect(formatValue(value)).toBe(text));
  test("ticks are round and inside", () => {
    expect(ticks(-1, 1, 4)).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(ticks(0, 0.37, 4)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(ticks(1.2e-7, 5e-7, 3)).toEqual([2e-7, 4e-7]);
    expect(ticks(3, 3, 4)).toEqual([3]);
    expect(ticks(1e20, 1e20 + 1e5, 4).length).toBeLessThan(8);
  });
});
