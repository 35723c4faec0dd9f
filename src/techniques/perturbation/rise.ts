import type { ParamsOf } from "../../protocol/technique.ts";
import { elementCount } from "../../model/graph.ts";
import { maskShape, randomMask, type MaskShape } from "../../math/random-masks.ts";
import { Random } from "../../math/random.ts";
import type { Artifact } from "../../protocol/artifacts.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { batchFor } from "../../runtime/batch.ts";
import { spatialSize } from "../../runtime/layout.ts";
import { probabilitiesOf } from "../../runtime/outputs.ts";
import { openPartialModel } from "../../runtime/partial-model.ts";
import { BASELINE, baselineOf } from "../framework/baselines.ts";
import { placesOf } from "../framework/channels.ts";
import { formatNumber } from "../../protocol/format.ts";
import { integersOf } from "../framework/input-numbers.ts";
import { jointPlaces } from "../framework/joint-places.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { choiceParam, numberParam, seedParam, wholeNumberParam } from "../framework/params.ts";
import { aboutInput, activationMap, inputAttribution, ofInputs } from "../framework/pictures.ts";
import { technique, type InputInfo, type SampleContext, type TechniqueOutput } from "../framework/technique.ts";
import { requireSeveral } from "../checks/features.ts";

const PARAMS = [
  wholeNumberParam(
    "masks",
    "Masks",
    { default: 4000, min: 1, max: 1_000_000, step: 500 },
    "Number of random masks, each one run of the model. The paper uses 4000 for VGG-16 and 8000 for ResNet-50; the error decreases with the square root of the number.",
  ),
  wholeNumberParam(
    "cells",
    "Cells",
    { default: 7, min: 1, max: 1024 },
    "Cells of a mask along each spatial axis. In a table row each column is a cell, in text each token.",
  ),
  numberParam(
    "probability",
    "Shown",
    { default: 0.5, min: 0.01, max: 0.99, step: 0.05 },
    "Probability that a cell is shown.",
  ),
  seedParam("The same seed gives the same masks."),
  BASELINE,
  choiceParam(
    "score",
    "Score",
    [
      ["probability", "Probability"],
      ["logit", "Logit"],
      ["output", "Output"],
      ["loss", "Loss"],
    ],
    "What is averaged: the target's probability, as in the paper; the input of the last Softmax or Sigmoid (logit); the output; or the cross-entropy loss.",
  ),
] as const satisfies readonly ParamSpec[];

/**
 * Σᵢ y(x ⊙ mᵢ) · mᵢ / (N·p) over N random masks: how high the score is, in the mean, where a place is shown (Petsiuk,
 * Das & Saenko 2018, equation 6). Raw over space, all channels together; over a table row's columns and a text's
 * tokens.
 */
export const rise = technique({
  info: {
    id: "rise",
    title: "RISE",
    command: "Visualize RISE",
    group: "perturbation",
    summary:
      "The mean of random masks, each weighted by the score of the masked input. Needs no gradients, but thousands of runs.",
    cite: "Petsiuk, Das & Saenko 2018",
    needs: { input: "one", target: true, layer: "none", gradient: false },
    params: PARAMS,
  },
  async run(context) {
    const { masks, probability } = context.params;
    const { places, shape } = maskedPlaces(context.input, context.params.cells);
    requireSeveral(context.input, elementCount(shape.size), "RISE");
    const draw = (values: Float32Array, drawn = masks): TechniqueOutput => {
      const count = drawn < masks ? `${drawn} of ${masks}` : masks;
      const caption = `${count} masks of ${shape.cells.join("×")} cells, shown with probability ${formatNumber(probability)}`;
      return outputOf(context, shape, values, caption);
    };
    const values = await sample(context, places, shape, await baselineOf(context), (soFar, drawn) =>
      context.show(() => draw(soFar(), drawn).views),
    );
    context.checkResult(values, context.input.name);
    return draw(values);
  },
});

function outputOf(context: SampleContext, shape: MaskShape, values: Float32Array, caption: string): TechniqueOutput {
  const integers = integersOf(context.input);
  const joint = jointPlaces(context.input);
  if (!joint) {
    const own = integers?.shown ?? context.input;
    return {
      raw: { dims: integers?.shown.dims ?? shape.size, values, ...(integers ? { byPlace: true } : {}) },
      views: [pictureOf(context, own, values, shape.size, caption)],
    };
  }
  const inputs = joint.parts.map(({ input, shown, dims, from, before }) => ({
    name: input,
    shown,
    dims,
    values: values.slice(from, before),
  }));
  return {
    raw: { dims: shape.size, values, byPlace: true },
    inputs: inputs.map(({ shown: _, ...numbers }) => numbers),
    views: ofInputs(
      inputs.map((one) => ({
        input: one.name,
        artifacts: [pictureOf(context, one.shown, one.values, one.dims, caption)],
      })),
    ),
  };
}

