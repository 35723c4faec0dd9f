import { resampleAxis } from "./interpolate.ts";
import type { Random } from "./random.ts";

/** How masks over a space of `size` are drawn. */
export interface MaskShape {
  readonly size: readonly number[];
  /** Cells along each axis, each shown or hidden as a whole. */
  readonly cells: readonly number[];
  /** The length of a cell along each axis; 1 where every place is a cell by itself. */
  readonly lengths: readonly number[];
}

/** About `cells` cells along each axis; along one with no more places than that, each place is a cell. */
export function maskShape(size: readonly number[], cells: number): MaskShape {
  const counts = size.map((length) => Math.min(cells, length));
  return { size, cells: counts, lengths: size.map((length, axis) => Math.ceil(length / counts[axis])) };
}

/**
 * One of RISE's masks (Petsiuk, Das & Saenko 2018, section 3.2): cells that are 1 with `probability` and else 0,
 * enlarged to one cell more than the space by linear interpolation, and cut out at a random offset of less than a cell.
 * Interpolated as in the authors' program: cells' values lie at their centres, and beyond the outermost ones the grid
 * is mirrored. Row-major over `size`.
 */
export function randomMask(random: Random, { size, cells, lengths }: MaskShape, probability: number): Float32Array {
  const count = cells.reduce((product, length) => product * length, 1);
  let mask = Float32Array.from({ length: count }, () => (random.uniform() < probability ? 1 : 0));
  const current = [...cells];
  size.forEach((length, axis) => {
    if (lengths[axis] === 1) return;
    const offset = random.integer(lengths[axis]);
    const whole = (cells[axis] + 1) * lengths[axis];
    mask = resampleAxis(mask, current, axis, length, (target, from) => mirroredPlace(offset + target, from, whole));
    current[axis] = length;
  });
  return mask;
}

/** Where the place `target` of an axis that is enlarged to `whole` places lies among its `from` cells. */
function mirroredPlace(target: number, from: number, whole: number): number {
  const place = Math.abs(((target + 0.5) * from) / whole - 0.5);
  return place > from - 1 ? Math.max(0, 2 * (from - 1) - place) : place;
}
