import type { TilesArtifact } from "../protocol/artifacts.ts";
import type { Layout } from "../runtime/layout.ts";
import { floatsOf } from "../runtime/ort.ts";
import { channelView, type ChannelView } from "./channels.ts";
import { spatialLayer } from "./gradient-cams.ts";
import { GRID } from "./params.ts";
import { technique } from "./technique.ts";

/** Tiles are at most this high and wide; a click fetches a channel at full resolution. */
const TILE_EDGE = 56;
/** Elements of tiles sent along at once (4 MB); the rest on request. */
const FIRST_TILES = 1 << 20;

/** A layer's channels, each a picture: raw is the layer's value as it is. */
export const featureMaps = technique({
  info: {
    id: "feature-maps", title: "Feature Maps", command: "Visualize Feature Maps", group: "activation",
    summary: "What each channel of a layer responds to in this input.",
    needs: { target: false, layer: "spatial", gradient: false },
    params: [GRID],
  },
  async run(context) {
    const layer = await spatialLayer(context);
    const { layout, dims } = layer;
    const values = floatsOf((await context.model.forward(context.feeds, [layer.value])).get(layer.value)!);
    const view = channelView(values, dims, layout);
    return { raw: { dims, values }, artifacts: [tilesArtifact(view, layer.value, dims, layout, context.input.picture, layer.node)] };
  },
});

function tilesArtifact(view: ChannelView, value: string, dims: readonly number[], layout: Layout, over: string | undefined, node: string): TilesArtifact {
  const [height, width] = planeSize(view);
  const tileHeight = Math.min(height, TILE_EDGE);
  const tileWidth = Math.min(width, TILE_EDGE);
  const sent = Math.min(view.channels, Math.max(1, Math.floor(FIRST_TILES / (tileHeight * tileWidth))));
  return {
    kind: "tiles", id: "feature-maps", title: "Feature maps", value, dims, axes: layoutAxes(layout), count: view.channels, ...channelStatistics(view),
    sent, tileHeight, tileWidth, tiles: reducedTiles(view, 0, sent), ...(over ? { over } : {}),
    caption: `${node} · ${view.channels} channels of ${height}×${width}`,
  };
}

function layoutAxes(layout: Layout): TilesArtifact["axes"] {
  const { channel, spatial } = layout;
  const width = spatial[spatial.length - 1];
  return { ...(channel === undefined ? {} : { channel }), height: spatial.length > 1 ? spatial[spatial.length - 2] : width, width };
}

/** Rows and columns of a channel's picture: a signal is one row, a volume its slices below one another. */
function planeSize(view: ChannelView): [number, number] {
  const width = view.size[view.size.length - 1];
  return [view.area / width, width];
}

function channelStatistics(view: ChannelView): Pick<TilesArtifact, "min" | "max" | "mean" | "strength"> {
  const arrays = { min: new Float32Array(view.channels), max: new Float32Array(view.channels), mean: new Float32Array(view.channels), strength: new Float32Array(view.channels) };
  for (let channel = 0; channel < view.channels; channel++) {
    let [low, high, sum, magnitude] = [Infinity, -Infinity, 0, 0];
    for (let i = 0, at = channel * view.area; i < view.area; i++, at++) {
      const value = view.values[at];
      if (value < low) low = value;
      if (value > high) high = value;
      sum += value;
      magnitude += Math.abs(value);
    }
    arrays.min[channel] = low;
    arrays.max[channel] = high;
    arrays.mean[channel] = sum / view.area;
    arrays.strength[channel] = magnitude / view.area;
  }
  return arrays;
}

/** Channels `from` to `to`, each averaged over the areas of its tile's pixels: [to − from, tileHeight, tileWidth]. */
export function reducedTiles(view: ChannelView, from: number, to: number): Float32Array {
  const [height, width] = planeSize(view);
  const [tileHeight, tileWidth] = [Math.min(height, TILE_EDGE), Math.min(width, TILE_EDGE)];
  const tiles = new Float32Array((to - from) * tileHeight * tileWidth);
  const [rows, columns] = [bounds(height, tileHeight), bounds(width, tileWidth)];
  for (let channel = from, out = 0; channel < to; channel++) {
    const start = channel * view.area;
    for (const [top, bottom] of rows) {
      for (const [left, right] of columns) {
        let sum = 0;
        for (let y = top; y < bottom; y++) for (let x = left, at = start + y * width + left; x < right; x++, at++) sum += view.values[at];
        tiles[out++] = sum / ((bottom - top) * (right - left));
      }
    }
  }
  return tiles;
}

/** Splits `size` into `parts` runs of whole pixels. */
function bounds(size: number, parts: number): [number, number][] {
  return Array.from({ length: parts }, (_, index) => {
    const start = Math.floor((index * size) / parts);
    return [start, Math.max(start + 1, Math.floor(((index + 1) * size) / parts))];
  });
}

/** One channel at full resolution. */
export function channelPlane(view: ChannelView, channel: number): { height: number; width: number; values: Float32Array } {
  const [height, width] = planeSize(view);
  return { height, width, values: view.values.slice(channel * view.area, (channel + 1) * view.area) };
}
