import type { Job } from "./job.ts";

/**
 * Where an exported model's weights are: in it; in the original's file, which must stay beside it; or in a file of its
 * own, OUT.data.
 */
export type ExportWeights = "included" | "external" | "data";

/** An input `target` that may be left out (then it is the chosen one), one that must be given, or none. */
export type ExportTarget = "optional" | "required" | "fixed";

export interface ExportRequest {
  /** The technique, model, sample, target, layer and parameters to write into one model. */
  readonly job: Job;
  /** Absolute path of the ONNX file to write. */
  readonly out: string;
  readonly weights: ExportWeights;
  readonly target: ExportTarget;
}

export interface ExportedValue {
  readonly name: string;
  readonly dataType: string;
  /** A number, or a symbol's name where any size goes. */
  readonly dims: readonly (number | string)[];
  /** Of an input: whether it may be left out. */
  readonly optional?: boolean;
}

/** What was written. */
export interface ExportReport {
  /** Absolute paths, the model first. */
  readonly files: readonly string[];
  /** Bytes of all files written. */
  readonly size: number;
  readonly technique: string;
  readonly inputs: readonly ExportedValue[];
  readonly outputs: readonly ExportedValue[];
  /** Whether any number of samples goes; else why not. */
  readonly batch: "any" | { readonly size: number; readonly why: string };
  /** Sentences a person should know; also in the file's metadata. */
  readonly notes: readonly string[];
  /**
   * Largest difference, over the largest value, between what ONNX Runtime computes from the file and the technique's
   * own numbers.
   */
  readonly difference: number;
  /** Triton's config.pbtxt for it, in a folder that is called as the file. */
  readonly triton: string;
}
