import type { MaskArtifact, MaskClass } from "../../../protocol/artifacts.ts";
import { probabilitiesOf } from "../../../runtime/outputs.ts";
import type { SampleContext } from "../../framework/technique.ts";
import { denseOutput, type DenseOutput } from "./dense.ts";
import type { Reader } from "./reader.ts";

/** Which class is largest at each place: of scores [N, K, H, W] or [N, H, W, K], of one score, or of labels. */
export const segmentation: Reader = {
  as: "segmentation",
  problem({ output, input }) {
    return denseOutput(output, input) ? undefined : "it has no height and width over an input image";
  },
  guess({ output, input, classes }) {
    const { meaning } = output;
    const dense = denseOutput(output, input)!;
    const { channels, height, width } = dense;
    if (meaning.kind === "label")
      return channels === 1 ? { why: `It has a label for each of ${height}×${width} places.` } : undefined;
    if (meaning.kind !== "mask") return undefined;
    if (channels === 1)
      return meaning.form ? { why: `It has a probability for each of ${height}×${width} places.` } : undefined;
    return {
      why: `It has ${channels} channels over the image: they are taken for the scores of ${channels} classes.`,
      assumed: meaning.form === undefined && classes.length !== channels && meaning.why !== "Set in the recipe.",
    };
  },
  views: (context) => [maskOf(context, denseOutput(context.output, context.input)!)],
};

function maskOf(context: Pick<SampleContext, "output" | "input" | "classes">, dense: DenseOutput): MaskArtifact {
  const { output, input } = context;
  const read = readPlaces(context, dense);
  return {
    kind: "mask",
    id: "segmentation",
    title: "Segmentation",
    values: read.values,
    dims: [dense.height, dense.width],
    ...(read.scores ? { scores: read.scores } : {}),
    quantity: read.quantity,
    classes: countClasses(context, dense, read),
    ...(read.scores ? { source: dense.source } : {}),
    ...(input.picture ? { over: input.picture } : {}),
    caption: `${dense.height}×${dense.width}, ${read.how} (${output.name})`,
  };
}

interface Places {
  readonly values: Float32Array;
  readonly scores?: Float32Array;
  readonly quantity: string;
  readonly how: string;
  /** One score tells two classes apart: 1 where it is over the middle. */
  readonly two?: boolean;
}

function readPlaces({ output, input }: Pick<SampleContext, "output" | "input">, dense: DenseOutput): Places {
  const { channels, height, width, source } = dense;
  if (channels === 1 && output.meaning.kind === "label")
    return {
      values: eachPlace(dense, (row, column) => dense.at(0, row, column)),
      quantity: "label",
      how: "the model's own labels",
    };
  // Probabilities along the channels; along another axis they are none of a place's.
  const shares =
    channels === 1 || output.meaning.classAxis === source.axes.channel
      ? probabilitiesOf(output, output.values)
      : undefined;
  const shown = shares ? denseOutput({ ...output, values: shares.values }, input)! : dense;
  const quantity = shares ? "probability" : "logit";
  if (channels === 1) {
    const middle = shares || isShare(output.values) ? 0.5 : 0;
    const values = eachPlace(shown, (row, column) => (shown.at(0, row, column) > middle ? 1 : 0));
    return {
      values,
      scores: eachPlace(shown, (row, column) => shown.at(0, row, column)),
      quantity: middle === 0.5 ? "probability" : "logit",
      how: `${middle === 0.5 ? "probability" : "logit"} over ${middle}${shares ? `, ${shares.how}` : ""}`,
      two: true,
    };
  }
  const values = new Float32Array(height * width);
  const scores = new Float32Array(height * width);
  for (let place = 0; place < values.length; place++) {
    const [row, column] = [Math.floor(place / width), place % width];
    let best = 0;
    for (let channel = 1; channel < channels; channel++)
      if (shown.at(channel, row, column) > shown.at(best, row, column)) best = channel;
    values[place] = best;
    scores[place] = shown.at(best, row, column);
  }
  return {
    values,
    scores,
    quantity,
    how: `largest of ${channels} classes at each place${shares ? `, ${shares.how}` : ""}`,
  };
}

function eachPlace({ height, width }: DenseOutput, value: (row: number, column: number) => number): Float32Array {
  return Float32Array.from({ length: height * width }, (_, place) => value(Math.floor(place / width), place % width));
}

function isShare(values: Float32Array): boolean {
  return values.every((value) => value >= 0 && value <= 1);
}

/** The classes that occur, most places first. */
function countClasses(
  { classes }: Pick<SampleContext, "classes">,
  { channels }: DenseOutput,
  { values, two, scores }: Places,
): MaskClass[] {
  const counts = new Map<number, number>();
  for (const index of values) counts.set(index, (counts.get(index) ?? 0) + 1);
  const known = channels === 1 || classes.length === channels;
  const label = (index: number): string => {
    if (!two) return (known ? classes[index] : undefined) ?? `class ${index}`;
    const [other, own] = classes.length === 2 ? classes : ["background", classes[0] ?? "foreground"];
    return index === 1 ? own : other;
  };
  const channel = (index: number): Pick<MaskClass, "channel"> => {
    if (!scores || (two && index === 0)) return {};
    return { channel: two ? 0 : index };
  };
  return Array.from(counts, ([index, count]) => ({ index, label: label(index), count, ...channel(index) })).sort(
    (a, b) => b.count - a.count || a.index - b.index,
  );
}
