import type { MapParams } from "../framework/params.ts";
import { UsageError } from "../../model/errors.ts";
import { elementCount } from "../../model/graph.ts";
import { resizeLinear } from "../../math/resize-linear.ts";
import type { Artifact } from "../../protocol/artifacts.ts";
import { framesOf, isSpatial, spatialSize, type FrameAxis, type Layout } from "../../runtime/layout.ts";
import { relu, tokensNote } from "../framework/channels.ts";
import { batchOf, inputFrames } from "../framework/frames.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { activationMap } from "../framework/pictures.ts";
import { noiseCaption } from "../framework/smoothgrad.ts";
import type { SampleContext, LayerInfo, TechniqueOutput } from "../framework/technique.ts";

/** Of a technique that makes a map of a layer. */
export type MapContext = SampleContext<MapParams>;

/** A layer with channels and space over 1×1. */
export type SpatialLayer = LayerInfo & { readonly layout: Layout & { channel: number }; readonly frames: FrameAxis };

/** The size of a layer's maps: its space, and before it the frames where there are several. */
export function mapSize({ layout, dims, frames }: Pick<SpatialLayer, "layout" | "dims" | "frames">): number[] {
  return [...(frames.count > 1 ? [frames.count] : []), ...spatialSize(layout, dims)];
}

export interface MapLooks {
  readonly id: string;
  readonly title: string;
  /** The map before Relu, as a formula. */
  readonly quantity: string;
  /** What alone makes a map of this kind, for the sentence on one that is zero: "positive gradients". */
  readonly counts?: string;
}

/**
 * The map of the layer asked for or picked, raw in the layer's size; of several layers, the mean of their maps, each
 * brought to the input's size (linear between the places' centres) and divided by its largest value (of magnitude,
 * where negative ones are kept). `mapOf` may draw what it has so far, where there is one layer.
 */
export async function layerMaps(
  context: MapContext,
  looks: MapLooks,
  mapOf: (layer: SpatialLayer, draw?: (soFar: Float32Array) => readonly Artifact[]) => Promise<Float32Array>,
): Promise<TechniqueOutput> {
  const layers = (await context.layers("spatial")).map((layer) => onGrid(context, layer));
  if (layers.length === 1) {
    const map = await mapOf(layers[0], (soFar) => mapOutput(context, layers[0], looks, soFar).views);
    noteZeroMap(context, map, layers[0].value, looks.counts);
    return mapOutput(context, layers[0], looks, map);
  }
  const { layout, dims, name } = context.input;
  const own = inputFrames(context);
  const size = layout
    ? [...(layers[0].frames.count > 1 ? [own?.count ?? layers[0].frames.count] : []), ...spatialSize(layout, dims)]
    : [];
  const other = layers.find(
    (layer) => mapSize(layer).length !== size.length || (layer.frames.count > 1 && layer.frames.count !== size[0]),
  );
  if (other) {
    throw new UsageError(
      `Maps of several layers are resized to the input and averaged, but "${name}" [${dims.join(", ")}] does not have the spatial axes of "${other.value}" [${other.dims.join(", ")}].`,
      other.value,
      "Choose one layer.",
    );
  }
  const mean = new Float64Array(elementCount(size));
  for (const [index, layer] of layers.entries()) {
    context.signal.throwIfAborted();
    context.progress(index / layers.length, `Layer ${index + 1} of ${layers.length}`);
    const map = resizeLinear(await mapOf(layer), mapSize(layer), size);
    const largest = map.reduce((most, value) => Math.max(most, context.params.relu ? value : Math.abs(value)), 0);
    if (largest > 0)
      map.forEach((value, i) => {
        mean[i] += value / largest / layers.length;
      });
    else noteZeroMap(context, map, layer.value, looks.counts);
    await yieldToEventLoop();
  }
  context.note(
    `Mean over ${layers.length} layers, each map resized to the input and divided by its maximum: ${layers.map(({ value }) => value).join(", ")}.`,
  );
  return mapPicture(
    context,
    looks,
    `${layers.length} layers · ${size.join("×")}`,
    size,
    Float32Array.from(mean),
    layers[0].frames.count,
  );
}

/** Contexts in which Relu took all there was of a map. */
const emptied = new WeakSet<SampleContext>();

/** A map without its negative part; remembers where that was all there was, for `noteZeroMap`. */
export function withoutNegative(context: MapContext, map: Float32Array): Float32Array {
  const rest = relu(map);
  if (rest.every((value) => value === 0) && map.some((value) => value < 0)) emptied.add(context);
  return rest;
}

