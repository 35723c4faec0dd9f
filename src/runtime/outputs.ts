import { isFloat, type DataType, type Graph } from "../model/graph.ts";
import { forEachRow } from "./axis-rows.ts";
import type { Reading } from "../protocol/readings.ts";
import type { OutputKind, OutputRecipe } from "../protocol/recipe.ts";
import { endOf, type End, type ValueFacts } from "./score.ts";
import { fromEnd, fromDistances, fromTop, fromOneHot, fromMl, fromMaker, formOf } from "./output-from-graph.ts";
import { fromValues } from "./output-from-values.ts";
import { fromNames, fromShape } from "./output-from-names.ts";
import { classAxisOf, entrySize, withinOne } from "./output-shape.ts";

/**
 * What an output's numbers are: decided once for a run, from the graph and the values together, and asked by everything
 * that shows or explains it.
 */
export interface OutputMeaning {
  readonly kind: OutputKind;
  /** One sentence that says how that was found: "The graph ends in Softmax." */
  readonly why: string;
  /** What the graph ends in, where that makes the probabilities: "Softmax". */
  readonly end?: string;
  /** Nothing in the graph or the values says so: it is the usual case. */
  readonly assumed: boolean;
  /** How elements become probabilities; absent where they are none. */
  readonly form?: ProbabilityForm;
  /** The axis along which classes lie, into the output's dims with their batch axis. */
  readonly classAxis: number;
  /** The smallest value is the model's choice, as of distances. */
  readonly least?: boolean;
  /** One number that tells two classes apart: element 0 is the positive one, and there is a negative one. */
  readonly binary: boolean;
}

/**
 * "as-is": already probabilities or independent scores; "exp" of log-probabilities; "softmax" and "sigmoid" of logits.
 */
export type ProbabilityForm = "as-is" | "exp" | "softmax" | "sigmoid";

/** An output as it is looked at: always with a batch axis in front. */
export interface ModelOutput {
  readonly name: string;
  /** Where it is a table of outputs that are a class each: these. */
  readonly columns?: readonly string[];
  /** The value that is run to: the output itself, or the tensor behind one that is none (a ZipMap's). */
  readonly value: string;
  /** With a batch axis: the model's own, or 1 where it gives none. */
  readonly dims: readonly number[];
  /** As the model gives it. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly meaning: OutputMeaning;
  /** How the recipe says that it is shown. */
  readonly as?: Reading;
  /** What its numbers are measured in, and which of its keypoints hang together, by the recipe. */
  readonly unit?: string;
  readonly skeleton?: OutputRecipe["skeleton"];
  /** Where the elements are those of classes that the graph chose: the class number of each. */
  readonly numbers?: readonly number[];
  /** Of an output of strings: them; `values` are then NaN. */
  readonly texts?: readonly string[];
}

export interface OutputFacts {
  /** As it is run; of branches and loops, what ran. */
  readonly graph: Graph;
  /** What is known of its values. */
  readonly known?: ValueFacts;
  /** As it is in the file, where that is another one. */
  readonly file?: Graph;
  readonly name: string;
  readonly value: string;
  readonly dataType: DataType;
  /** With a batch axis in front. */
  readonly dims: readonly number[];
  readonly values: Float32Array;
  /** How many class names are known for it. */
  readonly classes: number;
  /** Float inputs of this run: their shapes, and whether they are pictures. */
  readonly inputs: readonly { readonly dims: readonly number[]; readonly picture: boolean }[];
  /** What the person says it is. */
  readonly recipe?: OutputRecipe;
}

/**
 * What an output is. The recipe's word counts; then the graph's end, the values, the names and shapes, in this order.
 */
export function outputMeaning(facts: OutputFacts): OutputMeaning {
  const end = isFloat(facts.dataType) ? endOf(facts.graph, facts.value, facts.known) : undefined;
  if (facts.recipe?.kind) return said(facts, facts.recipe.kind, end);
  return (
    (isFloat(facts.dataType) ? undefined : labels(facts)) ??
    (end && fromEnd(facts, end)) ??
    fromDistances(facts) ??
    fromTop(facts) ??
    fromOneHot(facts) ??
    fromValues(facts, true) ??
    fromMl(facts) ??
    fromValues(facts) ??
    fromMaker(facts) ??
    fromNames(facts) ??
    fromShape(facts)
  );
}

/**
 * An output's elements as probabilities, and how that was done, in words that end a sentence; undefined where they are
 * none.
 */
export function probabilitiesOf(
  { meaning, dims }: Pick<ModelOutput, "meaning" | "dims">,
  values: Float32Array,
): { readonly values: Float32Array; readonly how: string } | undefined {
  const because = meaning.why.replace(/\.$/, "").replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  switch (meaning.form) {
    case undefined:
      return undefined;
    case "as-is":
      return { values, how: meaning.end ? `the model's own ${meaning.end}` : because };
    case "exp":
      return {
        values: values.map(Math.exp),
        how: `exp of ${meaning.end ? `the model's ${meaning.end}` : `the log-probabilities: ${because}`}`,
      };
    case "sigmoid":
      return {
        values: values.map((value) => 1 / (1 + Math.exp(-value))),
        how: `sigmoid of the ${meaning.binary ? "logit" : "scores"}: ${because}`,
      };
    case "softmax":
      return { values: softmaxAlong(values, dims, meaning.classAxis), how: `softmax of the logits: ${because}` };
  }
}

/** Softmax along one axis. */
function softmaxAlong(values: Float32Array, dims: readonly number[], axis: number): Float32Array {
  const out = new Float32Array(values.length);
  forEachRow(dims, axis, (start, step, length) => {
    let largest = -Infinity;
    for (let i = 0; i < length; i++) largest = Math.max(largest, values[start + i * step]);
    let total = 0;
    for (let i = 0; i < length; i++) total += out[start + i * step] = Math.exp(values[start + i * step] - largest);
    for (let i = 0; i < length; i++) out[start + i * step] /= total;
  });
  return out;
}

function said(facts: OutputFacts, kind: OutputKind, end: End | undefined): OutputMeaning {
  const classAxis = classAxisOf(facts, end);
  const single = entrySize(facts) === 1;
  const why = "Set in the recipe.";
  const base = { kind, why, assumed: false, classAxis, binary: false };
  switch (kind) {
    case "logits":
      return { ...base, form: single ? "sigmoid" : "softmax", binary: single };
    case "probabilities":
      return { ...base, form: "as-is", binary: single };
    case "log-probabilities":
      return { ...base, form: "exp", binary: single };
    case "independent":
      return { ...base, form: withinOne(facts.values) ? "as-is" : "sigmoid", binary: single };
    case "mask":
      return { ...base, ...(end ? { form: formOf(end) } : {}) };
    default:
      return base;
  }
}

function labels({ dataType }: OutputFacts): OutputMeaning {
  return { kind: "label", why: `Its type is ${dataType}.`, assumed: false, classAxis: 0, binary: false };
}
