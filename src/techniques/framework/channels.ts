import { elementCount } from "../../model/graph.ts";
import type { FrameAxis, Layout, TokenGrid } from "../../runtime/layout.ts";
import { spatialSize } from "../../runtime/layout.ts";

/** A layer's value seen as [channels, space], for any layout; batch entry 0. */
export interface ChannelView {
  readonly channels: number;
  /** [H, W], [L] or [D, H, W]. */
  readonly size: readonly number[];
  /** Elements per channel. */
  readonly area: number;
  /** [channels, area], row-major. */
  readonly values: Float32Array;
}

/** Of each frame of a layer its channels. */
export function frameViews(
  values: Float32Array,
  {
    dims,
    layout,
    frames,
  }: { readonly dims: readonly number[]; readonly layout: Layout & { channel: number }; readonly frames: FrameAxis },
): ChannelView[] {
  const step = frames.stride * elementCount(dims.slice(frames.axis + 1));
  return Array.from({ length: frames.count }, (_, frame) => channelView(values.subarray(frame * step), dims, layout));
}

/** Frames' channels after one another, as if they were one picture's: [frames · channels, space]. */
export function joinedView(views: readonly ChannelView[]): ChannelView {
  const [first] = views;
  return views.length === 1
    ? first
    : { ...first, channels: first.channels * views.length, values: stackedMaps(views.map(({ values }) => values)) };
}

/** Maps of frames after one another: [frames, ...space]. */
export function stackedMaps(maps: readonly Float32Array[]): Float32Array {
  if (maps.length === 1) return maps[0];
  const stacked = new Float32Array(maps.reduce((sum, { length }) => sum + length, 0));
  maps.reduce((at, map) => {
    stacked.set(map, at);
    return at + map.length;
  }, 0);
  return stacked;
}

/**
 * Brings channels to the front: NCHW is taken as it lies, NHWC and tokens are rearranged; tokens apart from the grid
 * are left out. `values` may begin where the entry that is looked at does.
 */
export function channelView(
  values: Float32Array,
  dims: readonly number[],
  layout: Layout & { channel: number },
): ChannelView {
  const size = spatialSize(layout, dims);
  const [channels, area] = [dims[layout.channel], elementCount(size)];
  const strides = dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
  if (!layout.tokens && layout.channel === 1 && layout.spatial.every((axis, index) => axis === index + 2)) {
    return { channels, size, area, values: values.subarray(0, channels * area) };
  }
  const { tokens } = layout;
  const [lying] = layout.spatial;
  const offsets = tokens
    ? Array.from({ length: area }, (_, place) => (tokens.before + place) * strides[lying])
    : spatialOffsets(
        size,
        layout.spatial.map((axis) => strides[axis]),
      );
  const out = new Float32Array(channels * area);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * strides[layout.channel];
    for (let i = 0; i < area; i++) out[channel * area + i] = values[start + offsets[i]];
  }
  return { channels, size, area, values: out };
}

/** "196 tokens as 14×14, without 1 class token." */
export function tokensNote({ grid, before, after }: TokenGrid): string {
  const apart = before + after;
  const others =
    apart === 0
      ? ""
      : apart === 1 && before === 1
        ? ", without 1 class token"
        : `, without ${apart} other tokens (${[before ? `${before} before` : "", after ? `${after} after` : ""].filter(Boolean).join(", ")})`;
  return `${elementCount(grid)} tokens as ${grid.join("×")}${others}.`;
}

function spatialOffsets(size: readonly number[], strides: readonly number[]): number[] {
  return size.reduce<number[]>(
    (offsets, length, axis) =>
      offsets.flatMap((offset) => Array.from({ length }, (_, index) => offset + index * strides[axis])),
    [0],
  );
}

/** For each element of a tensor, its place in space, row-major over `spatial`. */
export function placesOf(dims: readonly number[], spatial: readonly number[]): Int32Array {
  const places = new Int32Array(elementCount(dims));
  for (let at = 0; at < places.length; at++) {
    const index = new Array<number>(dims.length);
    for (let axis = dims.length - 1, rest = at; axis >= 0; axis--) {
      index[axis] = rest % dims[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    places[at] = spatial.reduce((place, axis) => place * dims[axis] + index[axis], 0);
  }
  return places;
}

/** Σₖ weights[k] · channel k: a map over space. */
export function weightedSum(view: ChannelView, weights: ArrayLike<number>): Float32Array {
  const map = new Float64Array(view.area);
  for (let channel = 0; channel < view.channels; channel++) {
    const weight = weights[channel];
    if (weight === 0) continue;
    for (let i = 0, at = channel * view.area; i < view.area; i++, at++) map[i] += weight * view.values[at];
  }
  return Float32Array.from(map);
}

/** The mean of each channel over space. */
export function channelMeans(view: ChannelView): Float64Array {
  const means = new Float64Array(view.channels);
  for (let channel = 0; channel < view.channels; channel++) {
    let sum = 0;
    for (let i = 0, at = channel * view.area; i < view.area; i++, at++) sum += view.values[at];
    means[channel] = sum / view.area;
  }
  return means;
}

export function relu(map: Float32Array): Float32Array {
  return map.map((value) => Math.max(0, value));
}