/**
 * Says so where a map is zero everywhere, and what made it: Relu, or a layer without activation. What a gradient did is
 * said by itself.
 */
export function noteZeroMap(context: MapContext, map: Float32Array, value: string, counts?: string): void {
  if (map.some((number) => number !== 0)) return;
  const removed = `: all values are negative or zero, and ReLU removes those${context.params.relu === undefined ? "" : ". Set relu to false to see them"}`;
  const why = emptied.has(context) ? removed : counts ? `: this method uses only ${counts}, and there are none` : "";
  context.note(`The map of "${value}" is zero everywhere${why}.`);
}

/** The one layer asked for or picked; UsageError where it has no space. */
export async function spatialLayer(context: MapContext): Promise<SpatialLayer> {
  return onGrid(context, await context.layer("spatial"));
}

/** A map over a layer's space, raw and as a picture. */
function mapOutput(context: MapContext, layer: SpatialLayer, looks: MapLooks, values: Float32Array): TechniqueOutput {
  const size = mapSize(layer);
  return mapPicture(context, looks, `${layer.node} · ${size.join("×")}`, size, values, layer.frames.count);
}

function mapPicture(
  context: MapContext,
  { id, title, quantity }: MapLooks,
  caption: string,
  size: readonly number[],
  values: Float32Array,
  frames: number,
): TechniqueOutput {
  const onlyPositive = context.params.relu;
  const looks = {
    id,
    title,
    quantity: onlyPositive ? `ReLU(${quantity})` : quantity,
    signed: !onlyPositive,
    caption: noiseCaption(context.params, caption),
  };
  const { tokensOf, labels } = context.input;
  const text = tokensOf !== undefined && size.length === 1 && size[0] === context.input.dims[1];
  const artifact: Artifact = text
    ? {
        kind: "tokens",
        ...looks,
        tokens: Array.from(values, (_, token) => labels?.[token] ?? String(token)),
        values,
        dims: size,
      }
    : activationMap(context, values, size, looks, frames);
  return { raw: { dims: size, values }, views: [artifact] };
}

/** The layer with its tokens on the grid that is asked for, or found; says so. */
export function onGrid(context: MapContext, layer: LayerInfo): SpatialLayer {
  const asked = context.params.grid ?? "auto";
  const layout = asked === "auto" ? layer.layout : gridLayout(layer, asked);
  const { dims, value } = layer;
  if (!isSpatial(layout, dims)) {
    const hint = layout
      ? "Choose a layer before pooling."
      : "Choose a convolutional layer before pooling, or a layer of tokens. If the shape does not tell how the tokens are arranged, set grid, for example 14x14+1.";
    throw new UsageError(`"${value}" [${dims.join(", ")}] has no height and width larger than 1×1.`, value, hint);
  }
  if (layout.tokens) context.note(tokensNote(layout.tokens));
  const frames = framesOf(layout, dims, batchOf(context));
  noteFrames(context, layer, frames);
  return { ...layer, layout, frames };
}

/** Says that a layer holds frames, where it does. */
export function noteFrames(context: MapContext, { value, dims }: LayerInfo, frames: FrameAxis): void {
  if (frames.count > 1)
    context.note(
      `"${value}" [${dims.join(", ")}] holds ${frames.count} frames along axis ${frames.axis}; each has its own map.`,
    );
}

/** "14x14+1": a grid, and how many tokens come before it; others come after. */
function gridLayout({ value, dims, layout }: LayerInfo, asked: string): Layout {
  const [places, others] = asked.split("+");
  const grid = places.split("x").map(Number);
  const count = elementCount(grid);
  const before = others === undefined ? undefined : Number(others);
  const needed = count + (before ?? 0);
  // Tokens lie before their channels, unless shapes tell otherwise.
  const axis =
    dims.length !== 3
      ? undefined
      : layout?.tokens
        ? layout.spatial[0]
        : ([1, 2].find((one) => dims[one] === needed) ?? 1);
  if (axis === undefined || dims[axis] < needed) {
    throw new UsageError(
      `The grid ${asked} needs ${needed} tokens; "${value}" is [${dims.join(", ")}].`,
      value,
      "A grid applies to values of shape [1, tokens, channels]. Write ROWSxCOLUMNS, then +N if N tokens come before the grid.",
    );
  }
  const rest = dims[axis] - count;
  return {
    channel: (layout?.tokens && layout.channel) ?? 3 - axis,
    spatial: [axis],
    tokens: { grid, before: before ?? rest, after: before === undefined ? 0 : rest - before },
  };
}
