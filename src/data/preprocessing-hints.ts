import type { ModelDescription } from "../protocol/model.ts";
import type { ImageRecipe, Interpolation } from "../protocol/recipe.ts";
import type { FilesBeside, Json } from "./beside.ts";
import { LARGEST_SIDE } from "./validate.ts";

/** What somebody wrote down about a model's preprocessing. */
export interface Hints {
  /** "preprocessor_config.json". */
  readonly from: string;
  /** Height and width, for models that take any. */
  readonly size?: readonly [number, number];
  readonly geometry: Partial<Pick<ImageRecipe, "fit" | "cropFraction" | "fill" | "interpolation" | "channels">>;
  readonly values?: Partial<Pick<ImageRecipe, "scale" | "mean" | "std">>;
}

/** The first of the known places that says something: beside the model first, then inside it. */
export function findHints(metadata: ModelDescription["metadata"], beside: FilesBeside): Hints | undefined {
  const found = (beside.preprocessor && fromHuggingFace(beside.preprocessor)) ?? (beside.config && fromTimm(beside.config));
  return found ? { ...found, from: beside.nameOf(found.from) } : fromUltralytics(metadata) ?? fromMetadata(metadata);
}

/** transformers' image processors: preprocessor_config.json. */
function fromHuggingFace(json: Json): Hints | undefined {
  const mean = perChannel(json.image_mean);
  const std = perChannel(json.image_std)?.map((one) => one || 1);
  const resized = json.do_resize === false ? undefined : sides(json.size);
  const cropped = json.do_center_crop === true || json.do_center_crop === undefined ? sides(json.crop_size) : undefined;
  const size = cropped ?? resized;
  if (!mean && !size) return undefined;
  const cropPct = fraction(json.crop_pct);
  const geometry: Mutable<Hints["geometry"]> = {};
  if (cropped && resized) {
    geometry.fit = "center-crop";
    geometry.cropFraction = Math.max(0.01, Math.min(1, Math.min(...cropped) / Math.min(...resized)));
  } else if (cropPct !== undefined && resized && Math.min(...resized) < 384) {
    // ConvNeXT's processor: resize to size / crop_pct, then crop; from 384 on it stretches instead.
    geometry.fit = "center-crop";
    geometry.cropFraction = cropPct;
  } else if (resized && !isShortestEdge(json.size)) geometry.fit = "stretch";
  const interpolation = pillowFilters[Number(json.resample)];
  if (interpolation) geometry.interpolation = interpolation;
  const rescale = json.do_rescale === false ? 1 : finite(json.rescale_factor) || 1 / 255;
  const normalise = json.do_normalize !== false && mean && std;
  const values = { scale: rescale, mean: normalise ? mean : [0], std: normalise ? std : [1] };
  return { from: "preprocessor_config.json", size, geometry, values };
}

/** timm's config.json: pretrained_cfg, or the same keys at the top. */
function fromTimm(json: Json): Hints | undefined {
  const given = isObject(json.pretrained_cfg) ? json.pretrained_cfg : json;
  const mean = perChannel(given.mean);
  const std = perChannel(given.std)?.map((one) => one || 1);
  if (!mean || !std) return undefined;
  const size = Array.isArray(given.input_size) && given.input_size.length === 3 ? sides(given.input_size.slice(1)) : undefined;
  const interpolation = interpolations.find((name) => name === given.interpolation);
  const crop = fraction(given.crop_pct);
  const squash = given.crop_mode === "squash";
  return {
    from: "config.json", size, values: { scale: 1 / 255, mean, std },
    geometry: {
      fit: squash ? "stretch" : given.crop_mode === "border" ? "pad" : "center-crop",
      ...(crop !== undefined && !squash && { cropFraction: crop }), ...(interpolation && { interpolation }),
    },
  };
}

/** Ultralytics' exports (YOLO): letterboxed on grey 114, values from 0 to 1. */
function fromUltralytics(metadata: ModelDescription["metadata"]): Hints | undefined {
  if (metadata.author !== "Ultralytics" && !("stride" in metadata && "imgsz" in metadata)) return undefined;
  const size = sides(numbersIn(metadata.imgsz));
  const classifies = metadata.task === "classify";
  return {
    from: "the metadata of Ultralytics' exporter", size, values: { scale: 1 / 255, mean: [0], std: [1] },
    geometry: classifies ? { fit: "center-crop", cropFraction: 1 } : { fit: "pad", fill: 114 },
  };
}

/** mean and std in the model file's own metadata, under the names that are in use. */
function fromMetadata(metadata: ModelDescription["metadata"]): Hints | undefined {
  const pick = (...keys: readonly string[]): string | undefined =>
    keys.map((key) => (Object.hasOwn(metadata, key) ? metadata[key] : "")).find((text) => text !== "");
  const mean = perChannel(numbersIn(pick("mean", "image_mean", "Image.Mean")));
  const std = perChannel(numbersIn(pick("std", "image_std", "Image.Std")))?.map((one) => one || 1);
  const order = pick("channel_order", "color_space", "Image.BitmapPixelFormat")?.toLowerCase() ?? "";
  const size = sides(numbersIn(pick("input_size", "image_size", "imgsz")));
  if (!mean && !std && !order && !size) return undefined;
  const geometry = order.startsWith("bgr") ? { channels: "bgr" as const } : {};
  if (!mean || !std) return { from: "the model's metadata", size, geometry };
  // Means over two are in bytes, not in shares of 255.
  const inBytes = Math.max(...mean.map(Math.abs)) > 2;
  return { from: "the model's metadata", size, geometry, values: { scale: inBytes ? 1 : 1 / 255, mean, std } };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** PIL.Image.Resampling; 5 is Hamming, for which bilinear is the nearest kin. */
const pillowFilters: Readonly<Record<number, Interpolation>> = {
  0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "bilinear",
};
const interpolations: readonly Interpolation[] = ["nearest", "lanczos", "bilinear", "bicubic", "box"];

/** A size as transformers write it: 224, { height, width }, { shortest_edge }, [224, 224]. */
function sides(json: unknown): [number, number] | undefined {
  const object = isObject(json) ? json : {};
  const shortest = object.shortest_edge;
  const pair: readonly unknown[] = Array.isArray(json) ? (json.length === 1 ? [json[0], json[0]] : json)
    : isObject(json) ? [object.height ?? shortest, object.width ?? shortest] : [json, json];
  const isSide = (side: unknown): side is number => Number.isInteger(side) && (side as number) >= 1 && (side as number) <= LARGEST_SIDE;
  const [height, width] = pair;
  return pair.length === 2 && isSide(height) && isSide(width) ? [height, width] : undefined;
}

function isShortestEdge(json: unknown): boolean {
  return isObject(json) && "shortest_edge" in json;
}

function perChannel(json: unknown): readonly number[] | undefined {
  const list: readonly unknown[] = Array.isArray(json) ? json : [json];
  if (list.length !== 1 && list.length !== 3) return undefined;
  return list.every((one): one is number => typeof one === "number" && Number.isFinite(one)) ? list : undefined;
}

function numbersIn(text: string | undefined): number[] | undefined {
  return text?.match(/-?\d+(\.\d+)?(e[-+]?\d+)?/gi)?.map(Number);
}

function fraction(json: unknown): number | undefined {
  return typeof json === "number" && json >= 0.01 && json <= 1 ? json : undefined;
}

function finite(json: unknown): number {
  return typeof json === "number" && Number.isFinite(json) ? json : 0;
}

function isObject(json: unknown): json is Json {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
