import { describe, expect, it } from "vitest";
import type { LineArtifact } from "../../protocol/artifacts.ts";
import type { TargetMark } from "../../protocol/result.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { saveResult } from "../encode/save.ts";
import { colorTable } from "../scene/colormap.ts";
import type { ImagePart, LinePart } from "../scene/parts.ts";
import { result as base } from "../../../test/support/artifacts.ts";
import { heatmapDrawing } from "./heatmap.ts";
import { kindOf } from "./index.ts";
import { lineRange, stripValues } from "./line-strokes.ts";
import { countOf, drawnAs, lineOrder, linesOf, lineStyle, mapOf, placeText } from "./line.ts";

/** [1, 2, 4]: two channels of four steps. */
const lines: LineArtifact = {
  kind: "line",
  id: "signal",
  title: "Saliency",
  values: Float32Array.of(1, 2, -4, 0, 0.5, 0, 0, 0.25),
  dims: [1, 2, 4],
  axes: { along: 2, channel: 1 },
  x: { label: "step", start: 0, step: 1 },
  quantity: "∂y/∂x",
  signed: true,
  smooth: false,
  caption: "gradient",
};
const { layout, combine, overSamples, compare } = kindOf(lines);
const setting = { pictures: [], looks: DEFAULT_LOOKS };
const csvOf = (artifact: LineArtifact): string[] =>
  new TextDecoder()
    .decode(saveResult({ ...base, views: [artifact] }, DEFAULT_LOOKS, "csv"))
    .trim()
    .split("\r\n");
const strokes = (artifact: LineArtifact, looks = DEFAULT_LOOKS): LinePart[] =>
  layout(artifact, { pictures: [], looks }).parts.filter((part) => part.kind === "line");
const strips = (artifact: LineArtifact): ImagePart[] =>
  layout(artifact, setting).parts.filter(
    (part): part is ImagePart => part.kind === "image" && part.label !== "colour bar",
  );

