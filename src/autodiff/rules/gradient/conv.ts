import { range, type Dims } from "../../builder.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";
import { convAdjoint, extents, windowOf, type Window } from "./window.ts";

/** Conv and ConvTranspose, in any number of spatial dimensions (ai.onnx, opset 11 and 22). */
export const convRules: RuleTable = {
  Conv: (r) => {
    const [input, kernel, output] = [r.dims(0).slice(2), r.dims(1).slice(2), r.outDims().slice(2)];
    const window = windowOf(r, kernel, input, output);
    const group = r.int("group", 1);
    return [
      r.needs(0) ? convAdjoint(r, r.dy(), r.x(1), group, window, input) : undefined,
      r.needs(1) ? kernelGrad(r, r.x(0), r.dy(), group, window, r.dims(1)) : undefined,
      r.needs(2) ? biasGrad(r) : undefined,
    ];
  },
  ConvTranspose: (r) => {
    const [small, kernel, large] = [r.dims(0).slice(2), r.dims(1).slice(2), r.outDims().slice(2)];
    const window = transposedWindow(r, kernel, small, large);
    const group = r.int("group", 1);
    // y is the adjoint of a convolution from y's shape to x's: so that convolution brings dy back.
    const dx = (): string => {
      const dy = r.g.pad(r.dy(), [0, 0, ...window.before], [0, 0, ...window.after]);
      return r.g.op("Conv", [dy, r.x(1)], r.dims(0), {
        kernel_shape: kernel,
        strides: window.strides,
        dilations: window.dilations,
        group,
      });
    };
    return [
      r.needs(0) ? dx() : undefined,
      r.needs(1) ? kernelGrad(r, r.dy(), r.x(0), group, window, r.dims(1)) : undefined,
      r.needs(2) ? biasGrad(r) : undefined,
    ];
  },
};

function biasGrad(r: RuleContext): string {
  const axes = range(0, r.outDims().length).filter((axis) => axis !== 1);
  return r.g.sum(r.dy(), axes, false);
}

/**
 * The gradient of a convolution's weights [g·M, C, ...k], as a convolution itself: images as channels, the output's
 * gradient as the kernel, strides and dilations exchanged. `large` [N, g·C, ...], `small` [N, g·M, ...].
 */
function kernelGrad(
  r: RuleContext,
  large: string,
  small: string,
  group: number,
  window: Window,
  weightDims: Dims,
): string {
  const { g } = r;
  const [batch, channels, ...input] = g.shape(large);
  const [, outputs, ...output] = g.shape(small);
  const axes = range(0, input.length);
  const perGroup = g.reshape(large, [batch, group, channels / group, ...input]);
  const images = g.reshape(g.transpose(perGroup, [2, 1, 0, ...axes.map((axis) => axis + 3)]), [
    channels / group,
    group * batch,
    ...input,
  ]);
  const kernels = g.transpose(small, [1, 0, ...axes.map((axis) => axis + 2)]);
  // Just the input that the windows saw, so that the result has the kernel's size.
  const reach = extents(window);
  const need = output.map((size, axis) => (size - 1) * window.strides[axis] + reach[axis]);
  const padded = g.pad(
    images,
    [0, 0, ...window.before],
    [0, 0, ...need.map((size, axis) => size - input[axis] - window.before[axis])],
  );
  const grad = g.op("Conv", [padded, kernels], [channels / group, outputs, ...window.kernel], {
    kernel_shape: output,
    strides: window.dilations,
    dilations: window.strides,
    group,
  });
  return g.reshape(g.transpose(grad, [1, 0, ...axes.map((axis) => axis + 2)]), weightDims);
}

/** ConvTranspose's pads from what it made: explicit, by output_shape, or by auto_pad (ONNX ConvTranspose-11). */
function transposedWindow(r: RuleContext, kernel: Dims, small: Dims, large: Dims): Window {
  const strides = r.intList("strides") ?? kernel.map(() => 1);
  const dilations = r.intList("dilations") ?? kernel.map(() => 1);
  const outputPadding = r.intList("output_padding") ?? kernel.map(() => 0);
  const autoPad = r.string("auto_pad", "NOTSET");
  const window = { kernel, strides, dilations };
  const full = small.map((size, axis) => (size - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1);
  let before: readonly number[];
  const pads = r.intList("pads");
  if (r.intList("output_shape") || autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER") {
    const totals = full.map((size, axis) => Math.max(0, size + outputPadding[axis] - large[axis]));
    before = totals.map((total) => (autoPad === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2)));
    if (autoPad !== "SAME_UPPER" && autoPad !== "SAME_LOWER") before = totals.map((total) => Math.ceil(total / 2));
  } else {
    before = pads ? pads.slice(0, kernel.length) : kernel.map(() => 0);
  }
  // The windows cover `full`; y is the part from `before` on, longer by the output padding, which nothing reaches.
  const after = full.map((size, axis) => size - before[axis] - large[axis]);
  return { ...window, before, after };
}
