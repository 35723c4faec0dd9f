/** The webviews' pure parts: what a heat map says, searches, sorts, typed numbers. */
import { describe, expect, test } from "vitest";
import type { HeatmapArtifact } from "../../src/protocol/artifacts.ts";
import type { LayerDescription } from "../../src/protocol/model.ts";
import { DEFAULT_LOOKS } from "../../src/protocol/looks.ts";
import {
  cellUnder,
  channelsAt,
  drawingOf,
  readingAt,
  readingLines,
  summarise,
  valueAt,
} from "../results/map-values.ts";
import { formatFraction, formatNames, parseFraction, parseNames, parseNumbers, parseWhole } from "./recipe-text.ts";
import { sameJob, visibleParams } from "./state.ts";
import { findLayers, sortLayers } from "../model/search.ts";
import { reviveState } from "../model/state.ts";
import { formatBytes, formatCount, formatDuration, formatShape, group } from "../../src/protocol/format.ts";
import { rove } from "../ui/rove.ts";
import { techniques } from "../../test/webview/fake/panel-techniques.ts";

/**
 * [1, 2, 2, 3]: two channels of a map of two rows and three columns; channel 0 counts up, channel 1 is its negative,
 * doubled.
 */
const artifact: HeatmapArtifact = {
  kind: "heatmap",
  id: "map",
  title: "Map",
  values: Float32Array.of(0, 1, 2, 3, 4, 5, 0, -2, -4, -6, -8, -10),
  dims: [1, 2, 2, 3],
  axes: { channel: 1, height: 2, width: 3 },
  quantity: "∂y/∂x",
  signed: true,
  over: "input",
  smooth: false,
  caption: "",
};
const picture = { width: 30, height: 20 };

describe("a heat map's values", () => {
  test("max takes the larger magnitude with its sign, and the channels stay as they are", () => {
    const drawing = drawingOf(artifact, { ...DEFAULT_LOOKS, reduce: "max" });
    expect(valueAt(drawing, { row: 1, column: 2 })).toBe(-10);
    expect(channelsAt(drawing, { row: 1, column: 2 })).toEqual([5, -10]);
    expect(drawing.peak).toEqual({ row: 1, column: 2 });
  });

  test("a norm is never drawn as signed", () => {
    expect(drawingOf(artifact, { ...DEFAULT_LOOKS, reduce: "l2" }).range.min).toBe(0);
    expect(drawingOf(artifact, { ...DEFAULT_LOOKS, reduce: "mean" }).range.min).toBeLessThan(0);
  });

  test("a channels-last array is read at the same places", () => {
    const last = {
      ...artifact,
      values: Float32Array.of(0, 0, 1, -2, 2, -4, 3, -6, 4, -8, 5, -10),
      dims: [1, 2, 3, 2],
      axes: { height: 1, width: 2, channel: 3 },
    };
    const drawing = drawingOf(last, DEFAULT_LOOKS);
    expect(channelsAt(drawing, { row: 1, column: 0 })).toEqual([3, -6]);
  });

  test("a point of the picture lies in the cell that covers it", () => {
    const drawing = drawingOf(artifact, DEFAULT_LOOKS);
    expect(cellUnder(drawing, 0, 0)).toEqual({ row: 0, column: 0 });
    expect(cellUnder(drawing, 0.34, 0.5)).toEqual({ row: 1, column: 1 });
    expect(cellUnder(drawing, 0.999, 0.999)).toEqual({ row: 1, column: 2 });
  });

  test("a reading of a coarse map names its cell and the picture's pixel", () => {
    const drawing = drawingOf(artifact, DEFAULT_LOOKS);
    const reading = readingAt(drawing, { row: 1, column: 2 }, picture, { u: 0.9, v: 0.6 });
    expect(reading).toMatchObject({ x: 27, y: 12, coarse: true, value: -10 });
    expect(readingLines(drawing, reading, ["A", "B"], "max")).toEqual([
      { label: "x, y", text: "27, 12" },
      { label: "cell", text: "row 1, column 2" },
      { label: "∂y/∂x", text: "−10 (max)" },
      { label: "A", text: "5" },
      { label: "B", text: "−10" },
      { label: "percentile", text: "16.7" },
    ]);
  });

  test("values beyond the range and not-finite ones are known", () => {
    const drawing = drawingOf(
      {
        ...artifact,
        values: Float32Array.of(NaN, 1, 2, 3, 4, 100),
        dims: [2, 3],
        axes: { height: 0, width: 1 },
        signed: false,
      },
      { ...DEFAULT_LOOKS, clip: 50 },
    );
    expect(drawing.notFinite).toBe(1);
    expect(drawing.clipped).toEqual({ low: false, high: true });
    expect(summarise(drawing)).toContain("Strongest, 100, at column 2, row 1");
  });

  test("a map of nothing but NaN is described, not thrown over", () => {
    expect(summarise(drawingOf({ ...artifact, values: new Float32Array(12).fill(NaN) }, DEFAULT_LOOKS))).toContain(
      "no finite values",
    );
  });
});

