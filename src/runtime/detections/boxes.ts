import type { DetectionFacts } from "./types.ts";

/** How four numbers make a box: corners with x or y first, or centre and size. */
export type BoxFormat = "xyxy" | "yxyx" | "cxcywh";

export const FORMAT_WORDS: Readonly<Record<BoxFormat, string>> = {
  xyxy: "x0, y0, x1, y1",
  yxyx: "y0, x0, y1, x1",
  cxcywh: "centre and size",
};

/** Pixels of the model's input, or fractions of its width and height. */
export type BoxUnit = "pixels" | "fractions";

export interface Corners {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** torchvision.ops.box_convert to "xyxy"; yxyx has y first, as TensorFlow and ONNX's NonMaxSuppression do. */
const CORNERS: Readonly<Record<BoxFormat, (a: number, b: number, c: number, d: number) => Corners>> = {
  xyxy: (x0, y0, x1, y1) => ({ x0, y0, x1, y1 }),
  yxyx: (y0, x0, y1, x1) => ({ x0, y0, x1, y1 }),
  cxcywh: (cx, cy, width, height) => ({
    x0: cx - width / 2,
    y0: cy - height / 2,
    x1: cx + width / 2,
    y1: cy + height / 2,
  }),
};

export function toCorners(format: BoxFormat, [a, b, c, d]: readonly number[]): Corners {
  return CORNERS[format](a, b, c, d);
}

/**
 * Boxes in pixels of the model's input: fractions times its sides, pixels of a size that was fed as a number brought to
 * its sides.
 */
export function toInputPixels(
  { x0, y0, x1, y1 }: Corners,
  unit: BoxUnit,
  { input, fedSize }: Pick<DetectionFacts, "input" | "fedSize">,
): Corners {
  const [sx, sy] =
    unit === "fractions"
      ? [input.width, input.height]
      : fedSize
        ? [input.width / fedSize.width, input.height / fedSize.height]
        : [1, 1];
  return { x0: x0 * sx, y0: y0 * sy, x1: x1 * sx, y1: y1 * sy };
}

/** Rows of four numbers, read one by one. */
export interface BoxRows {
  readonly count: number;
  row(index: number): readonly number[];
}

/** Coordinates of at most about one are fractions of the picture; a picture of one or two pixels cannot be told. */
export function unitOf({ count, row }: BoxRows): BoxUnit {
  for (let i = 0; i < count; i++) for (const value of row(i)) if (Math.abs(value) > 2) return "pixels";
  return "fractions";
}

/** Whether all rows are corners in order: the second pair at least the first, but for rounding. */
export function areCorners({ count, row }: BoxRows): boolean {
  for (let i = 0; i < count; i++) {
    const [a, b, c, d] = row(i);
    const rounding = 1e-3 * Math.max(1, Math.abs(a), Math.abs(b));
    if (!(c >= a - rounding && d >= b - rounding)) return false;
  }
  return true;
}

/**
 * Whether all rows can be centres and sizes: centres in the picture, give or take a tenth of it, and sizes of zero to
 * twice its own.
 */
export function areCentres(rows: BoxRows, size: { readonly width: number; readonly height: number }): boolean {
  return shareOfCentres(rows, size) === 1;
}

/** What share of the rows, 0 to 1, can be centres and sizes (see `areCentres`); 1 of none. */
export function shareOfCentres(
  { count, row }: BoxRows,
  { width, height }: { readonly width: number; readonly height: number },
): number {
  let fitting = 0;
  for (let i = 0; i < count; i++) {
    const [cx, cy, w, h] = row(i);
    if (
      w >= 0 &&
      h >= 0 &&
      cx >= -0.1 * width &&
      cx <= 1.1 * width &&
      cy >= -0.1 * height &&
      cy <= 1.1 * height &&
      w <= 2 * width &&
      h <= 2 * height
    )
      fitting++;
  }
  return count === 0 ? 1 : fitting / count;
}

/** Whether boxes by centre and size stay in the picture, give or take a tenth of it. */
export function centresFit(
  { count, row }: BoxRows,
  { width, height }: { readonly width: number; readonly height: number },
): boolean {
  for (let i = 0; i < count; i++) {
    const { x0, y0, x1, y1 } = toCorners("cxcywh", row(i));
    if (!(x0 <= x1 && y0 <= y1 && x0 >= -0.1 * width && y0 >= -0.1 * height && x1 <= 1.1 * width && y1 <= 1.1 * height))
      return false;
  }
  return true;
}
