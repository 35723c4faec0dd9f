import type { Node } from "../model/graph.ts";
import type { SpatialAxes } from "../protocol/artifacts.ts";
import { axisOf, isOutermost, unknownAxis, type Axes } from "./axes.ts";
import { axesOfOutputs, type KnownValues } from "./follow.ts";

/** Which axes of a value are channels and space; `spatial` in order (depth, height, width). */
export interface Layout {
  readonly channel?: number;
  readonly spatial: readonly number[];
  /**
   * Where all places lie after one another along the one axis of `spatial`: the grid they make, row-major, and the
   * tokens apart.
   */
  readonly tokens?: TokenGrid;
  /** Where a row of pictures lies: frames of a video, views, slices. */
  readonly frames?: FrameAxis;
}

/** An axis along which the first sample's frames lie: frame f's at index f · `stride`. */
export interface FrameAxis {
  readonly axis: number;
  readonly count: number;
  /** 1, or how many samples lie between two frames of one of them. */
  readonly stride: number;
}

export interface TokenGrid {
  /** [H, W], or [L], [D, H, W]. */
  readonly grid: readonly number[];
  /** Tokens before and after the grid's: class, distillation, registers. */
  readonly before: number;
  readonly after: number;
}

/** Layouts of all values that have one, found by following the input's through the graph. */
export type Layouts = ReadonlyMap<string, Layout>;

/**
 * Follows channels and space from the model's input, by shapes: convolutions and pools set them, elementwise operators
 * pass them on, Transpose moves them, Reshape and Concat lay them out as tokens and back, a dense layer makes other
 * channels. `known` gives the elements of integer constants (where a Slice starts).
 */
export function findLayouts(
  nodes: readonly Node[],
  dims: ReadonlyMap<string, readonly number[]>,
  inputs: ReadonlyMap<string, Layout>,
  known: KnownValues = () => undefined,
): Layouts {
  const axes = new Map<string, Axes>();
  for (const [name, layout] of inputs) axes.set(name, axesOf(layout, dims.get(name) ?? []));
  const layouts = new Map(inputs);
  for (const node of nodes) {
    axesOfOutputs(node, axes, dims, known).forEach((found, index) => {
      const output = node.outputs[index];
      if (!found || output === "") return;
      axes.set(output, found);
      const layout = layoutFrom(found);
      if (layout) layouts.set(output, layout);
    });
  }
  return layouts;
}

function axesOf({ channel, spatial, frames }: Layout, dims: readonly number[]): Axes {
  return dims.map((size, axis) => {
    if (axis === channel) return axisOf("channel", size);
    if (axis === frames?.axis) return axisOf("frame", size);
    const place = spatial.indexOf(axis);
    return place >= 0 ? axisOf(place, size) : axis === 0 ? axisOf("batch", size) : unknownAxis(size);
  });
}

/** The map that a value's axes make; undefined where space is in pieces (windows of attention) or gone. */
function layoutFrom(axes: Axes): Layout | undefined {
  const holders: { readonly axis: number; readonly of: number; readonly size: number }[] = [];
  const channels: number[] = [];
  for (const [axis, { parts }] of axes.entries()) {
    const outer = parts.filter(isOutermost);
    if (outer.length > 0 && outer.length < parts.length) return undefined;
    if (outer.length > 0) holders.push(...outer.map(({ of, size }) => ({ axis, of: of as number, size })));
    else if (parts.some(({ of, size }) => size > 1 && (of === "channel" || typeof of === "number")))
      channels.push(axis);
  }
  const order = holders.map(({ of }) => of);
  const dimensions = [...new Set(order)].sort((a, b) => a - b);
  const lying = [...new Set(holders.map(({ axis }) => axis))];
  if (holders.length === 0 || dimensions.length < holders.length) return undefined;
  // A single channel may have been lost on the way: its axis is the one that nothing else is.
  const single = axes.flatMap(({ parts }, axis) =>
    axis > 0 &&
    parts.every(({ of }) => of !== "frame") &&
    parts.every(({ size }) => size === 1) &&
    !lying.includes(axis)
      ? [axis]
      : [],
  );
  const channel =
    channels.length === 1 ? channels[0] : channels.length === 0 && single.length === 1 ? single[0] : undefined;
  const frames = framesIn(axes);
  const layout = { ...(channel === undefined ? {} : { channel }), ...(frames ? { frames } : {}) };
  const apart = lying.some((axis) => axes[axis].before + axes[axis].after > 0);
  if (lying.length === holders.length && !apart)
    return { ...layout, spatial: dimensions.map((of) => holders.find((holder) => holder.of === of)!.axis) };
  if (lying.length > 1 || order.some((of, index) => of !== dimensions[index])) return undefined;
  const { before, after } = axes[lying[0]];
  return { ...layout, spatial: lying, tokens: { grid: holders.map(({ size }) => size), before, after } };
}

