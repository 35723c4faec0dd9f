import type { Interpolation } from "../protocol/recipe.ts";
import { isRecord } from "../protocol/json.ts";
import type { Json } from "./beside.ts";
import { LARGEST_CROP } from "./validate.ts";
import { finite, fraction, perChannel, sides } from "./hint-values.ts";
import type { Hints } from "./preprocessing-hints.ts";

const FILE = "preprocessor_config.json";

/**
 * transformers' image processors, as their numpy and Pillow versions compute (5.24,
 * models/<name>/image_processing_pil_<name>.py): resize, crop, rescale, normalise. What the file asks for beyond that
 * is named in `unfollowed`, what it leaves open in `notes`.
 */
export function fromHuggingFace(json: Json): Hints | undefined {
  const notes: string[] = [];
  const unfollowed = keysNotFollowed(json);
  const { size, geometry } = geometryOf(json, notes, unfollowed);
  const mean = perChannel(json.image_mean);
  const flips = json.do_flip_channel_order ?? defaultsOf(json).do_flip_channel_order;
  if (!mean && !size && unfollowed.length === 0 && flips !== true) return undefined;
  return {
    from: FILE,
    size,
    geometry: { ...geometry, ...(flips === true && { channels: "bgr" as const }) },
    values: valuesOf(json, notes),
    notes,
    unfollowed,
  };
}

/** "ConvNext" of "ConvNextImageProcessorFast" and "ConvNextFeatureExtractor". */
function processorName(json: Json): string {
  const type = json.image_processor_type ?? json.feature_extractor_type;
  return typeof type === "string" ? type.replace(/(ImageProcessor|FeatureExtractor)\w*$/, "") : "";
}

/**
 * What a processor does where its file says nothing, and unlike most others. `never`: it has no such step, whatever the
 * file says.
 */
interface Defaults {
  readonly do_normalize?: false | "never";
  readonly do_rescale?: false;
  readonly do_flip_channel_order?: true;
}

const DEFAULTS: Readonly<Record<string, Defaults>> = {
  MobileViT: { do_normalize: "never", do_flip_channel_order: true },
  LayoutLMv2: { do_normalize: false, do_rescale: false, do_flip_channel_order: true },
  RTDetr: { do_normalize: false },
  Gemma4: { do_normalize: false },
};

function defaultsOf(json: Json): Defaults {
  const name = processorName(json);
  return Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name] : {};
}

/** Those to whom one number is a square, cropped afterwards; to the others it is the shorter side. */
const SQUARES: ReadonlySet<string> = new Set(["ViT", "DeiT", "Beit", "Flava", "Perceiver", "EfficientNet", "OwlViT"]);

function geometryOf(json: Json, notes: string[], unfollowed: string[]): Pick<Hints, "size" | "geometry"> {
  const name = processorName(json);
  const geometry: Mutable<Hints["geometry"]> = {};
  const resized = json.do_resize === false ? undefined : sides(json.size);
  const cropped = json.do_center_crop === true || json.do_center_crop === undefined ? sides(json.crop_size) : undefined;
  if (cropped && json.do_center_crop === undefined)
    notes.push("do_center_crop is not given: cropped, because there is a crop_size");
  if (json.do_resize === false) unfollowed.push("do_resize false: the image keeps its size");
  else if (json.size !== undefined && !resized) unfollowed.push(`size ${JSON.stringify(json.size)}`);
  const interpolation = pillowFilters[Number(json.resample)];
  if (interpolation) geometry.interpolation = interpolation;
  if (Number(json.resample) === 5) unfollowed.push("resample 5 (Hamming; bilinear is used)");
  if (resized && json.resample === undefined) notes.push("resample is not given: bilinear, which is assumed");
  if (!resized) return { size: cropped, geometry };
  const isShortest =
    isShortestEdge(json.size) || (typeof json.size === "number" && cropped !== undefined && !SQUARES.has(name));
  const crop = (fit: Hints["geometry"]["fit"], part: number, of: number): Pick<Hints, "size" | "geometry"> => {
    return {
      size: cropped ?? resized,
      geometry: {
        ...geometry,
        fit,
        cropFraction: Math.max(0.01, Math.min(fit === "center-crop" ? 1 : LARGEST_CROP, part / of)),
      },
    };
  };
  const cropPct = fraction(json.crop_pct);
  const shortest = Math.min(...resized);
  if (name === "ConvNext" || (!cropped && cropPct !== undefined)) {
    // From 384 on it stretches to a square.
    if (shortest >= 384) return { size: resized, geometry: { ...geometry, fit: "stretch" } };
    return crop("resize-crop", shortest, Math.floor(shortest / (cropPct ?? 224 / 256)));
  }
  if (cropped) {
    const least = Math.min(...cropped);
    // Perceiver crops first, to the part size / crop_size of the shorter side.
    if (name === "Perceiver") {
      unfollowed.push("crop size rounded down (here it is rounded to the nearest pixel)");
      return { size: resized, geometry: crop("center-crop", shortest, least).geometry };
    }
    if (name === "PoolFormer" && cropPct !== undefined)
      return crop("resize-crop", least, Math.floor(shortest / cropPct));
    if (name === "Levit" && isShortest) return crop("resize-crop", least, Math.floor((256 / 224) * shortest));
    if (isShortest) return crop("resize-crop", least, shortest);
    const [height, width] = [cropped[0] / resized[0], cropped[1] / resized[1]];
    if (height === width)
      return height === 1
        ? { size: cropped, geometry: { ...geometry, fit: "stretch" } }
        : crop("stretch-crop", cropped[0], resized[0]);
    unfollowed.push(
      `crop_size ${JSON.stringify(json.crop_size)} of another shape than size ${JSON.stringify(json.size)}`,
    );
    return { size: cropped, geometry: { ...geometry, fit: "stretch" } };
  }
  if (!isShortestEdge(json.size)) return { size: resized, geometry: { ...geometry, fit: "stretch" } };
  // The picture keeps its shape, and so the model's input has one for each picture; here it has one for all.
  unfollowed.push(`size ${JSON.stringify(json.size)} without a crop: only the shorter side, aspect ratio kept`);
  return { size: resized, geometry };
}

