import type { Node } from "../model/graph.ts";
import type { SpatialAxes } from "../protocol/artifacts.ts";
import { axisOf, isOutermost, unknownAxis, type Axes } from "./axes.ts";
import { axesOfOutputs, type KnownValues } from "./follow.ts";

/** Which axes of a value are channels and space; `spatial` in order (depth, height, width). */
export interface Layout {
  readonly channel?: number;
  readonly spatial: readonly number[];
  /** Where all places lie after one another along the one axis of `spatial`: the grid they make, row-major, and the tokens apart. */
  readonly tokens?: TokenGrid;
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
 * Follows channels and space from the model's input, by shapes: convolutions and pools set them, elementwise operators pass them on,
 * Transpose moves them, Reshape and Concat lay them out as tokens and back, a dense layer makes other channels. `known` gives the
 * elements of integer constants (where a Slice starts).
 */
export function findLayouts(
  nodes: readonly Node[], dims: ReadonlyMap<string, readonly number[]>, inputs: ReadonlyMap<string, Layout>, known: KnownValues = () => undefined,
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

function axesOf({ channel, spatial }: Layout, dims: readonly number[]): Axes {
  return dims.map((size, axis) => {
    if (axis === channel) return axisOf("channel", size);
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
    else if (parts.some(({ of, size }) => size > 1 && (of === "channel" || typeof of === "number"))) channels.push(axis);
  }
  const order = holders.map(({ of }) => of);
  const dimensions = [...new Set(order)].sort((a, b) => a - b);
  const lying = [...new Set(holders.map(({ axis }) => axis))];
  if (holders.length === 0 || dimensions.length < holders.length) return undefined;
  // A single channel may have been lost on the way: its axis is the one that nothing else is.
  const single = axes.flatMap(({ parts }, axis) => (axis > 0 && parts.every(({ size }) => size === 1) && !lying.includes(axis) ? [axis] : []));
  const channel = channels.length === 1 ? channels[0] : channels.length === 0 && single.length === 1 ? single[0] : undefined;
  const layout = { ...(channel === undefined ? {} : { channel }) };
  const apart = lying.some((axis) => axes[axis].before + axes[axis].after > 0);
  if (lying.length === holders.length && !apart) return { ...layout, spatial: dimensions.map((of) => holders.find((holder) => holder.of === of)!.axis) };
  if (lying.length > 1 || order.some((of, index) => of !== dimensions[index])) return undefined;
  const { before, after } = axes[lying[0]];
  return { ...layout, spatial: lying, tokens: { grid: holders.map(({ size }) => size), before, after } };
}

export function channelsFirst(rank: number): Layout | undefined {
  return rank >= 3 ? { channel: 1, spatial: Array.from({ length: rank - 2 }, (_, index) => index + 2) } : undefined;
}

/** How a value is drawn: its last two spatial axes as height and width; a signal is one row per channel. */
export function spatialAxes(layout: Layout): SpatialAxes | undefined {
  const { channel, spatial } = layout;
  if (spatial.length >= 2) return { ...(channel === undefined ? {} : { channel }), height: spatial[spatial.length - 2], width: spatial[spatial.length - 1] };
  return spatial.length === 1 && channel !== undefined ? { height: channel, width: spatial[0] } : undefined;
}

/** The size of a value's space: [H, W], [L] or [D, H, W]; tokens' is their grid's. */
export function spatialSize(layout: Layout, dims: readonly number[]): number[] {
  return layout.tokens ? [...layout.tokens.grid] : layout.spatial.map((axis) => dims[axis]);
}

/** Whether a value has space over 1×1 and channels. */
export function isSpatial(layout: Layout | undefined, dims: readonly number[]): layout is Layout & { channel: number } {
  return layout?.channel !== undefined && dims.length === layout.spatial.length + 2 && spatialSize(layout, dims).some((size) => size > 1);
}
