/**
 * What a heat map says, in words and numbers: pure, so that the number under the cursor can be tested against the data.
 */
import { heatmapDrawing } from "../../src/draw/kinds/heatmap.ts";
import type { HeatmapArtifact } from "../../src/protocol/artifacts.ts";
import { percentileRank, sortedFinite, type ValueRange } from "../../src/draw/scene/range.ts";
import { stridesOf, type ValueMap } from "../../src/draw/scene/reduce.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { Looks } from "../../src/protocol/looks.ts";

export interface Drawing {
  readonly artifact: HeatmapArtifact;
  readonly map: ValueMap;
  readonly range: ValueRange;
  readonly table: Uint8Array;
  readonly signed: boolean;
  /** Whether values lie beyond the range's ends, and how many are NaN or infinite. */
  readonly clipped: { readonly low: boolean; readonly high: boolean };
  readonly notFinite: number;
  /** Where the largest magnitude lies. */
  readonly peak: Cell;
  /** Finite values in order, made when first asked for. */
  readonly sorted: () => Float32Array;
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Reduces, finds the range and what else the view needs; `range` overrides the clipping's own. */
export function drawingOf(
  artifact: HeatmapArtifact,
  looks: Pick<Looks, "reduce" | "clip" | "colorMap">,
  range?: ValueRange,
): Drawing {
  const drawn = heatmapDrawing(artifact, looks as Looks);
  const { values, width } = drawn.map;
  const ends = range ?? drawn.range;
  let [low, high, notFinite, peak, most] = [false, false, 0, 0, -1];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      notFinite++;
      continue;
    }
    if (value < ends.min) low = true;
    if (value > ends.max) high = true;
    if (Math.abs(value) > most) {
      most = Math.abs(value);
      peak = i;
    }
  }
  let sorted: Float32Array | undefined;
  return {
    artifact,
    ...drawn,
    range: ends,
    clipped: { low, high },
    notFinite,
    peak: { row: Math.floor(peak / width), column: peak % width },
    sorted: () => (sorted ??= sortedFinite(values)),
  };
}

/** The value drawn at a cell: raw where there is one channel, reduced where there are several. */
export function valueAt({ map }: Drawing, { row, column }: Cell): number {
  return map.values[row * map.width + column];
}

/** The raw value of every channel at a cell, as the saved array has it. */
export function channelsAt({ artifact: { values, dims, axes } }: Drawing, { row, column }: Cell): number[] {
  const strides = stridesOf(dims);
  const at = row * strides[axes.height] + column * strides[axes.width];
  if (axes.channel === undefined) return [values[at]];
  return Array.from(
    { length: dims[axes.channel] },
    (_, channel) => values[at + channel * strides[axes.channel as number]],
  );
}

/** The cell under a point of the picture, u and v from 0 to 1. */
export function cellUnder({ map }: Drawing, u: number, v: number): Cell {
  const clamp = (value: number, count: number): number => Math.min(count - 1, Math.max(0, Math.floor(value * count)));
  return { row: clamp(v, map.height), column: clamp(u, map.width) };
}

export interface Reading {
  readonly cell: Cell;
  /** In the picture's pixels: of the point, or the cell's centre. */
  readonly x: number;
  readonly y: number;
  readonly value: number;
  readonly channels: readonly number[];
  readonly percentile: number;
  /** Whether one cell covers several pixels of the picture. */
  readonly coarse: boolean;
}

/**
 * All that is known about a cell; `point` is where in it the cursor stands (u, v of the picture), its centre by
 * default.
 */
export function readingAt(
  drawing: Drawing,
  cell: Cell,
  picture: { readonly width: number; readonly height: number },
  point?: { readonly u: number; readonly v: number },
): Reading {
  const { map } = drawing;
  const value = valueAt(drawing, cell);
  const u = point?.u ?? (cell.column + 0.5) / map.width;
  const v = point?.v ?? (cell.row + 0.5) / map.height;
  return {
    cell,
    value,
    channels: channelsAt(drawing, cell),
    x: Math.min(picture.width - 1, Math.floor(u * picture.width)),
    y: Math.min(picture.height - 1, Math.floor(v * picture.height)),
    percentile: percentileRank(drawing.sorted(), value),
    coarse: map.width < picture.width || map.height < picture.height,
  };
}

const reductions: Record<Looks["reduce"], string> = {
  max: "max over channels",
  mean: "mean over channels",
  l2: "L2 over channels",
};

/** How the channels became one, in words; empty where there is one. */
export function reductionText(artifact: HeatmapArtifact, reduce: Looks["reduce"]): string {
  const channels = artifact.axes.channel === undefined ? 1 : artifact.dims[artifact.axes.channel];
  if (channels < 2) return "";
  return reduce === "max" && artifact.signed ? "largest by magnitude over channels" : reductions[reduce];
}

/** The tooltip's lines. `names` are the channels' names where they have any: R, G, B. */
export function readingLines(
  drawing: Drawing,
  reading: Reading,
  names: readonly string[] | undefined,
  reduce: Looks["reduce"],
): { readonly label: string; readonly text: string }[] {
  const { artifact } = drawing;
  const several = reading.channels.length > 1;
  return [
    { label: "x, y", text: `${reading.x}, ${reading.y}` },
    ...(reading.coarse ? [{ label: "cell", text: `row ${reading.cell.row}, column ${reading.cell.column}` }] : []),
    {
      label: artifact.quantity,
      text: `${formatValue(reading.value)}${several ? ` (${reduce === "l2" ? "L2" : reduce})` : ""}`,
    },
    ...(several && reading.channels.length <= 4
      ? reading.channels.map((value, channel) => ({
          label: names?.[channel] ?? `channel ${channel}`,
          text: formatValue(value),
        }))
      : []),
    ...(Number.isNaN(reading.percentile) ? [] : [{ label: "percentile", text: reading.percentile.toFixed(1) }]),
  ];
}

/** The map in one sentence, for those who do not see it. */
export function summarise(drawing: Drawing): string {
  const { map, artifact, peak, notFinite } = drawing;
  const sorted = drawing.sorted();
  if (!sorted.length) return `${artifact.title}, ${map.width} by ${map.height}: no finite values.`;
  const largest = valueAt(drawing, peak);
  const where = `${["upper", "middle", "lower"][Math.min(2, Math.floor((peak.row / map.height) * 3))]} ${["left", "centre", "right"][Math.min(2, Math.floor((peak.column / map.width) * 3))]}`;
  return (
    `${artifact.title}, ${map.width} by ${map.height} values of ${artifact.quantity} from ${formatValue(sorted[0])} to ${formatValue(sorted[sorted.length - 1])}. ` +
    `Strongest, ${formatValue(largest)}, at column ${peak.column}, row ${peak.row}, in the ${where}.${notFinite ? ` NaN or infinite: ${notFinite}.` : ""}`
  );
}
