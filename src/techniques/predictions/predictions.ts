import { elementCount } from "../../model/graph.ts";
import { largestFew } from "../../math/rank.ts";
import type { BarItem, BarsArtifact } from "../../protocol/artifacts.ts";
import { elementIndex, normaliseIndex, targetText } from "../../protocol/target.ts";
import type { Detections } from "../../runtime/detections/index.ts";
import { makersOf } from "../../model/makers.ts";
import { isState, pairs } from "../../runtime/input-use.ts";
import { isPlaceOfLargest } from "../../runtime/score.ts";
import { probabilitiesOf, type ModelOutput, type OutputMeaning } from "../../runtime/outputs.ts";
import { READINGS, READING_WORDS } from "../../protocol/readings.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { IOU } from "../../runtime/detections/nms.ts";
import { choiceParam, numberParam, wholeNumberParam } from "../framework/params.ts";
import { classLabel, flatIndex, negativeLabel } from "../framework/target.ts";
import { technique, type SampleContext } from "../framework/technique.ts";
import { denseOutput } from "./readers/dense.ts";
import { readViews } from "./readers/index.ts";
import { LISTED } from "./readers/tokens.ts";
import { isWave } from "./readers/wave.ts";
import { VALUE_RANGES } from "./readers/value-range.ts";

/** Rows of a table of values. */
const MOST_LISTED = 1000;

const AS = choiceParam(
  "as",
  "Show as",
  [["auto", "automatic"], ...READING_WORDS.map((word) => [word, READINGS[word]] as const)],
  "The form in which the output is shown. Automatic: by the recipe, the graph, names and shapes.",
);

const VALUE_RANGE = {
  ...choiceParam(
    "value_range",
    "Value range",
    VALUE_RANGES,
    "Of an output that is an image: which values are black and white. Automatic: the first of these that the values lie in, 0 to 1 before the input's own.",
  ),
  shownFor: { param: "as", values: ["image"] },
} as const;

const BOX_SELECTION = [
  {
    type: "text",
    name: "min_score",
    label: "Score over",
    default: "auto",
    pattern: "auto|0(\\.\\d+)?|\\.\\d+|1(\\.0+)?",
    problem: "auto, or a number from 0 to 1, such as 0.25.",
    help: "Of boxes: only those with a score over this are listed. auto: 0.25; all that the model gives where its graph selects them itself.",
    shownFor: { param: "as", values: ["boxes"] },
  },
  {
    ...numberParam(
      "iou",
      "IoU",
      { default: IOU, min: 0, max: 1, step: 0.01 },
      "Of boxes: of those of one class that overlap by more than this (intersection over union), only the best is kept (non-maximum suppression). Not used where the model selects boxes itself or predicts one for each object.",
    ),
    shownFor: { param: "as", values: ["boxes"] },
  },
] as const satisfies readonly ParamSpec[];

const TOP = {
  ...wholeNumberParam(
    "top",
    "Tokens listed",
    { default: LISTED, min: 1, max: 100 },
    "Of tokens by place: how many of the most probable are listed at each place.",
  ),
  shownFor: { param: "as", values: ["tokens"] },
} as const;

/** What the model says: probabilities where the output has them, else its values as they are. */
export const predictions = technique({
  info: {
    id: "predictions",
    title: "Predictions",
    command: "Show Predictions",
    group: "predictions",
    summary: "The model's output for this input: its most probable classes.",
    needs: { input: "one", target: false, layer: "none", gradient: false },
    params: [AS, VALUE_RANGE, ...BOX_SELECTION, TOP],
  },
  async run(context) {
    const whole = wholeBars(context, listed(context.output));
    const artifact = sentAlong(whole);
    const { name, meaning } = context.output;
    const { detections } = context;
    noteLeftOut(context);
    if (detections && "undecided" in detections) context.note(`Not decoded to boxes: ${detections.undecided}`);
    const { as, views } = await readViews(context, context.params.as);
    if (meaning.assumed && as !== "boxes")
      context.note(
        `The output "${name}" is read as ${KIND_WORDS[meaning.kind]}. ${meaning.why} The recipe can override this (outputs).`,
      );
    const asked = context.params.as !== "auto";
    return {
      raw:
        as === "boxes"
          ? { dims: context.output.shape, values: context.output.values }
          : { dims: context.output.shape, values: whole.values },
      views: context.ownValues && !asked ? [artifact, ...views] : [...views, artifact],
    };
  },
});

/** What the list does not show: the batch's other entries, the model's other outputs. */
function noteLeftOut(context: SampleContext): void {
  const { output, ownValues, model, detections } = context;
  const [entries] = output.dims;
  if (entries > 1)
    context.note(`The list shows the first of ${entries} batch entries; .npy and the values in .json contain all.`);
  const others = otherScores(model, output);
  if (!ownValues && !detections && others.length > 0)
    context.note(
      `This shows the output "${output.name}". The model also has ${others.map((name) => `"${name}"`).join(", ")}.`,
    );
}

/**
 * Outputs with something else to explain: no labels that scores chose, no recurrent states, no second name of the same
 * value.
 */
