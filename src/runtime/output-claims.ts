import { forEachRow } from "./axis-rows.ts";
import type { OutputKind } from "../protocol/recipe.ts";
import type { ModelOutput } from "./outputs.ts";
import { entrySize } from "./output-shape.ts";
import { formatNumber } from "../protocol/format.ts";

/** An output that a recipe says something of. */
export type ClaimedOutput = Pick<ModelOutput, "name" | "dims" | "shape" | "values" | "meaning" | "texts">;

/** Rounding of float16 and of quantised softmaxes stays below. */
const ROUNDING = 0.02;

/**
 * What speaks against a recipe's word for an output: what is found, and what the output may be instead, in one or two
 * sentences. The word counts all the same. Undefined where the values and the shape fit it, or where they are not
 * finite and say nothing.
 */
export function contradiction(output: ClaimedOutput): string | undefined {
  const {
    name,
    values,
    meaning: { kind },
    texts,
  } = output;
  if (texts)
    return kind === "label"
      ? undefined
      : `The recipe declares the output "${name}" as ${CLAIMS[kind].word}, but it holds text: it may be a label ("label").`;
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  const found = CLAIMS[kind].against(output);
  return found && `The recipe declares the output "${name}" as ${CLAIMS[kind].word}, but ${found}`;
}

const CLAIMS: Readonly<
  Record<OutputKind, { readonly word: string; against(output: ClaimedOutput): string | undefined }>
> = {
  logits: {
    word: "logits",
    against: (output) =>
      entrySize(output) > 1 && isShares(output)
        ? `its values are from 0 to 1 and sum to 1, as probabilities do ("probabilities"). A softmax is still applied.`
        : undefined,
  },
  probabilities: { word: "probabilities", against: againstProbabilities },
  independent: {
    word: "independent scores",
    against: ({ values }) =>
      within(values, 0, 1)
        ? undefined
        : `its values range ${rangeOf(values)}, not from 0 to 1. A sigmoid is applied; they may be regression values ("regression") or logits of a softmax ("logits").`,
  },
  "log-probabilities": {
    word: "log-probabilities",
    against: (output) => {
      if (!within(output.values, -Infinity, 0))
        return `its values range ${rangeOf(output.values)}, and log-probabilities are at most 0: they may be logits ("logits").`;
      const sum = strangeSum({ ...output, values: output.values.map(Math.exp) });
      return sum === undefined || entrySize(output) === 1
        ? undefined
        : `the exponentials of its values sum to ${formatNumber(sum)}, not to 1: they may be logits ("logits") or regression values ("regression").`;
    },
  },
  regression: { word: "regression values", against: () => undefined },
  label: {
    word: "labels",
    against: ({ values }) =>
      values.every(Number.isInteger)
        ? undefined
        : `its values are not integers (${formatNumber(values.find((value) => !Number.isInteger(value))!)}): they may be scores ("logits", "probabilities") or regression values ("regression").`,
  },
  mask: { word: "a map", against: (output) => againstPlane(output, "a map over height and width") },
  image: {
    word: "a picture",
    against: (output) =>
      againstPlane(output, "a picture") ??
      (output.dims.slice(1).length < 3 ||
      [output.dims[1], output.dims.at(-1)].some((channels) => channels === 1 || channels === 3 || channels === 4)
        ? undefined
        : `its shape is ${shapeOf(output)}, and an image has 1, 3 or 4 channels: it may be a map ("mask").`),
  },
  boxes: {
    word: "boxes",
    against: (output) =>
      output.dims.slice(1).some((dim) => dim >= 4)
        ? undefined
        : `its shape is ${shapeOf(output)}, and a box has four numbers: it may be the boxes' scores ("independent") or labels ("label").`,
  },
  embedding: {
    word: "a feature vector",
    against: (output) =>
      entrySize(output) > 1 ? undefined : `it is a single number: it may be a regression value ("regression").`,
  },
};

function againstProbabilities(output: ClaimedOutput): string | undefined {
  const { values } = output;
  if (!within(values, 0, 1)) {
    const instead =
      within(values, -Infinity, 0) && strangeSum({ ...output, values: values.map(Math.exp) }) === undefined
        ? 'log-probabilities ("log-probabilities")'
        : 'logits ("logits") or regression values ("regression")';
    return `its values range ${rangeOf(values)}, and probabilities from 0 to 1. They may be ${instead}.`;
  }
  const sum = entrySize(output) > 1 ? strangeSum(output) : undefined;
  return sum === undefined
    ? undefined
    : `its values sum to ${formatNumber(sum)} along the classes, not to 1: they may be independent scores ("independent").`;
}

function againstPlane(output: ClaimedOutput, what: string): string | undefined {
  return output.dims.slice(1).filter((dim) => dim > 1).length >= 2
    ? undefined
    : `its shape is ${shapeOf(output)}, which has no two axes for ${what}: it may be a list of scores ("logits", "probabilities", "independent").`;
}

function isShares(output: ClaimedOutput): boolean {
  return within(output.values, 0, 1) && strangeSum(output) === undefined;
}

/** The sum along the classes that is farthest from 1; undefined where all are 1. */
function strangeSum({ values, dims, meaning }: ClaimedOutput): number | undefined {
  let farthest = 1;
  forEachRow(dims, meaning.classAxis, (start, step, length) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += values[start + i * step];
    if (Math.abs(sum - 1) > Math.abs(farthest - 1)) farthest = sum;
  });
  return Math.abs(farthest - 1) > ROUNDING ? farthest : undefined;
}

function within(values: Float32Array, low: number, high: number): boolean {
  return values.every((value) => value >= low - 1e-5 && value <= high + 1e-3);
}

function rangeOf(values: Float32Array): string {
  const [low, high] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  return `from ${formatNumber(low)} to ${formatNumber(high)}`;
}

function shapeOf({ shape }: ClaimedOutput): string {
  return `[${shape.join(", ")}]`;
}
