import type { ModelDescription } from "../protocol/model.ts";
import type { ImageRecipe, Interpolation } from "../protocol/recipe.ts";
import { isRecord } from "../protocol/json.ts";
import type { FilesBeside, Json } from "./beside.ts";
import { fraction, perChannel, sides } from "./hint-values.ts";
import { fromHuggingFace } from "./hugging-face.ts";

/** What somebody wrote down about a model's preprocessing. */
export interface Hints {
  /** "preprocessor_config.json". */
  readonly from: string;
  /** Height and width, for models that take any. */
  readonly size?: readonly [number, number];
  readonly geometry: Partial<Pick<ImageRecipe, "fit" | "cropFraction" | "fill" | "interpolation" | "channels">>;
  readonly values?: Partial<Pick<ImageRecipe, "scale" | "mean" | "std">>;
  /** What was assumed in reading it, as clauses. */
  readonly notes?: readonly string[];
  /** What it asks for that is not done here. */
  readonly unfollowed?: readonly string[];
}

/** The first of the known places that says something: beside the model first, then inside it. */
export function findHints(metadata: ModelDescription["metadata"], beside: FilesBeside): Hints | undefined {
  const found =
    (beside.preprocessor && fromHuggingFace(beside.preprocessor)) ?? (beside.config && fromTimm(beside.config));
  return found ? { ...found, from: beside.nameOf(found.from) } : (fromUltralytics(metadata) ?? fromMetadata(metadata));
}

/** timm's config.json: pretrained_cfg, or the same keys at the top. */
function fromTimm(json: Json): Hints | undefined {
  const given = isRecord(json.pretrained_cfg) ? json.pretrained_cfg : json;
  const mean = perChannel(given.mean);
  const std = perChannel(given.std)?.map((one) => one || 1);
  if (!mean || !std) return undefined;
  const size =
    Array.isArray(given.input_size) && given.input_size.length === 3 ? sides(given.input_size.slice(1)) : undefined;
  const interpolation = interpolations.find((name) => name === given.interpolation);
  const crop = fraction(given.crop_pct);
  const squash = given.crop_mode === "squash";
  return {
    from: "config.json",
    size,
    values: { scale: 1 / 255, mean, std },
    geometry: {
      fit: squash ? "stretch" : given.crop_mode === "border" ? "pad" : "resize-crop",
      ...(crop !== undefined && !squash && { cropFraction: crop }),
      ...(interpolation && { interpolation }),
    },
  };
}

/** Ultralytics' exports (YOLO): letterboxed on grey 114, values from 0 to 1. */
function fromUltralytics(metadata: ModelDescription["metadata"]): Hints | undefined {
  if (metadata.author !== "Ultralytics" && !("stride" in metadata && "imgsz" in metadata)) return undefined;
  const size = sides(numbersIn(metadata.imgsz));
  const classifies = metadata.task === "classify";
  return {
    from: "the metadata of Ultralytics' exporter",
    size,
    values: { scale: 1 / 255, mean: [0], std: [1] },
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

const interpolations: readonly Interpolation[] = ["nearest", "lanczos", "bilinear", "bicubic", "box"];

function numbersIn(text: string | undefined): number[] | undefined {
  return text?.match(/-?\d+(\.\d+)?(e[-+]?\d+)?/gi)?.map(Number);
}