function otherScores(model: SampleContext["model"], { name: own, value, columns = [] }: ModelOutput): string[] {
  const { graph } = model.model;
  const makers = makersOf(graph);
  const source = (name: string): string => {
    for (let node = makers.get(name); node?.opType === "Identity"; node = makers.get(name)) name = node.inputs[0];
    return name;
  };
  const states = graph.inputs.filter((input) => isState(graph, input.name)).map(({ name }) => name);
  return (model.description.explainable ?? []).filter((name) => {
    const stands = model.explainable(name);
    return (
      name !== own &&
      !columns.includes(name) &&
      stands?.by !== "label" &&
      !isPlaceOfLargest(graph, name) &&
      source(stands?.value ?? name) !== source(value) &&
      !states.some((state) => pairs(state, name))
    );
  });
}

/** Of classes the first twenty; of anything else all, where a table can hold them. */
function listed({ dims, shape, meaning }: ModelOutput): number {
  const classes = ["logits", "probabilities", "independent", "log-probabilities"].includes(meaning.kind);
  const elements = elementCount(dims.slice(1));
  return (classes && dims.length === shape.length) || elements > MOST_LISTED ? 20 : elements;
}

/** Kinds of outputs in a sentence. */
const KIND_WORDS: Readonly<Record<OutputMeaning["kind"], string>> = {
  logits: "logits",
  probabilities: "probabilities",
  independent: "independent scores",
  "log-probabilities": "log-probabilities",
  regression: "plain values",
  label: "labels",
  mask: "a map",
  image: "a picture",
  boxes: "boxes",
  embedding: "a feature vector",
};

/** More values of a list of predictions stay in the engine: a vocabulary's at each place of a text are megabytes. */
const MOST_SENT = 2 ** 20;

/** The strongest entries of the chosen output, with class names; both classes where one number tells two apart. */
export function predictionBars(context: Parameters<typeof wholeBars>[0], count: number): BarsArtifact {
  return sentAlong(wholeBars(context, count));
}

function sentAlong(bars: BarsArtifact): BarsArtifact {
  return bars.values.length > MOST_SENT ? { ...bars, values: new Float32Array(0) } : bars;
}

function wholeBars(
  context: Pick<SampleContext, "output" | "classes" | "target" | "detections" | "ownValues" | "input">,
  count: number,
): BarsArtifact {
  const { output, classes, target, detections, ownValues } = context;
  if (
    !ownValues &&
    detections &&
    !("undecided" in detections) &&
    detections.boxes.some((box) => box.output === output.name)
  )
    return boxBars(context, detections, count);
  const { name, dims, values, meaning } = output;
  const shares = probabilitiesOf(output, values);
  const shown = shares?.values ?? values;
  const one = shown.subarray(0, elementCount(dims.slice(1)));
  // Of distances the nearest come first.
  const items: BarItem[] = Array.from(largestFew(meaning.least ? one.map((value) => -value) : one, count), (index) => ({
    index,
    label: classLabel(classes, output, index),
    value: shown[index],
    target: targetText({ index: elementIndex(dims, index) }),
  }));
  if (meaning.binary && shares && items.length === 1) {
    const [positive] = items;
    items.push({
      index: -1 - positive.index,
      label: negativeLabel(classes),
      value: 1 - positive.value,
      target: targetText({ index: elementIndex(dims, positive.index), not: true }),
    });
    items.sort((a, b) => b.value - a.value);
  }
  const selected =
    target.region || target.at.length !== 1 ? undefined : target.negated ? -1 - target.at[0] : target.at[0];
  return {
    kind: "bars",
    id: "predictions",
    title: "Predictions",
    share: shares !== undefined,
    noun: nounOf(context),
    quantity: shares ? "probability" : name,
    items,
    values: shown,
    dims,
    ...(selected === undefined ? {} : { selected }),
    caption: shares
      ? shares.how
      : `${meaning.least ? "smallest" : "largest"} values of ${name} (${KIND_WORDS[meaning.kind]}). ${meaning.why}`,
  };
}

/** What one value of the output is called. */
function nounOf(context: Pick<SampleContext, "output" | "input" | "classes">): NonNullable<BarsArtifact["noun"]> {
  const { output, input } = context;
  const { dims, meaning } = output;
  if (isWave(context)) return "sample";
  if (meaning.kind === "embedding") return "dimension";
  if (meaning.kind === "mask" || meaning.kind === "image" || (dims.length > 2 && denseOutput(output, input)))
    return "pixel";
  if (!["logits", "probabilities", "independent", "log-probabilities", "label"].includes(meaning.kind))
    return "element";
  const vector = dims.slice(1).filter((size) => size > 1).length <= 1;
  if (vector) return "class";
  return input.tokensOf === undefined ? "element" : "token";
}

/** A detector's strongest boxes whose class scores are in the chosen output. */
function boxBars(
  { output, target }: Pick<SampleContext, "output" | "target">,
  { boxes, head }: Detections,
  count: number,
): BarsArtifact {
  const { name, dims, values } = output;
  const own = boxes.filter((box) => box.output === name).slice(0, count);
  const items = own.map((box): BarItem => ({
    index: flatIndex(output, normaliseIndex(dims, box.target.split(",").map(Number))),
    label: String(box.class),
    value: box.score,
    target: box.target,
  }));
  const selected = target.region || target.at.length !== 1 ? undefined : target.at[0];
  return {
    kind: "bars",
    id: "predictions",
    title: "Predictions",
    share: false,
    noun: "box",
    quantity: "score",
    items,
    values,
    dims,
    ...(selected === undefined ? {} : { selected }),
    caption: `boxes with the highest scores, read as ${head}`,
  };
}
