import type { Dims } from "../../builder.ts";
import { elementCount } from "../../../model/graph.ts";
import type { RuleContext } from "../../rule.ts";

/** A sliding window over the spatial axes, as Conv and the pools have it, with padding resolved to numbers. */
export interface Window {
  readonly kernel: Dims;
  readonly strides: Dims;
  readonly dilations: Dims;
  readonly before: Dims;
  /** Padding that the node declares at the end of each axis. */
  readonly after: Dims;
}

/**
 * kernel, strides, dilations and pads of a node over input spatial dims `input`, giving `output` (auto_pad resolved,
 * ONNX Conv-11).
 */
export function windowOf(r: RuleContext, kernel: Dims, input: Dims, output: Dims): Window {
  const rank = kernel.length;
  const strides = r.intList("strides") ?? new Array<number>(rank).fill(1);
  const dilations = r.intList("dilations") ?? new Array<number>(rank).fill(1);
  const autoPad = r.string("auto_pad", "NOTSET");
  if (autoPad === "NOTSET" || autoPad === "") {
    const pads = r.intList("pads") ?? new Array<number>(2 * rank).fill(0);
    return { kernel, strides, dilations, before: pads.slice(0, rank), after: pads.slice(rank) };
  }
  if (autoPad === "VALID") {
    const none = new Array<number>(rank).fill(0);
    return { kernel, strides, dilations, before: none, after: none };
  }
  const totals = kernel.map((size, axis) =>
    Math.max(0, (output[axis] - 1) * strides[axis] + (size - 1) * dilations[axis] + 1 - input[axis]),
  );
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return autoPad === "SAME_UPPER"
    ? { kernel, strides, dilations, before: small, after: large }
    : { kernel, strides, dilations, before: large, after: small };
}

/** How far the window reaches along each axis. */
export function extents(window: Window): number[] {
  return window.kernel.map((size, axis) => (size - 1) * window.dilations[axis] + 1);
}

/**
 * The adjoint of a convolution over `window`: from `value` [N, groups·M, ...output] and `weight` [groups·M, C,
 * ...kernel] to [N, groups·C, ...input]. Windows may hang over the end (ceil_mode) or leave a rest that no window saw.
 */
export function convAdjoint(
  r: RuleContext,
  value: string,
  weight: string,
  group: number,
  window: Window,
  input: Dims,
): string {
  const { g } = r;
  const output = g.shape(value).slice(2);
  const [batch, channels] = [g.shape(value)[0], g.shape(weight)[1] * group];
  const reach = extents(window);
  const stepOne = window.strides.every((stride) => stride === 1);
  const before = reach.map((extent, axis) => extent - 1 - window.before[axis]);
  const after = reach.map((extent, axis) => input[axis] + extent - 1 - output[axis] - before[axis]);
  // With stride 1 a Conv with flipped weights does it, and ONNX Runtime's Conv is several times faster than its
  // ConvTranspose.
  if (stepOne && [...before, ...after].every((pad) => pad >= 0)) {
    return g.op("Conv", [value, flipped(r, weight, group)], [batch, channels, ...input], {
      kernel_shape: window.kernel,
      dilations: window.dilations,
      group,
      pads: [...before, ...after],
    });
  }
  const full = output.map((size, axis) => (size - 1) * window.strides[axis] + reach[axis]);
  const cut = full.map((size, axis) => Math.max(0, size - window.before[axis] - input[axis]));
  const rest = full.map((size, axis) => Math.max(0, window.before[axis] + input[axis] - size));
  const made = full.map((size, axis) => size - window.before[axis] - cut[axis]);
  const grad = g.op("ConvTranspose", [value, weight], [batch, channels, ...made], {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    group,
    pads: [...window.before, ...cut],
  });
  return g.pad(grad, new Array<number>(input.length + 2).fill(0), [0, 0, ...rest]);
}

/**
 * Weights [g·M, C, ...k] of a convolution to those of its adjoint [g·C, M, ...k], flipped along the spatial axes. ORT
 * folds this once.
 */
function flipped(r: RuleContext, weight: string, group: number): string {
  const { g } = r;
  const [outputs, inputs, ...kernel] = g.shape(weight);
  const spatial = kernel.map((_, axis) => axis + 3);
  const grouped = g.reshape(weight, [group, outputs / group, inputs, ...kernel]);
  const swapped = g.reshape(g.transpose(grouped, [0, 2, 1, ...spatial]), [group * inputs, outputs / group, ...kernel]);
  const axes = kernel.flatMap((size, axis) => (size > 1 ? [axis + 2] : []));
  if (axes.length === 0) return swapped;
  const starts = axes.map(() => -1);
  const ends = axes.map(() => -(2 ** 31));
  return g.op("Slice", [swapped, g.ints(starts), g.ints(ends), g.ints(axes), g.ints(starts)], g.shape(swapped));
}

/** [C, 1, ...kernel] of ones: what sums over windows, channel by channel. */
export function onesKernel(r: RuleContext, channels: number, kernel: Dims): string {
  return elementCount(kernel) * channels <= 65536
    ? r.g.floats(new Float32Array(channels * elementCount(kernel)).fill(1), [channels, 1, ...kernel])
    : r.g.expand(r.g.scalar(1), [channels, 1, ...kernel]);
}