/** value = (byte × rescale_factor − offset − mean) / std; EfficientNet's include_top divides by std once more. */
function valuesOf(json: Json, notes: string[]): NonNullable<Hints["values"]> {
  const defaults = defaultsOf(json);
  const mean = perChannel(json.image_mean);
  const std = perChannel(json.image_std)?.map((one) => one || 1);
  const rescales = typeof json.do_rescale === "boolean" ? json.do_rescale : (defaults.do_rescale ?? true);
  const scale = rescales ? finite(json.rescale_factor) || 1 / 255 : 1;
  const asked =
    defaults.do_normalize === "never"
      ? false
      : typeof json.do_normalize === "boolean"
        ? json.do_normalize
        : (defaults.do_normalize ?? true);
  if (mean && std && !asked) {
    const why =
      defaults.do_normalize === "never"
        ? `${processorName(json)}'s processor does not normalise`
        : json.do_normalize === false
          ? "do_normalize is false"
          : `do_normalize is not given, and ${processorName(json)}'s processor does not normalise by default`;
    notes.push(`not normalised: ${why}, so image_mean and image_std are not applied`);
  } else if (mean && std && json.do_normalize === undefined)
    notes.push("do_normalize is not given: normalised, because there are an image_mean and an image_std");
  const isEfficientNet = processorName(json) === "EfficientNet";
  const offset = rescales && json.rescale_offset === true ? 1 : 0;
  const again = json.include_top === true || (isEfficientNet && json.include_top === undefined);
  if (offset) notes.push("1 is subtracted after scaling (rescale_offset) and before the mean");
  if (again && std) notes.push("values are divided by std twice (include_top), which this std includes");
  const normalises = asked && mean !== undefined && std !== undefined;
  const divisor = (normalises ? std : [1]).map((one, channel, all) => {
    const second = again && std ? std : [1];
    return one * (second[all.length === second.length ? channel : 0] ?? 1);
  });
  return {
    scale,
    mean: (normalises ? mean : [0]).map((one) => one + offset),
    std: !normalises && again && std ? std : divisor,
  };
}

/**
 * What is read above, and what is no step between a picture file and the tensor: a processor's name, how its results
 * are handed over, labels, masks for training.
 */
const FOLLOWED: ReadonlySet<string> = new Set([
  "do_resize",
  "size",
  "resample",
  "do_center_crop",
  "crop_size",
  "crop_pct",
  "do_rescale",
  "rescale_factor",
  "do_normalize",
  "image_mean",
  "image_std",
  "do_flip_channel_order",
  "rescale_offset",
  "include_top",
]);
const NO_STEP =
  /^(image_processor_type|feature_extractor_type|processor_class|auto_map|do_convert_rgb|data_format|input_data_format|return_tensors|disable_grouping|device|format|do_convert_annotations|do_reduce_labels|reduce_labels|apply_ocr|ocr_lang|tesseract_config|codebook_.*|return_.*|mask_.*|input_size_patches|total_mask_patches|num_labels|ignore_index|num_channels|_.*|transformers_version|name_or_path|.*_token|.*_token_id|image_seq_length)$/;

/** Keys that ask for something that is not done here, with what they ask: true and not empty, and no size of one. */
function keysNotFollowed(json: Json): string[] {
  return Object.entries(json)
    .filter(
      ([key, value]) =>
        !FOLLOWED.has(key) &&
        !NO_STEP.test(key) &&
        value !== false &&
        value !== null &&
        value !== 0 &&
        value !== 1 &&
        value !== "",
    )
    .map(([key, value]) => (value === true ? key : `${key} ${shorten(JSON.stringify(value))}`));
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function isShortestEdge(json: unknown): boolean {
  return isRecord(json) && "shortest_edge" in json;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** PIL.Image.Resampling; 5 is Hamming, for which bilinear is the nearest kin. */
const pillowFilters: Readonly<Record<number, Interpolation>> = {
  0: "nearest",
  1: "lanczos",
  2: "bilinear",
  3: "bicubic",
  4: "box",
  5: "bilinear",
};
