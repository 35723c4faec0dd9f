import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedModel } from "../../src/runtime/models.ts";
import type { TensorValue } from "../../src/runtime/ort.ts";

/** A model of scikit-learn, LightGBM or XGBoost, and what they say themselves (test/reference/scikit-learn/make.py). */
export interface SklearnModel {
  readonly name: string;
  readonly output: string;
  /** The float tensor that stands for the output. */
  readonly value: string;
  readonly classes?: readonly string[];
  /** predict_proba, decision_function, predict or transform of the row. */
  readonly values: readonly number[];
  /** [values][features]: central differences in float64; absent where the model is made of steps. */
  readonly gradient?: readonly (readonly number[])[];
  /** [values][features]: what a value loses when a feature is 0. */
  readonly ablation: readonly (readonly number[])[];
}

export interface SklearnReference {
  readonly row: readonly number[];
  readonly models: readonly SklearnModel[];
  readonly columns: {
    readonly sample: Readonly<Record<string, number | string>>;
    readonly values: readonly number[];
    readonly gradient: Readonly<Record<string, readonly number[]>>;
    /** The values with a column empty. */
    readonly without: Readonly<Record<string, readonly number[]>>;
  };
  /** A text, in small and large letters. */
  readonly tfidf: { readonly sample: string; readonly values: readonly number[] };
  readonly words: { readonly sample: readonly string[]; readonly values: readonly number[] };
}

export const SKLEARN = join(dirname(fileURLToPath(import.meta.url)), "../reference/scikit-learn");
export const sklearn = JSON.parse(readFileSync(join(SKLEARN, "index.json"), "utf8")) as SklearnReference;

/** The row that all of them are asked about, as a batch of one, of the type that the model's input has. */
export function rowTensor(
  { description }: Pick<LoadedModel, "description">,
  row: readonly number[] = sklearn.row,
): TensorValue {
  const dims = [1, row.length];
  return description.inputs[0].type === "float64"
    ? { dataType: "float64", dims, data: Float64Array.from(row) }
    : { dataType: "float32", dims, data: Float32Array.from(row) };
}
