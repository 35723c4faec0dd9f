import type { TilesArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import { clipRange } from "../scene/range.ts";
import type { ValueRange } from "../scene/range.ts";
import { column } from "../scene/table.ts";
import { firstStands } from "./kind.ts";
import type { Kind } from "./kind.ts";
import { layoutTiles } from "./tile-grid.ts";

export const tiles: Kind<TilesArtifact> = {
  layout: (artifact, { looks }) => layoutTiles(artifact, looks),
  table({ frames, count, min, max, mean, strength }) {
    const statistics = { min, max, mean, strength };
    return {
      rows: min.length,
      columns: [
        ...(frames ? [column("frame", "integer", (row) => Math.floor(row / count))] : []),
        column("channel", "integer", (row) => row % count),
        ...Object.entries(statistics).map(([name, values]) => column(name, "number", (row) => values[row])),
      ],
    };
  },
  numbers: ({ sent, tileHeight, tileWidth, tiles: values }) => ({ dims: [sent, tileHeight, tileWidth], values }),
  ...firstStands(),
  compare: { reason: "A layer's channels are too many for a cell." },
  options: ["tileSort", "tileScale", "clip", "colorMap", "channel", "frame"],
};

/**
 * Whether a layer's values are drawn around zero: where the lowest lies at least a quarter as far from it as the
 * highest. SiLU and its kin dip a little below zero; half of a diverging map would be wasted on that.
 */
export function tilesSigned(artifact: TilesArtifact): boolean {
  const { min, max } = endsOf(artifact);
  return min < 0 && -min >= max / 4;
}

/** Channel numbers in the order the looks ask for, all of them, sent or not: by strength where they say nothing. */
export function tileOrder(artifact: TilesArtifact, sort: Looks["tileSort"]): number[] {
  const order = Array.from({ length: artifact.count }, (_, channel) => channel);
  // NaN compares as neither: it goes last by being taken for the weakest.
  const strength = (channel: number): number => artifact.strength[channel] || 0;
  return sort === "index" ? order : order.sort((a, b) => strength(b) - strength(a) || a - b);
}

/**
 * The range of a channel's colours. Shared: over all channels' extremes; own: over this tile's values, clipped as the
 * looks say (a channel that was not sent: its extremes).
 */
export function tileRange(
  artifact: TilesArtifact,
  channel: number,
  looks: Pick<Looks, "tileScale" | "clip">,
): ValueRange {
  const signed = tilesSigned(artifact);
  if (looks.tileScale === "shared") {
    const { min, max } = endsOf(artifact);
    return rangeOf(min, max, signed);
  }
  if (channel >= artifact.sent) return rangeOf(artifact.min[channel], artifact.max[channel], signed);
  const size = artifact.tileHeight * artifact.tileWidth;
  return valuesRange(artifact.tiles.subarray(channel * size, (channel + 1) * size), looks.clip, signed);
}

/** As tileRange for "own", for values at full resolution (an enlarged channel). */
export function valuesRange(values: Float32Array, clip: number, signed: boolean): ValueRange {
  const range = clipRange(values, clip, signed);
  if (signed) return range;
  // A channel that never comes near zero would be one flat colour from zero: start at its least value.
  let least = Infinity;
  for (const value of values) if (Number.isFinite(value) && value < least) least = value;
  return least < range.max ? { min: least, max: range.max } : range;
}

function rangeOf(min: number, max: number, signed: boolean): ValueRange {
  return clipRange(Float32Array.of(min, max), 100, signed);
}

/** The least and the largest value of all channels, of all frames. */
export function endsOf({ ends, min, max }: Pick<TilesArtifact, "ends" | "min" | "max">): {
  readonly min: number;
  readonly max: number;
} {
  return ends ?? { min: extreme(min, Math.min), max: extreme(max, Math.max) };
}

function extreme(values: Float32Array, pick: (a: number, b: number) => number): number {
  return values.reduce((best, value) => (Number.isFinite(value) ? pick(best, value) : best), 0);
}
