import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { channelMeans, frameViews, stackedMaps, weightedSum, type ChannelView } from "../framework/channels.ts";
import { layerMaps, withoutNegative, type MapContext, type SpatialLayer } from "./cam-layers.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { GRID, NOISE, RELU, SCORE } from "../framework/params.ts";
import { technique, type SampleContext, type SampleTechnique } from "../framework/technique.ts";

export { layerMaps, spatialLayer, type SpatialLayer } from "./cam-layers.ts";

/** What Grad-CAM and its kin differ in: how a layer's activations and their gradients become a map. */
export interface GradientCam {
  readonly id: string;
  readonly title: string;
  /** Its name in the palette, where that is not its title: see the palette's test. */
  readonly name?: string;
  readonly summary: string;
  readonly cite: string;
  /** The map before Relu, as a formula. */
  readonly quantity: string;
  /** What alone makes the map: "positive gradients". */
  readonly counts?: string;
  /** Activations and ∂score/∂activations, both [channels, space] -> the map over space, before Relu. */
  map(activations: ChannelView, gradients: ChannelView): Float32Array;
}

/** A class activation map made of a layer's activations and gradients: raw in the layer's size, not scaled. */
export function gradientCam({
  id,
  title,
  name = title,
  summary,
  cite,
  quantity,
  counts,
  map,
}: GradientCam): SampleTechnique {
  return technique({
    info: {
      id,
      title,
      command: `Visualize ${name}`,
      group: "cams",
      summary,
      cite,
      needs: { input: "one", target: true, layer: "spatial", several: true, gradient: true },
      params: [RELU, SCORE, GRID, ...NOISE],
    },
    run: (context) =>
      layerMaps(context, { id, title, quantity, ...(counts ? { counts } : {}) }, (layer, draw) =>
        withNoise(
          context,
          async (feeds) => {
            const { activations, gradients } = await layerGradients(context, layer, feeds);
            return positive(context, stackedMaps(activations.map((view, frame) => map(view, gradients[frame]))));
          },
          draw,
        ),
      ),
  });
}

/** A layer's activations and the score's gradients by them, both [channels, space], of each frame. */
export async function layerGradients(
  context: SampleContext,
  layer: SpatialLayer,
  feeds?: Feeds,
): Promise<{ activations: ChannelView[]; gradients: ChannelView[] }> {
  const { value } = layer;
  const { gradients, values } = await context.gradients({ wrt: [value], fetch: [value] }, feeds);
  const gradient = gradients.get(value);
  if (!gradient) throw context.independent(value);
  const slopes = frameViews(floatsOf(gradient), layer);
  checkSlopes(context, stackedMaps(slopes.map((view) => view.values)), value, feeds);
  return { activations: frameViews(floatsOf(values.get(value)!), layer), gradients: slopes };
}

/** Σₖ mean(Gᵏ) Aᵏ of each frame, from a layer's activations and what its channels are weighted by the mean of. */
export function weightedFrames(layer: SpatialLayer, activations: Float32Array, weights: Float32Array): Float32Array {
  const means = frameViews(weights, layer).map(channelMeans);
  return stackedMaps(frameViews(activations, layer).map((view, frame) => weightedSum(view, means[frame])));
}

/** Of the sample itself, slopes that are all zero are said to be; of one noisy copy among many that means nothing. */
export function checkSlopes(
  context: SampleContext,
  slopes: Float32Array,
  value: string,
  feeds: Feeds = context.feeds,
): void {
  if (feeds === context.feeds) context.checkResult(slopes, value, { kept: "the part at the map's positions" });
  else context.checkFinite(slopes, value);
}

/** A layer's activations, [channels, space] of each frame, by a forward run. */
export async function layerActivations(context: SampleContext, layer: SpatialLayer): Promise<ChannelView[]> {
  return frameViews(floatsOf((await context.model.forward(context.feeds, [layer.value])).get(layer.value)!), layer);
}

/** The map without its negative part, where that is asked for. */
export function positive(context: MapContext, map: Float32Array): Float32Array {
  return context.params.relu ? withoutNegative(context, map) : map;
}

/** Σₖ f(Aᵏ, Gᵏ) at each place. */
export function sumOverChannels(
  activations: ChannelView,
  gradients: ChannelView,
  f: (activation: number, gradient: number) => number,
): Float32Array {
  const { channels, area } = activations;
  const map = new Float64Array(area);
  for (let channel = 0, at = 0; channel < channels; channel++) {
    for (let i = 0; i < area; i++, at++) map[i] += f(activations.values[at], gradients.values[at]);
  }
  return Float32Array.from(map);
}

/** A weight for each channel: the sum over space of f(A, G, the channel's ΣA). */
export function channelWeights(
  activations: ChannelView,
  gradients: ChannelView,
  f: (activation: number, gradient: number, total: number) => number,
): Float64Array {
  const { channels, area } = activations;
  return Float64Array.from({ length: channels }, (_, channel) => {
    const start = channel * area;
    let [total, weight] = [0, 0];
    for (let at = start; at < start + area; at++) total += activations.values[at];
    for (let at = start; at < start + area; at++) weight += f(activations.values[at], gradients.values[at], total);
    return weight;
  });
}
