import type { Feeds } from "../../runtime/ort.ts";
import type { NoiseParams } from "../framework/smoothgrad.ts";
import { ofCopies, overCopies, type Looks } from "../framework/over-copies.ts";
import { channelView, tokensNote } from "../framework/channels.ts";
import { elementCount } from "../../model/graph.ts";
import type { Artifact, SpatialAxes } from "../../protocol/artifacts.ts";
import { framesOf, spatialAxes, type Layout } from "../../runtime/layout.ts";
import { batchOf, framesFor } from "../framework/frames.ts";
import { planOf } from "../activations/layer-plan.ts";
import { aboutInput, inputAttribution, tokenAttribution, type AttributionLooks } from "../framework/pictures.ts";
import { isSignal } from "../framework/signal-input.ts";
import { linesOf } from "../framework/signals.ts";
import type { LayerInfo, ResultAbout, SampleContext, TechniqueOutput } from "../framework/technique.ts";

/** So many of a vector's units are shown, the largest first. */
const MOST_BARS = 50;

/**
 * The picture of an attribution in a layer's shape: a heat map over the input where the layer has height and width (a
 * transformer's tokens in their grid, without those apart from it), coloured tokens where it has a vector for each of the input's, else its largest units as bars.
 */
export function layerPicture(
  context: SampleContext,
  layer: LayerInfo,
  values: Float32Array,
  looks: AttributionLooks,
): Artifact {
  const { input } = context;
  const { dims, layout } = layer;
  const inputs = input.parts?.map(({ shown }) => shown) ?? [input];
  const own = inputs.find(({ name }) => name === layer.value);
  if (own) return inputAttribution(aboutInput(context, own), values, looks);
  const text = inputs.find(
    ({ tokensOf, dims: of }) => tokensOf !== undefined && dims.length === 3 && dims[1] === of[1],
  );
  if (text) return tokenAttribution({ labels: text.labels, dims }, values, looks);
  const picture = inputs.find((one) => one.picture !== undefined)?.picture;
  const over = picture ? { over: picture } : {};
  if (layout?.tokens && layout.channel !== undefined) {
    const { channels, size, values: placed } = channelView(values, dims, { ...layout, channel: layout.channel });
    const grid = { values: placed, dims: [1, channels, ...size], axes: { channel: 1, height: 2, width: 3 } };
    if (size.length === 2) {
      context.note(tokensNote(layout.tokens));
      return { kind: "heatmap", ...looks, ...grid, ...over, smooth: true };
    }
  }
  const axes = layout && layerAxes(context, layer, layout);
  // A picture has the axes it names; others, batch apart, it has not.
  const drawn =
    axes &&
    [axes.frame, axes.channel, axes.height, axes.width].reduce<number>(
      (product, axis) => product * (axis === undefined ? 1 : dims[axis]),
      1,
    );
  if (axes && drawn === elementCount(dims)) {
    if (isSignal(layout) && !picture) return linesOf(context, values, dims, axes, looks, "layer");
    return {
      kind: "heatmap",
      ...looks,
      values,
      dims,
      axes,
      ...framesFor(context, axes, dims, layout.spatial.length === 3 ? "slice" : "frame"),
      ...over,
      smooth: true,
    };
  }
  const plan = planOf(values, { ...layer, frames: framesOf(layout, dims, batchOf(context)) }, batchOf(context));
  if (plan.kind === "line") {
    if (plan.guessed) noteGuess(context, layer, plan.axes);
    return linesOf(
      context,
      values,
      dims,
      plan.axes,
      { ...looks, caption: `${looks.caption} · ${sizeText(plan.axes, dims)}` },
      plan.guessed || layout?.tokens ? "axes" : "layer",
    );
  }
  return largestUnits(layer, values, looks);
}

/** An attribution in a layer's shape, over noisy copies where those are asked for. */
export function layerOverCopies(
  context: SampleContext<NoiseParams>,
  layer: LayerInfo,
  looks: Looks,
  about: ResultAbout,
  attribute: (feeds: Feeds) => Promise<Float32Array>,
): Promise<TechniqueOutput> {
  const { value, dims } = layer;
  const draw = (values: Float32Array): TechniqueOutput => ({
    raw: { dims, values },
    views: [layerPicture(context, layer, values, ofCopies(context, looks))],
  });
  return overCopies(context, { value, about, draw }, attribute);
}

/** A layer's units with the largest magnitudes, as bars. */
function largestUnits({ value, dims }: LayerInfo, values: Float32Array, looks: AttributionLooks): Artifact {
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  return {
    kind: "bars",
    ...looks,
    share: false,
    values,
    dims,
    items: order
      .slice(0, MOST_BARS)
      .map((index) => ({ label: `${value}[${placeOf(index, dims).join(", ")}]`, value: values[index], index })),
  };
}

/** "10 steps, 4 channels". */
export function sizeText({ height, width }: SpatialAxes, dims: readonly number[]): string {
  return `${dims[width]} steps, ${dims[height]} channel${dims[height] === 1 ? "" : "s"}`;
}

/** Says which axis is taken for time where nothing tells. */
export function noteGuess(context: SampleContext, { value, dims }: LayerInfo, { height, width }: SpatialAxes): void {
  context.note(
    `"${value}" [${dims.join(", ")}] is drawn with axis ${width} (${dims[width]}) horizontally, as time, and axis ${height} (${dims[height]}) as channels.`,
  );
}

/** How a layer is drawn, its frames along the axis that holds them. */
function layerAxes(context: SampleContext, { dims }: LayerInfo, layout: Layout): SpatialAxes | undefined {
  const axes = spatialAxes(layout);
  const { axis, count, stride } = framesOf(layout, dims, batchOf(context));
  return axes && axes.frame === undefined && count > 1 && stride === 1 ? { ...axes, frame: axis } : axes;
}

/** A flat index as one per axis, without the batch's. */
export function placeOf(index: number, dims: readonly number[]): number[] {
  const place: number[] = [];
  for (let axis = dims.length - 1; axis > 0; axis--) {
    place.unshift(index % dims[axis]);
    index = Math.floor(index / dims[axis]);
  }
  return place;
}
