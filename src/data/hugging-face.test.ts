import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { ImageRecipe } from "../protocol/recipe.ts";
import { fromHuggingFace } from "./hugging-face.ts";
import { decodeNpy } from "./npy.ts";
import { readPicture } from "./picture.ts";
import { preparePicture } from "./preprocess.ts";

/** Made by make.py there, with transformers 5.24. */
const folder = path.resolve(import.meta.dirname, "../../test/reference/hugging-face");
const cases = JSON.parse(readFileSync(path.join(folder, "index.json"), "utf8")) as {
  config: Record<string, unknown>;
  dims: number[];
}[];
const {
  data,
  dims: [, kept],
} = decodeNpy(readFileSync(path.join(folder, "values.npy")), "values.npy");
const picture = await readPicture(path.join(folder, "picture.png"));

test.each(
  cases.map(({ config, dims }, place) => ({
    name: `${String(config.image_processor_type)} ${JSON.stringify(config.size)}`,
    config,
    dims,
    place,
  })),
)("$name makes of a picture what transformers makes", ({ config, dims, place }) => {
  const hints = fromHuggingFace(config)!;
  expect(hints.unfollowed).toEqual([]);
  const recipe: ImageRecipe = {
    kind: "image",
    size: [dims[2], dims[3]],
    fit: "center-crop",
    cropFraction: 1,
    fill: 0,
    interpolation: "bilinear",
    channels: "rgb",
    layout: "nchw",
    scale: 1,
    mean: [0],
    std: [1],
    ...hints.geometry,
    ...hints.values,
  };
  const { values } = preparePicture(picture, recipe);
  const expected = Array.from({ length: kept }, (_, i) => Number(data[place * kept + i]));
  const worst = Math.max(
    ...expected.map((value, i) => Math.abs(value - values[Math.floor((i * values.length) / kept)])),
  );
  // Float32 of values up to 4.
  expect(worst).toBeLessThan(2e-6);
});

const half = [0.5, 0.5, 0.5];
test.each<[string, Record<string, unknown>, RegExp]>([
  ["Owlv2's padding", { do_pad: true }, /^do_pad$/],
  [
    "Donut's thumbnail and long axis",
    { do_thumbnail: true, do_align_long_axis: true, do_pad: false },
    /^do_thumbnail; do_align_long_axis$/,
  ],
  [
    "DPT's multiples",
    { ensure_multiple_of: 32, keep_aspect_ratio: true },
    /^ensure_multiple_of 32; keep_aspect_ratio$/,
  ],
  ["Sam's longest edge", { size: { longest_edge: 1024 } }, /^size \{"longest_edge":1024\}$/],
  ["a shorter side without a crop", { size: { shortest_edge: 640 } }, /without a crop/],
  ["no resizing", { do_resize: false }, /^do_resize false/],
  ["Hamming's filter", { resample: 5 }, /Hamming/],
  ["a key that nobody knows yet", { do_sharpen: true, sharpness: 0.3 }, /^do_sharpen; sharpness 0.3$/],
])("names what is asked for and not done: %s", (_, config, expected) => {
  const { unfollowed } = fromHuggingFace({
    image_mean: half,
    image_std: half,
    size: { height: 24, width: 24 },
    resample: 2,
    do_normalize: true,
    ...config,
  })!;
  expect(unfollowed?.join("; ")).toMatch(expected);
});

test.each<[string, Record<string, unknown>, RegExp, number]>([
  ["do_normalize false", { do_normalize: false }, /^not normalised: do_normalize is false/, 0],
  ["do_normalize left out", {}, /^do_normalize is not given: normalised/, 0.5],
  [
    "do_normalize left out where the processor does not",
    { image_processor_type: "RTDetrImageProcessor" },
    /RTDetr's processor does not normalise by default/,
    0,
  ],
  [
    "MobileViT, whatever is written",
    { image_processor_type: "MobileViTImageProcessor", do_normalize: true },
    /MobileViT's processor does not normalise/,
    0,
  ],
])("says whether a mean that is there is applied: %s", (_, config, note, mean) => {
  const hints = fromHuggingFace({
    image_mean: half,
    image_std: half,
    size: { height: 24, width: 24 },
    resample: 2,
    ...config,
  })!;
  expect(hints.notes?.join("; ")).toMatch(note);
  expect(hints.values?.mean?.[0]).toBe(mean);
});
