import { batchFor } from "../../runtime/batch.ts";
import { openPartialModel } from "../../runtime/partial-model.ts";
import { UsageError } from "../../model/errors.ts";
import { resizeAligned } from "../../math/resize-aligned.ts";
import { spatialSize } from "../../runtime/layout.ts";
import { placesOf, stackedMaps, weightedSum, type ChannelView } from "../framework/channels.ts";
import { inputFrames } from "../framework/frames.ts";
import { layerActivations, layerMaps, positive } from "./gradient-cams.ts";
import { inputName, inputSaid } from "../framework/input-name.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { GRID, RELU, SCORE } from "../framework/params.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/** pytorch-grad-cam's, against channels that are the same everywhere. */
const EPSILON = 1e-8;

/**
 * ReLU(Σₖ wₖ Aᵏ), w the softmax over channels of the target's scores for the input masked by each channel, resized to
 * the input (bilinear, corners aligned) and scaled to 0..1 (Algorithm 1 of the paper; the baseline's score falls out of
 * the softmax).
 */
export const scoreCam = technique({
  info: {
    id: "score-cam",
    title: "Score-CAM",
    command: "Visualize Score-CAM",
    group: "cams",
    summary:
      "Channels weighted by the score of the input masked with the channel. Needs no gradients; one run per channel.",
    cite: "Wang et al. 2020",
    needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
    passesFollowInput: true,
    params: [RELU, SCORE, GRID],
  },
  run: (context) =>
    layerMaps(context, { id: "score-cam", title: "Score-CAM", quantity: "Σₖ wₖAᵏ" }, async (layer, draw) => {
      const views = await layerActivations(context, layer);
      const mapOf = (scores: readonly number[][]): Float32Array =>
        positive(context, stackedMaps(views.map((view, frame) => weightedSum(view, softmax(scores[frame])))));
      // A channel that was not run yet has no weight.
      const show = draw && ((scores: readonly number[][]) => context.show(() => draw(mapOf(scores))));
      return mapOf(await maskedScores(context, views, show));
    }),
});

/** A mask of one frame that some of its channels make. */
interface FrameMask {
  readonly frame: number;
  readonly channels: readonly number[];
}

/**
 * The target's score for the input masked by each channel, of each frame: a channel of a frame masks that frame of the
 * input, and the others stay as they are. Channels that make the same mask share one run.
 */
async function maskedScores(
  context: SampleContext,
  views: readonly ChannelView[],
  show?: (soFar: readonly number[][]) => void,
): Promise<number[][]> {
  const { input } = context;
  const { layout } = input;
  const frames = inputFrames(context);
  const [{ size: from }] = views;
  if (!layout || layout.spatial.length !== from.length || (views.length > 1 && frames?.count !== views.length)) {
    const sizes =
      views.length > 1
        ? `${inputSaid(input)} does not have the layer's ${views.length} frames`
        : `${inputSaid(input)} does not have the layer's spatial axes, [${from.join(", ")}]`;
    throw new UsageError(
      `Score-CAM masks the input with a layer's channels, and ${sizes}.`,
      inputName(input),
      "Grad-CAM and Ablation-CAM need no masks.",
    );
  }
  const size = spatialSize(layout, input.dims);
  const places = placesOf(input.dims, layout.spatial);
  const frameOf = views.length > 1 && frames ? placesOf(input.dims, [frames.axis]) : undefined;
  const masks = views.flatMap((view, frame): FrameMask[] =>
    channelsByMask(view).map((channels) => ({ frame, channels })),
  );
  const tail = await openPartialModel(context.model, context.feeds, {
    from: input.name,
    to: (await context.score()).value,
    batch: batchFor(input.values.length, masks.length),
  });
  if (!tail) throw context.independent(input.name);
  try {
    const scores = views.map(({ channels }) => new Array<number>(channels).fill(-Infinity));
    for (let done = 0; done < masks.length; done += tail.batch) {
      context.signal.throwIfAborted();
      context.progress(done / masks.length, `Channel ${done + 1} of ${masks.length}`);
      const batch = masks.slice(done, done + tail.batch);
      const results = await tail.run(
        batch.map(({ frame, channels: [channel] }) =>
          masked(input.values, places, maskOf(views[frame], channel, size), frameOf && ((at) => frameOf[at] === frame)),
        ),
      );
      results.forEach((elements, i) => {
        for (const channel of batch[i].channels) scores[batch[i].frame][channel] = context.scoreIn(elements);
      });
      if (done + batch.length < masks.length) show?.(scores);
      await yieldToEventLoop();
    }
    return scores;
  } finally {
    await tail.release();
  }
}

/**
 * Channels in groups that make the same mask: scaled to 0..1 they are the same to a millionth. All that are the same
 * everywhere are one group, whose mask is zero: in networks with Relu often most channels.
 */
export function channelsByMask({ channels, area, values }: ChannelView): number[][] {
  const groups = new Map<string, number[]>();
  for (let channel = 0; channel < channels; channel++) {
    const scaled = unitRange(values.subarray(channel * area, (channel + 1) * area));
    const key = Buffer.from(Int32Array.from(scaled, (value) => Math.round(value * 1e6)).buffer).toString("latin1");
    const group = groups.get(key);
    if (group) group.push(channel);
    else groups.set(key, [channel]);
  }
  return [...groups.values()];
}

/** A channel resized to the input and scaled to 0..1. */
function maskOf({ area, values, size: from }: ChannelView, channel: number, size: readonly number[]): Float32Array {
  const map = values.subarray(channel * area, (channel + 1) * area);
  // Resizing a constant would leave rounding, and scaling would make a mask of it.
  if (map.every((value) => value === map[0]))
    return new Float32Array(size.reduce((product, length) => product * length, 1));
  return unitRange(resizeAligned(map, from, size));
}

function masked(
  values: Float32Array,
  places: Int32Array,
  mask: Float32Array,
  isMasked?: (at: number) => boolean,
): Float32Array {
  const copy = new Float32Array(values.length);
  for (let at = 0; at < copy.length; at++)
    copy[at] = isMasked && !isMasked(at) ? values[at] : values[at] * mask[places[at]];
  return copy;
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
