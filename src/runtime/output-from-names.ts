import type { OutputFacts, OutputMeaning } from "./outputs.ts";
import { classAxisOf, entrySize, isVector, spaceOf, isPicture } from "./output-shape.ts";

const LOGITS = /logit|(?:^|[_.])(?:scores?|class(?:es|ification)?|cls|preds?|predictions?)(?:$|[_.\d])/i;

export const EMBEDDING = /embed|hidden|pooler|pooled|feature|latent|encod|representation|vector/i;

const BOXES = /box|bbox|rois?(?:$|[_.\d])|anchor/i;

const REGRESSION = /regress|landmark|keypoint|coord|offset|depth|distance|angle|pose|value/i;

/** Whether an output's name and last axis say that it holds places. */
export function looksLikeBoxes(name: string, dims: readonly (number | string | null)[] | undefined): boolean {
  const last = dims?.at(-1);
  return BOXES.test(name) && dims !== undefined && dims.length > 1 && typeof last === "number" && last % 4 === 0;
}

export function fromNames(facts: OutputFacts): OutputMeaning | undefined {
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
export function fromShape(facts: OutputFacts): OutputMeaning {
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
