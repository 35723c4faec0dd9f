import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { ImageRecipe } from "../protocol/recipe.ts";
import { cropImage, resizeImage } from "../math/resize.ts";
import { decodeNpy } from "./npy.ts";
import { readPicture } from "./picture.ts";
import { fitPicture, preparePicture, unprepare } from "./preprocess.ts";
import { parseRecipeFile } from "./recipe.ts";
import { plainPicture } from "../../test/support/recipes.ts";

const root = path.resolve(import.meta.dirname, "../..");

const plain: ImageRecipe = plainPicture([2, 2], { interpolation: "nearest", scale: 1 });

/** A picture whose red is the column, green the row, blue 200. */
function ramp(width: number, height: number) {
  const pixels = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => [Math.floor(i / 3) % width, Math.floor(i / 3 / width), 200][i % 3],
  );
  return { width, height, channels: 3, pixels };
}

const red = (image: { pixels: Uint8Array }): number[] => [...image.pixels].filter((_, i) => i % 3 === 0);
const green = (image: { pixels: Uint8Array }): number[] => [...image.pixels].filter((_, i) => i % 3 === 1);

describe("the cat", async () => {
  const recipe = (await parseRecipeFile(path.join(root, "samples/efficientnet-lite0.loupe.json"))).inputs
    .images as ImageRecipe;
  const cat = await readPicture(path.join(root, "samples/cat.png"));
  const load = (file: string) =>
    decodeNpy(readFileSync(path.join(root, "test/reference/efficientnet-cat", file)), file);

  test("is cropped from column 75 and resized as Pillow does it, byte for byte", () => {
    const { shown } = preparePicture(cat, recipe);
    expect(Buffer.compare(shown.pixels, load("cat-pil.npy").data as Uint8Array)).toBe(0);
  });

  test("becomes the tensor that PyTorch gets", () => {
    const { dims, values } = preparePicture(cat, recipe);
    const expected = load("input.npy");
    expect(dims).toEqual(expected.dims);
    const floats = Float32Array.from(values);
    // Byte × (1/255) and byte ÷ 255 differ in the last bit of a double, so at most in the last of a float.
    const worst = floats.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (expected.data as Float32Array)[i])),
      0,
    );
    expect(worst).toBeLessThan(1.2e-7);
  });
});

describe("fit", () => {
  test("center-crop takes the window with the target's aspect: 9×4 to a square is columns 2 to 5", () => {
    const fitted = fitPicture(ramp(9, 4), { ...plain, size: [4, 4], fit: "center-crop" });
    expect(red(fitted).slice(0, 4)).toEqual([2, 3, 4, 5]);
  });
  test("cropFraction 0.5 of an 8×8 picture is the middle 4×4", () => {
    const fitted = fitPicture(ramp(8, 8), { ...plain, size: [4, 4], fit: "center-crop", cropFraction: 0.5 });
    expect(red(fitted).slice(0, 4)).toEqual([2, 3, 4, 5]);
    expect(green(fitted)[0]).toBe(2);
  });
  test("a wide target crops rows: 4×6 to 2×4 (height×width) is rows 2 and 3", () => {
    const fitted = fitPicture(ramp(4, 6), { ...plain, size: [2, 4], fit: "center-crop" });
    expect([fitted.width, fitted.height]).toEqual([4, 2]);
    expect(green(fitted)).toEqual([2, 2, 2, 2, 3, 3, 3, 3]);
  });
  test("pad centres the whole picture on the fill: 4×2 in 4×4 leaves a row above and below", () => {
    const fitted = fitPicture(ramp(4, 2), { ...plain, size: [4, 4], fit: "pad", fill: 114 });
    expect(red(fitted)).toEqual([114, 114, 114, 114, 0, 1, 2, 3, 0, 1, 2, 3, 114, 114, 114, 114]);
  });
  test.each(["nearest", "bilinear", "bicubic"] as const)(
    "resize-crop and stretch-crop are a window of the whole resized picture, %s: 37×23 to a shorter side of 16 is 25×16",
    (interpolation) => {
      const [picture, used] = [ramp(37, 23), { ...plain, size: [12, 12] as const, cropFraction: 0.75, interpolation }];
      const window = (width: number, height: number) =>
        cropImage(
          resizeImage(picture, width, height, interpolation),
          Math.floor((width - 12) / 2),
          Math.floor((height - 12) / 2),
          12,
          12,
        );
      expect(fitPicture(picture, { ...used, fit: "resize-crop" })).toEqual(window(25, 16));
      expect(fitPicture(picture, { ...used, fit: "stretch-crop" })).toEqual(window(16, 16));
    },
  );
  test("a line of pixels is never resized as a whole: 800 by 800000 pixels", () => {
    const fitted = fitPicture(ramp(1000, 1), {
      ...plain,
      size: [8, 8],
      fit: "resize-crop",
      cropFraction: 0.01,
      interpolation: "bilinear",
    });
    expect([fitted.width, fitted.height]).toEqual([8, 8]);
  });
  test("a line of pixels has a crop of at least one", () => {
    const fitted = fitPicture(ramp(1000, 1), { ...plain, size: [8, 8], fit: "center-crop", cropFraction: 0.01 });
    expect([fitted.width, fitted.height]).toEqual([8, 8]);
  });
});

describe("values", () => {
  const one = { width: 1, height: 1, pixels: Uint8Array.of(10, 20, 30) };
  const of = (recipe: Partial<ImageRecipe>): number[] => [
    ...preparePicture(one, { ...plain, size: [1, 1], ...recipe }).values,
  ];

  test("(byte × scale − mean) / std, per channel of the model", () => {
    expect(of({ scale: 0.1, mean: [1, 1, 1], std: [1, 2, 4] })).toEqual([0, 0.5, 0.5]);
    expect(of({ channels: "bgr", mean: [30, 20, 0] })).toEqual([0, 0, 10]);
  });
  test("grey is Pillow's luma: (10·19595 + 20·38470 + 30·7471 + 32768) >> 16 = 18", () => {
    expect(of({ channels: "gray" })).toEqual([18]);
  });
  test("NHWC keeps a pixel's channels together, NCHW apart", () => {
    const two = { width: 2, height: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const nhwc = preparePicture(two, { ...plain, size: [1, 2], layout: "nhwc" });
    expect([nhwc.dims, [...nhwc.values]]).toEqual([
      [1, 1, 2, 3],
      [1, 2, 3, 4, 5, 6],
    ]);
    const nchw = preparePicture(two, { ...plain, size: [1, 2] });
    expect([nchw.dims, [...nchw.values]]).toEqual([
      [1, 3, 1, 2],
      [1, 4, 2, 5, 3, 6],
    ]);
  });
  test.each<Partial<ImageRecipe>>([
    {},
    { channels: "bgr", layout: "nhwc", mean: [1, 2, 3], std: [4, 5, 6] },
    { channels: "gray", scale: 1 / 255 },
  ])("undoing %o gives what was shown", (change) => {
    const recipe = { ...plain, size: [4, 6] as const, ...change };
    const { values, shown } = preparePicture(ramp(6, 4), recipe);
    expect(unprepare(values, recipe)).toEqual(shown.pixels);
    expect(
      unprepare(
        values.map((value) => value * 1e6 + 1e6),
        recipe,
      ),
    ).toBeUndefined();
  });
});
