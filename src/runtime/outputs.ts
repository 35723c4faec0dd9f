import { elementCount, isFloat, type DataType, type Graph } from "../model/graph.ts";
import { forEachRow } from "./axis-rows.ts";
import { makersOf } from "../model/makers.ts";
import type { OutputKind, OutputRecipe } from "../protocol/recipe.ts";
import { mlMeaning } from "./ml-meaning.ts";
import { smallestChosenBy } from "./distances.ts";
import { oneHotOf } from "./one-hot.ts";
import { topScores } from "./top-scores.ts";
import { combinedSigmoid, endOf, isPlaceOfLargest, madeOf, type End, type ValueFacts } from "./score.ts";
import { hasTrait, keepsElements } from "../model/operators.ts";

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

// ── by the person's word ─────────────────────────────────────────────────────────────────────────

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

// ── by type and by the graph's end ───────────────────────────────────────────────────────────────

function labels({ dataType }: OutputFacts): OutputMeaning {
  return { kind: "label", why: `Its type is ${dataType}.`, assumed: false, classAxis: 0, binary: false };
}

function formOf({ form }: End): ProbabilityForm {
  return form === "log-softmax" || form === "log-sigmoid" ? "exp" : "as-is";
}

function fromEnd(facts: OutputFacts, end: End): OutputMeaning {
  const classAxis = classAxisOf(facts, end);
  const base = {
    why: `The graph ends in ${end.said}.`,
    end: end.said,
    assumed: false,
    form: formOf(end),
    classAxis,
    binary: false,
  };
  const space = spaceOf(facts.dims);
  if (end.form === "sigmoid" || end.form === "log-sigmoid") {
    if (space && isPicture(facts, space))
      return { ...base, kind: "image", form: undefined, why: `${base.why} It has the shape of an input image.` };
    // Two classes as 1 − p and p.
    if (
      !space &&
      entrySize(facts) > 1 &&
      end.form === "sigmoid" &&
      sumsToOne(facts.values, facts.dims, classAxis, 1e-3)
    )
      return { ...base, kind: "probabilities" };
    return space ? { ...base, kind: "mask" } : { ...base, kind: "independent", binary: entrySize(facts) === 1 };
  }
  if (space) return { ...base, kind: "mask" };
  return { ...base, kind: end.form === "softmax" ? "probabilities" : "log-probabilities" };
}

/**
 * The graph's own class axis where it is known; else one along which the values sum to 1; else 1 of a map, the last of
 * anything else.
 */
function classAxisOf({ dims, values }: OutputFacts, end?: End): number {
  const usual = spaceOf(dims) ? 1 : lastOverOne(dims);
  // Batches that the graph does not have shift its axes: only those from behind are sure, and values tell.
  const candidates = [
    ...(end?.axis === undefined || end.reshaped ? [] : [end.axis < 0 ? dims.length + end.axis : end.axis]),
    usual,
    dims.length - 1,
    1,
  ].filter((axis) => axis >= 0 && axis < dims.length && dims[axis] > 1);
  if (end && end.form !== "sigmoid" && end.form !== "log-sigmoid") {
    const summing = candidates.find((axis) =>
      sumsToOne(end.form === "softmax" ? values : values.map(Math.exp), dims, axis, 0.05),
    );
    if (summing !== undefined) return summing;
  }
  return usual;
}

/** What the graph looks for the smallest of. */
function fromDistances(facts: OutputFacts): OutputMeaning | undefined {
  const by = isFloat(facts.dataType) ? smallestChosenBy(facts.file ?? facts.graph, facts.value) : undefined;
  return by === undefined
    ? undefined
    : {
        kind: "regression",
        why: `The graph's label is where it is smallest (${by}): distances.`,
        assumed: false,
        classAxis: classAxisOf(facts),
        binary: false,
        least: true,
      };
}

/** The largest of scores are what the scores are; a softmax of them alone would leave the other classes out. */
function fromTop(facts: OutputFacts): OutputMeaning | undefined {
  const top = isFloat(facts.dataType) ? topScores(facts.graph, facts.value) : undefined;
  if (!top) return undefined;
  const base = { assumed: false, classAxis: lastOverOne(facts.dims), binary: false };
  const end = endOf(facts.graph, top.from, facts.known);
  if (!end)
    return { ...base, kind: "logits", why: "The graph ends in TopK: the largest of its scores, without the others." };
  const why = `The graph ends in TopK of ${end.said}.`;
  const kind =
    end.form === "softmax" ? "probabilities" : end.form === "log-softmax" ? "log-probabilities" : "independent";
  return { ...base, kind, form: formOf(end), end: `TopK of ${end.said}`, why };
}

