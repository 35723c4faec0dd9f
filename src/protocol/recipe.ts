import type { Reading } from "./readings.ts";

/** How a person's data becomes tensors. Saved as MODEL.loupe.json beside the model; guessed where there is none. */

export interface Recipe {
  readonly version: 1;
  /** By the model's input name. */
  readonly inputs: Readonly<Record<string, InputRecipe>>;
  /**
   * Class names of the first output by index: given here, or a file beside the recipe (.json array or object, or .txt
   * by line).
   */
  readonly classes?: readonly string[] | string;
  /** What outputs mean, by name, where the guess is wrong; and their class names. */
  readonly outputs?: Readonly<Record<string, OutputRecipe>>;
}

/** Of a job that reads no input. */
export const NO_RECIPE: Recipe = { version: 1, inputs: {} };

/**
 * What an output's numbers are. logits: of a softmax (of a sigmoid, where it is one number). independent: each score by
 * itself (sigmoids). label: which class it is, not how much. mask: a map over the picture. image: a picture (an
 * autoencoder's). boxes: places of things.
 */
export const OUTPUT_KINDS = [
  "logits",
  "probabilities",
  "independent",
  "log-probabilities",
  "regression",
  "label",
  "mask",
  "image",
  "boxes",
  "embedding",
] as const;
export type OutputKind = (typeof OUTPUT_KINDS)[number];

export interface OutputRecipe {
  readonly kind?: OutputKind;
  /** How predictions show it. */
  readonly as?: Reading;
  /**
   * Class names by index, as in the recipe itself; of one number that tells two classes apart, [negative, positive].
   */
  readonly classes?: readonly string[] | string;
  /** Of numbers: what they are measured in, "mm". */
  readonly unit?: string;
  /** Of keypoints: pairs that a line connects, by their numbers from 0. */
  readonly skeleton?: readonly (readonly [from: number, to: number])[];
}

export type InputRecipe = ImageRecipe | ArrayRecipe | RowRecipe | TextRecipe;

export const FITS = ["stretch", "center-crop", "resize-crop", "stretch-crop", "pad"] as const;
type Fit = (typeof FITS)[number];

export type Interpolation = "nearest" | "bilinear" | "bicubic" | "lanczos" | "box";

/**
 * A picture to a float tensor. Steps in order: crop and resize (PIL's, rounded to bytes), channel order, scale,
 * normalise, layout.
 */
export interface ImageRecipe {
  readonly kind: "image";
  /** Height and width that the model gets. */
  readonly size: readonly [number, number];
  /**
   * stretch: resize the whole picture to `size`. center-crop: centred crop of the target's aspect ratio and as large as
   * fits, times `cropFraction`, then resize. resize-crop: resize the whole picture so that its shorter side is
   * min(size) / `cropFraction`, rounded down, its shape kept (the longer side rounded down); then crop `size` at the
   * centre, with `fill` around it where that is larger: Resize and CenterCrop of torchvision and transformers.
   * stretch-crop: resize the whole picture to `size` / `cropFraction`, whatever its shape, then crop `size` at the
   * centre. pad: resize to fit inside, centre, fill with `fill`.
   */
  readonly fit: Fit;
  /**
   * For the crops: 1 takes the whole shorter side; 0.875 of 224 is torchvision's "resize 256, crop 224"; over 1 (not
   * for center-crop) leaves a border.
   */
  readonly cropFraction: number;
  readonly fill: number;
  readonly interpolation: Interpolation;
  readonly channels: "rgb" | "bgr" | "gray";
  readonly layout: "nchw" | "nhwc";
  /** value = (byte × scale − mean) / std, per channel in the model's channel order. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * How a prepared picture lies in the picture it was made of: x in the file's pixels = left + x in the model's pixels ×
 * scaleX, and y likewise. `width` and `height` are the file's, as it is shown (a camera's orientation applied).
 */
export interface PictureGeometry {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

/** A tensor as it is (.npy, .npz). */
export interface ArrayRecipe {
  readonly kind: "array";
  /** Of a signal: samples a second (Hz). Its axis is then in seconds. */
  readonly rate?: number;
  /** Of a signal: what its channels are called, in order: "lead I". */
  readonly channels?: readonly string[];
}

/** Samples a second, from a year's to light's. */
export const SAMPLING_RATES = { min: 1e-9, max: 1e15 } as const;

/** A table's row: the named or numbered columns in order, (x − mean) / std where given. */
export interface RowRecipe {
  readonly kind: "row";
  /** Names, or numbers from 0. Without them the columns are those called as the inputs are, else all, by place. */
  readonly columns?: readonly string[];
  /** Columns that are left out: labels, identifiers. */
  readonly ignore?: readonly string[];
  /** Empty or non-numeric cells: an error (when absent), or NaN. */
  readonly missing?: "error" | "nan";
  /** When absent ".". */
  readonly decimal?: "." | ",";
  /** Found out when absent. */
  readonly separator?: "," | ";" | "\t" | "|";
  /** Whether the first line has the columns' names; found out when absent. */
  readonly header?: boolean;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Text through a tokenizer.json beside the model. */
export interface TextRecipe {
  readonly kind: "text";
  /** Relative to the model's folder. */
  readonly tokenizer: string;
  readonly maxLength: number;
  /** Which of the tokenizer's results this input gets. */
  readonly part: "ids" | "attention-mask" | "type-ids" | "positions";
}

/** A recipe with where it came from, for the form. */
export interface RecipeReport {
  readonly recipe: Recipe;
  /** The file it was read from (name only), or undefined when guessed. */
  readonly file?: string;
  /** One sentence per guess: "mean and std from preprocessor_config.json". */
  readonly reasons: readonly string[];
  /**
   * Of the reasons those that hold whatever file the input is: class names that could not be used, inputs that the
   * model does not have.
   */
  readonly problems?: readonly string[];
  /** Class names by index, resolved; empty when unknown. */
  readonly classes: readonly string[];
  /** The model's inputs that can be explained, in its order. */
  readonly explainable?: readonly ExplainableInput[];
}

/** What a file of class names holds, for a person to judge by. */
export interface ClassNamesReport {
  readonly count: number;
  /** The first few. */
  readonly first: readonly string[];
  /** What was assumed in reading it, and gaps, in sentences. */
  readonly notes: readonly string[];
  /** Why it gives no names. */
  readonly problem?: string;
}

/** One of a model's inputs, for choosing what is explained. */
export interface ExplainableInput {
  readonly name: string;
  /** Whether it is explained where nobody says otherwise. */
  readonly byDefault: boolean;
  /** Why it is not, or what methods can explain it, as a clause: "it is a mask of tokens". */
  readonly reason?: string;
}

const ENDING = ".loupe.json";

/** The name of a model's recipe, in the model's folder: MODEL.loupe.json. */
export function recipeName(modelName: string): string {
  return `${modelName.replace(/(?<=.)\.[^.]*$/, "")}${ENDING}`;
}

export function isRecipeName(name: string): boolean {
  return name.toLowerCase().endsWith(ENDING);
}
