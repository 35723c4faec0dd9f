import { cropImage, resizeImage } from "../math/resize.ts";
import { placePicture } from "./geometry.ts";
import type { ByteImage } from "../math/resize.ts";
import type { ImageRecipe } from "../protocol/recipe.ts";

/** What a model gets of a picture. */
export interface PreparedPicture {
  /** [1,C,H,W] or [1,H,W,C], as the recipe's layout says. */
  readonly dims: readonly number[];
  /** Already scaled and normalised, in double precision; rounded to the model's type by the caller. */
  readonly values: Float64Array;
  /** The same in display colours, before scaling: RGB bytes [height, width, 3]; grey as three equal channels. */
  readonly shown: { readonly width: number; readonly height: number; readonly pixels: Uint8Array };
}

/**
 * Crop and resize (Pillow's, rounded to bytes), channel order, scale, normalise, layout: in the order that ImageRecipe
 * documents.
 */
export function preparePicture(
  picture: { readonly width: number; readonly height: number; readonly pixels: Uint8Array },
  recipe: ImageRecipe,
): PreparedPicture {
  const [height, width] = recipe.size;
  const rgb = fitPicture({ ...picture, channels: 3 }, recipe);
  const gray = recipe.channels === "gray";
  const bytes = gray ? toGray(rgb.pixels) : rgb.pixels;
  const channels = gray ? 1 : 3;
  const values = new Float64Array(height * width * channels);
  for (let c = 0; c < channels; c++) {
    const table = valueTable(recipe, c);
    const source = recipe.channels === "bgr" ? 2 - c : c;
    const [start, step] = recipe.layout === "nchw" ? [c * height * width, 1] : [c, channels];
    for (let i = 0, from = source, to = start; i < height * width; i++, from += channels, to += step) {
      values[to] = table[bytes[from]];
    }
  }
  return {
    dims: recipe.layout === "nchw" ? [1, channels, height, width] : [1, height, width, channels],
    values,
    shown: { width, height, pixels: gray ? asRgb(bytes) : rgb.pixels },
  };
}

/** Values back to display colours, where they all are what the recipe makes of bytes; undefined where they are not. */
export function unprepare(values: ArrayLike<number>, recipe: ImageRecipe): Uint8Array | undefined {
  const [height, width] = recipe.size;
  const channels = recipe.channels === "gray" ? 1 : 3;
  if (values.length !== height * width * channels) return undefined;
  const pixels = new Uint8Array(height * width * 3);
  for (let i = 0, to = 0; i < height * width; i++) {
    for (let shown = 0; shown < 3; shown++, to++) {
      const c = channels === 1 ? 0 : recipe.channels === "bgr" ? 2 - shown : shown;
      const value = values[recipe.layout === "nchw" ? c * height * width + i : i * channels + c];
      const byte = (value * at(recipe.std, c) + at(recipe.mean, c)) / recipe.scale;
      if (!(byte > -1 && byte < 256)) return undefined;
      pixels[to] = Math.max(0, Math.min(255, Math.round(byte)));
    }
  }
  return pixels;
}

/** The picture at the recipe's size, RGB. */
export function fitPicture(image: ByteImage, recipe: ImageRecipe): ByteImage {
  const [height, width] = recipe.size;
  const { from, to } = placePicture(image, recipe);
  const whole = from.left === 0 && from.top === 0 && from.width === image.width && from.height === image.height;
  const cropped = whole ? image : cropImage(image, from.left, from.top, from.width, from.height);
  // What lies in the model's frame; of a picture that is cropped after it was resized, no more than that is made.
  const [left, top] = [Math.max(0, to.left), Math.max(0, to.top)];
  const visible = {
    width: Math.min(width, to.left + to.width) - left,
    height: Math.min(height, to.top + to.height) - top,
  };
  const inner = resizeImage(cropped, to.width, to.height, recipe.interpolation, {
    left: left - to.left,
    top: top - to.top,
    ...visible,
  });
  if (visible.width === width && visible.height === height) return inner;
  const pixels = new Uint8Array(width * height * 3).fill(recipe.fill);
  for (let y = 0; y < visible.height; y++) {
    pixels.set(
      inner.pixels.subarray(y * visible.width * 3, (y + 1) * visible.width * 3),
      ((top + y) * width + left) * 3,
    );
  }
  return { width, height, channels: 3, pixels };
}

/** Luma of ITU-R 601-2 in 16-bit fixed point: Pillow's convert("L"). */
function toGray(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: rgb.length / 3 },
    (_, i) => (rgb[3 * i] * 19595 + rgb[3 * i + 1] * 38470 + rgb[3 * i + 2] * 7471 + 0x8000) >> 16,
  );
}

function asRgb(gray: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: gray.length * 3 }, (_, i) => gray[Math.floor(i / 3)]);
}

/** The value of each of the 256 bytes in the model's channel c. */
function valueTable({ scale, mean, std }: ImageRecipe, c: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, byte) => (byte * scale - at(mean, c)) / at(std, c));
}

/** One number may stand for all channels. */
function at(perChannel: readonly number[], c: number): number {
  return perChannel[perChannel.length === 1 ? 0 : c];
}
