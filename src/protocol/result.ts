import type { Artifact } from "./artifacts.ts";

/** Everything that made a result: enough to make it again. In every saved .json and in the text chunk of every .png. */
export interface Provenance {
  readonly technique: string;
  readonly model: { readonly name: string; readonly hash: string };
  readonly input: { readonly name: string; readonly hash: string };
  /** Further files that went in: baselines and masks, SHA-256 each. */
  readonly files?: readonly { readonly name: string; readonly hash: string }[];
  readonly recipe: unknown;
  readonly target?: {
    readonly output: string;
    readonly index: readonly number[];
    readonly label?: string;
    readonly against?: readonly number[];
    readonly region?: readonly (readonly [from: number, before: number])[];
    readonly not?: true;
  };
  /** What the output was taken for, and why. */
  readonly output?: {
    readonly name: string;
    readonly kind: string;
    readonly why: string;
    readonly batched: boolean;
    /** How its elements become probabilities; absent where they are none. */ readonly form?:
      "as-is" | "exp" | "softmax" | "sigmoid";
  };
  /** "logit" or "output", and the value's name that was explained. */
  readonly score?: { readonly kind: "logit" | "output" | "loss"; readonly value: string };
  readonly layer?: string;
  /** The model's inputs that are explained, where there are several or a person chose. */
  readonly explained?: readonly string[];
  /** How many frames the result has a map for, where there are several. */
  readonly frames?: number;
  /** The model's other inputs, which stay as they are given. */
  readonly held?: readonly string[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly versions: { readonly neuralLoupe: string; readonly onnxruntime: string };
  readonly threads: number;
}

/** What a technique's run gives. */
export interface Result {
  /**
   * The raw numbers that --out FILE.npy holds, in the shape of what they are about: of several inputs the first one's.
   * `name`: the model's input, or the layer.
   */
  readonly raw: { readonly name?: string; readonly dims: readonly number[]; readonly values: Float32Array };
  /** Of several explained inputs each one's numbers, by the inputs' names. */
  readonly inputs?: readonly {
    readonly name: string;
    readonly dims: readonly number[];
    readonly values: Float32Array;
  }[];
  /** The model's inputs that are not explained, and why. */
  readonly notExplained?: readonly { readonly input: string; readonly reason: string }[];
  /** views[0] is the technique's own picture; others go beside it. */
  readonly views: readonly Artifact[];
  /** Sentences a person should know: "explains the logit before Softmax", "layer picked: ...". */
  readonly notes: readonly string[];
  readonly provenance: Provenance;
  /** Milliseconds: inside ONNX Runtime's run, and in all. */
  readonly time: { readonly run: number; readonly total: number };
}
