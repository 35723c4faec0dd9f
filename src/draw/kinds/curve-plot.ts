import type { CurveLine, CurvesArtifact } from "../../protocol/artifacts.ts";
import { GLYPH } from "../scene/font.ts";
import type { Block, LinePart, Part } from "../scene/parts.ts";
import { paragraph, stack, textWidth } from "../scene/parts.ts";
import { ticks } from "../scene/ticks.ts";
import { formatValue } from "../../protocol/format.ts";
import { curveRanges, lineStyles, lineText, randomText } from "./curves.ts";
import type { CurveRange } from "./curves.ts";

const [plotWidth, plotHeight] = [600, 360];
const longestName = 28;

/** The curves in a frame with round numbers, below it the legend, the numbers and how to read them. */
export function layoutCurves(artifact: CurvesArtifact): Block {
  const width = Math.max(plotWidth, 480);
  return stack(
    [
      paragraph(artifact.y.label, 2, "muted", width),
      layoutPlot(artifact),
      legend(artifact),
      numbers(artifact, width),
      paragraph(artifact.reading, 2, "foreground", width + 80),
    ],
    12,
  );
}

function layoutPlot(artifact: CurvesArtifact): Block {
  const ranges = curveRanges(artifact);
  const down = ticks(ranges.y.min, ranges.y.max, 5);
  const left = Math.max(...down.map((value) => textWidth(formatValue(value), 2))) + 10;
  const atX = (value: number): number => ((value - ranges.x.min) / (ranges.x.max - ranges.x.min)) * plotWidth;
  const atY = (value: number): number => (1 - (value - ranges.y.min) / (ranges.y.max - ranges.y.min)) * plotHeight;
  const parts: Part[] = [];
  for (const value of down) {
    const y = Math.round(atY(value));
    parts.push({ kind: "rect", x: left - 5, y, width: 5, height: 1, ink: "foreground" });
    parts.push({
      kind: "text",
      x: left - 9,
      y: y - GLYPH.ascent,
      text: formatValue(value),
      scale: 2,
      ink: "foreground",
      anchor: "end",
    });
  }
  parts.push({ kind: "rect", x: left, y: 0, width: 1, height: plotHeight, ink: "foreground" });
  parts.push({ kind: "rect", x: left, y: plotHeight, width: plotWidth, height: 1, ink: "foreground" });
  const below = artifact.x.names ? placeNames(artifact.x.names, left, atX) : amounts(ranges.x, left, atX);
  const styles = lineStyles(artifact.lines);
  const lines = artifact.lines.flatMap((line, i) => strokesOf(line, styles[i], (value) => left + atX(value), atY));
  const label = paragraph(artifact.x.label, 2, "muted", plotWidth);
  const bottom = plotHeight + below.height + 8;
  return {
    width: left + plotWidth + 20,
    height: bottom + label.height,
    parts: [
      ...parts,
      ...below.parts,
      ...lines,
      ...label.parts.map((part) => ({ ...part, x: left, y: part.y + bottom })),
    ],
  };
}

/** Round numbers under the axis. */
function amounts(range: CurveRange, left: number, atX: (value: number) => number): Block {
  const parts = ticks(range.min, range.max, 6).flatMap((value): Part[] => {
    const x = left + Math.round(atX(value));
    return [
      { kind: "rect", x, y: plotHeight, width: 1, height: 6, ink: "foreground" },
      { kind: "text", x, y: plotHeight + 11, text: formatValue(value), scale: 2, ink: "foreground", anchor: "middle" },
    ];
  });
  return { width: plotWidth, height: 11 + GLYPH.line * 2, parts };
}

/** Names under the axis, from top to bottom; where there are too many, every so many. */
function placeNames(names: readonly string[], left: number, atX: (value: number) => number): Block {
  const every = Math.max(1, Math.ceil(names.length / 24));
  const shown = names.map((name, place) => ({ place, text: shorten(name) })).filter(({ place }) => place % every === 0);
  const parts = shown.flatMap(({ place, text }): Part[] => {
    const x = left + Math.round(atX(place));
    return [
      { kind: "rect", x, y: plotHeight, width: 1, height: 6, ink: "foreground" },
      {
        kind: "text",
        x: x - Math.ceil(GLYPH.ascent / 2),
        y: plotHeight + 10,
        text,
        scale: 1,
        ink: "foreground",
        anchor: "end",
        turned: true,
      },
    ];
  });
  return { width: plotWidth, height: 12 + Math.max(...shown.map(({ text }) => textWidth(text, 1))), parts };
}

/** A layer's block is told by the beginning of its name, its kind by the end. */
function shorten(name: string): string {
  const characters = [...name];
  return characters.length > longestName
    ? `${characters.slice(0, longestName - 13).join("")}…${characters.slice(-12).join("")}`
    : name;
}

/** A line without the places that have no value: it is broken there. */
function strokesOf(
  line: CurveLine,
  { color, dash }: { readonly color: number; readonly dash: readonly number[] },
  atX: (value: number) => number,
  atY: (value: number) => number,
): LinePart[] {
  const runs: number[][] = [[]];
  for (let i = 0; i < line.x.length; i++) {
    if (Number.isFinite(line.x[i]) && Number.isFinite(line.y[i]))
      runs[runs.length - 1].push(round(atX(line.x[i])), round(atY(line.y[i])));
    else if (runs[runs.length - 1].length > 0) runs.push([]);
  }
  const dots = line.style === "points";
  return runs
    .filter((points) => points.length > 0)
    .map((points) => ({
      kind: "line",
      x: 0,
      y: 0,
      points,
      width: dots ? 6 : line.style === "guide" ? 1 : 2,
      color,
      ...(dots || points.length === 2 ? { dots: true } : {}),
      dash,
    }));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function legend({ lines }: CurvesArtifact): Block {
  const styles = lineStyles(lines);
  return stack(
    lines.map((line, i): Block => {
      const middle = GLYPH.ascent;
      const sample: LinePart =
        line.style === "points"
          ? { kind: "line", x: 0, y: 0, points: [20, middle], width: 6, color: styles[i].color, dots: true, dash: [] }
          : {
              kind: "line",
              x: 0,
              y: 0,
              points: [0, middle, 40, middle],
              width: line.style === "guide" ? 1 : 2,
              ...styles[i],
            };
      const text = lineText(line);
      return {
        width: 52 + textWidth(text, 2),
        height: GLYPH.ascent * 2,
        parts: [sample, { kind: "text", x: 52, y: 0, text, scale: 2, ink: "foreground" }],
      };
    }),
    8,
  );
}

function numbers({ numbers: all }: CurvesArtifact, width: number): Block {
  const names = Math.max(0, ...all.map(({ label }) => textWidth(label, 2))) + 24;
  return stack(
    all.map((number): Block => {
      const random = randomText(number);
      const value = formatValue(number.value);
      const besides: Part[] =
        random === undefined
          ? []
          : [
              {
                kind: "text",
                x: names + textWidth(`${value}  `, 2),
                y: 0,
                text: `random map ${random}`,
                scale: 2,
                ink: "muted",
              },
            ];
      return {
        width,
        height: GLYPH.ascent * 2,
        parts: [
          { kind: "text", x: 0, y: 0, text: number.label, scale: 2, ink: "muted" },
          { kind: "text", x: names, y: 0, text: value, scale: 2, ink: "foreground" },
          ...besides,
        ],
      };
    }),
    8,
  );
}
