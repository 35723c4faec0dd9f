import type { Artifact, BarsArtifact, ImageArtifact } from "./artifacts.ts";

/** Everything that made a result: enough to make it again. In every saved .json and in the text chunk of every .png. */
export interface Provenance {
  readonly technique: string;
  readonly model: { readonly name: string; readonly hash: string };
  /** Absent where only the model is looked at. */
  readonly input?: { readonly name: string; readonly hash: string };
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
  /** 0: ONNX Runtime chooses, by how many `processors` there are. */
  readonly threads: number;
  readonly processors?: number;
}

/** What a job gives. Its numbers stay where it was made until they are saved or read: see ArrayInfo. */
export interface Result {
  /** What the technique shows: views[0] is its own picture, others go beside it. Never empty. */
  readonly views: readonly Artifact[];
  readonly context: ResultContext;
  /** arrays[0] is what --out FILE.npy holds; of several explained inputs one each, in the model's order. */
  readonly arrays: readonly ArrayInfo[];
  /** The model's inputs that are not explained, and why. */
  readonly notExplained?: readonly { readonly input: string; readonly reason: string }[];
  /** Sentences a person should know: "explains the logit before Softmax", "layer picked: ...". */
  readonly notes: readonly string[];
  readonly provenance: Provenance;
  /** Milliseconds: inside ONNX Runtime's run, and in all. */
  readonly time: { readonly run: number; readonly total: number };
}

/** What a result is about, whichever technique made it. */
interface ResultContext {
  /** The input's pictures, which views lie over by their ids. */
  readonly pictures: readonly ImageArtifact[];
  /** The model's strongest predictions for the input. */
  readonly predictions?: BarsArtifact;
  /** Where the target lies on the input's picture, where it is a part of it. */
  readonly target?: TargetMark;
  /** Of an attribution: why checks cannot judge it, by their ids, as sentences. */
  readonly unfitChecks?: Readonly<Record<string, string>>;
}

/**
 * A rectangle of the picture that the model sees, from 0 (left, top) to 1; of a signal a part of its axis, and downward
 * of its channels.
 */
export interface TargetMark {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The raw numbers of a result, in the shape of what they are about (batch axis included). */
interface ArrayInfo {
  /** The model's input, or the layer. */
  readonly name?: string;
  readonly dims: readonly number[];
  readonly type: "float32";
  /** The id of the view that holds the same numbers. Others are fetched (EngineApi.array). */
  readonly view?: string;
}

export interface NamedArray extends ArrayInfo {
  readonly values: Float32Array;
}

/** A result with its numbers: where it was made, or once they were fetched. */
export interface WholeResult extends Result {
  readonly arrays: readonly NamedArray[];
}

/** What a result was made from, as a text: where it differs, numbers belong to another result. */
export function madeFrom({ model, input, files = [] }: Provenance): string {
  return [model, ...(input ? [input] : []), ...files].map(({ hash }) => hash).join(" ");
}

/** What a job shows while it runs: the views so far. */
export type PartialResult = Pick<Result, "views" | "context">;

/** All pictures of a result: the input's, and those that the technique made. */
export function picturesOf({ views, context }: PartialResult): readonly ImageArtifact[] {
  return [...views.filter((view) => view.kind === "image"), ...context.pictures];
}

/** All that a result shows: its views, then what they are about. */
export function partsOf({ views, context: { pictures, predictions } }: PartialResult): readonly Artifact[] {
  return [...views, ...pictures, ...(predictions ? [predictions] : [])];
}

/** The predictions that come with a result, or that it consists of. */
export function predictionsOf({ views, context }: PartialResult): BarsArtifact | undefined {
  return (
    context.predictions ?? views.find((view): view is BarsArtifact => view.kind === "bars" && view.id === "predictions")
  );
}

/** Without the numbers: what is sent on, and kept. */
export function withoutValues({ arrays, ...result }: WholeResult): Result {
  return { ...result, arrays: arrays.map(({ values: _, ...info }) => info) };
}

/** With the numbers: those that a view holds, and for others what `fetch` gives. */
export async function withValues(
  result: Result,
  fetch: (index: number) => Promise<Float32Array>,
): Promise<WholeResult> {
  const values = (info: ArrayInfo, index: number): Promise<Float32Array> | Float32Array => {
    const view = result.views.find(({ id }) => id === info.view);
    return view !== undefined && "values" in view ? view.values : fetch(index);
  };
  const arrays = await Promise.all(
    result.arrays.map(async (info, index) => ({ ...info, values: await values(info, index) })),
  );
  return { ...result, arrays };
}
