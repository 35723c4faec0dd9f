import type { LineArtifact, LineAxis } from "../../protocol/artifacts.ts";
import { formatValue } from "../../protocol/format.ts";
import type { Looks } from "../../protocol/looks.ts";
import type { TargetMark } from "../../protocol/result.ts";
import { colorBar } from "../scene/color-bar.ts";
import { GLYPH } from "../scene/font.ts";
import { paintMap } from "../scene/paint.ts";
import { paragraph, stack, textWidth } from "../scene/parts.ts";
import type { Block, ImagePart, LinePart, Part } from "../scene/parts.ts";
import type { ValueRange } from "../scene/range.ts";
import { ticks } from "../scene/ticks.ts";
import { heatmapDrawing } from "./heatmap.ts";
import type { HeatmapDrawing } from "./heatmap.ts";
import { axisText, channelName, lineOrder, lineSort, linesOf, lineStyle, mapOf } from "./line.ts";
import { lineAt, lineRange, stripRows, stripValues, strokesOf } from "./line-strokes.ts";

export const plotWidth = 640;
const [oneHeight, fewHeight, manyHeight, mapHeight] = [200, 96, 64, 320];
const [stripHeight, bandHeight] = [10, 24];
const gap = 14;
/** Of more lines the strongest are drawn. */
const MOST_DRAWN = 16;
/** LINE_COLORS' grey: around a line in the colours of its values, so that it is seen on any ground. */
const CASING = 5;

/**
 * The lines below one another over one axis, in the colours of the values or with those below them, and what colours mean
 * at the right; of several frames, each under its name. With `drawing`, the shared colours of a comparison, without a
 * bar. `target`: the part of the axis that is explained.
 */
export function layoutLines(
  artifact: LineArtifact,
  looks: Looks,
  target: TargetMark | undefined,
  drawing?: HeatmapDrawing,
): Block {
  return withBar(artifact, looks, drawing, (own, frame) => layoutFrame(artifact, looks, own, frame, target));
}

/** The values as a map of colours over the axis: a row for each channel. */
export function layoutRows(artifact: LineArtifact, looks: Looks): Block {
  return withBar(artifact, looks, undefined, ({ map, range, table }) => {
    const order = lineOrder(map, lineSort(artifact, looks.tileSort));
    const rows = order.map((row) => channelName(artifact, row));
    const [first, last] = [rows[0], rows[rows.length - 1]];
    const left = Math.max(textWidth(first, 1), textWidth(last, 1)) + 8;
    const height = Math.max(Math.min(mapHeight, 24 * order.length), Math.min(order.length, 2 * mapHeight));
    const { values } = stripRows(map, order, { from: 0, to: 1 }, plotWidth);
    const label = (text: string, y: number): Part => {
      return { kind: "text", x: left - 5, y, text, scale: 1, ink: "muted", anchor: "end" };
    };
    const picture: Block = {
      width: left + plotWidth,
      height,
      parts: [
        label(first, 0),
        ...(order.length > 1 ? [label(last, height - GLYPH.ascent)] : []),
        {
          kind: "image",
          x: left,
          y: 0,
          width: plotWidth,
          height,
          pixelWidth: plotWidth,
          pixelHeight: order.length,
          rgba: paintMap({ height: order.length, width: plotWidth, values }, range, table),
          label: artifact.title,
        },
      ],
    };
    return stack([picture, axisBlock(artifact.x, map.width, left)], gap / 2);
  });
}