describe("the recipe form's texts", () => {
  test("columns' names may hold commas and quotes", () => {
    const names = ["length, in cm", 'say "width"', "plain", " edge "];
    expect(parseNames(formatNames(names))).toEqual({ value: names });
    expect(parseNames(" a , b,, c ")).toEqual({ value: ["a", "b", "c"] });
    expect(parseNames("  ")).toEqual({ value: undefined });
  });
  test("a scale may be a fraction, and 1/255 is shown as one", () => {
    expect(parseFraction("1/255")).toEqual({ value: 1 / 255 });
    expect(parseFraction(" 0.5 ")).toEqual({ value: 0.5 });
    expect(formatFraction(1 / 255)).toBe("1/255");
    expect(formatFraction(0.25)).toBe("0.25");
    for (const text of ["", "1/0", "a", "1/2/3", "1/"]) expect(parseFraction(text)).toHaveProperty("problem");
  });

  test("lists are numbers by commas; a standard deviation is above zero", () => {
    expect(parseNumbers("0.485, 0.456;0.406")).toEqual({ value: [0.485, 0.456, 0.406] });
    expect(parseNumbers("1, x")).toHaveProperty("problem");
    expect(parseNumbers("0.2, 0", { positive: true })).toHaveProperty("problem");
  });

  test("sizes are whole numbers in bounds", () => {
    expect(parseWhole(1, 100)("224")).toHaveProperty("problem");
    expect(parseWhole(1, 16384)("224")).toEqual({ value: 224 });
    expect(parseWhole(1, 16384)("2.5")).toHaveProperty("problem");
  });
});

const saliency = techniques.filter((technique) => technique.id === "saliency")[0];

describe("state that comes back", () => {
  test("other looks are the same job, another target is not", () => {
    const state = {
      model: "m",
      input: "i",
      technique: "saliency",
      target: { index: [1] },
      params: {},
      looks: DEFAULT_LOOKS,
    };
    expect(sameJob({ ...state, looks: { ...DEFAULT_LOOKS, clip: 80 } }, state, saliency)).toBe(true);
    expect(sameJob({ ...state, target: { index: [2] } }, state, saliency)).toBe(false);
    expect(sameJob({ ...state, params: { saliency: { samples: 5 } } }, state, saliency)).toBe(false);
    expect(sameJob({ ...state, explain: ["row"] }, state, saliency)).toBe(false);
    expect(sameJob({ ...state, target: { index: [1], not: true } }, state, saliency), "the other of two classes").toBe(
      false,
    );
    expect(sameJob(null, state, saliency)).toBe(false);
    expect(
      sameJob(
        {
          ...state,
          params: { saliency: { absolute: true, samples: 0, noise: 0.15, noise_type: "smoothgrad", seed: 0 } },
        },
        state,
        saliency,
      ),
      "defaults, given or not",
    ).toBe(true);
  });

  test("an editor's state fits the model that is there now", () => {
    expect(reviveState({ search: "op:Conv", selected: 9, tab: "graph", sort: { by: "size" } }, 5)).toEqual({
      search: "op:Conv",
      sort: { by: "order", descending: false },
      tab: "layers",
      plumbing: false,
      widths: {},
    });
    expect(reviveState(undefined, 5)).toEqual({
      search: "",
      sort: { by: "order", descending: false },
      tab: "layers",
      plumbing: false,
      widths: {},
    });
  });

  test("an option is hidden while another has the value that hides it", () => {
    expect(visibleParams(saliency, undefined).map((spec) => spec.name)).toEqual(["absolute", "samples"]);
    expect(visibleParams(saliency, { samples: 10 }).map((spec) => spec.name)).toEqual([
      "absolute",
      "samples",
      "noise",
      "noise_type",
      "seed",
    ]);
  });
});

