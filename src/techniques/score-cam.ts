import { openTail } from "../runtime/tail.ts";
import { UsageError } from "../model/errors.ts";
import { resizeAligned } from "../math/resize-aligned.ts";
import { spatialSize } from "../runtime/layout.ts";
import { weightedSum, type ChannelView } from "./channels.ts";
import { layerActivations, layerMaps, positive } from "./gradient-cams.ts";
import { breathe } from "./noise.ts";
import { GRID, RELU, SCORE } from "./params.ts";
import { technique, type Context } from "./technique.ts";

/** Masked inputs that run at once, where the model's batch axis is open. */
const BATCH = 16;
/** pytorch-grad-cam's, against channels that are the same everywhere. */
const EPSILON = 1e-8;

/**
 * ReLU(Σₖ wₖ Aᵏ), w the softmax over channels of the target's scores for the input masked by each channel, resized to the input
 * (bilinear, corners aligned) and scaled to 0..1 (Algorithm 1 of the paper; the baseline's score falls out of the softmax).
 */
export const scoreCam = technique({
  info: {
    id: "score-cam", title: "Score-CAM", command: "Visualize Score-CAM", group: "cam",
    summary: "Channels weighted by the score that is left when only what they cover of the input is shown. No gradients; a run for each channel.",
    cite: "Wang et al. 2020",
    needs: { target: true, layer: "spatial", several: true, gradient: false },
    params: [RELU, SCORE, GRID],
  },
  run: (context) => layerMaps(context, { id: "score-cam", title: "Score-CAM", quantity: "Σₖ wₖAᵏ" }, async (layer) => {
    const activations = await layerActivations(context, layer);
    return positive(context, weightedSum(activations, softmax(await maskedScores(context, activations))));
  }),
});

/** The target's score for the input masked by each channel. */
async function maskedScores(context: Context, activations: ChannelView): Promise<number[]> {
  const { input } = context;
  const { layout } = input;
  if (!layout || layout.spatial.length !== activations.size.length) {
    const sizes = `"${input.name}" [${input.dims.join(", ")}] has no space like the layer's [${activations.size.join(", ")}]`;
    throw new UsageError(`Score-CAM masks the input by a layer's channels, and ${sizes}.`, input.name, "Grad-CAM and Ablation-CAM do without masks.");
  }
  const size = spatialSize(layout, input.dims);
  const places = placesOf(input.dims, layout.spatial);
  const tail = await openTail(context.model, context.feeds, { from: input.name, to: (await context.score()).value, batch: BATCH });
  if (!tail) throw context.independent(input.name);
  try {
    const scores: number[] = [];
    while (scores.length < activations.channels) {
      context.signal.throwIfAborted();
      context.progress(scores.length / activations.channels, `Channel ${scores.length + 1} of ${activations.channels}`);
      const count = Math.min(tail.batch, activations.channels - scores.length);
      const copies = Array.from({ length: count }, (_, i) => {
        const start = (scores.length + i) * activations.area;
        const mask = unitRange(resizeAligned(activations.values.subarray(start, start + activations.area), activations.size, size));
        return input.values.map((number, at) => number * mask[places[at]]);
      });
      for (const elements of await tail.run(copies)) scores.push(context.scoreIn(elements));
      await breathe();
    }
    return scores;
  } finally {
    await tail.release();
  }
}

/** For each element of a tensor, its place in space, row-major over `spatial`. */
function placesOf(dims: readonly number[], spatial: readonly number[]): Int32Array {
  const places = new Int32Array(dims.reduce((product, dim) => product * dim, 1));
  for (let at = 0; at < places.length; at++) {
    const index = new Array<number>(dims.length);
    for (let axis = dims.length - 1, rest = at; axis >= 0; axis--) {
      index[axis] = rest % dims[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    places[at] = spatial.reduce((place, axis) => place * dims[axis] + index[axis], 0);
  }
  return places;
}

function unitRange(values: Float32Array): Float32Array {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return values.map((value) => (value - low) / (high - low + EPSILON));
}

function softmax(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
