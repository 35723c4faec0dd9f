import type { Glyph, OutlinePoint } from "./font.ts";

/** How much of each pixel a glyph covers. */
export interface Coverage {
  /** The first column and row, from the pixel where the glyph begins on the baseline; rows go down. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** [height, width], 0 to 255. */
  readonly alpha: Uint8Array;
}

/**
 * A glyph at `size` pixels per em, begun `shift` pixels (0 to 1) after a pixel's start along the line. The share of each
 * pixel's area is exact but for curves, which are taken as lines that leave them by less than 1/50 of a pixel. `turned`:
 * read from bottom to top.
 */
export function coverGlyph({ contours }: Glyph, size: number, shift: number, turned = false): Coverage {
  const paths = contours.map((contour) =>
    flatten(contour.map(({ x, y, on }) => ({ ...place(x * size + shift, -y * size, turned), on }))),
  );
  const xs = paths.flatMap((path) => path.map(({ x }) => x));
  const ys = paths.flatMap((path) => path.map(({ y }) => y));
  if (xs.length === 0) return { left: 0, top: 0, width: 0, height: 0, alpha: new Uint8Array(0) };
  const [left, top] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  const [width, height] = [Math.ceil(Math.max(...xs)) - left, Math.ceil(Math.max(...ys)) - top];
  // One column more: an edge changes what lies to the right of it.
  const changes = new Float32Array((width + 1) * height);
  for (const path of paths)
    path.forEach((from, i) => {
      const to = path[(i + 1) % path.length];
      addEdge(changes, width + 1, from.x - left, from.y - top, to.x - left, to.y - top);
    });
  const alpha = new Uint8Array(width * height);
  for (let y = 0, out = 0; y < height; y++) {
    let covered = 0;
    for (let x = 0; x < width; x++, out++) {
      covered += changes[y * (width + 1) + x];
      alpha[out] = Math.round(255 * Math.min(1, Math.abs(covered)));
    }
  }
  return { left, top, width, height, alpha };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function place(along: number, down: number, turned: boolean): Point {
  return turned ? { x: down, y: -along } : { x: along, y: down };
}

/** A closed outline of lines and quadratic curves as the corners of a polygon. */
function flatten(contour: readonly OutlinePoint[]): Point[] {
  const path: Point[] = [];
  contour.forEach((point, i) => {
    if (point.on) {
      path.push(point);
      return;
    }
    const before = contour[(i + contour.length - 1) % contour.length];
    const after = contour[(i + 1) % contour.length];
    // Between two control points lies a point of the curve.
    const from = before.on ? before : middle(before, point);
    const to = after.on ? after : middle(point, after);
    const bend = Math.hypot(from.x - 2 * point.x + to.x, from.y - 2 * point.y + to.y) / 4;
    const steps = Math.max(1, Math.ceil(Math.sqrt(bend / 0.02)));
    for (let step = before.on ? 1 : 0; step < steps; step++) {
      const t = step / steps;
      const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
      path.push({ x: a * from.x + b * point.x + c * to.x, y: a * from.y + b * point.y + c * to.y });
    }
  });
  return path;
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/**
 * Adds an edge's effect on the coverage, [height, columns] of differences from pixel to pixel along each row: in the
 * pixel that a piece of it crosses by what lies right of it, in the next one by the rest.
 */
function addEdge(changes: Float32Array, columns: number, x0: number, y0: number, x1: number, y1: number): void {
  if (y0 === y1) return;
  const sign = y0 < y1 ? 1 : -1;
  const [startX, startY, endX, endY] = y0 < y1 ? [x0, y0, x1, y1] : [x1, y1, x0, y0];
  const perRow = (endX - startX) / (endY - startY);
  for (let row = Math.floor(startY); row < endY; row++) {
    const [above, below] = [Math.max(startY, row), Math.min(endY, row + 1)];
    const [a, b] = [startX + (above - startY) * perRow, startX + (below - startY) * perRow];
    const [low, high] = a < b ? [a, b] : [b, a];
    const rise = sign * (below - above);
    for (let column = Math.floor(low); column === Math.floor(low) || column < high; column++) {
      const [from, to] = [Math.max(low, column), Math.min(high, column + 1)];
      const part = high > low ? (rise * (to - from)) / (high - low) : rise;
      const right = column + 1 - (from + to) / 2;
      changes[row * columns + column] += part * right;
      if (column + 1 < columns) changes[row * columns + column + 1] += part * (1 - right);
    }
  }
}
