import type { Node } from "../model/graph.ts";
import type { SpatialAxes } from "../protocol/artifacts.ts";

/** Which axes of a value are channels and space; `spatial` in order (depth, height, width). */
export interface Layout {
  readonly channel?: number;
  readonly spatial: readonly number[];
}

/** Layouts of all values that have one, found by following the input's through the graph. */
export type Layouts = ReadonlyMap<string, Layout>;

/** Operators that work on [N, C, ...space], whatever their input was taken for. */
const CHANNELS_FIRST: ReadonlySet<string> = new Set([
  "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "BatchNormalization",
  "InstanceNormalization", "GroupNormalization", "LRN", "DepthToSpace", "SpaceToDepth", "QLinearConv", "ConvInteger", "Upsample",
]);

/**
 * Follows channels and space from the model's input: convolutions and pools set them, elementwise operators pass them on, Transpose
 * moves them, a dense layer over the last axis keeps them where channels are last, Reshape keeps them where height and width stay.
 */
export function findLayouts(nodes: readonly Node[], dims: ReadonlyMap<string, readonly number[]>, inputs: ReadonlyMap<string, Layout>): Layouts {
  const layouts = new Map(inputs);
  for (const node of nodes) {
    for (const output of node.outputs) {
      const shape = dims.get(output);
      const layout = shape && layoutOf(node, shape, layouts, dims);
      if (layout) layouts.set(output, layout);
    }
  }
  return layouts;
}

function layoutOf(node: Node, shape: readonly number[], layouts: Layouts, dims: ReadonlyMap<string, readonly number[]>): Layout | undefined {
  if (CHANNELS_FIRST.has(node.opType)) return channelsFirst(shape.length);
  const source = node.inputs.find((input) => layouts.has(input) && (dims.get(input)?.length === shape.length || node.opType === "Reshape"));
  if (source === undefined) return undefined;
  const layout = layouts.get(source)!;
  const from = dims.get(source) ?? [];
  switch (node.opType) {
    case "Transpose": {
      const attribute = node.attributes.perm;
      const perm = attribute?.type === "ints" ? attribute.value : shape.map((_, axis) => shape.length - 1 - axis);
      return { channel: layout.channel === undefined ? undefined : perm.indexOf(layout.channel), spatial: layout.spatial.map((axis) => perm.indexOf(axis)) };
    }
    case "Reshape": return reshaped(layout, from, shape);
    case "MatMul": return node.inputs[0] === source && layout.channel === shape.length - 1 ? layout : undefined;
    case "Gemm": case "Gather": case "GatherElements": case "Einsum": return undefined;
    default: return layout;
  }
}

/** [N, C, H, W] -> [N, groups, C/groups, H, W] -> [N, C, H, W]: space stays where its axes are the last and keep their sizes. */
function reshaped(layout: Layout, from: readonly number[], to: readonly number[]): Layout | undefined {
  if (from.length === to.length && from.every((dim, axis) => dim === to[axis])) return layout;
  const count = layout.spatial.length;
  const last = layout.spatial.every((axis, index) => axis === from.length - count + index);
  const kept = last && to.length >= count + 1 && layout.spatial.every((axis, index) => from[axis] === to[to.length - count + index]);
  if (!kept) return undefined;
  const spatial = layout.spatial.map((_, index) => to.length - count + index);
  return to.length === count + 2 ? { channel: 1, spatial } : { spatial };
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

/** The size of a value's space: [H, W], [L] or [D, H, W]. */
export function spatialSize(layout: Layout, dims: readonly number[]): number[] {
  return layout.spatial.map((axis) => dims[axis]);
}

/** Whether a value has space over 1×1 and channels. */
export function isSpatial(layout: Layout | undefined, dims: readonly number[]): layout is Layout & { channel: number } {
  return layout?.channel !== undefined && dims.length === layout.spatial.length + 2 && spatialSize(layout, dims).some((size) => size > 1);
}
