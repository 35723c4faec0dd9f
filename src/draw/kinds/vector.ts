import type { VectorArtifact } from "../../protocol/artifacts.ts";
import { formatValue } from "../../protocol/format.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import { elementIndex, rangesOf, targetText } from "../../protocol/target.ts";
import { GLYPH } from "../scene/font.ts";
import type { Block, Part } from "../scene/parts.ts";
import { column } from "../scene/table.ts";
import { combineEach, onceFor, type Kind } from "./kind.ts";
import { rowMap } from "./plain-map.ts";

export const vector: Kind<VectorArtifact> = {
  layout: layoutVector,
  table: (artifact) => ({
    rows: artifact.values.length,
    columns: [
      column("dimension", "integer", (row) => row),
      column(artifact.quantity, "number", (row) => artifact.values[row]),
      column("target", "text", (row) => targetText(targetOfDimension(artifact, row))),
    ],
  }),
  numbers: ({ dims, values }) => ({ dims, values }),
  jsonTop: ({ norm, least, most, average, dims }) => ({
    embedding: { dimensions: dims[0], norm, min: least, max: most, mean: average },
  }),
  combine(all, combine) {
    const values = combineEach(
      all.map((one) => one.values),
      combine,
    );
    return { ...all[0], values, ...vectorNumbers(values) };
  },
  overSamples: (artifact, count) => ({ ...artifact, caption: `${artifact.caption}; mean over ${count} samples` }),
  compare: {
    values: onceFor((artifact) => rowMap(artifact, true)),
    label: (_, { column: dimension }) => `dimension ${dimension}`,
    colored: false,
    options: [],
    layout: layoutVector,
  },
  options: [],
};

/** Euclidean length, least, largest and mean of the finite values; 0 where there are none. */
export function vectorNumbers(values: Float32Array): Pick<VectorArtifact, "norm" | "least" | "most" | "average"> {
  let [squares, sum, count, least, most] = [0, 0, 0, Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    squares += value * value;
    sum += value;
    count++;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (count === 0) return { norm: 0, least: 0, most: 0, average: 0 };
  return { norm: Math.sqrt(squares), least, most, average: sum / count };
}

/** "24 dimensions, norm 1, from −0.42 to 0.38, mean 0.01". */
export function vectorText({ values, norm, least, most, average }: VectorArtifact): string {
  const broken = values.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
  return [
    `${values.length} ${values.length === 1 ? "dimension" : "dimensions"}`,
    `norm ${formatValue(norm)}`,
    `from ${formatValue(least)} to ${formatValue(most)}`,
    `mean ${formatValue(average)}`,
    ...(broken > 0 ? [`${broken} not finite`] : []),
  ].join(", ");
}

/** A dimension as a target. */
export function targetOfDimension(
  { source: { output, dims } }: Pick<VectorArtifact, "source">,
  dimension: number,
): { readonly output: string; readonly index: readonly number[] } {
  return { output, index: elementIndex(dims, dimension) };
}

/** The dimension that a target is; undefined where it is none of them. */
export function dimensionOf({ source, values }: VectorArtifact, target: TargetSpec): number | undefined {
  if (target.region) return undefined;
  const ranges = rangesOf(source, target);
  const flat = ranges?.reduce((place, [at], axis) => place * source.dims[axis + 1] + at, 0);
  return flat !== undefined && flat < values.length ? flat : undefined;
}

/** A bar of the picture: the dimensions it stands for, and the values between which it goes from zero. */
export interface VectorBar {
  readonly from: number;
  readonly before: number;
  readonly low: number;
  readonly high: number;
}

/** At most `most` bars; of several dimensions one from their least to their largest, zero included. */
export function vectorBars(values: Float32Array, most: number): VectorBar[] {
  const count = Math.min(most, values.length);
  return Array.from({ length: count }, (_, bar) => {
    const [from, before] = [Math.floor((bar * values.length) / count), Math.floor(((bar + 1) * values.length) / count)];
    let [low, high] = [0, 0];
    for (let i = from; i < before; i++)
      if (Number.isFinite(values[i])) [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
    return { from, before, low, high };
  });
}

/** The ends of the bars' scale, zero included; of a vector of zeros from 0 to 1. */
export function vectorRange({ least, most }: Pick<VectorArtifact, "least" | "most">): { low: number; high: number } {
  const [low, high] = [Math.min(0, least), Math.max(0, most)];
  return low === high ? { low: 0, high: 1 } : { low, high };
}

const [WIDTH, HEIGHT] = [720, 180];

/** Bars over the dimension, up and down from zero. */
function layoutVector(artifact: VectorArtifact): Block {
  const bars = vectorBars(artifact.values, WIDTH / 2);
  const { low, high } = vectorRange(artifact);
  const y = (value: number): number => Math.round(((high - value) / (high - low)) * HEIGHT);
  const step = WIDTH / Math.max(1, bars.length);
  const parts: Part[] = bars.map((bar, place) => ({
    kind: "rect",
    x: Math.round(place * step),
    y: y(bar.high),
    width: Math.max(1, Math.round((place + 1) * step) - Math.round(place * step) - (step > 4 ? 1 : 0)),
    height: Math.max(1, y(bar.low) - y(bar.high)),
    ink: "muted",
  }));
  parts.push(
    { kind: "rect", x: 0, y: y(0), width: WIDTH, height: 1, ink: "foreground" },
    { kind: "text", x: 0, y: HEIGHT + 8, text: "0", scale: 2, ink: "muted" },
    {
      kind: "text",
      x: WIDTH,
      y: HEIGHT + 8,
      text: String(Math.max(0, artifact.values.length - 1)),
      scale: 2,
      ink: "muted",
      anchor: "end",
    },
    { kind: "text", x: 0, y: HEIGHT + 8 + GLYPH.line * 2, text: vectorText(artifact), scale: 2, ink: "foreground" },
  );
  return { width: WIDTH, height: HEIGHT + 8 + GLYPH.line * 4, parts };
}
