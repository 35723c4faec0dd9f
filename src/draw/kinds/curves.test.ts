import { describe, expect, test } from "vitest";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { composePicture } from "../scene/compose.ts";
import { layoutCurves } from "./curve-plot.ts";
import { curveRanges, lineStyles } from "./curves.ts";
import { result as base } from "../../../test/support/artifacts.ts";
import type { LinePart } from "../scene/parts.ts";
import { saveResult } from "../encode/save.ts";
import { drawStroke, lineColor } from "../scene/strokes.ts";

const curves: CurvesArtifact = {
  kind: "curves",
  id: "c",
  title: "Deletion",
  x: { label: "removed, %", min: 0, max: 100 },
  y: { label: "probability, of cat" },
  lines: [
    {
      id: "a",
      label: "Deletion",
      x: Float32Array.of(0, 50, 75, 100),
      y: Float32Array.of(1, NaN, 0.25, 0.5),
      style: "line",
      summary: { label: "AUC", value: 0.25 },
    },
    { id: "b", label: "Dots", x: Float32Array.of(0, 100), y: Float32Array.of(0, 0.5), style: "points" },
    { id: "g", label: "Guide", x: Float32Array.of(0, 100), y: Float32Array.of(0, 0), style: "guide" },
  ],
  numbers: [{ id: "auc", label: "AUC", value: 0.25, help: "Lower is better." }],
  reading: "Lower is better.",
  caption: "3 steps",
};
const result: WholeResult = { ...base, views: [curves] };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const strokes = (artifact: CurvesArtifact): LinePart[] =>
  layoutCurves(artifact).parts.filter((part): part is LinePart => part.kind === "line");

describe("layout", () => {
  test("fixed ends are kept, others leave a little room; names are places", () => {
    expect(curveRanges(curves)).toEqual({ x: { min: 0, max: 100 }, y: { min: -0.04, max: 1.04 } });
    expect(curveRanges({ ...curves, x: { label: "layer", names: ["a", "b", "c"] } }).x).toEqual({ min: 0, max: 2 });
    const flat = { ...curves, lines: [{ ...curves.lines[1], y: Float32Array.of(3, 3) }] };
    expect(curveRanges(flat).y).toEqual({ min: 2.46, max: 3.54 });
  });

  test("a line is broken where it has no value; its points lie where their values say", () => {
    const [first, second, dots] = strokes(curves);
    // One point alone, then a line of two.
    expect([first.points.length, first.dots, second.points.length, second.dots]).toEqual([2, true, 4, undefined]);
    const [x1, y1, x2, y2] = second.points;
    expect(x2 - x1).toBeCloseTo(0.25 * 600, 1);
    expect(y1 - y2).toBeCloseTo((0.25 / 1.08) * 360, 1);
    expect(dots.dots).toBe(true);
  });

  test("lines differ in colour and dashes, guides have their own", () => {
    const styles = lineStyles([...curves.lines, { ...curves.lines[0], id: "d" }]);
    expect(styles.map(({ color }) => color)).toEqual([0, 1, 5, 2]);
    expect(styles[0].dash).toEqual([]);
    expect(styles[3].dash.length).toBeGreaterThan(0);
  });

  test("long names are cut in the middle, too many are left out", () => {
    const names = Array.from({ length: 60 }, (_, i) => `/a/very/long/layer/name/that/goes/on/block.${i}/Conv`);
    const turned = layoutCurves({ ...curves, x: { label: "layer", names } }).parts.filter(
      (part) => part.kind === "text" && part.turned,
    );
    expect(turned.length).toBeLessThanOrEqual(24);
    for (const part of turned)
      expect(part.kind === "text" && [...part.text].length <= 28 && part.text.includes("…")).toBe(true);
  });
});

describe("strokes", () => {
  const draw = (part: Partial<LinePart>): Uint8ClampedArray => {
    const rgba = new Uint8ClampedArray(20 * 10 * 4).fill(255);
    drawStroke(rgba, 20, 10, { kind: "line", x: 0, y: 0, points: [2, 5, 18, 5], width: 2, color: 1, ...part });
    return rgba;
  };
  const at = (rgba: Uint8ClampedArray, x: number, y: number): number[] => [
    ...rgba.subarray((y * 20 + x) * 4, (y * 20 + x) * 4 + 3),
  ];

  test("cover the pixels along the line in its colour, others not", () => {
    const rgba = draw({});
    expect(at(rgba, 10, 4)).toEqual([...lineColor(1)]);
    expect(at(rgba, 10, 5)).toEqual([...lineColor(1)]);
    expect(at(rgba, 10, 1)).toEqual([255, 255, 255]);
  });

  test("have gaps where they are dashed, and dots at points alone", () => {
    const dashed = draw({ dash: [4, 4], width: 1 });
    expect(at(dashed, 3, 4)).not.toEqual([255, 255, 255]);
    expect(at(dashed, 8, 4)).toEqual([255, 255, 255]);
    const dots = draw({ dots: true, width: 4 });
    expect(at(dots, 2, 5)).toEqual([...lineColor(1)]);
    expect(at(dots, 10, 5)).toEqual([255, 255, 255]);
  });
});

describe("files", () => {
  test("PNG: the drawn line is in it", () => {
    const { width, height, rgba } = composePicture(result, curves, DEFAULT_LOOKS);
    const wanted = lineColor(0).join();
    let found = 0;
    for (let i = 0; i < width * height * 4; i += 4) if (`${rgba[i]},${rgba[i + 1]},${rgba[i + 2]}` === wanted) found++;
    expect(found).toBeGreaterThan(100);
  });

  test("SVG: lines as lines, words as words", () => {
    const svg = text(saveResult(result, DEFAULT_LOOKS, "svg"));
    expect(svg.match(/<polyline /g)!.length).toBeGreaterThanOrEqual(3);
    expect(svg).toContain("stroke-dasharray");
    expect(svg).toContain("Deletion, AUC 0.25");
  });

  test("CSV: every point of every line; names for places", () => {
    const rows = text(saveResult(result, DEFAULT_LOOKS, "csv"))
      .trim()
      .split("\r\n");
    expect(rows[0]).toBe('line,"removed, %","probability, of cat"');
    expect(rows).toHaveLength(1 + 4 + 2 + 2);
    expect(rows[3]).toBe("Deletion,75,0.25");
    const named = {
      ...curves,
      lines: [{ ...curves.lines[1], x: Float32Array.of(0, 1) }],
      x: { label: "layer", names: ["conv", "dense"] },
    };
    expect(text(saveResult({ ...base, views: [named] }, DEFAULT_LOOKS, "csv"))).toContain("Dots,dense,0.5");
  });

  test("NPY and JSON: the numbers as they are", () => {
    const npy = saveResult(result, DEFAULT_LOOKS, "npy", "c");
    expect(text(npy.subarray(0, 128))).toContain("(3, 2, 4)");
    const json = JSON.parse(text(saveResult(result, DEFAULT_LOOKS, "json"))) as {
      artifacts: [{ numbers: unknown; lines: [{ y: unknown }] }];
    };
    expect(json.artifacts[0].numbers).toEqual(curves.numbers);
    expect(json.artifacts[0].lines[0].y).toEqual([1, "NaN", 0.25, 0.5]);
  });
});
