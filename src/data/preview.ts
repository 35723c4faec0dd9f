import { isNpy } from "../protocol/file-types.ts";
import path from "node:path";
import { resizeImage } from "../math/resize.ts";
import { DataError } from "../model/errors.ts";
import type { ImageArtifact } from "../protocol/artifacts.ts";
import type { ImageRecipe, Recipe } from "../protocol/recipe.ts";
import { displayArray, imageAxes } from "./array-picture.ts";
import { readBytes } from "./files.ts";
import { decodeNpy } from "./npy.ts";
import { readPicture } from "./picture.ts";
import { preparePicture } from "./preprocess.ts";
import { toNumbers } from "./tensor.ts";

const longestSide = 1024;

/**
 * A picture as it is on disk (made smaller for showing) and as the model will get it, by the recipe of the first input
 * that takes one. Throws a DataError where no input takes a picture or the file is none.
 */
export async function preview(file: string, recipe: Recipe): Promise<{ before: ImageArtifact; after: ImageArtifact }> {
  const image = Object.values(recipe.inputs).find((input): input is ImageRecipe => input.kind === "image");
  if (!image) throw new DataError("The recipe has no image input.", file);
  if (isNpy(file)) return previewArray(file, image);
  const picture = await readPicture(file);
  const { shown } = preparePicture(picture, image);
  const factor = Math.min(1, longestSide / Math.max(picture.width, picture.height));
  const small = resizeImage(
    { ...picture, channels: 3 },
    Math.max(1, Math.round(picture.width * factor)),
    Math.max(1, Math.round(picture.height * factor)),
    "box",
  );
  return {
    before: artifact("before", path.basename(file), small, `${picture.width}×${picture.height}`),
    after: artifact("after", "Model input", shown, `${shown.width}×${shown.height}, ${describe(image)}`),
  };
}

async function previewArray(
  file: string,
  image: ImageRecipe,
): Promise<{ before: ImageArtifact; after: ImageArtifact }> {
  const { data, dtype, dims } = decodeNpy(await readBytes(file, 2 ** 30), file);
  const axes = imageAxes(dims, image);
  if (!axes) throw new DataError(`An array [${dims.join(", ")}] does not have the shape of an image.`, file);
  const shown = displayArray(toNumbers(data, dtype), dims, axes, image);
  const caption = `${dtype} [${dims.join(", ")}], without the recipe`;
  return {
    before: artifact("before", path.basename(file), shown, caption),
    after: artifact("after", "Model input", shown, caption),
  };
}

function artifact(
  id: string,
  title: string,
  shown: Pick<ImageArtifact, "width" | "height" | "pixels">,
  caption: string,
): ImageArtifact {
  return { kind: "image", id, title, width: shown.width, height: shown.height, pixels: shown.pixels, caption };
}

function describe({ fit, channels, layout }: ImageRecipe): string {
  const how = {
    stretch: "stretched",
    "center-crop": "centre crop",
    "resize-crop": "resized, then cropped",
    "stretch-crop": "stretched, then cropped",
    pad: "padded",
  }[fit];
  return `${how}, ${channels.toUpperCase()}, ${layout.toUpperCase()}`;
}
