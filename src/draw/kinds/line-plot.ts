import type { LineArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import { colorBar } from "../scene/color-bar.ts";
import { GLYPH } from "../scene/font.ts";
import { envelope, levelsOf } from "../scene/levels.ts";
import { paintMap, resizeMap } from "../scene/paint.ts";
import { paragraph, stack, textWidth } from "../scene/parts.ts";
import type { Block, Part } from "../scene/parts.ts";
import type { ValueRange } from "../scene/range.ts";
import type { ValueMap } from "../scene/reduce.ts";
import { formatValue } from "../../protocol/format.ts";
import { ticks } from "../scene/ticks.ts";
import { heatmapDrawing } from "./heatmap.ts";
import type { HeatmapDrawing } from "./heatmap.ts";
import { axisText, channelName, lineOrder, lineSort, linesOf, mapOf } from "./line.ts";

const plotWidth = 640;
const [oneHeight, manyHeight] = [200, 64];
const stripHeight = 10;
const gap = 14;
/** Of more lines the strongest are drawn. */
const MOST_DRAWN = 16;

/**
 * The lines below one another over one axis, under each the colours of the values there, and what colours mean at the
 * right; of several frames, each under its name. With `drawing`, the shared colours of a comparison, without a bar.
 */
export function layoutLines(artifact: LineArtifact, looks: Looks, drawing?: HeatmapDrawing): Block {
  const own = drawing ?? heatmapDrawing(mapOf(artifact), looks);
  const names = artifact.frames?.names;
  const plots = stack(
    own.frames.flatMap((map, frame) => [
      ...(names ? [paragraph(names[frame] ?? "", 2, "muted", plotWidth)] : []),
      layoutFrame(artifact, looks, { ...own, map }, frame),
    ]),
    gap,
  );
  if (drawing) return plots;
  const bar = colorBar(own.range, own.table, Math.min(plots.height, 320), artifact.quantity);
  return {
    width: plots.width + gap + bar.width,
    height: Math.max(plots.height, bar.height),
    parts: [...plots.parts, ...bar.parts.map((part) => ({ ...part, x: part.x + plots.width + gap }))],
  };
}

function layoutFrame(artifact: LineArtifact, looks: Looks, drawing: HeatmapDrawing, frame: number): Block {
  const lines = linesOf(artifact, frame);
  const order = lineOrder(lines, lineSort(artifact, looks.tileSort));
  const strongest = new Set(order.length > MOST_DRAWN ? lineOrder(lines, "strength").slice(0, MOST_DRAWN) : order);
  const shown = order.filter((channel) => strongest.has(channel));
  const all = looks.tileScale === "shared" ? lineRange(lines, shown) : undefined;
  const ranges = shown.map((channel) => all ?? lineRange(lines, [channel]));
  const left =
    Math.max(...ranges.flatMap(({ min, max }) => [min, max]).map((end) => textWidth(formatValue(end), 1))) + 8;
  const height = shown.length > 1 ? manyHeight : oneHeight;
  const tracks = shown.map((channel, i) => trackOf(artifact, lines, channel, ranges[i], drawing, left, height));
  const more = order.length - shown.length;
  return stack(
    [
      ...tracks,
      axisOf(artifact, left),
      ...(more > 0 ? [paragraph(`the strongest ${shown.length} of ${order.length}`, 2, "muted", plotWidth)] : []),
    ],
    gap / 2,
  );
}

/** The ends of lines' finite values; around one value where all are the same. */
export function lineRange({ values, width }: ValueMap, channels: readonly number[]): ValueRange {
  let [min, max] = [Infinity, -Infinity];
  for (const channel of channels) {
    const { low, high } = envelope(levelsOf(lineAt(values, width, channel)), 0, width, 1);
    if (low[0] < min) min = low[0];
    if (high[0] > max) max = high[0];
  }
  if (!(min <= max)) return { min: 0, max: 1 };
  return min === max ? { min: min - 0.5, max: max + 0.5 } : { min, max };
}

const cut = new WeakMap<Float32Array, Map<number, Float32Array>>();

/** A line's values; the same array each time, so that its levels are made once. */
export function lineAt(values: Float32Array, width: number, channel: number): Float32Array {
  let lines = cut.get(values);
  if (!lines) cut.set(values, (lines = new Map()));
  let line = lines.get(channel);
  if (!line) lines.set(channel, (line = values.subarray(channel * width, (channel + 1) * width)));
  return line;
}

/**
 * What a strip under a line holds: for each of `columns` equal parts of [from, to) of the map's width (parts of one,
 * 0 to 1) the value there, interpolated where `smooth`; of several the one of largest magnitude.
 */
export function stripValues(
  map: ValueMap,
  row: number,
  from: number,
  to: number,
  columns: number,
  smooth: boolean,
): Float32Array {
  const line = lineAt(map.values, map.width, Math.min(row, map.height - 1));
  const [first, last] = [from * map.width, to * map.width];
  if (last - first >= columns) {
    const { low, high } = envelope(levelsOf(line), first, last, columns);
    return low.map((value, column) => (Math.abs(value) > Math.abs(high[column]) ? value : high[column]));
  }
  if (smooth && from === 0 && to === 1)
    return resizeMap({ height: 1, width: map.width, values: line }, 1, columns, true).values;
  return Float32Array.from({ length: columns }, (_, column) => {
    const at = first + ((last - first) * (column + 0.5)) / columns;
    if (!smooth) return line[Math.min(map.width - 1, Math.floor(at))];
    const centre = Math.max(0, Math.min(map.width - 1, at - 0.5));
    const left = Math.floor(centre);
    const right = Math.min(map.width - 1, left + 1);
    return centre === left ? line[left] : line[left] + (line[right] - line[left]) * (centre - left);
  });
}

function trackOf(
  artifact: LineArtifact,
  lines: ValueMap,
  channel: number,
  { min, max }: ValueRange,
  { map, range, table }: HeatmapDrawing,
  left: number,
  height: number,
): Block {
  const name = channelName(artifact, channel);
  const top = name ? GLYPH.line + 2 : 0;
  const atY = (value: number): number => round(top + (1 - (value - min) / (max - min)) * height);
  const parts: Part[] = [
    ...(name ? [{ kind: "text", x: left, y: 0, text: name, scale: 1, ink: "muted" } as const] : []),
    { kind: "text", x: left - 5, y: top, text: formatValue(max), scale: 1, ink: "muted", anchor: "end" },
    {
      kind: "text",
      x: left - 5,
      y: top + height - GLYPH.ascent,
      text: formatValue(min),
      scale: 1,
      ink: "muted",
      anchor: "end",
    },
    { kind: "rect", x: left - 1, y: top, width: 1, height, ink: "muted" },
  ];
  if (min < 0 && max > 0)
    parts.push({ kind: "rect", x: left, y: Math.round(atY(0)), width: plotWidth, height: 1, ink: "muted" });
  for (const points of strokesOf(lineAt(lines.values, lines.width, channel), plotWidth))
    parts.push({
      kind: "line",
      x: left,
      y: 0,
      points: points.map((value, i) => (i % 2 === 0 ? round(value) : atY(value))),
      width: lines.width > plotWidth ? 1 : 2,
      color: 0,
      ...(points.length === 2 ? { dots: true } : {}),
    });
  const strip = stripValues(map, channel, 0, 1, plotWidth, artifact.smooth);
  parts.push({
    kind: "image",
    x: left,
    y: top + height + 2,
    width: plotWidth,
    height: stripHeight,
    pixelWidth: plotWidth,
    pixelHeight: 1,
    rgba: paintMap({ height: 1, width: plotWidth, values: strip }, range, table),
    label: [artifact.quantity, name].filter(Boolean).join(", "),
  });
  return { width: left + plotWidth, height: top + height + 2 + stripHeight, parts };
}

/**
 * A line through all values, or where they are more than the columns through each column's least and largest; broken
 * where there is none. x in pixels, each value in the middle of its place.
 */
function strokesOf(line: Float32Array, width: number): number[][] {
  const strokes: number[][] = [[]];
  const add = (x: number, values: readonly number[]): void => {
    if (values.every(Number.isFinite)) strokes[strokes.length - 1].push(...values.flatMap((value) => [x, value]));
    else if (strokes[strokes.length - 1].length > 0) strokes.push([]);
  };
  if (line.length <= width) line.forEach((value, i) => add(((i + 0.5) / line.length) * width, [value]));
  else {
    const { low, high } = envelope(levelsOf(line), 0, line.length, width);
    // Down one column and up the next: no jump across a column's whole height.
    for (let column = 0; column < width; column++)
      add(column + 0.5, column % 2 === 0 ? [low[column], high[column]] : [high[column], low[column]]);
  }
  return strokes.filter((points) => points.length > 0);
}

/** Round positions under the lines, and what runs along them. */
function axisOf(artifact: LineArtifact, left: number): Block {
  const { start, step } = artifact.x;
  const length = artifact.dims[artifact.axes.along];
  const [first, last] = [start - step / 2, start + (length - 0.5) * step];
  const parts = ticks(first, last, 6).flatMap((value): Part[] => {
    const x = left + Math.round(((value - first) / (last - first)) * plotWidth);
    return [
      { kind: "rect", x, y: 0, width: 1, height: 5, ink: "foreground" },
      { kind: "text", x, y: 8, text: formatValue(value), scale: 2, ink: "foreground", anchor: "middle" },
    ];
  });
  const label = paragraph(axisText(artifact.x), 2, "muted", plotWidth);
  const below = 12 + GLYPH.line * 2;
  return {
    width: left + plotWidth,
    height: below + label.height,
    parts: [...parts, ...label.parts.map((part) => ({ ...part, x: left, y: part.y + below }))],
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
