import { elementCount } from "../../../model/graph.ts";
import { range } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";
import {
  cornersOf,
  edgeOutside,
  reflectOutside,
  sample,
  zeroOutside,
  type Boundary,
  type Interpolation,
} from "./sampling.ts";
import { windowOf } from "./window.ts";

/**
 * Operators that look at an image in places that are themselves computed (ai.onnx 16 to 22), and the inverse of im2col.
 */
export const spatialRules: RuleTable = {
  GridSample: expanding(gridSample),
  AffineGrid: expanding(affineGrid),
  RoiAlign: expanding(roiAlign),
  DeformConv: expanding(deformConv),
  MaxUnpool: (r) => {
    const { g } = r;
    const [size, count] = [elementCount(r.outDims()), elementCount(r.dims())];
    const taken = g.op("GatherElements", [g.reshape(r.dy(), [size]), g.reshape(r.x(1), [count])], [count], { axis: 0 });
    return [g.reshape(taken, r.dims())];
  },
  Col2Im: (r) => {
    const { g } = r;
    const [image, block] = [r.known(1), r.known(2)];
    if (!image || !block) throw r.refuse("its sizes are not known");
    const [batch, channels] = r.outDims();
    const sizes = {
      image,
      block,
      strides: r.intList("strides") ?? image.map(() => 1),
      dilations: r.intList("dilations") ?? image.map(() => 1),
    };
    const pads = r.intList("pads") ?? [...image, ...image].map(() => 0);
    const [before, after] = [pads.slice(0, image.length), pads.slice(image.length)];
    const padded = g.pad(r.dy(), [0, 0, ...before], [0, 0, ...after]);
    const inner = g.shape(padded).slice(2);
    const flat = g.reshape(padded, [batch, channels, elementCount(inner)]);
    return [g.reshape(g.gather(flat, columnPlaces(sizes, inner), 2), r.dims())];
  },
};

/** For each place in the block and each position of it, where it lies in the padded image, flat. */
function columnPlaces(
  sizes: Record<"image" | "block" | "strides" | "dilations", readonly number[]>,
  inner: readonly number[],
): number[] {
  const { block, strides, dilations } = sizes;
  const positions = inner.map(
    (size, axis) => Math.floor((size - dilations[axis] * (block[axis] - 1) - 1) / strides[axis]) + 1,
  );
  return tuples(block).flatMap((tap) =>
    tuples(positions).map((position) =>
      position.reduce(
        (flat, start, axis) => flat * inner[axis] + start * strides[axis] + tap[axis] * dilations[axis],
        0,
      ),
    ),
  );
}

function tuples(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (list, dim) => list.flatMap((tuple) => range(0, dim).map((index) => [...tuple, index])),
    [[]],
  );
}

/** Coordinates from −1 to 1, the last axis x first; opset 20's names of the modes. */
function gridSample(r: RuleContext): string[] {
  const { g } = r;
  const [, channels, ...sizes] = r.dims(0);
  const [batch, ...places] = r.dims(1);
  const output = places.slice(0, -1);
  const corners = r.int("align_corners", 0) !== 0;
  const padding = r.string("padding_mode", "zeros");
  const boundary: Boundary =
    padding === "border" ? edgeOutside : padding === "reflection" ? reflectOutside(corners) : zeroOutside;
  const flat = g.reshape(r.x(1), [batch, elementCount(output), sizes.length]);
  const positions = sizes.map((size, axis) => {
    const coordinate = g.reshape(g.slice(flat, 2, sizes.length - 1 - axis, sizes.length - axis), [
      batch,
      elementCount(output),
    ]);
    return corners
      ? g.scale(g.offset(coordinate, 1), (size - 1) / 2)
      : g.offset(g.scale(g.offset(coordinate, 1), size / 2), -0.5);
  });
  const mode = r.string("mode", "linear");
  const interpolation: Interpolation =
    mode === "nearest" ? "nearest" : mode === "cubic" || mode === "bicubic" ? "cubic" : "linear";
  return [g.reshape(sample(g, r.x(0), positions, interpolation, boundary), [batch, channels, ...output])];
}

/** theta [N, d, d+1] times the points of a grid from −1 to 1. */
function affineGrid(r: RuleContext): string[] {
  const { g } = r;
  const size = r.known(1);
  if (!size) throw r.refuse("its size is not known");
  const [batch, , ...sizes] = size;
  const corners = r.int("align_corners", 0) !== 0;
  const at = (index: number, count: number): number =>
    corners ? (count === 1 ? 0 : (2 * index) / (count - 1) - 1) : (2 * index + 1) / count - 1;
  const points = tuples(sizes).flatMap((tuple) => [...tuple.map((index, axis) => at(index, sizes[axis])).reverse(), 1]);
  const grid = g.matmul(g.floats(points, [1, elementCount(sizes), sizes.length + 1]), g.transpose(r.x(0), [0, 2, 1]));
  return [g.reshape(grid, [batch, ...sizes, sizes.length])];
}

/**
 * Bins of each region, sampled at `sampling_ratio`² points: their mean, or the maximum of the weighted corners, as ONNX
 * has it.
 */