/** For each of the input's elements the place of the mask that covers it, and how masks are made. */
function maskedPlaces(input: InputInfo, cells: number): { places: Int32Array; shape: MaskShape } {
  const { dims, layout, tokensOf, values } = input;
  const integers = integersOf(input);
  if (integers)
    return { places: integers.places, shape: maskShape([integers.shown.values.length], integers.shown.values.length) };
  const joint = jointPlaces(input);
  if (joint) return { places: joint.places, shape: maskShape([1, joint.count], joint.count) };
  if (!layout) return { places: Int32Array.from(values.keys()), shape: maskShape(dims, elementCount(dims)) };
  const size = spatialSize(layout, dims);
  return {
    places: placesOf(dims, layout.spatial),
    shape: maskShape(size, tokensOf === undefined ? cells : elementCount(size)),
  };
}

async function sample(
  context: SampleContext<ParamsOf<typeof PARAMS>>,
  places: Int32Array,
  shape: MaskShape,
  baseline: Float32Array,
  show: (soFar: () => Float32Array, drawn: number) => void,
): Promise<Float32Array> {
  const { name, values: input } = context.input;
  const [count, probability] = [context.params.masks, context.params.probability];
  const { value: to, scoreOf } = await scored(context);
  const tail = await openPartialModel(context.model, context.feeds, {
    from: name,
    to,
    batch: batchFor(input.length, count),
  });
  if (!tail) throw context.independent(name);
  try {
    const random = new Random(context.params.seed);
    const sum = new Float64Array(elementCount(shape.size));
    const squares = new Float64Array(sum.length);
    for (let done = 0; done < count; done += tail.batch) {
      context.signal.throwIfAborted();
      context.progress(done / count, `Mask ${done + 1} of ${count}`);
      const masks = Array.from({ length: Math.min(tail.batch, count - done) }, () =>
        randomMask(random, shape, probability),
      );
      const results = await tail.run(masks.map((mask) => masked(input, baseline, places, mask)));
      masks.forEach((mask, i) => {
        const score = scoreOf(results[i]);
        for (let place = 0; place < sum.length; place++) {
          const part = score * mask[place];
          sum[place] += part;
          squares[place] += part * part;
        }
      });
      const drawn = done + masks.length;
      if (drawn < count) show(() => Float32Array.from(sum, (total) => total / (drawn * probability)), drawn);
      await yieldToEventLoop();
    }
    if (count > 1) noteError(context, sum, squares, count, probability);
    return Float32Array.from(sum, (total) => total / (count * probability));
  } finally {
    await tail.release();
  }
}

/** The value to run to, and the score in its elements: the paper's is a probability. */
async function scored(context: SampleContext): Promise<{ value: string; scoreOf: (values: Float32Array) => number }> {
  const { output, target } = context;
  if (context.params.score === "probability") {
    const one = { meaning: output.meaning, dims: [1, ...output.dims.slice(1)] };
    const found = probabilitiesOf(one, output.values.subarray(0, elementCount(one.dims)));
    if (found) {
      context.note(`The score is the probability of ${target.label}: ${found.how}.`);
      return {
        value: output.value,
        scoreOf: (values) => context.scoreIn(probabilitiesOf(one, values)!.values, "probability"),
      };
    }
    context.note(
      `The output "${output.name}" [${output.shape.join(", ")}] is not a list of class probabilities: the score is the output itself.`,
    );
    return { value: output.value, scoreOf: (values) => context.scoreIn(values) };
  }
  const { value, kind } = await context.score();
  if (kind !== "loss") context.note(`The score is the ${kind} of ${target.label}.`);
  return { value, scoreOf: (values) => context.scoreIn(values) };
}

/** The input where the mask is 1, the baseline where it is 0, and between them between. */
function masked(input: Float32Array, baseline: Float32Array, places: Int32Array, mask: Float32Array): Float32Array {
  const copy = new Float32Array(input.length);
  // What belongs to no token is never hidden.
  for (let at = 0; at < copy.length; at++)
    copy[at] = places[at] < 0 ? input[at] : baseline[at] + (input[at] - baseline[at]) * mask[places[at]];
  return copy;
}

/** Says how far the map's places are off in the mean for having tried so few masks, beside how far they differ. */
function noteError(
  context: SampleContext,
  sum: Float64Array,
  squares: Float64Array,
  count: number,
  probability: number,
): void {
  let [error, low, high] = [0, Infinity, -Infinity];
  for (let place = 0; place < sum.length; place++) {
    const mean = sum[place] / count;
    error += Math.sqrt(Math.max(0, squares[place] / count - mean * mean) / (count - 1)) / probability / sum.length;
    low = Math.min(low, mean / probability);
    high = Math.max(high, mean / probability);
  }
  context.note(
    `The map ranges from ${formatNumber(low)} to ${formatNumber(high)}; the mean standard error of its values is ${formatNumber(error)}. More masks reduce it.`,
  );
}

function pictureOf(
  context: SampleContext,
  input: InputInfo,
  values: Float32Array,
  size: readonly number[],
  caption: string,
): Artifact {
  const looks = {
    id: "rise",
    title: "RISE",
    quantity: "Σ y(x⊙m)·m / (N·p)",
    signed: values.some((value) => value < 0),
    caption,
  };
  if (input.tokensOf !== undefined)
    return {
      kind: "tokens",
      ...looks,
      tokens: Array.from(values, (_, token) => input.labels?.[token] ?? String(token)),
      values,
      dims: [values.length],
    };
  return input.layout
    ? activationMap(context, values, size, looks)
    : inputAttribution(aboutInput(context, input), values, looks);
}
