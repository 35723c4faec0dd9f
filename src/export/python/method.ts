import type { Provenance } from "../../protocol/result.ts";

/** What a template knows of the result that its code is to give again. */
export interface Question {
  readonly params: Provenance["params"];
  readonly target?: Provenance["target"];
  /** The names of layers in the ONNX file, in order; empty where none is known. */
  readonly layers: readonly string[];
  readonly recipe: unknown;
  /** How many frames the result has a map for; 1 where it is one picture's. */
  readonly frames: number;
  /** What the output was taken for. */
  readonly output?: Provenance["output"];
}

/**
 * Code that computes `raw`, a NumPy array, from `x` (a batch of one), `explained` (a module that gives scores),
 * `target` (an index, a tuple, or None) and, where `layer` is true, `layer` (a module).
 */
export interface Code {
  /** "captum", "grad-cam", "zennit": packages besides torch and numpy. */
  readonly packages: readonly string[];
  readonly imports: readonly string[];
  /** Definitions that go before the call. */
  readonly define?: readonly string[];
  readonly lines: readonly string[];
  readonly layer?: boolean;
  /** A list of functions from a model's output to the score, as pytorch-grad-cam takes them. */
  readonly targets?: boolean;
  /** Sentences about where the peer's numbers are others than these. */
  readonly remarks?: readonly string[];
}

/** A template; or a sentence that says why there is no code. */
export type Template = (question: Question) => Code | string;