function withBar(
  artifact: LineArtifact,
  looks: Looks,
  drawing: HeatmapDrawing | undefined,
  layout: (drawing: HeatmapDrawing, frame: number) => Block,
): Block {
  const own = drawing ?? heatmapDrawing(mapOf(artifact), looks);
  const names = artifact.frames?.names;
  const plots = stack(
    own.frames.flatMap((map, frame) => [
      ...(names ? [paragraph(names[frame] ?? "", 2, "muted", plotWidth)] : []),
      layout({ ...own, map }, frame),
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

function layoutFrame(
  artifact: LineArtifact,
  looks: Looks,
  drawing: HeatmapDrawing,
  frame: number,
  target: TargetMark | undefined,
): Block {
  const lines = linesOf(artifact, frame);
  const style = lineStyle(artifact);
  const order = lineOrder(lines, lineSort(artifact, looks.tileSort));
  const strongest = new Set(order.length > MOST_DRAWN ? lineOrder(lines, "strength").slice(0, MOST_DRAWN) : order);
  const shown = order.filter((channel) => strongest.has(channel));
  const all = looks.tileScale === "shared" ? lineRange(lines, shown) : undefined;
  const ranges = shown.map((channel) => all ?? lineRange(lines, [channel]));
  const left = leftOf(ranges);
  const height = shown.length === 1 ? oneHeight : shown.length > 4 ? manyHeight : fewHeight;
  const { map, range, table } = drawing;
  const colorsOf = (row: number): Uint8ClampedArray =>
    paintMap(
      { height: 1, width: plotWidth, values: stripValues(map, row, 0, 1, plotWidth, artifact.smooth) },
      range,
      table,
    );
  const strip = (row: number, label: string, high: number): Block => {
    const image: ImagePart = {
      kind: "image",
      x: left,
      y: 0,
      width: plotWidth,
      height: high,
      pixelWidth: plotWidth,
      pixelHeight: 1,
      rgba: colorsOf(row),
      label: [artifact.quantity, label].filter(Boolean).join(", "),
    };
    return { width: left + plotWidth, height: high, parts: [image] };
  };
  const tracks = shown.map((channel, i) => {
    const name = channelName(artifact, channel);
    const colors = style === "colored" ? { width: plotWidth, rgba: colorsOf(channel) } : undefined;
    const plot = plotOf({
      lines: [lineAt(lines.values, lines.width, channel)],
      colors,
      range: ranges[i],
      name,
      left,
      height,
    });
    const marked = target && isMarked(target, channel, lines.height) ? markPart(target, plot, left, height) : [];
    const whole = { ...plot, parts: [...plot.parts, ...marked] };
    return style === "band" ? whole : stack([whole, strip(channel, name, stripHeight)], 2);
  });
  const more = order.length - shown.length;
  return stack(
    [
      ...tracks,
      ...(style === "band" ? [strip(0, artifact.title, bandHeight)] : []),
      axisBlock(artifact.x, artifact.dims[artifact.axes.along], left),
      ...(more > 0 ? [paragraph(`the strongest ${shown.length} of ${order.length}`, 2, "muted", plotWidth)] : []),
    ],
    gap / 2,
  );
}

/** How much room the ends' numbers take at the left. */
export function leftOf(ranges: readonly ValueRange[]): number {
  return Math.max(...ranges.flatMap(({ min, max }) => [min, max]).map((end) => textWidth(formatValue(end), 1))) + 8;
}

/** Lines in one range, with their name and its ends: the first one in its colours. */
export function plotOf({
  lines,
  colors,
  range: { min, max },
  name,
  left,
  height,
}: {
  /** The first in front; others take other colours. */
  readonly lines: readonly Float32Array[];
  readonly colors?: LinePart["colors"];
  readonly range: ValueRange;
  readonly name: string;
  readonly left: number;
  readonly height: number;
}): Block {
  const top = name ? GLYPH.line + 2 : 0;
  const atY = (value: number): number => round(top + (1 - (value - min) / (max - min)) * height);
  const small = { kind: "text", scale: 1, ink: "muted" } as const;
  const parts: Part[] = [
    ...(name ? [{ ...small, x: left, y: 0, text: name }] : []),
    { ...small, x: left - 5, y: top, text: formatValue(max), anchor: "end" },
    { ...small, x: left - 5, y: top + height - GLYPH.ascent, text: formatValue(min), anchor: "end" },
    { kind: "rect", x: left - 1, y: top, width: 1, height, ink: "muted" },
  ];
  if (min < 0 && max > 0)
    parts.push({ kind: "rect", x: left, y: Math.round(atY(0)), width: plotWidth, height: 1, ink: "muted" });
  const stroke = (line: Float32Array, color: number, thicker: number, colored?: LinePart["colors"]): void => {
    for (const points of strokesOf(line, plotWidth))
      parts.push({
        kind: "line",
        x: left,
        y: 0,
        points: points.map((value, i) => (i % 2 === 0 ? round(value) : atY(value))),
        width: (line.length > plotWidth ? 1 : 2) + thicker,
        color,
        ...(colored ? { colors: colored } : {}),
        ...(points.length === 2 ? { dots: true } : {}),
      });
  };
  for (let i = lines.length - 1; i > 0; i--) stroke(lines[i], CASING, 0);
  if (colors) stroke(lines[0], CASING, 2.5);
  stroke(lines[0], 0, colors ? 0.5 : 0, colors);
  return { width: left + plotWidth, height: top + height, parts };
}

/** Whether a target that covers some of a signal's channels covers this one. */
export function isMarked({ top, bottom }: TargetMark, channel: number, channels: number): boolean {
  const middle = (channel + 0.5) / channels;
  return middle > top && middle < bottom;
}

/** The target's part of the axis on a plot: an outline, at the least a line. */
function markPart(target: TargetMark, plot: Block, left: number, height: number): Part[] {
  const [from, to] = [target.left, target.right].map((part) => left + Math.round(part * plotWidth));
  const y = plot.height - height;
  const edge = { kind: "rect", ink: "foreground" } as const;
  if (to - from < 3) return [{ ...edge, x: from, y, width: 2, height }];
  return [
    { ...edge, x: from, y, width: 1, height },
    { ...edge, x: to - 1, y, width: 1, height },
    { ...edge, x: from, y, width: to - from, height: 2 },
    { ...edge, x: from, y: y + height - 2, width: to - from, height: 2 },
  ];
}

/** Round positions under the lines, and what runs along them. */
export function axisBlock(axis: LineAxis, length: number, left: number): Block {
  const { start, step } = axis;
  const [first, last] = [start - step / 2, start + (length - 0.5) * step];
  const parts = ticks(first, last, 6).flatMap((value): Part[] => {
    const x = left + Math.round(((value - first) / (last - first)) * plotWidth);
    return [
      { kind: "rect", x, y: 0, width: 1, height: 5, ink: "foreground" },
      { kind: "text", x, y: 8, text: formatValue(value), scale: 2, ink: "foreground", anchor: "middle" },
    ];
  });
  const label = paragraph(axisText(axis), 2, "muted", plotWidth);
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
