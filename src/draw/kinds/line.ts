import type { Along, HeatmapArtifact, LineArtifact, LineAxis } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import { stridesOf } from "../scene/reduce.ts";
import type { ValueMap } from "../scene/reduce.ts";
import { column, tableOfParts } from "../scene/table.ts";
import type { Table } from "../scene/table.ts";
import { framesIn } from "./frames.ts";
import { combineValues, onceFor } from "./kind.ts";
import type { Kind } from "./kind.ts";
import { layoutLines, layoutRows } from "./line-plot.ts";

export const line: Kind<LineArtifact> = {
  layout: (artifact, { looks, target }) =>
    drawnAs(artifact, looks) === "map" ? layoutRows(artifact, looks) : layoutLines(artifact, looks, target),
  table: tableOf,
  numbers: ({ dims, values }) => ({ dims, values }),
  combine: combineValues,
  overSamples: ({ signal: _, frames, ...lines }, count) => ({
    ...lines,
    ...(frames ? { frames: { names: frames.names } } : {}),
    caption: `${lines.caption}; mean over ${count} samples`,
  }),
  compare: {
    values: mapOf,
    label: (artifact, { row, column: place }) =>
      [placeText(artifact.x, place), isShared(artifact) ? "" : channelName(artifact, row)].filter(Boolean).join(", "),
    colored: true,
    options: ["lines", "clip", "colorMap", "frame"],
    layout: (artifact, { looks, target }, drawing) => layoutLines(artifact, looks, target, drawing),
  },
  options: ["lines", "tileSort", "tileScale", "clip", "colorMap", "frame"],
};

/** More lines than these are drawn as a map of colours where nothing else is asked for. */
const MOST_LINES = 48;

/** Whether it is drawn as lines, or as a map: time from left to right, channels downward. */
export function drawnAs(artifact: LineArtifact, { lines }: Pick<Looks, "lines">): "lines" | "map" {
  return lines !== "auto" ? lines : countOf(artifact) > MOST_LINES ? "map" : "lines";
}

const madeMap = onceFor(({ values, dims, axes, frames, ...artifact }: LineArtifact): HeatmapArtifact => {
  const { id, title, quantity, signed, smooth, caption, parts } = artifact;
  return {
    kind: "heatmap",
    id,
    title,
    values,
    dims,
    axes: mapAxes(axes),
    quantity,
    signed,
    smooth,
    caption,
    ...(frames ? { frames } : {}),
    ...(parts ? { parts } : {}),
  };
});

/** The values as a map: steps from left to right, channels downward. */
export function mapOf(artifact: LineArtifact): HeatmapArtifact {
  return madeMap(artifact);
}

function mapAxes({ along, channel, frame }: Along["axes"]): HeatmapArtifact["axes"] {
  return { height: channel, width: along, ...(frame === undefined ? {} : { frame }) };
}

/** How many lines there are: the signal's, or the values'. */
export function countOf({ dims, axes, signal }: LineArtifact): number {
  return Math.max(dims[axes.channel], signal ? signal.dims[signal.axes.channel] : 0);
}

/** The lines of the signal, or of the values: [channels, steps] of a frame. */
export function linesOf(artifact: LineArtifact, frame: number): ValueMap {
  const { signal } = artifact;
  const map = signal ? signalMap(signal, artifact) : mapOf(artifact);
  const frames = framesIn(map);
  const shown = frames[Math.min(frame, frames.length - 1)];
  const { axes, dims, values } = shown;
  const [height, width] = [dims[axes.height], dims[axes.width]];
  const [down, across] = [stridesOf(dims)[axes.height], stridesOf(dims)[axes.width]];
  if (across === 1 && down === width) return { height, width, values };
  return {
    height,
    width,
    values: Float32Array.from(
      { length: height * width },
      (_, i) => values[Math.floor(i / width) * down + (i % width) * across],
    ),
  };
}

const signals = new WeakMap<Along, HeatmapArtifact>();

