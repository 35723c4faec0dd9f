import type { Recipe } from "./recipe.ts";
import type { InputSources } from "./sample.ts";
import type { InputNeed, Params, TechniqueInfo } from "./technique.ts";

/** One run of one technique. */
export interface Job {
  readonly technique: string;
  /** The model's file, an absolute path. */
  readonly model: string;
  readonly source: Source;
  readonly recipe: Recipe;
  /** The model's inputs that are explained, by name; those that can be, where it is left out. */
  readonly explain?: readonly string[];
  readonly target?: TargetSpec;
  /** Several: class activation maps are averaged over them. */
  readonly layer?: string | readonly string[];
  readonly params: Params;
}

/** What a job is about, beside its model. */
export type Source =
  /** Nothing: weights, a training log. */
  | { readonly kind: "none" }
  /** Files by absolute paths, with "#row" for a table; texts; values. */
  | { readonly kind: "sample"; readonly inputs: InputSources }
  /** Several samples: results are their mean. */
  | { readonly kind: "samples"; readonly samples: readonly InputSources[] }
  /** A data set, or some of its rows: from and before which, counted from 0. */
  | {
      readonly kind: "dataset";
      readonly file: string;
      readonly rows?: readonly (readonly [from: number, before: number])[];
    }
  /** Values handed over by a debug session or a notebook, by the model's inputs. */
  | { readonly kind: "tensors"; readonly tensors: Readonly<Record<string, HandedTensor>> };

interface HandedTensor {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export interface TargetSpec {
  /** Output's name; the first that has scores when absent. */
  readonly output?: string;
  /** Index without the batch axis; the largest when absent. */
  readonly index?: readonly number[];
  readonly against?: readonly number[];
  /** The other of two classes that one number tells apart: the score is −logit, or 1 − p. With `index`. */
  readonly not?: boolean;
  /**
   * From and before which index along each axis without the batch: the score is the sum over them, in a dense output.
   * Instead of `index`.
   */
  readonly region?: readonly (readonly [from: number, before: number])[];
}

/** One sample, or several where there are more. */
export function sourceOf([first, ...more]: readonly InputSources[]): Source {
  return more.length > 0 ? { kind: "samples", samples: [first, ...more] } : { kind: "sample", inputs: first ?? {} };
}

/** What each sample of a source gives the inputs. */
export function samplesOf(source: Source): readonly InputSources[] {
  if (source.kind === "sample") return [source.inputs];
  return source.kind === "samples" ? source.samples : [];
}

const SOURCE_NAMES: Record<Source["kind"], string> = {
  none: "no input",
  sample: "one sample",
  samples: "several samples",
  dataset: "a data set",
  tensors: "tensors that were handed over",
};

/** What each need takes. */
const TAKEN: Record<InputNeed, readonly Source["kind"][]> = {
  none: ["none"],
  one: ["sample", "samples"],
  many: ["samples", "dataset"],
};

/** Why a technique cannot take a source, as a sentence; undefined where it can. */
export function sourceProblem(
  { title, needs }: Pick<TechniqueInfo, "title" | "needs">,
  source: Source,
): string | undefined {
  const taken = TAKEN[needs.input];
  if (taken.includes(source.kind)) return undefined;
  const wanted = taken.map((kind) => SOURCE_NAMES[kind]).join(" or ");
  return `${title} takes ${wanted}, and was given ${SOURCE_NAMES[source.kind] ?? `a source of an unknown kind ("${String(source.kind)}")`}.`;
}

/** Equal for jobs that ask for the same, whatever the order of their keys. */
export function jobKey(job: Job): string {
  return canonicalJson(job);
}

/** JSON with sorted keys. */
export function canonicalJson(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) => sorted(value));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