describe("lines", () => {
  it("are a row for each value as CSV, and the same numbers as NPY, whichever axis comes first", () => {
    expect(csvOf(lines)).toEqual([
      "channel,x,value",
      "0,0,1",
      "0,1,2",
      "0,2,-4",
      "0,3,0",
      "1,0,0.5",
      "1,1,0",
      "1,2,0",
      "1,3,0.25",
    ]);
    const stepsFirst = {
      ...lines,
      values: Float32Array.of(1, 0.5, 2, 0, -4, 0, 0, 0.25),
      dims: [4, 1, 2],
      axes: { along: 0, channel: 2 },
    };
    expect(csvOf(stepsFirst)).toEqual(csvOf(lines));
    expect(linesOf(stepsFirst, 0)).toEqual({ height: 2, width: 4, values: lines.values });
    expect(kindOf(stepsFirst).numbers(stepsFirst)).toEqual({ dims: [4, 1, 2], values: stepsFirst.values });
  });

  it("say where a value lies, with the axis' unit, where that is not its index", () => {
    expect(csvOf({ ...lines, x: { label: "time", unit: "s", start: 10, step: 0.5 } }).slice(0, 3)).toEqual([
      "channel,x,time (s),value",
      "0,0,10,1",
      "0,1,10.5,2",
    ]);
  });

  it("of frames stand after one another, and are drawn below one another", () => {
    const frames: LineArtifact = {
      ...lines,
      dims: [2, 1, 4],
      axes: { frame: 0, channel: 1, along: 2 },
      frames: { names: ["frame 1 of 2", "frame 2 of 2"] },
    };
    expect(csvOf(frames)[0]).toBe("frame,channel,x,value");
    expect(csvOf(frames)[5]).toBe("1,0,0,0.5");
    expect([...linesOf(frames, 1).values]).toEqual([0.5, 0, 0, 0.25]);
    expect(strokes(frames).length).toBe(2);
  });

  it("are drawn in their range, under each the colours of its values", () => {
    const [first, second] = strokes(lines);
    const ys = first.points.filter((_, i) => i % 2 === 1);
    // 1, 2, −4, 0: the second highest (least y), the third lowest; 0 is two thirds of the way up.
    expect(ys[1]).toBe(Math.min(...ys));
    expect(ys[2]).toBe(Math.max(...ys));
    expect((ys[2] - ys[3]) / (ys[2] - ys[1])).toBeCloseTo(4 / 6, 2);
    expect(second.points.length).toBe(8);
    const { range, table } = heatmapDrawing(mapOf(lines), DEFAULT_LOOKS);
    expect(table).toEqual(colorTable("blue-red"));
    expect(range.min).toBe(-range.max);
    const [strip] = strips(lines);
    const colorAt = (part: number): number[] => [
      ...strip.rgba.subarray(4 * Math.floor(part * strip.pixelWidth)).subarray(0, 3),
    ];
    expect(colorAt(0.6)).toEqual([...table.subarray(0, 3)]);
    expect(colorAt(0.9)).not.toEqual(colorAt(0.6));
  });

  it("are the signal's where there is one: its values above, what they amount to as colour, at its own resolution", () => {
    const wave = Float32Array.from({ length: 16 }, (_, i) => i);
    const map: LineArtifact = {
      ...lines,
      values: Float32Array.of(0, 1),
      dims: [1, 2],
      axes: { channel: 0, along: 1 },
      signed: false,
      smooth: true,
      x: { label: "step", start: 3.5, step: 8 },
      signal: { title: "ecg", values: wave, dims: [1, 1, 16], axes: { channel: 1, along: 2 } },
    };
    expect(strokes(map).map(({ points }) => points.length)).toEqual([32]);
    const row = stripValues({ height: 1, width: 2, values: map.values }, 0, 0, 1, 8, true);
    // Between cell centres at a quarter and three quarters.
    expect([...row]).toEqual([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]);
    expect([...stripValues({ height: 1, width: 2, values: map.values }, 0, 0, 1, 4, false)]).toEqual([0, 0, 1, 1]);
    expect(csvOf(map)[2]).toBe("0,1,11.5,1");
    expect(overSamples(map, 3)).not.toHaveProperty("signal");
    expect(overSamples(map, 3).caption).toBe("gradient; mean over 3 samples");
  });

  it("of a signal are in the colours of its values, with a casing that is seen on any ground", () => {
    const signal = { title: "ecg", values: Float32Array.of(0, 1, 2, 3, 3, 2, 1, 0), dims: [1, 2, 4], axes: lines.axes };
    const drawn = strokes({ ...lines, signal });
    expect(drawn.map(({ color, colors }) => [color, colors !== undefined])).toEqual([
      [5, false],
      [0, true],
      [5, false],
      [0, true],
    ]);
    const [casing, colored] = drawn;
    expect(casing.points).toEqual(colored.points);
    expect(casing.width).toBeGreaterThan(colored.width);
    const { table } = heatmapDrawing(mapOf(lines), DEFAULT_LOOKS);
    const { rgba } = colored.colors!;
    // The third of four values is −4, the least: the table's first colour.
    expect([...rgba.subarray(4 * Math.floor(0.6 * (rgba.length / 4))).subarray(0, 3)]).toEqual([
      ...table.subarray(0, 3),
    ]);
    const svg = new TextDecoder().decode(saveResult({ ...base, views: [{ ...lines, signal }] }, DEFAULT_LOOKS, "svg"));
    expect(svg.match(/<mask /g)?.length).toBe(2);
  });

  it("have one band for all channels below them where the values are one row for a signal of several", () => {
    const signal = { title: "ecg", values: new Float32Array(16).fill(1), dims: [1, 2, 8], axes: lines.axes };
    const map = { ...lines, values: Float32Array.of(1, 2), dims: [1, 2], axes: { channel: 0, along: 1 }, signal };
    expect(lineStyle(map)).toBe("band");
    const bands = strips(map);
    expect(bands.length).toBe(1);
    expect(strokes(map).every(({ colors, y }) => colors === undefined && y < bands[0].y)).toBe(true);
    expect(lineStyle({ ...map, values: lines.values, dims: lines.dims, axes: lines.axes })).toBe("strips");
  });

  it("have the target's part of the axis outlined, on the channels that it lies on", () => {
    const signal = { title: "ecg", values: lines.values, dims: lines.dims, axes: lines.axes };
    const outlines = (target: TargetMark): number[][] =>
      layout({ ...lines, signal }, { ...setting, target }).parts.flatMap((part) =>
        part.kind === "rect" && part.ink === "foreground" && part.height > 20 ? [[part.x, part.width]] : [],
      );
    const both = outlines({ left: 0.25, right: 0.5, top: 0, bottom: 1 });
    expect(both.length).toBe(4);
    expect(both[1][0] - both[0][0]).toBe(640 / 4 - 1);
    expect(outlines({ left: 0.25, right: 0.5, top: 0.5, bottom: 1 }).length).toBe(2);
    expect(outlines({ left: 0.5, right: 0.501, top: 0, bottom: 0.5 }).map(([, width]) => width)).toEqual([2]);
  });

  it("have a range of their finite values", () => {
    const values = Float32Array.of(NaN, -Infinity, -2, 3, Infinity);
    expect(lineRange({ height: 1, width: 5, values }, [0])).toEqual({ min: -2, max: 3 });
    expect(lineRange({ height: 1, width: 1, values: Float32Array.of(NaN) }, [0])).toEqual({ min: 0, max: 1 });
  });

  it("say where a value lies in so many digits that neighbours differ", () => {
    const axis = { label: "time", unit: "s", start: 0, step: 1 / 44100 };
    expect(placeText(axis, 1_000_000)).toBe("time 22.675737 s");
    expect(placeText(axis, 1_000_001)).not.toBe(placeText(axis, 1_000_000));
    expect(placeText({ ...axis, step: 0.1 }, 3)).toBe("time 0.3 s");
    expect(placeText({ label: "sample", start: 0, step: 1 }, 999_999)).toBe("sample 999999");
  });

  it("of more values than there are columns keep every peak", () => {
    const values = new Float32Array(100_000);
    values[77_777] = 9;
    const long = { ...lines, values, dims: [1, 1, values.length] };
    const [{ points }] = strokes(long);
    expect(points.length).toBeLessThan(4 * 700);
    expect(points.filter((value, i) => i % 2 === 1 && value < 1).length).toBe(1);
    const at = Math.floor(77_777 / (100_000 / 640));
    expect(stripValues({ height: 1, width: values.length, values }, 0, 0, 1, 640, false)[at]).toBe(9);
  });

  it("are broken where a value is not finite", () => {
    expect(
      strokes({ ...lines, values: Float32Array.of(1, NaN, 2, 3, NaN, NaN, NaN, NaN) }).map(
        ({ points }) => points.length,
      ),
    ).toEqual([2, 4]);
  });

  it("become a map of colours where there are many, if nothing else is asked for", () => {
    const many = { ...lines, values: new Float32Array(64 * 4), dims: [1, 64, 4] };
    expect([countOf(many), drawnAs(many, DEFAULT_LOOKS), drawnAs(lines, DEFAULT_LOOKS)]).toEqual([64, "map", "lines"]);
    expect(strokes(many)).toEqual([]);
    const looks = { ...DEFAULT_LOOKS, lines: "lines" } as const;
    expect(drawnAs(many, looks)).toBe("lines");
    expect(strokes(many, looks).length).toBe(16);
    expect(lineOrder(linesOf(lines, 0), "strength")).toEqual([0, 1]);
    expect(lineOrder({ height: 3, width: 1, values: Float32Array.of(1, -3, NaN) }, "strength")).toEqual([1, 0, 2]);
  });

  it("are compared as a map of steps against channels, each place by its name", () => {
    if ("reason" in compare) throw new Error("not compared");
    expect(compare.values(lines)).toMatchObject({ kind: "heatmap", dims: [1, 2, 4], axes: { height: 1, width: 2 } });
    expect(compare.values(lines)).toBe(compare.values(lines));
    expect(compare.label?.(lines, { row: 1, column: 3 })).toBe("step 3, channel 1");
  });

  it("of several results are combined value by value", () => {
    const other = { ...lines, values: lines.values.map((value) => -value) };
    const mean = combine([lines, other], (values) => (values[0] + values[1]) / 2);
    expect([...mean.values].every((value) => value === 0)).toBe(true);
    expect(mean.dims).toEqual([1, 2, 4]);
  });
});
