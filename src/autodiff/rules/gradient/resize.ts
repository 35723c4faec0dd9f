import { range } from "../../builder.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";
import { axisAdjoint, axisProduct, type Tap } from "./axis-map.ts";

/**
 * Resize (ai.onnx, opset 11 to 25): interpolation is separable and linear, so each axis goes back through the transpose
 * of its own weights. All modes, coordinate transformations, antialiasing and cropping.
 */
export const resizeRules: RuleTable = {
  Resize: (r) => {
    const { g } = r;
    const [dims, out] = [r.dims(), r.outDims()];
    const scales = axisScales(r);
    const droi = r.needs(1) ? regionGrad(r, scales) : undefined;
    if (!r.needs(0)) return [undefined, droi];
    let grad = r.dy();
    dims.forEach((size, axis) => {
      const crop = cropOf(r, axis);
      if (size === out[axis] && scales[axis] === 1 && !crop) return;
      const taps = axisTaps(r, size, out[axis], scales[axis], crop);
      const single = taps.every((list) => list.length <= 1 && list.every((tap) => tap.weight === 1));
      grad = single
        ? axisAdjoint(
            g,
            grad,
            axis,
            taps.map((list) => list[0]?.at ?? -1),
            size,
          )
        : axisProduct(g, grad, axis, size, taps);
    });
    return [grad, droi];
  },
};

/**
 * How far a position is moved to see how its taps change: they are piecewise polynomials, and this is a slope of
 * theirs.
 */
const NUDGE = 1e-4;

/**
 * The gradient of tf_crop_and_resize's region [starts..., ends...]: along each axis the output moves with the position
 * it is taken from, whose slope along the axis is another set of taps.
 */
function regionGrad(r: RuleContext, scales: readonly number[]): string {
  const { g } = r;
  const [dims, out] = [r.dims(), r.outDims()];
  const axes = resizeAxes(r);
  const forward = (value: string, axis: number, taps: readonly (readonly Tap[])[]): string => {
    const matrix = new Float32Array(taps.length * dims[axis]);
    taps.forEach((list, row) => {
      for (const { at, weight } of list) matrix[row * dims[axis] + at] += weight;
    });
    const shape = g.shape(value);
    const flat = g.reshape(value, [
      ...shape.slice(0, axis),
      shape[axis],
      shape.slice(axis + 1).reduce((a, b) => a * b, 1),
    ]);
    return g.reshape(g.matmul(g.floats(matrix, [taps.length, dims[axis]]), flat), [
      ...shape.slice(0, axis),
      taps.length,
      ...shape.slice(axis + 1),
    ]);
  };
  const of = (axis: number): readonly [number, number] | undefined => cropOf(r, axis);
  const halves = axes.map((axis): [string, string] => {
    const [start, end] = of(axis) ?? [0, 1];
    if (dims[axis] <= 1 || !of(axis)) return [g.zeros([1]), g.zeros([1])];
    const moved = (by: number): Tap[][] => axisTaps(r, dims[axis], out[axis], scales[axis], [start + by, end + by]);
    const [up, down] = [moved(NUDGE), moved(-NUDGE)];
    // By how much the taps change with the position, which moves by size − 1 as the whole region moves by one.
    const slopes = up.map((list, index) => [
      ...list.map(({ at, weight }) => ({ at, weight: weight / (2 * NUDGE) })),
      ...down[index].map(({ at, weight }) => ({ at, weight: -weight / (2 * NUDGE) })),
    ]);
    let value = forward(r.x(0), axis, slopes);
    for (const other of dims.map((_, index) => index)) {
      if (other !== axis && (out[other] !== dims[other] || of(other)))
        value = forward(value, other, axisTaps(r, dims[other], out[other], scales[other], of(other)));
    }
    const perPlace = g.sum(
      g.times(r.dy(), value),
      dims.flatMap((_, index) => (index === axis ? [] : [index])),
      false,
    );
    // A position lies between the start and the end by its share.
    const share = range(0, out[axis]).map((place) => (out[axis] > 1 ? place / (out[axis] - 1) : 0.5));
    const weighted = (shares: number[]): string =>
      g.reshape(g.sum(g.times(perPlace, g.floats(shares, [out[axis]])), [0], false), [1]);
    return [weighted(share.map((value) => 1 - value)), weighted(share)];
  });
  return g.concat([...halves.map(([start]) => start), ...halves.map(([, end]) => end)], 0);
}

/** The scale of each axis: as given, or output / input where sizes were given (opset 18's `axes` respected). */
function axisScales(r: RuleContext): number[] {
  const [dims, out] = [r.dims(), r.outDims()];
  const scales = dims.map((size, axis) => out[axis] / size);
  const given = r.known(2);
  const axes = resizeAxes(r);
  if (given && given.length === axes.length)
    axes.forEach((axis, index) => {
      scales[axis] = given[index];
    });
  return scales;
}

function resizeAxes(r: RuleContext): number[] {
  const rank = r.dims().length;
  return (r.intList("axes") ?? range(0, rank)).map((axis) => (axis < 0 ? axis + rank : axis));
}

