import { elementCount } from "../../model/graph.ts";
import { openPartialModel, type PartialModel } from "../../runtime/partial-model.ts";
import { frameViews, stackedMaps, weightedSum, type ChannelView } from "../framework/channels.ts";
import { layerMaps, positive, type SpatialLayer } from "./gradient-cams.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { GRID, RELU, SCORE } from "../framework/params.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/**
 * What follows a layer is quick: tracing the whole model for a batch of changed layers takes longer than running them
 * one by one.
 */
const BATCH = 1;

/**
 * ReLU(Σₖ wₖ Aᵏ) with wₖ = (y − yₖ) / y, yₖ the score with channel k set to zero (equation 3 of the paper). Only what
 * follows the layer is run for each channel, and channels that are zero already are not.
 */
export const ablationCam = technique({
  info: {
    id: "ablation-cam",
    title: "Ablation-CAM",
    command: "Visualize Ablation-CAM",
    group: "cams",
    summary:
      "Channels weighted by how much the score drops when they are set to zero. Needs no gradients; the rest of the model runs once per channel.",
    cite: "Desai & Ramaswamy 2020",
    needs: { input: "one", target: true, layer: "spatial", several: true, gradient: false },
    passesFollowInput: true,
    params: [RELU, SCORE, GRID],
  },
  run: (context) =>
    layerMaps(context, { id: "ablation-cam", title: "Ablation-CAM", quantity: "Σₖ wₖAᵏ" }, async (layer) => {
      const tail = await openPartialModel(context.model, context.feeds, {
        from: layer.value,
        to: (await context.score()).value,
        batch: BATCH,
      });
      if (!tail) throw context.independent(layer.value);
      try {
        const views = frameViews(tail.values, layer);
        const weights = await drops(context, layer, tail, views);
        return positive(context, stackedMaps(views.map((view, frame) => weightedSum(view, weights[frame]))));
      } finally {
        await tail.release();
      }
    }),
});

/** (y − yₖ) / y for each channel of each frame: the other frames stay as they are. */
async function drops(
  context: SampleContext,
  layer: SpatialLayer,
  tail: PartialModel,
  views: readonly ChannelView[],
): Promise<Float64Array[]> {
  const [whole] = await tail.run([tail.values]);
  const score = context.scoreIn(whole);
  if (score < 0) {
    context.note(
      `The score is negative (${score.toPrecision(3)}). As in the paper, drops are divided by the score, so channels that raise it get negative weights.`,
    );
  }
  if (score === 0) context.note("The score is zero, so drops are not divided by it.");
  const weights = views.map(({ channels }) => new Float64Array(channels));
  const alive = views.flatMap(({ channels, area, values }, frame) =>
    Array.from({ length: channels }, (_, channel) => ({ frame, channel })).filter(({ channel }) =>
      values.subarray(channel * area, (channel + 1) * area).some((value) => value !== 0),
    ),
  );
  for (let done = 0; done < alive.length; done += tail.batch) {
    context.signal.throwIfAborted();
    context.progress(done / alive.length, `Channel ${done + 1} of ${alive.length}`);
    const hidden = alive.slice(done, done + tail.batch);
    const results = await tail.run(hidden.map(({ frame, channel }) => without(tail.values, layer, frame, channel)));
    results.forEach((elements, i) => {
      weights[hidden[i].frame][hidden[i].channel] = (score - context.scoreIn(elements)) / (score === 0 ? 1 : score);
    });
    await yieldToEventLoop();
  }
  return weights;
}

/** A copy of the layer's value with one channel of one frame set to zero, tokens apart from the grid among it. */
function without(
  values: Float32Array,
  { dims, layout, frames }: SpatialLayer,
  frame: number,
  channel: number,
): Float32Array {
  const copy = values.slice();
  const inner = elementCount(dims.slice(layout.channel + 1));
  const stride = inner * dims[layout.channel];
  const [step, entry] = [elementCount(dims.slice(frames.axis + 1)), frame * frames.stride];
  const isWhole = frames.count === 1;
  for (let start = channel * inner; start < copy.length; start += stride) {
    // Where the frame's axis lies before the channels', a run of `inner` elements is of one frame.
    if (isWhole || Math.floor(start / step) % dims[frames.axis] === entry) copy.fill(0, start, start + inner);
  }
  return copy;
}
