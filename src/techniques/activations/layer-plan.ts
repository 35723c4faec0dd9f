import { elementCount } from "../../model/graph.ts";
import type { SpatialAxes } from "../../protocol/artifacts.ts";
import { isSpatial, spatialSize, type FrameAxis, type Layout } from "../../runtime/layout.ts";
import { channelView, frameViews, joinedView, type ChannelView } from "../framework/channels.ts";

/**
 * How a layer's value is shown, whatever its shape: with height and width, its channels as tiles; a signal, tokens or a
 * recurrent layer's steps as lines over time, one for each channel; a vector as bars; of more axes than these, planes of the last two.
 */
export type LayerPlan =
  | { readonly kind: "tiles"; readonly view: ChannelView; readonly frames: number; readonly axes: SpatialAxes }
  | { readonly kind: "line"; readonly axes: SpatialAxes; readonly guessed: boolean }
  | { readonly kind: "bars"; readonly count: number };

export interface PlannedLayer {
  readonly dims: readonly number[];
  readonly layout?: Layout;
  readonly frames: FrameAxis;
}

/**
 * `values`: the layer's value as it is. `batch`: the samples along its first axis, where that is how long it is; the
 * first one is shown.
 */
export function planOf(values: Float32Array, { dims, layout, frames }: PlannedLayer, batch: number): LayerPlan {
  if (isSpatial(layout, dims)) {
    const rank = spatialSize(layout, dims).length;
    if (rank > 1)
      return {
        kind: "tiles",
        view: joinedView(frameViews(values, { dims, layout, frames })),
        frames: frames.count,
        axes: tileAxes(layout),
      };
    if (!layout.tokens && frames.count === 1)
      return { kind: "line", axes: { height: layout.channel, width: layout.spatial[0] }, guessed: false };
  }
  const long = dims.flatMap((size, axis) => (size > 1 && !(axis === 0 && size === batch) ? [axis] : []));
  if (long.length < 2) return { kind: "bars", count: elementCount(long.map((axis) => dims[axis])) };
  if (long.length === 2) {
    const [first, second] = long;
    const known = layout?.spatial.includes(second)
      ? second
      : layout?.spatial.includes(first) || layout?.channel === second
        ? first
        : undefined;
    // Steps come before what each of them holds.
    const width = known ?? first;
    return { kind: "line", axes: { height: width === first ? second : first, width }, guessed: known === undefined };
  }
  return {
    kind: "tiles",
    view: planesOf(values, dims, long),
    frames: 1,
    axes: { height: long[long.length - 2], width: long[long.length - 1] },
  };
}

function tileAxes({ channel, spatial }: Layout): SpatialAxes {
  const width = spatial[spatial.length - 1];
  return {
    ...(channel === undefined ? {} : { channel }),
    height: spatial.length > 1 ? spatial[spatial.length - 2] : width,
    width,
  };
}

/** Every plane of the last two axes that are longer than one as a channel; of a batch, the first sample's. */
function planesOf(values: Float32Array, dims: readonly number[], long: readonly number[]): ChannelView {
  const size = long.slice(-2).map((axis) => dims[axis]);
  const channels = elementCount(long.slice(0, -2).map((axis) => dims[axis]));
  // Axes of one entry move nothing, and a batch's first sample lies first.
  const shape = [1, channels, ...size];
  return channelView(values, shape, { channel: 1, spatial: [2, 3] });
}
