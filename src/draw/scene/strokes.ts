import type { LinePart } from "./parts.ts";

/**
 * Colours that lines take in turn: told apart on white and on black, and by people who see fewer colours beside their
 * dashes.
 */
export const LINE_COLORS = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#6e7781"] as const;

/** Dash and gap, in widths of a pixel, that lines take in turn; none is a line without gaps. */
export const LINE_DASHES: readonly (readonly number[])[] = [[], [10, 5], [3, 4], [12, 4, 3, 4], [6, 6], [2, 2]];

export function lineColor(color: number): readonly [red: number, green: number, blue: number] {
  const hex = LINE_COLORS[color % LINE_COLORS.length];
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
}

/** Draws a line (or its points as dots) into RGBA pixels, with soft edges. */
export function drawStroke(rgba: Uint8ClampedArray, width: number, height: number, part: LinePart): void {
  const coverage = new Map<number, number>();
  const half = part.width / 2;
  for (const [ax, ay, bx, by] of segmentsOf(part)) {
    const [left, right] = [Math.floor(Math.min(ax, bx) - half - 1), Math.ceil(Math.max(ax, bx) + half + 1)];
    const [top, bottom] = [Math.floor(Math.min(ay, by) - half - 1), Math.ceil(Math.max(ay, by) + half + 1)];
    for (let y = Math.max(0, top); y <= Math.min(height - 1, bottom); y++) {
      for (let x = Math.max(0, left); x <= Math.min(width - 1, right); x++) {
        const covered = Math.min(1, half + 0.5 - distance(x + 0.5, y + 0.5, ax, ay, bx, by));
        const at = y * width + x;
        // Of segments that meet the stronger counts: a corner is not drawn twice.
        if (covered > (coverage.get(at) ?? 0)) coverage.set(at, covered);
      }
    }
  }
  const color = lineColor(part.color);
  for (const [at, covered] of coverage) {
    const own = part.colors ? columnColor(part.colors, (at % width) + 0.5 - part.x) : color;
    for (let c = 0; c < 3; c++) rgba[at * 4 + c] += (own[c] - rgba[at * 4 + c]) * covered;
  }
}

function columnColor({ width, rgba }: NonNullable<LinePart["colors"]>, x: number): Uint8ClampedArray {
  const columns = rgba.length / 4;
  const column = Math.min(columns - 1, Math.max(0, Math.floor((x / width) * columns)));
  return rgba.subarray(4 * column, 4 * column + 3);
}

type Segment = readonly [ax: number, ay: number, bx: number, by: number];

/** What is drawn of a part, in the scene's pixels. */
function segmentsOf({ x, y, points, dots, dash }: LinePart): Segment[] {
  const at = (i: number): [number, number] => [x + points[2 * i], y + points[2 * i + 1]];
  const count = points.length / 2;
  if (dots) return Array.from({ length: count }, (_, i): Segment => [...at(i), ...at(i)]);
  const whole = Array.from({ length: Math.max(0, count - 1) }, (_, i): Segment => [...at(i), ...at(i + 1)]);
  return dash && dash.length > 0 ? dashed(whole, dash) : whole;
}

/** Cuts a line into dashes; the pattern runs on around corners. */
function dashed(segments: readonly Segment[], dash: readonly number[]): Segment[] {
  const pieces: Segment[] = [];
  let [place, left] = [0, dash[0]];
  for (const [ax, ay, bx, by] of segments) {
    const length = Math.hypot(bx - ax, by - ay);
    for (let from = 0; from < length;) {
      const to = Math.min(length, from + left);
      if (place % 2 === 0)
        pieces.push([
          ax + ((bx - ax) * from) / length,
          ay + ((by - ay) * from) / length,
          ax + ((bx - ax) * to) / length,
          ay + ((by - ay) * to) / length,
        ]);
      left -= to - from;
      from = to;
      if (left <= 1e-9) left = dash[++place % dash.length];
    }
  }
  return pieces;
}

function distance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const squared = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = squared > 0 ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared)) : 0;
  return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay));
}
