import { UsageError } from "../model/errors.ts";
import { isSpatial, type Layout } from "../runtime/layout.ts";
import { floatsOf, type Feeds } from "../runtime/ort.ts";
import { channelView, relu, type ChannelView } from "./channels.ts";
import { withNoise } from "./noise.ts";
import { NOISE, RELU, SCORE } from "./params.ts";
import { activationMap } from "./pictures.ts";
import { noiseCaption } from "./saliency.ts";
import { technique, type Context, type LayerInfo, type Technique, type TechniqueOutput } from "./technique.ts";

/** What Grad-CAM and its kin differ in: how a layer's activations and their gradients become a map. */
export interface GradientCam {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly cite: string;
  /** The map before Relu, as a formula. */
  readonly quantity: string;
  /** Activations and ∂score/∂activations, both [channels, space] -> the map over space, before Relu. */
  map(activations: ChannelView, gradients: ChannelView): Float32Array;
}

/** A class activation map made of a layer's activations and gradients: raw in the layer's size, not scaled. */
export function gradientCam({ id, title, summary, cite, quantity, map }: GradientCam): Technique {
  return technique({
    info: {
      id, title, command: `Visualize ${title}`, group: "cam", summary, cite,
      needs: { target: true, layer: "spatial", gradient: true },
      params: [RELU, SCORE, ...NOISE],
    },
    async run(context) {
      const layer = await spatialLayer(context);
      return mapOutput(context, layer, { id, title, quantity }, await withNoise(context, async (feeds) => {
        const { activations, gradients } = await layerGradients(context, layer, feeds);
        return positive(context, map(activations, gradients));
      }));
    },
  });
}

/** A layer with channels and space over 1×1. */
export type SpatialLayer = LayerInfo & { readonly layout: Layout & { channel: number } };

/** The layer asked for or picked; UsageError where it has no space. */
export async function spatialLayer(context: Context): Promise<SpatialLayer> {
  const layer = await context.layer("spatial");
  const { layout, dims, value } = layer;
  if (!isSpatial(layout, dims)) throw new UsageError(`"${value}" [${dims.join(", ")}] has no height and width over 1×1.`, value, "Choose a convolutional layer before the pooling.");
  return { ...layer, layout };
}

/** A layer's activations and the score's gradients by them, both [channels, space]. */
export async function layerGradients(context: Context, { value, dims, layout }: SpatialLayer, feeds?: Feeds): Promise<{ activations: ChannelView; gradients: ChannelView }> {
  const { gradients, values } = await context.gradients({ wrt: [value], fetch: [value] }, feeds);
  const gradient = gradients.get(value);
  if (!gradient) throw context.independent(value);
  const slopes = floatsOf(gradient);
  context.checkGradient(slopes, value);
  return { activations: channelView(floatsOf(values.get(value)!), dims, layout), gradients: channelView(slopes, dims, layout) };
}

/** The map without its negative part, where that is asked for. */
export function positive(context: Context, map: Float32Array): Float32Array {
  return context.params.relu === true ? relu(map) : map;
}

/** A map over a layer's space, raw and as a picture. */
export function mapOutput(context: Context, layer: SpatialLayer, looks: { id: string; title: string; quantity: string }, values: Float32Array): TechniqueOutput {
  const size = layer.layout.spatial.map((axis) => layer.dims[axis]);
  const onlyPositive = context.params.relu === true;
  const artifact = activationMap(context, values, size, {
    id: looks.id, title: looks.title, quantity: onlyPositive ? `ReLU(${looks.quantity})` : looks.quantity, signed: !onlyPositive,
    caption: noiseCaption(context.params, `${layer.node} · ${size.join("×")}`),
  });
  return { raw: { dims: size, values }, artifacts: [artifact] };
}

/** Σₖ f(Aᵏ, Gᵏ) at each place. */
export function sumOverChannels(activations: ChannelView, gradients: ChannelView, f: (activation: number, gradient: number) => number): Float32Array {
  const { channels, area } = activations;
  const map = new Float64Array(area);
  for (let channel = 0, at = 0; channel < channels; channel++) {
    for (let i = 0; i < area; i++, at++) map[i] += f(activations.values[at], gradients.values[at]);
  }
  return Float32Array.from(map);
}

/** A weight for each channel: the sum over space of f(A, G, the channel's ΣA). */
export function channelWeights(activations: ChannelView, gradients: ChannelView, f: (activation: number, gradient: number, total: number) => number): Float64Array {
  const { channels, area } = activations;
  return Float64Array.from({ length: channels }, (_, channel) => {
    const start = channel * area;
    let [total, weight] = [0, 0];
    for (let at = start; at < start + area; at++) total += activations.values[at];
    for (let at = start; at < start + area; at++) weight += f(activations.values[at], gradients.values[at], total);
    return weight;
  });
}
