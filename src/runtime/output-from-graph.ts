import { isFloat } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { mlMeaning } from "./ml-meaning.ts";
import { smallestChosenBy } from "./distances.ts";
import { oneHotOf } from "./one-hot.ts";
import { topScores } from "./top-scores.ts";
import { combinedSigmoid, endOf, isPlaceOfLargest, madeOf, type End } from "./score.ts";
import { type ProbabilityForm, type OutputFacts, type OutputMeaning } from "./outputs.ts";
import { classAxisOf, spaceOf, isPicture, entrySize, sumsToOne, lastOverOne } from "./output-shape.ts";
import { EMBEDDING, looksLikeBoxes } from "./output-from-names.ts";

export function formOf({ form }: End): ProbabilityForm {
  return form === "log-softmax" || form === "log-sigmoid" ? "exp" : "as-is";
}

export function fromEnd(facts: OutputFacts, end: End): OutputMeaning {
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

/** What the graph looks for the smallest of. */
export function fromDistances(facts: OutputFacts): OutputMeaning | undefined {
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
export function fromTop(facts: OutputFacts): OutputMeaning | undefined {
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
export function fromOneHot(facts: OutputFacts): OutputMeaning | undefined {
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
export function fromMl(facts: OutputFacts): OutputMeaning | undefined {
  const found = mlMeaning(facts.file ?? facts.graph, facts.value);
  return found && { ...found, assumed: false, classAxis: classAxisOf(facts), binary: false };
}

/** What is computed of a softmax's or a sigmoid's values is shown as it is: a softmax on top would be one too many. */
export function fromMaker(facts: OutputFacts): OutputMeaning | undefined {
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