/** A choice is no probability, though it sums to 1. */
function fromOneHot(facts: OutputFacts): OutputMeaning | undefined {
  const found =
    isFloat(facts.dataType) && !spaceOf(facts.dims) ? oneHotOf(makersOf(facts.graph), facts.value) : undefined;
  return (
    found && {
      kind: "regression",
      why: `The graph sets the chosen element to 1 (${found.by}): a label, not probabilities.`,
      assumed: false,
      classAxis: classAxisOf(facts),
      binary: false,
    }
  );
}

/**
 * Machine learning operators, and how the graph itself makes a label of the values. Decision values have no form as
 * probabilities.
 */
function fromMl(facts: OutputFacts): OutputMeaning | undefined {
  const found = mlMeaning(facts.file ?? facts.graph, facts.value);
  return found && { ...found, assumed: false, classAxis: classAxisOf(facts), binary: false };
}

// ── by the values ────────────────────────────────────────────────────────────────────────────────

/** `certain`: only what sums to 1. */
function fromValues(facts: OutputFacts, certain = false): OutputMeaning | undefined {
  const { dims, values } = facts;
  const axes = [...new Set([lastOverOne(dims), spaceOf(dims) ? 1 : dims.length - 1])].filter(
    (axis) => dims[axis] > 1 && axis > 0,
  );
  for (const classAxis of axes) {
    const base = { assumed: false, classAxis, binary: false };
    if (sumsToOne(values, dims, classAxis, 1e-3)) {
      return {
        ...base,
        kind: spaceOf(dims) ? "mask" : "probabilities",
        form: "as-is",
        why: "Its values are from 0 to 1 and sum to 1.",
      };
    }
    if (values.every((value) => value <= 1e-6) && sumsToOne(values.map(Math.exp), dims, classAxis, 1e-3)) {
      return {
        ...base,
        kind: spaceOf(dims) ? "mask" : "log-probabilities",
        form: "exp",
        why: "The exponentials of its values sum to 1.",
      };
    }
  }
  if (certain) return undefined;
  if (
    isVector(dims) &&
    withinOne(values) &&
    !endsLinear(facts.graph, facts.value) &&
    !EMBEDDING.test(facts.name) &&
    entrySize(facts) > 1
  ) {
    return {
      kind: "independent",
      form: "as-is",
      why: "All of its values are from 0 to 1 and they do not sum to 1.",
      assumed: true,
      classAxis: lastOverOne(dims),
      binary: false,
    };
  }
  if (isVector(dims) && entrySize(facts) >= 8 && Math.abs(lengthOf(values.subarray(0, entrySize(facts))) - 1) < 1e-3) {
    return {
      kind: "embedding",
      why: "Its vector has length 1.",
      assumed: false,
      classAxis: lastOverOne(dims),
      binary: false,
    };
  }
  return undefined;
}

function sumsToOne(values: Float32Array, dims: readonly number[], axis: number, tolerance: number): boolean {
  if (values.length === 0 || values.some((value) => !(value >= -1e-6 && value <= 1 + tolerance))) return false;
  let all = true;
  forEachRow(dims, axis, (start, step, length) => {
    let total = 0;
    for (let i = 0; i < length; i++) total += values[start + i * step];
    all &&= Math.abs(total - 1) <= tolerance;
  });
  return all;
}

function withinOne(values: Float32Array): boolean {
  return values.every((value) => value >= 0 && value <= 1);
}

function lengthOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** What is computed of a softmax's or a sigmoid's values is shown as it is: a softmax on top would be one too many. */
function fromMaker(facts: OutputFacts): OutputMeaning | undefined {
  const base = { assumed: false, classAxis: classAxisOf(facts), binary: false };
  if (isPlaceOfLargest(facts.graph, facts.value))
    return {
      ...base,
      kind: "label",
      why: "The graph ends in ArgMax or ArgMin: which element is the largest, not how large.",
    };
  const combined = spaceOf(facts.dims) ? undefined : combinedSigmoid(facts.graph, facts.value, facts.known);
  if (combined)
    return {
      ...base,
      kind: "independent",
      form: "as-is",
      binary: entrySize(facts) === 1,
      why: `The graph takes ${combined.by} of the scores of ${combined.said}.`,
    };
  const of =
    spaceOf(facts.dims) || EMBEDDING.test(facts.name) || looksLikeBoxes(facts.name, facts.dims)
      ? undefined
      : madeOf(facts.graph, facts.value, facts.known);
  return of === undefined
    ? undefined
    : {
        ...base,
        kind: "regression",
        why: `The graph computes it from the values of a ${of}: they are shown unchanged.`,
      };
}

// ── by names and shapes ──────────────────────────────────────────────────────────────────────────

const LOGITS = /logit|(?:^|[_.])(?:scores?|class(?:es|ification)?|cls|preds?|predictions?)(?:$|[_.\d])/i;
const EMBEDDING = /embed|hidden|pooler|pooled|feature|latent|encod|representation|vector/i;
const BOXES = /box|bbox|rois?(?:$|[_.\d])|anchor/i;
const REGRESSION = /regress|landmark|keypoint|coord|offset|depth|distance|angle|pose|value/i;

