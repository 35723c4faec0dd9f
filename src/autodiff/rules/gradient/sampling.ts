import { elementCount } from "../../../model/graph.ts";
import { range, type Builder, type Dims } from "../../builder.ts";

/** Cubic convolution's coefficient in GridSample. */
const CUBIC_A = -0.75;

export type Interpolation = "linear" | "nearest" | "cubic";

/**
 * From integer positions (as floats) along an axis of length `size` to ones inside, and a mask of those that count
 * (undefined: all).
 */
export type Boundary = (g: Builder, positions: string, size: number) => { inside: string; mask?: string };

/** Outside is zero. */
export const zeroOutside: Boundary = (g, positions, size) => {
  const mask = g.times(
    g.indicator("GreaterOrEqual", positions, g.scalar(0)),
    g.indicator("LessOrEqual", positions, g.scalar(size - 1)),
  );
  return { inside: clamp(g, positions, 0, size - 1), mask };
};

export const edgeOutside: Boundary = (g, positions, size) => ({ inside: clamp(g, positions, 0, size - 1) });

/** Mirrored at the centres of the outer pixels (`corners`) or at their outer edges. */
export function reflectOutside(corners: boolean): Boundary {
  return (g, positions, size) => {
    const [low, span] = corners ? [0, size - 1] : [-0.5, size];
    if (span === 0) return { inside: g.scale(positions, 0) };
    const distance = g.unary("Abs", g.offset(positions, -low));
    const folded = g.op("Mod", [distance, g.scalar(2 * span)], g.shape(positions), { fmod: 1 });
    const back = g.minus(g.scalar(2 * span), folded);
    return { inside: clamp(g, g.offset(g.op("Min", [folded, back], g.shape(positions)), low), 0, size - 1) };
  };
}

interface Tap {
  /** Integer positions, as floats. */
  readonly at: string;
  readonly weight: string | undefined;
}

/**
 * Values of `image` [B, C, ...sizes] at real positions, one array [B, P] for each spatial axis: [B, C, P]. Gradients
 * flow to the image and, through the weights, to the positions.
 */
export function sample(
  g: Builder,
  image: string,
  positions: readonly string[],
  interpolation: Interpolation,
  boundary: Boundary,
): string {
  const [, , ...sizes] = g.shape(image);
  const flat = flattened(g, image);
  const taps = positions.map((position) => tapsOf(g, position, interpolation));
  const parts = combinations(taps.map((list) => list.length)).map((choice) => {
    const chosen = choice.map((index, axis) => taps[axis][index]);
    return weighted(g, flat, sizes, chosen, boundary);
  });
  return parts.reduce((a, b) => g.plus(a, b));
}

/** The same, one array [B, C, P] for each combination of taps, weights applied: RoiAlign takes their maximum. */
export function cornersOf(g: Builder, image: string, positions: readonly string[], boundary: Boundary): string[] {
  const [, , ...sizes] = g.shape(image);
  const flat = flattened(g, image);
  const taps = positions.map((position) => tapsOf(g, position, "linear"));
  return combinations(taps.map((list) => list.length)).map((choice) =>
    weighted(
      g,
      flat,
      sizes,
      choice.map((index, axis) => taps[axis][index]),
      boundary,
    ),
  );
}

function flattened(g: Builder, image: string): string {
  const [batch, channels, ...sizes] = g.shape(image);
  return g.reshape(image, [batch, channels, elementCount(sizes)]);
}

function weighted(g: Builder, flat: string, sizes: Dims, taps: readonly Tap[], boundary: Boundary): string {
  const [batch, channels] = g.shape(flat);
  const places = taps.map(({ at }, axis) => boundary(g, at, sizes[axis]));
  const index = places
    .map(({ inside }) => inside)
    .reduce((sum, inside, axis) => (axis === 0 ? inside : g.plus(g.scale(sum, sizes[axis]), inside)));
  const count = g.shape(index)[1];
  const whole = g.op("Cast", [index], [batch, count], { to: 7 });
  const indices = g.expand(g.reshape(whole, [batch, 1, count]), [batch, channels, count]);
  let value = g.op("GatherElements", [flat, indices], [batch, channels, count], { axis: 2 });
  for (const factor of [...taps.map(({ weight }) => weight), ...places.map(({ mask }) => mask)]) {
    if (factor !== undefined) value = g.times(value, g.reshape(factor, [batch, 1, count]));
  }
  return value;
}

function tapsOf(g: Builder, position: string, interpolation: Interpolation): Tap[] {
  if (interpolation === "nearest") return [{ at: g.unary("Round", position), weight: undefined }];
  const low = g.unary("Floor", position);
  const part = g.minus(position, low);
  if (interpolation === "linear") {
    return [
      { at: low, weight: g.minus(g.scalar(1), part) },
      { at: g.offset(low, 1), weight: part },
    ];
  }
  return range(-1, 3).map((step) => ({ at: g.offset(low, step), weight: cubicWeight(g, part, step) }));
}

/** Keys' kernel at the distance of tap `step` from `part` past tap 0. */
function cubicWeight(g: Builder, part: string, step: number): string {
  const a = CUBIC_A;
  // The distance is part − step for taps behind, step − part for those in front.
  const x = step <= 0 ? g.offset(part, -step) : g.minus(g.scalar(step), part);
  const polynomial = (c3: number, c2: number, c1: number, c0: number): string =>
    g.offset(g.times(g.offset(g.times(g.offset(g.scale(x, c3), c2), x), c1), x), c0);
  return step === 0 || step === 1 ? polynomial(a + 2, -(a + 3), 0, 1) : polynomial(a, -5 * a, 8 * a, -4 * a);
}

function clamp(g: Builder, value: string, low: number, high: number): string {
  return g.op("Clip", [value, g.scalar(low), g.scalar(high)], g.shape(value));
}

function combinations(counts: readonly number[]): number[][] {
  return counts.reduce<number[][]>(
    (tuples, count) => tuples.flatMap((tuple) => range(0, count).map((index) => [...tuple, index])),
    [[]],
  );
}
