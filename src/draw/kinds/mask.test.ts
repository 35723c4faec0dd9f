import { describe, expect, test } from "vitest";
import type { MaskArtifact } from "../../protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { picture, result } from "../../../test/support/artifacts.ts";
import { encodeCsv } from "../encode/csv.ts";
import { saveResult } from "../encode/save.ts";
import { comparisonOf, kindOf } from "./index.ts";
import { areaAround, areaOfTarget, areaTarget, classAt, mask } from "./mask.ts";

/** Two regions of class 1 in a map of 2×4, over the picture of that size. */
const artifact: MaskArtifact = {
  kind: "mask",
  id: "segmentation",
  title: "Segmentation",
  values: Float32Array.of(1, 0, 0, 1, 1, 1, 0, 0),
  scores: Float32Array.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.55, 0.65, 0.75),
  dims: [2, 4],
  quantity: "probability",
  classes: [
    { index: 0, label: "background", count: 4, channel: 0 },
    { index: 1, label: "cat", count: 4, channel: 1 },
  ],
  source: { output: "y", dims: [1, 2, 2, 4], axes: { channel: 1, height: 2, width: 3 } },
  over: "input",
  caption: "",
};

describe("a mask", () => {
  test("as a table: a row for each class with its share", () => {
    expect(encodeCsv(artifact).split("\r\n")).toEqual([
      "class index,class,pixels,share",
      "0,background,4,0.5",
      "1,cat,4,0.5",
      "",
    ]);
  });

  test("its picture has the classes' colours, over the input's as far as the opacity says", () => {
    const pixels = (looks: Partial<typeof DEFAULT_LOOKS>): number[] => {
      const block = mask.layout(artifact, { pictures: [picture], looks: { ...DEFAULT_LOOKS, ...looks } });
      const images = block.parts.filter((part) => part.kind === "image");
      const one = images.find(({ label }) => label.startsWith("Segmentation"))!;
      return Array.from(one.rgba.subarray(0, 3));
    };
    // PASCAL VOC's colour of class 1.
    expect(pixels({ arrangement: "map" })).toEqual([128, 0, 0]);
    // The picture's first pixel is (0, 10, 20).
    expect(pixels({ arrangement: "overlay", opacity: 0.5 })).toEqual([64, 5, 10]);
  });

  test("its file forms: svg with the legend's words, npy of the labels, json", () => {
    const whole = { ...result, views: [artifact] };
    const text = (format: "svg" | "json"): string =>
      new TextDecoder().decode(saveResult(whole, DEFAULT_LOOKS, format, "segmentation"));
    expect(text("svg")).toContain("cat 50.0%");
    const [first] = (JSON.parse(text("json")) as { artifacts: MaskArtifact[] }).artifacts;
    expect(first).toMatchObject({ kind: "mask", values: [1, 0, 0, 1, 1, 1, 0, 0] });
    expect(kindOf(artifact).numbers(artifact)).toMatchObject({ dims: [2, 4] });
    expect(saveResult(whole, DEFAULT_LOOKS, "png", "segmentation").length).toBeGreaterThan(100);
  });

  test("a region is what hangs together by sides", () => {
    expect(areaAround(artifact, 0, 0)).toEqual({ rows: [0, 2], columns: [0, 2] });
    expect(areaAround(artifact, 0, 3)).toEqual({ rows: [0, 1], columns: [3, 4] });
  });

  test("a target is the region along the output's axes, and is found again", () => {
    const area = areaAround(artifact, 0, 3);
    const target = areaTarget(artifact, 1, area)!;
    expect(target).toEqual({
      output: "y",
      region: [
        [1, 2],
        [0, 1],
        [3, 4],
      ],
    });
    expect(areaOfTarget(artifact.source!, target)).toEqual({ channel: 1, area });
    expect(areaOfTarget(artifact.source!, { ...target, output: "z" })).toBeUndefined();
    expect(areaTarget(artifact, undefined)).toBeUndefined();
  });

  test("in a comparison its scores are read, and the class is named", () => {
    const compare = comparisonOf(artifact)!;
    expect(compare.values(artifact).values).toBe(artifact.scores);
    expect(compare.label!(artifact, { row: 0, column: 3 })).toBe("cat");
    expect(classAt(artifact, 2, 0)).toBeUndefined();
  });
});