/** Whether an output's name and last axis say that it holds places. */
export function looksLikeBoxes(name: string, dims: readonly (number | string | null)[] | undefined): boolean {
  const last = dims?.at(-1);
  return BOXES.test(name) && dims !== undefined && dims.length > 1 && typeof last === "number" && last % 4 === 0;
}

function fromNames(facts: OutputFacts): OutputMeaning | undefined {
  const { name, dims, classes } = facts;
  const base = { assumed: false, classAxis: classAxisOf(facts), binary: false };
  const size = entrySize(facts);
  const last = dims[dims.length - 1];
  if (looksLikeBoxes(name, dims))
    return { ...base, kind: "boxes", why: `Its name ("${name}") and its ${last} columns suggest boxes.` };
  if (isVector(dims) && classes > 1 && classes === size)
    return { ...base, kind: "logits", form: "softmax", why: "It has one value per class name." };
  if (size === 1 && (classes === 2 || /logit/i.test(name))) {
    return {
      ...base,
      kind: "logits",
      form: "sigmoid",
      binary: true,
      why:
        classes === 2
          ? "It is a single number, and there are two class names."
          : `Its name ("${name}") suggests a logit.`,
    };
  }
  if (EMBEDDING.test(name))
    return { ...base, kind: "embedding", why: `Its name ("${name}") suggests a feature vector.` };
  if (REGRESSION.test(name))
    return { ...base, kind: "regression", why: `Its name ("${name}") suggests regression values.` };
  if (/logit/i.test(name) && !spaceOf(dims))
    return { ...base, kind: "logits", form: "softmax", why: `Its name ("${name}") suggests logits.` };
  if (LOGITS.test(name) && isVector(dims) && size > 1)
    return {
      ...base,
      kind: "logits",
      form: "softmax",
      why: `Its name ("${name}") suggests class scores.`,
      assumed: true,
    };
  if (!spaceOf(dims) && facts.inputs.some((input) => input.dims.join() === dims.join())) {
    return { ...base, kind: "regression", why: "It has the shape of an input, like a reconstruction.", assumed: true };
  }
  return undefined;
}

/** What remains: the usual for the shape, said to be assumed. */
function fromShape(facts: OutputFacts): OutputMeaning {
  const { dims } = facts;
  const base = { assumed: true, classAxis: classAxisOf(facts), binary: false };
  const space = spaceOf(dims);
  if (space && isPicture(facts, space)) return { ...base, kind: "image", why: "It has the shape of an input image." };
  if (space) return { ...base, kind: "mask", why: `It is a map of ${dims[2]}×${dims[3]}.` };
  if (entrySize(facts) === 1)
    return {
      ...base,
      kind: "regression",
      why: "It is a single number, and nothing indicates that it is a class score.",
    };
  if (isVector(dims))
    return {
      ...base,
      kind: "logits",
      form: "softmax",
      why: "Nothing in the graph indicates its meaning: the vector is assumed to hold the logits of a softmax.",
    };
  return {
    ...base,
    kind: "regression",
    why: "Nothing in the graph indicates its meaning: its values are shown unchanged.",
  };
}

function isPicture({ inputs }: OutputFacts, channels: number): boolean {
  return inputs.some(
    ({ dims, picture }) => picture && dims.length === 4 && dims[1] === channels && (channels === 1 || channels === 3),
  );
}

/** How many channels a map [N, C, H, W] has; undefined where the output is none. */
function spaceOf(dims: readonly number[]): number | undefined {
  return dims.length === 4 && dims[2] > 1 && dims[3] > 1 ? dims[1] : undefined;
}

/** Elements of one batch entry. */
export function entrySize({ dims }: Pick<OutputFacts, "dims">): number {
  return elementCount(dims.slice(1));
}

/** Whether only one axis behind the batch is longer than 1. */
function isVector(dims: readonly number[]): boolean {
  return dims.slice(1).filter((dim) => dim !== 1).length <= 1;
}

function lastOverOne(dims: readonly number[]): number {
  for (let axis = dims.length - 1; axis > 0; axis--) if (dims[axis] > 1) return axis;
  return Math.max(0, dims.length - 1);
}

/** Whether the last operator that computes is linear: such values have no bounds. */
function endsLinear(graph: Graph, output: string): boolean {
  const makers = makersOf(graph);
  let node = makers.get(output);
  while (node && (keepsElements(node) || node.opType === "Transpose")) node = makers.get(node.inputs[0]);
  return hasTrait(node, "convolution", "dense") || /^(Add|BatchNormalization)$/.test(node?.opType ?? "");
}
