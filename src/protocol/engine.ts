import type { ModelDescription, LayerDetails, TensorSummary } from "./model.ts";
import type { ImageArtifact } from "./artifacts.ts";
import type { PartialResult, Result } from "./result.ts";
import type { ExportReport, ExportRequest } from "./export.ts";
import type { ClassNamesReport, Recipe, RecipeReport } from "./recipe.ts";
import type { Job } from "./job.ts";
import type { InputCheck, InputSources } from "./sample.ts";

/** What the engine process does for the extension: each method a call over a Link. All paths are absolute. */
export interface EngineApi {
  describe(request: { readonly model: string }): ModelDescription;
  layer(request: { readonly model: string; readonly index: number }): LayerDetails;
  tensor(request: { readonly model: string; readonly name: string }): TensorSummary;
  /** The recipe beside the model, or a guess. */
  recipe(request: { readonly model: string }): RecipeReport;
  /** Writes the recipe beside the model, and reads it back. DataError where it is not sound or cannot be written. */
  saveRecipe(request: { readonly model: string; readonly recipe: Recipe }): RecipeReport;
  /** What a file of class names in the model's folder or below it (a relative path) holds. */
  classNames(request: { readonly model: string; readonly file: string }): ClassNamesReport;
  /** What is known of what each input is given, by the input's name; runs nothing. */
  checkSample(request: {
    readonly model: string;
    readonly recipe: Recipe;
    readonly inputs: InputSources;
  }): Readonly<Record<string, InputCheck>>;
  /**
   * Why files cannot be the model's input, as sentences in their order, by their first bytes; undefined where they can.
   */
  fitProblems(request: {
    readonly model: string;
    readonly recipe: Recipe;
    readonly files: readonly string[];
  }): readonly (string | undefined)[];
  /** How many rows a table has, after its header. */
  rowCount(request: { readonly file: string; readonly recipe: Recipe }): number;
  /** The picture as it is on disk and as the model will get it. */
  preview(request: { readonly model: string; readonly recipe: Recipe; readonly input: string }): {
    readonly before: ImageArtifact;
    readonly after: ImageArtifact;
  };
  /**
   * Layers that a technique may be asked about, in the order the input meets them; shapes for this input. Runs the
   * model once (cached).
   */
  layers(request: { readonly model: string; readonly recipe: Recipe; readonly inputs: InputSources }): {
    readonly layers: readonly LayerChoice[];
    readonly defaultLayer?: string;
    /** The same of techniques that begin with the first convolution. */
    readonly firstLayer?: string;
    /** Why these are not as many as the model's nodes, in a sentence. */
    readonly count?: string;
  };
  run(job: Job): Result;
  /**
   * The numbers of one of that result's arrays (Result.arrays). Recomputes when no longer kept; DataError where the files
   * are no longer those that the result was made from (`from`: madeFrom() of its provenance).
   */
  array(request: { readonly job: Job; readonly index: number; readonly from: string }): {
    readonly values: Float32Array;
  };
  /**
   * One channel of a tiles result at full resolution, or a range of reduced tiles. Recomputes when no longer cached.
   */
  channel(request: { readonly job: Job; readonly channel: number }): {
    readonly height: number;
    readonly width: number;
    readonly values: Float32Array;
  };
  tiles(request: { readonly job: Job; readonly from: number; readonly to: number }): { readonly tiles: Float32Array };
  /** Writes a technique's explanation as one ONNX model, and checks it. */
  exportExplanation(request: ExportRequest): ExportReport;
  /** For tests and the status bar. */
  status(request: Record<string, never>): {
    readonly pid: number;
    readonly onnxruntime?: string;
    readonly memory: number;
    readonly runs: number;
  };
}

/**
 * What each method is to those who schedule it: a "job" runs a model, so jobs go one after another, are shown while
 * they run and can be cancelled (at worst by ending the process); a "small" call is answered at once. A new method must
 * say which it is.
 */
export const CALL_KINDS = {
  describe: "small",
  layer: "small",
  tensor: "small",
  recipe: "small",
  saveRecipe: "small",
  classNames: "small",
  checkSample: "small",
  fitProblems: "small",
  rowCount: "small",
  preview: "small",
  status: "small",
  layers: "job",
  run: "job",
  array: "job",
  channel: "job",
  tiles: "job",
  exportExplanation: "job",
} as const satisfies Record<keyof EngineApi, "job" | "small">;

/** The methods that are jobs. */
export type JobMethod = { [K in keyof EngineApi]: (typeof CALL_KINDS)[K] extends "job" ? K : never }[keyof EngineApi];

export interface LayerChoice {
  /** The value's name. */
  readonly value: string;
  /** The node that makes it. */
  readonly node: string;
  readonly operator: string;
  /** Whether the operator only moves elements, or casts them. */
  readonly moves?: true;
  readonly dims: readonly number[];
  /** Whether it has height and width over 1×1 for this input. */
  readonly spatial: boolean;
  /** Its height and width, where it is spatial; the grid's of tokens. */
  readonly size?: readonly number[];
}

/** Progress of a call: a fraction from 0 to 1, or undefined where the end is not known. */
export interface Progress {
  readonly fraction?: number;
  readonly text: string;
  /** What a job shows so far, in place of what it showed before. */
  readonly partial?: PartialResult;
}