function signalMap(signal: NonNullable<LineArtifact["signal"]>, artifact: LineArtifact): HeatmapArtifact {
  let map = signals.get(signal);
  if (!map)
    signals.set(
      signal,
      (map = { ...mapOf(artifact), values: signal.values, dims: signal.dims, axes: mapAxes(signal.axes) }),
    );
  return map;
}

/** What a line is called; "" where it is the only one. */
export function channelName(artifact: LineArtifact, channel: number): string {
  return artifact.channels?.[channel] ?? (countOf(artifact) > 1 ? `channel ${channel}` : "");
}

/** Whether one row of values is about all channels of the signal: a class activation map. */
function isShared({ dims, axes, signal }: LineArtifact): boolean {
  return signal !== undefined && dims[axes.channel] === 1 && signal.dims[signal.axes.channel] > 1;
}

/**
 * How lines show the values that they are about. colored: each value is the line's colour there. band: one row of fewer
 * values, or for all channels, below all lines. strips: below each line its values' colours.
 */
export function lineStyle(artifact: LineArtifact): "colored" | "band" | "strips" {
  const { dims, axes, signal } = artifact;
  if (!signal) return "strips";
  const isFine = dims[axes.along] === signal.dims[signal.axes.along];
  if (dims[axes.channel] === 1 && (!isFine || isShared(artifact))) return "band";
  return isFine ? "colored" : "strips";
}

/**
 * Where a value lies along the axis, with its unit: "step 12", "time 0.25 s". So many digits that neighbours differ,
 * however long the line is.
 */
export function placeText({ label, unit, start, step }: LineAxis, place: number): string {
  const digits = Math.min(20, Math.max(0, Math.ceil(-Math.log10(Math.abs(step) || 1)) + 2));
  const position = String(Number((start + place * step).toFixed(digits)));
  return `${label} ${position}${unit === undefined ? "" : ` ${unit}`}`;
}

/** "time (s)". */
export function axisText({ label, unit }: LineAxis): string {
  return unit === undefined ? label : `${label} (${unit})`;
}

/** The order that display options ask for: where they say nothing, a layer's channels stand by strength. */
export function lineSort({ quantity }: LineArtifact, sort: Looks["tileSort"]): "index" | "strength" {
  return sort !== "auto" ? sort : quantity === "activation" ? "strength" : "index";
}

/** The lines in an order, by their places. */
export function lineOrder(values: ValueMap, sort: "index" | "strength"): number[] {
  const order = Array.from({ length: values.height }, (_, channel) => channel);
  if (sort === "index") return order;
  const strength = order.map((channel) => {
    let sum = 0;
    for (let i = channel * values.width; i < (channel + 1) * values.width; i++) sum += Math.abs(values.values[i]) || 0;
    return sum;
  });
  return order.sort((a, b) => strength[b] - strength[a] || a - b);
}

/** A row for each value, channel by channel; of parts that were changed as one, a row for each. */
function tableOf({ values, dims, axes, x, parts, quantity }: LineArtifact): Table {
  if (parts) return tableOfParts(parts, quantity);
  const strides = stridesOf(dims);
  const [length, channels] = [dims[axes.along], dims[axes.channel]];
  const frames = axes.frame === undefined ? 1 : dims[axes.frame];
  const channel = (row: number): number => Math.floor(row / length) % channels;
  const frame = (row: number): number => Math.floor(row / (length * channels));
  return {
    rows: frames * channels * length,
    columns: [
      ...(frames > 1 ? [column("frame", "integer", frame)] : []),
      column("channel", "integer", channel),
      column("x", "integer", (row) => row % length),
      ...(x.start === 0 && x.step === 1
        ? []
        : [column(x.label, "number", (row) => x.start + (row % length) * x.step, x.unit)]),
      column(
        "value",
        "number",
        (row) =>
          values[
            (axes.frame === undefined ? 0 : frame(row) * strides[axes.frame]) +
              channel(row) * strides[axes.channel] +
              (row % length) * strides[axes.along]
          ],
      ),
    ],
  };
}
