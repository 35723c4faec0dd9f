import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { decodeNpy } from "../data/npy.ts";
import type { Interpolation } from "../protocol/recipe.ts";
import { cropImage, resizeImage } from "./resize.ts";

const reference = path.resolve(import.meta.dirname, "../../test/reference");
const load = (file: string) => decodeNpy(readFileSync(path.join(reference, file)), file);

interface Entry {
  readonly source: string;
  readonly filter: Interpolation;
  readonly height: number;
  readonly width: number;
  readonly file: string;
}
// Made by test/reference/resize/make.py with Pillow.
const entries = (JSON.parse(readFileSync(path.join(reference, "resize/index.json"), "utf8")) as Entry[]).filter(
  (entry) => entry.source === "pixels.npy",
);

describe("resizing is Pillow's, byte for byte", () => {
  const source = load("resize/pixels.npy");
  const image = { height: source.dims[0], width: source.dims[1], channels: 3, pixels: source.data as Uint8Array };

  test("there are references for every filter", () => {
    expect(new Set(entries.map((entry) => entry.filter))).toEqual(
      new Set(["nearest", "box", "bilinear", "bicubic", "lanczos"]),
    );
  });

  test.each(entries)("$filter to $height×$width", ({ filter, height, width, file }) => {
    const expected = load(`resize/${file}`);
    expect(expected.dims).toEqual([height, width, 3]);
    const resized = resizeImage(image, width, height, filter);
    expect(Buffer.compare(resized.pixels, expected.data as Uint8Array)).toBe(0);
  });

  test("columns go first where the height shrinks by more than twice what the width does (Pillow 13)", () => {
    const entry = entries.find((one) => one.filter === "bicubic" && one.height === 3 && one.width === 4);
    expect(entry).toBeDefined();
    // 23 → 3 rows is 20 less, 31 → 4 columns 27 less: rows first. 23 → 3 with 31 → 28 columns: columns first.
    const columnsFirst = resizeImage(resizeImage(image, 31, 3, "lanczos"), 28, 3, "lanczos");
    const rowsFirst = resizeImage(resizeImage(image, 28, 23, "lanczos"), 28, 3, "lanczos");
    const both = resizeImage(image, 28, 3, "lanczos");
    expect(both.pixels).toEqual(columnsFirst.pixels);
    expect(both.pixels).not.toEqual(rowsFirst.pixels);
  });
});

test("a crop must lie inside the picture", () => {
  const image = { width: 2, height: 2, channels: 1, pixels: Uint8Array.of(1, 2, 3, 4) };
  expect([...cropImage(image, 1, 0, 1, 2).pixels]).toEqual([2, 4]);
  expect(() => cropImage(image, 1, 0, 2, 1)).toThrow("2×1 at (1, 0)");
});