/** The axis that holds frames, alone or with the batch; undefined where none does or they are in pieces. */
function framesIn(axes: Axes): FrameAxis | undefined {
  const holding = axes.flatMap(({ parts, before, after }, axis) => {
    const place = parts.findIndex(({ of, size }) => of === "frame" && size > 1);
    return place < 0 ? [] : [{ axis, parts, place, apart: before + after }];
  });
  if (holding.length !== 1) return undefined;
  const [{ axis, parts, place, apart }] = holding;
  const { size, full } = parts[place];
  if (apart > 0 || size !== full || parts.some(({ of }, index) => index !== place && of !== "batch")) return undefined;
  return { axis, count: size, stride: parts.slice(place + 1).reduce((product, part) => product * part.size, 1) };
}

/**
 * The frames of a sample's part in a layer: those that were followed from the input, else what the layer's first axis
 * has more than the input's `batch` samples (views, crops, two inputs through one network), taken sample by sample; one
 * where there are no more.
 */
export function framesOf(layout: Layout | undefined, dims: readonly number[], batch: number): FrameAxis {
  if (layout?.frames) return layout.frames;
  const isBatch = layout !== undefined && dims.length > 0 && layout.channel !== 0 && !layout.spatial.includes(0);
  const count = !isBatch || dims[0] <= batch ? 1 : dims[0] % batch === 0 ? dims[0] / batch : dims[0];
  return { axis: 0, count, stride: 1 };
}

export function channelsFirst(rank: number): Layout | undefined {
  return rank >= 3 ? { channel: 1, spatial: Array.from({ length: rank - 2 }, (_, index) => index + 2) } : undefined;
}

/** How a value is drawn: its last two spatial axes as height and width; a signal is one row per channel. */
export function spatialAxes(layout: Layout): SpatialAxes | undefined {
  const { channel, spatial, frames } = layout;
  // Of frames that lie between other samples' an array's axis is no picture.
  const frame = frames?.stride === 1 ? { frame: frames.axis } : spatial.length === 3 ? { frame: spatial[0] } : {};
  if (spatial.length >= 2)
    return {
      ...frame,
      ...(channel === undefined ? {} : { channel }),
      height: spatial[spatial.length - 2],
      width: spatial[spatial.length - 1],
    };
  return spatial.length === 1 && channel !== undefined ? { height: channel, width: spatial[0] } : undefined;
}

/** The size of a value's space: [H, W], [L] or [D, H, W]; tokens' is their grid's. */
export function spatialSize(layout: Layout, dims: readonly number[]): number[] {
  return layout.tokens ? [...layout.tokens.grid] : layout.spatial.map((axis) => dims[axis]);
}

/** Whether a value has space over 1×1 and channels. */
export function isSpatial(layout: Layout | undefined, dims: readonly number[]): layout is Layout & { channel: number } {
  const beside = layout?.frames && layout.frames.axis !== 0 ? 3 : 2;
  return (
    layout?.channel !== undefined &&
    dims.length === layout.spatial.length + beside &&
    spatialSize(layout, dims).some((size) => size > 1)
  );
}