/** The region of interest along an axis, for tf_crop_and_resize. */
function cropOf(r: RuleContext, axis: number): readonly [number, number] | undefined {
  if (r.string("coordinate_transformation_mode", "half_pixel") !== "tf_crop_and_resize") return undefined;
  const roi = r.known(1);
  const axes = resizeAxes(r);
  const index = axes.indexOf(axis);
  return roi && index >= 0 && roi.length === 2 * axes.length ? [roi[index], roi[index + axes.length]] : undefined;
}

/** For each output position, the input positions it takes and their weights. */
function axisTaps(r: RuleContext, size: number, out: number, scale: number, crop?: readonly [number, number]): Tap[][] {
  const mode = r.string("mode", "nearest");
  const transform = r.string("coordinate_transformation_mode", "half_pixel");
  return range(0, out).map((position) => {
    const at = sourcePosition(transform, position, size, out, scale, crop);
    if (crop && (at < 0 || at > size - 1)) return [];
    if (mode === "nearest")
      return [{ at: nearest(r.string("nearest_mode", "round_prefer_floor"), at, size), weight: 1 }];
    const reach = r.int("antialias", 0) !== 0 && scale < 1 ? scale : 1;
    return mode === "linear" ? linearTaps(r, at, size, reach) : cubicTaps(r, at, size, reach);
  });
}

/** Where an output position lies in the input (ONNX Resize-19, coordinate_transformation_mode). */
function sourcePosition(
  transform: string,
  position: number,
  size: number,
  out: number,
  scale: number,
  crop?: readonly [number, number],
): number {
  switch (transform) {
    case "asymmetric":
      return position / scale;
    case "align_corners":
      return out === 1 ? 0 : (position * (size - 1)) / (out - 1);
    case "pytorch_half_pixel":
      return out > 1 ? (position + 0.5) / scale - 0.5 : 0;
    case "tf_half_pixel_for_nn":
      return (position + 0.5) / scale;
    case "half_pixel_symmetric": {
      const offset = (size / 2) * (1 - out / (scale * size));
      return offset + (position + 0.5) / scale - 0.5;
    }
    case "tf_crop_and_resize": {
      const [start, end] = crop ?? [0, 1];
      return out > 1
        ? start * (size - 1) + (position * (end - start) * (size - 1)) / (out - 1)
        : 0.5 * (start + end) * (size - 1);
    }
    default:
      return (position + 0.5) / scale - 0.5;
  }
}

function nearest(mode: string, at: number, size: number): number {
  const round =
    {
      floor: Math.floor,
      ceil: Math.ceil,
      round_prefer_ceil: (x: number) => Math.floor(x + 0.5),
      round_prefer_floor: (x: number) => Math.ceil(x - 0.5),
    }[mode] ?? Math.floor;
  return Math.min(Math.max(round(at), 0), size - 1);
}

/** Two neighbours, or with antialiasing a triangle as wide as one output pixel. */
function linearTaps(r: RuleContext, at: number, size: number, reach: number): Tap[] {
  if (reach < 1)
    return bounded(
      r,
      kernelTaps(at, 1, reach, (distance) => Math.max(0, 1 - Math.abs(distance))),
      size,
    );
  const clamped = Math.min(Math.max(at, 0), size - 1);
  const low = Math.floor(clamped);
  const part = clamped - low;
  return part === 0
    ? [{ at: low, weight: 1 }]
    : [
        { at: low, weight: 1 - part },
        { at: low + 1, weight: part },
      ];
}

/** Keys' cubic convolution with coefficient a (−0.75). */
function cubicTaps(r: RuleContext, at: number, size: number, reach: number): Tap[] {
  const a = r.float("cubic_coeff_a", -0.75);
  const kernel = (distance: number): number => {
    const x = Math.abs(distance);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
  };
  if (reach < 1) return bounded(r, kernelTaps(at, 2, reach, kernel), size);
  const first = Math.floor(at) - 1;
  return bounded(
    r,
    range(first, first + 4).map((tap) => ({ at: tap, weight: kernel(tap - at) })),
    size,
  );
}

/** A kernel of half width `support` stretched by 1/`reach` around `at`, its weights summing to one. */
function kernelTaps(at: number, support: number, reach: number, kernel: (distance: number) => number): Tap[] {
  const taps = range(Math.ceil(at - support / reach), Math.floor(at + support / reach) + 1).map((tap) => ({
    at: tap,
    weight: kernel((tap - at) * reach),
  }));
  return normalised(taps);
}

/** Taps outside repeat the edge, or fall away with exclude_outside, the rest then summing to one. */
function bounded(r: RuleContext, taps: readonly Tap[], size: number): Tap[] {
  if (r.int("exclude_outside", 0) !== 0) return normalised(taps.filter(({ at }) => at >= 0 && at < size));
  return taps.map(({ at, weight }) => ({ at: Math.min(Math.max(at, 0), size - 1), weight }));
}

function normalised(taps: readonly Tap[]): Tap[] {
  const total = taps.reduce((sum, { weight }) => sum + weight, 0);
  return taps.map(({ at, weight }) => ({ at, weight: weight / total }));
}
