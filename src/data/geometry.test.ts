import { expect, test } from "vitest";
import type { ImageRecipe } from "../protocol/recipe.ts";
import { pictureGeometry } from "./geometry.ts";
import { fitPicture } from "./preprocess.ts";
import { plainPicture } from "../../test/support/recipes.ts";

const recipe: ImageRecipe = plainPicture([64, 96], { interpolation: "nearest", scale: 1 });

/** A black picture with a white rectangle, x0, y0, x1, y1. */
function pictureWith(
  [x0, y0, x1, y1]: readonly number[],
  width: number,
  height: number,
): { width: number; height: number; channels: 3; pixels: Uint8Array } {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = y0; y < y1; y++) pixels.fill(255, (y * width + x0) * 3, (y * width + x1) * 3);
  return { width, height, channels: 3, pixels };
}

function whiteIn({
  width,
  height,
  pixels,
}: {
  width: number;
  height: number;
  pixels: Uint8Array;
}): [number, number, number, number] {
  const white = Array.from({ length: width * height }, (_, i) => i).filter((i) => pixels[3 * i] === 255);
  const [xs, ys] = [white.map((i) => i % width), white.map((i) => Math.floor(i / width))];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
}

test.each([
  ["stretch", 400, 100, 1],
  ["center-crop", 400, 100, 1],
  ["center-crop", 401, 333, 0.875],
  ["center-crop", 100, 300, 0.8],
  ["pad", 400, 100, 1],
  ["pad", 123, 457, 1],
  ["resize-crop", 401, 333, 0.875],
  ["resize-crop", 200, 210, 1.4],
  ["stretch-crop", 400, 300, 0.8],
] as const)(
  "a rectangle found in the model's pixels lies where it was in the picture: %s of %s×%s, %s",
  (fit, width, height, cropFraction) => {
    const box = [0.45 * width, 0.45 * height, 0.55 * width, 0.58 * height].map(Math.round);
    const used = { ...recipe, fit, cropFraction };
    const [x0, y0, x1, y1] = whiteIn(fitPicture(pictureWith(box, width, height), used));
    const { left, top, scaleX, scaleY } = pictureGeometry({ width, height }, used);
    const back = [left + x0 * scaleX, top + y0 * scaleY, left + x1 * scaleX, top + y1 * scaleY];
    // As near as the model's pixels are wide.
    back.forEach((value, index) =>
      expect(Math.abs(value - box[index])).toBeLessThanOrEqual(index % 2 === 0 ? scaleX : scaleY),
    );
  },
);

test("a padded picture's corners are the picture's own, by hand: 100×50 in 64×64 is 64×32 from row 16", () => {
  expect(pictureGeometry({ width: 100, height: 50 }, { ...recipe, size: [64, 64], fit: "pad" })).toEqual({
    width: 100,
    height: 50,
    left: 0,
    top: -25,
    scaleX: 1.5625,
    scaleY: 1.5625,
  });
});
