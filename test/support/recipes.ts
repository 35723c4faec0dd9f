import type { ImageRecipe } from "../../src/protocol/recipe.ts";

/** A picture as it is, in values from 0 to 1: what a test is not about. Height and width first. */
export function plainPicture(size: ImageRecipe["size"], more: Partial<ImageRecipe> = {}): ImageRecipe {
  return {
    kind: "image",
    size,
    fit: "stretch",
    cropFraction: 1,
    fill: 0,
    interpolation: "bilinear",
    channels: "rgb",
    layout: "nchw",
    scale: 1 / 255,
    mean: [0],
    std: [1],
    ...more,
  };
}
