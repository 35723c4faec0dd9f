import { tokensNote } from "../framework/channels.ts";
import type { Artifact, TilesArtifact } from "../../protocol/artifacts.ts";
import { framesOf, isSpatial } from "../../runtime/layout.ts";
import { floatsOf } from "../../runtime/ort.ts";
import { noteFrames, onGrid } from "../cams/cam-layers.ts";
import type { ChannelView } from "../framework/channels.ts";
import { batchOf, framesFor } from "../framework/frames.ts";
import { noteGuess, placeOf, sizeText } from "../layers/layer-picture.ts";
import { planOf, type LayerPlan } from "./layer-plan.ts";
import { GRID } from "../framework/params.ts";
import { MOST_BARS } from "../framework/pictures.ts";
import { linesOf } from "../framework/signals.ts";
import { technique, type SampleContext, type LayerInfo } from "../framework/technique.ts";

/** Tiles are at most this high and wide; a click fetches a channel at full resolution. */
const TILE_EDGE = 56;
/** Elements of tiles sent along at once (4 MB); the rest on request. */
const FIRST_TILES = 1 << 20;

/**
 * A layer's value, whatever its shape: raw as it is; channels with height and width as tiles, steps in time as
 * lines, a vector as bars.
 */
export const featureMaps = technique({
  info: {
    id: "feature-maps",
    title: "Feature Maps",
    command: "Visualize Feature Maps",
    group: "activations",
    summary: "The activation of each channel of a layer for this input (by default, of the first convolution).",
    needs: { input: "one", target: false, layer: "any", firstLayer: true, gradient: false },
    params: [GRID],
  },
  async run(context) {
    const { layer, values, plan } = await plannedLayer(context);
    return { raw: { dims: layer.dims, values }, views: [pictureOf(context, layer, values, plan)] };
  },
});

/** The layer asked for, or the one that feature maps take by themselves, with its value and how that is shown. */
export async function plannedLayer(
  context: SampleContext,
): Promise<{ layer: LayerInfo; values: Float32Array; plan: LayerPlan }> {
  const named = await context.layer("first");
  const layer = context.params.grid === undefined || context.params.grid === "auto" ? named : onGrid(context, named);
  const values = floatsOf((await context.model.forward(context.feeds, [layer.value])).get(layer.value)!);
  const batch = batchOf(context);
  return {
    layer,
    values,
    plan: planOf(values, { ...layer, frames: framesOf(layer.layout, layer.dims, batch) }, Math.max(batch, 1)),
  };
}

function pictureOf(context: SampleContext, layer: LayerInfo, values: Float32Array, plan: LayerPlan): Artifact {
  const { dims, layout, node } = layer;
  const looks = { id: "feature-maps", title: "Feature maps" } as const;
  switch (plan.kind) {
    case "tiles": {
      if (layout?.tokens) context.note(tokensNote(layout.tokens));
      if (plan.frames > 1) noteFrames(context, layer, framesOf(layout, dims, batchOf(context)));
      return tilesArtifact(context, plan, layer);
    }
    case "line": {
      if (plan.guessed) noteGuess(context, layer, plan.axes);
      const caption = `${node} · ${sizeText(plan.axes, dims)}`;
      return linesOf(
        context,
        values,
        dims,
        plan.axes,
        { ...looks, quantity: "activation", signed: dipsBelowZero(values), caption },
        plan.guessed || layout?.tokens ? "axes" : "layer",
      );
    }
    case "bars": {
      const shown = values.subarray(0, plan.count);
      const rows = Array.from(shown, (value, index) => ({ index, label: labelOf(layer, index), value }));
      const items = [...rows].sort((one, other) => Math.abs(other.value) - Math.abs(one.value)).slice(0, MOST_BARS);
      return {
        kind: "bars",
        ...looks,
        items,
        quantity: "activation",
        share: false,
        values: shown,
        dims: [plan.count],
        parts: rows,
        caption: `${node} · ${plan.count === 1 ? "one value" : `${plan.count} values${plan.count > items.length ? `, the ${items.length} largest` : ""}`}`,
      };
    }
  }
}

function labelOf({ value, dims }: LayerInfo, index: number): string {
  return `${value}[${placeOf(index, dims).join(", ")}]`;
}

/** Whether negative values are large enough for a map around zero, as tiles have it. */
function dipsBelowZero(values: Float32Array): boolean {
  let [low, high] = [0, 0];
  for (const value of values) {
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  return low < 0 && -low >= high / 4;
}

function tilesArtifact(
  context: SampleContext,
  { view, frames, axes }: Extract<LayerPlan, { kind: "tiles" }>,
  { value, dims, node, layout }: LayerInfo,
): TilesArtifact {
  const [height, width] = planeSize(view);
  const tileHeight = Math.min(height, TILE_EDGE);
  const tileWidth = Math.min(width, TILE_EDGE);
  const sent = Math.min(view.channels, Math.max(1, Math.floor(FIRST_TILES / (tileHeight * tileWidth))));
  const count = view.channels / frames;
  // Where no axes are places, a cell is nowhere in the picture.
  const over = isSpatial(layout, dims) ? context.input.picture : undefined;
  return {
    kind: "tiles",
    id: "feature-maps",
    title: "Feature maps",
    value,
    dims,
    axes,
    count,
    ...channelStatistics(view),
    sent,
    tileHeight,
    tileWidth,
    tiles: reducedTiles(view, 0, sent),
    ...(over ? { over } : {}),
    ...framesFor(context, { frame: 0, height: 1, width: 2 }, [frames, height, width]),
    caption: `${node} · ${frames > 1 ? `${frames} frames of ` : ""}${count} channels of ${height}×${width}`,
  };
}

/** Rows and columns of a channel's picture: a signal is one row, a volume its slices below one another. */
function planeSize(view: ChannelView): [number, number] {
  const width = view.size[view.size.length - 1];
  return [view.area / width, width];
}

function channelStatistics(view: ChannelView): Pick<TilesArtifact, "min" | "max" | "mean" | "strength"> {
  const arrays = {
    min: new Float32Array(view.channels),
    max: new Float32Array(view.channels),
    mean: new Float32Array(view.channels),
    strength: new Float32Array(view.channels),
  };
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
        for (let y = top; y < bottom; y++)
          for (let x = left, at = start + y * width + left; x < right; x++, at++) sum += view.values[at];
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
export function channelPlane(
  view: ChannelView,
  channel: number,
): { height: number; width: number; values: Float32Array } {
  const [height, width] = planeSize(view);
  return { height, width, values: view.values.slice(channel * view.area, (channel + 1) * view.area) };
}
