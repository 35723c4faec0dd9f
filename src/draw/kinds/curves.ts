import type { CurveAxis, CurveLine, CurveNumber, CurvesArtifact } from "../../protocol/artifacts.ts";
import { LINE_DASHES } from "../scene/strokes.ts";
import { column } from "../scene/table.ts";
import type { Table } from "../scene/table.ts";
import { randomNumbers } from "../../protocol/checks.ts";
import { formatValue } from "../../protocol/format.ts";
import { layoutCurves } from "./curve-plot.ts";
import type { Combine, Kind } from "./kind.ts";

export const curves: Kind<CurvesArtifact> = {
  layout: (artifact) => layoutCurves(artifact),
  table: tableOf,
  numbers: numbersOf,
  combine: combineCurves,
  overSamples: (artifact, count) => ({ ...artifact, caption: `${artifact.caption}; mean over ${count} samples` }),
  compare: { reason: "Curves need more room than a cell has." },
  options: [],
};

/** A row for each point, line after line. */
function tableOf({ lines, x, y }: CurvesArtifact): Table {
  const points = lines.flatMap((line) => Array.from(line.x, (_, at) => ({ line, at })));
  return {
    rows: points.length,
    columns: [
      column("line", "text", (row) => points[row].line.label),
      column(x.label, x.names ? "text" : "number", (row) => {
        const value = points[row].line.x[points[row].at];
        return x.names?.[value] ?? value;
      }),
      column(y.label, "number", (row) => points[row].line.y[points[row].at]),
    ],
  };
}

/** [lines, 2, points]: each line's x and y; shorter lines end in NaN. */
function numbersOf({ lines }: CurvesArtifact): { dims: readonly number[]; values: Float32Array } {
  const points = Math.max(0, ...lines.map(({ x }) => x.length));
  const values = new Float32Array(lines.length * 2 * points).fill(NaN);
  lines.forEach(({ x, y }, i) => {
    values.set(x, 2 * i * points);
    values.set(y, (2 * i + 1) * points);
  });
  return { dims: [lines.length, 2, points], values };
}

/** Values of lines over the same x, and numbers, combined; clouds of points lie in one. */
function combineCurves(parts: readonly CurvesArtifact[], combine: Combine): CurvesArtifact {
  const [first] = parts;
  const lines = first.lines.flatMap(({ id }) => {
    const same = parts.flatMap((part) => part.lines.filter((line) => line.id === id));
    // A line that some lack (with signs, where a map has none) is left out.
    return same.length === parts.length ? [combineLine(same, combine)] : [];
  });
  const numbers = first.numbers.map((number) => {
    const same = parts.map((part) => part.numbers.find(({ id }) => id === number.id));
    // Each random map's, whose seed is the same for all.
    const random = number.random?.values.map((_, map) => combine(same.map((one) => one?.random?.values[map] ?? NaN)));
    return {
      ...number,
      value: combine(same.map((one) => one?.value ?? NaN)),
      ...(random ? { random: randomNumbers(random) } : {}),
    };
  });
  return { ...first, lines, numbers };
}

function combineLine(lines: readonly CurveLine[], combine: Combine): CurveLine {
  const [first] = lines;
  const summary = first.summary
    ? { summary: { ...first.summary, value: combine(lines.map((line) => line.summary?.value ?? NaN)) } }
    : {};
  const alike = lines.every(({ x }) => x.length === first.x.length && x.every((value, i) => value === first.x[i]));
  if (alike) return { ...first, ...summary, y: first.y.map((_, i) => combine(lines.map(({ y }) => y[i]))) };
  const points = lines
    .flatMap(({ x, y }) => Array.from(x, (value, i) => [value, y[i]] as const))
    .sort(([a], [b]) => a - b);
  return { ...first, ...summary, x: Float32Array.from(points, ([x]) => x), y: Float32Array.from(points, ([, y]) => y) };
}

export interface CurveRange {
  readonly min: number;
  readonly max: number;
}

/** The ends of both axes: those that are fixed, else those of all finite values with a little room. */
export function curveRanges({ x, y, lines }: CurvesArtifact): { readonly x: CurveRange; readonly y: CurveRange } {
  const names = x.names?.length ?? 0;
  const across =
    names > 0
      ? { min: 0, max: Math.max(1, names - 1) }
      : rangeOf(
          x,
          lines.map((line) => line.x),
          0,
        );
  return {
    x: across,
    y: rangeOf(
      y,
      lines.map((line) => line.y),
      0.04,
    ),
  };
}

function rangeOf({ min, max }: CurveAxis, arrays: readonly Float32Array[], room: number): CurveRange {
  let [low, high] = [Infinity, -Infinity];
  for (const array of arrays) {
    for (const value of array) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low <= high)) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const margin = (high - low) * room;
  return { min: min ?? low - margin, max: max ?? high + margin };
}

/** The number of a line's colour and dashes: guides have none of their own. */
export function lineStyles(
  lines: readonly CurveLine[],
): readonly { readonly color: number; readonly dash: readonly number[] }[] {
  let next = 0;
  return lines.map(({ style }) => {
    if (style === "guide") return { color: 5, dash: [4, 4] };
    const color = next++ % 5;
    return { color, dash: style === "points" ? [] : LINE_DASHES[color] };
  });
}

/** "Deletion, AUC 0.1234": a line's name with what sums it up. */
export function lineText({ label, summary }: CurveLine): string {
  return summary ? `${label}, ${summary.label} ${formatValue(summary.value)}` : label;
}

/** "0.31 ± 0.02": what random maps have in a number's place; nothing where none were made. */
export function randomText({ random }: CurveNumber): string | undefined {
  if (!random) return undefined;
  const { mean, deviation } = random;
  // A deviation of few maps is known to two digits at best.
  return `${formatValue(mean)}${deviation === undefined ? "" : ` ± ${formatValue(Number(deviation.toPrecision(2)))}`}`;
}