function roiAlign(r: RuleContext): string[] {
  const { g } = r;
  const [rois] = r.dims(1);
  const [, channels, height, width] = r.dims(0);
  const [rows, columns] = [r.int("output_height", 1), r.int("output_width", 1)];
  const scale = r.float("spatial_scale", 1);
  const half = r.string("coordinate_transformation_mode", "half_pixel") === "half_pixel";
  const images = g.op("Gather", [r.x(0), r.x(2)], [rois, channels, height, width], { axis: 0 });
  const edge = (index: number): string =>
    g.offset(g.scale(g.slice(r.x(1), 1, index, index + 1), scale), half ? -0.5 : 0);
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map(edge);
  const extent = (low: string, high: string): string => {
    const size = g.minus(high, low);
    return half ? size : g.op("Max", [size, g.scalar(1)], g.shape(size));
  };
  const samples = samplesOf(r, [rows, columns], scale, half);
  const perRoi = range(0, rois).map((roi) => {
    const one = (value: string): string => g.slice(value, 0, roi, roi + 1);
    const [down, across] = samples[roi];
    const axisPoints = (start: string, size: string, bins: number, points: number): string => {
      const places = range(0, bins * points).map(
        (index) => Math.floor(index / points) / bins + ((index % points) + 0.5) / (points * bins),
      );
      return g.plus(one(start), g.times(one(size), g.floats(places, [1, bins * points])));
    };
    const ys = axisPoints(y1, extent(y1, y2), rows, down);
    const xs = axisPoints(x1, extent(x1, x2), columns, across);
    const [tall, wide] = [rows * down, columns * across];
    const whole = (value: string, dims: number[]): string =>
      g.reshape(g.expand(g.reshape(value, dims), [tall, wide]), [1, tall * wide]);
    const [py, px] = [whole(ys, [tall, 1]), whole(xs, [1, wide])];
    // Up to one pixel outside the edge's pixel counts; beyond is zero.
    const inRange = (p: string, size: number): string =>
      g.times(g.indicator("GreaterOrEqual", p, g.scalar(-1)), g.indicator("LessOrEqual", p, g.scalar(size)));
    const valid = g.reshape(g.times(inRange(py, height), inRange(px, width)), [1, 1, tall * wide]);
    const clipped = (p: string, size: number): string => g.op("Clip", [p, g.scalar(0), g.scalar(size - 1)], g.shape(p));
    const corners = cornersOf(g, one(images), [clipped(py, height), clipped(px, width)], edgeOutside);
    const max = r.string("mode", "avg") === "max";
    const joined = max ? g.op("Max", corners, [1, channels, tall * wide]) : corners.reduce((a, b) => g.plus(a, b));
    const bins = g.reshape(g.times(joined, valid), [1, channels, rows, down, columns, across]);
    return g.reduce(max ? "ReduceMax" : "ReduceMean", bins, [3, 5], false);
  });
  return [g.concat(perRoi, 0)];
}

/** Sample points per bin [down, across] of each region; with sampling_ratio 0 the region's size decides. */
function samplesOf(
  r: RuleContext,
  bins: readonly [number, number],
  scale: number,
  half: boolean,
): (readonly [number, number])[] {
  const ratio = r.int("sampling_ratio", 0);
  const [rois] = r.dims(1);
  if (ratio > 0) return range(0, rois).map(() => [ratio, ratio] as const);
  const known = r.known(1);
  if (!known)
    throw r.refuse("with sampling_ratio 0 the number of sampling points depends on its regions, which are not known");
  return range(0, rois).map((roi) => {
    const [x1, y1, x2, y2] = known.slice(4 * roi, 4 * roi + 4).map((value) => value * scale);
    const size = (low: number, high: number): number => (half ? high - low : Math.max(high - low, 1));
    return [Math.max(1, Math.ceil(size(y1, y2) / bins[0])), Math.max(1, Math.ceil(size(x1, x2) / bins[1]))] as const;
  });
}

/** Convolution whose taps are displaced by `offset` and weighted by `mask` (Dai et al. 2017; Zhu et al. 2019), 2-D. */
function deformConv(r: RuleContext): string[] {
  const { g } = r;
  const [batch, channels, ...input] = r.dims(0);
  const [outputs, perGroup, ...kernel] = r.dims(1);
  const output = r.outDims().slice(2);
  if (input.length !== 2) throw r.refuse("only two spatial axes have a rule");
  const [group, offsetGroups] = [r.int("group", 1), r.int("offset_group", 1)];
  const window = windowOf(r, kernel, input, output);
  const [taps, places] = [elementCount(kernel), elementCount(output)];
  const points = taps * places;
  // Each offset group samples its own channels: groups join the batch.
  const images = g.reshape(r.x(0), [batch * offsetGroups, channels / offsetGroups, ...input]);
  const offsets = g.reshape(r.x(2), [batch * offsetGroups, taps, 2, places]);
  const positions = [0, 1].map((axis) => {
    const base = tuples(kernel).flatMap((tap) =>
      tuples(output).map(
        (place) => place[axis] * window.strides[axis] - window.before[axis] + tap[axis] * window.dilations[axis],
      ),
    );
    const moved = g.reshape(g.slice(offsets, 2, axis, axis + 1), [batch * offsetGroups, points]);
    return g.plus(moved, g.floats(base, [1, points]));
  });
  let columns = sample(g, images, positions, "linear", zeroOutside);
  if (r.has(4)) columns = g.times(columns, g.reshape(r.x(4), [batch * offsetGroups, 1, points]));
  const grouped = g.reshape(columns, [batch, group, perGroup * taps, places]);
  const weights = g.reshape(r.x(1), [1, group, outputs / group, perGroup * taps]);
  const product = g.reshape(g.matmul(weights, grouped), [batch, outputs, ...output]);
  return [r.has(3) ? g.plus(product, g.reshape(r.x(3), [1, outputs, 1, 1])) : product];
}