describe("layers", () => {
  const layer = (
    index: number,
    name: string,
    operator: string,
    outputDims: LayerDescription["outputDims"],
    parameters: number,
  ): LayerDescription => ({
    index,
    name,
    operator,
    domain: "",
    outputDims,
    parameters,
    inputs: [],
    outputs: [`out_${index}`],
  });
  const layers = [
    layer(0, "block.10", "Conv", ["N", 8, 4, 4], 30),
    layer(1, "block.9", "ConvTranspose", undefined, 10),
    layer(2, "fc", "Gemm", ["N", 1000], 20),
  ];
  const indices = (found: readonly LayerDescription[]): number[] => found.map((one) => one.index);

  test("words find names, operators and outputs; op: finds an operator by its whole name", () => {
    expect(indices(findLayers(layers, "conv"))).toEqual([0, 1]);
    expect(indices(findLayers(layers, "op:conv"))).toEqual([0]);
    expect(indices(findLayers(layers, "block op:ConvTranspose"))).toEqual([1]);
    expect(indices(findLayers(layers, "OUT_2"))).toEqual([2]);
    expect(indices(findLayers(layers, " "))).toEqual([0, 1, 2]);
  });

  test("sorting counts numbers in names, and unknown shapes as smallest", () => {
    expect(indices(sortLayers(layers, { by: "name", descending: false }))).toEqual([1, 0, 2]);
    expect(indices(sortLayers(layers, { by: "parameters", descending: true }))).toEqual([0, 2, 1]);
    expect(indices(sortLayers(layers, { by: "shape", descending: true }))).toEqual([2, 0, 1]);
    expect(indices(sortLayers(layers, { by: "order", descending: true }))).toEqual([2, 1, 0]);
  });
});

test("numbers for people", () => {
  expect([formatBytes(18614602), formatBytes(512), formatBytes(999_600)]).toEqual(["18.6 MB", "512 B", "1.00 MB"]);
  expect([formatCount(4652008), formatCount(163)]).toEqual(["4.65 M", "163"]);
  expect(group(4652008)).toBe("4\u202f652\u202f008");
  expect([formatDuration(26.8), formatDuration(1300), formatDuration(125_000), formatDuration(0.2)]).toEqual([
    "27 ms",
    "1.3 s",
    "2 min 5 s",
    "under 1 ms",
  ]);
  expect([formatShape(["N", 3, null]), formatShape([]), formatShape(undefined)]).toEqual([
    "N×3×?",
    "scalar",
    "unknown shape",
  ]);
});

test("arrow keys lead along rows and grids, and stop at their ends", () => {
  expect(rove("ArrowRight", 4, 5)).toBe(4);
  expect(rove("ArrowDown", 1, 7, 3)).toBe(4);
  expect(rove("ArrowDown", 5, 7, 3)).toBe(5);
  expect(rove("End", 0, 7, 3)).toBe(6);
  expect(rove("x", 0, 7)).toBeUndefined();
});
