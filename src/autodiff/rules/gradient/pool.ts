import { range, type Dims } from "../../builder.ts";
import { elementCount } from "../../../model/graph.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";
import { convAdjoint, extents, onesKernel, windowOf, type Window } from "./window.ts";

/** Pools over the spatial axes (ai.onnx, opset 19 and 22). The maximum's place is the first of equals. */
export const poolRules: RuleTable = {
  MaxPool: (r) => {
    if (r.flows(1)) throw r.refuse("the indices of MaxPool have no gradient");
    const { g } = r;
    const attributes = Object.fromEntries(
      Object.entries(r.node.attributes).filter(([name]) => name !== "storage_order"),
    );
    const [, indices] = g.ops("MaxPool", [r.x()], [r.outDims(), r.outDims()], attributes);
    return [scatterFlat(r, indices, r.dy(), r.dims())];
  },
  AveragePool: (r) => {
    const window = poolWindow(r);
    const counts = divisors(r, window);
    const each = counts.every((count) => count === counts[0])
      ? r.g.scale(r.dy(), 1 / counts[0])
      : r.g.over(r.dy(), r.g.floats(counts, [1, 1, ...r.outDims().slice(2)]));
    return [overWindows(r, each, window)];
  },
  LpPool: (r) => {
    const { g } = r;
    const p = r.int("p", 2);
    // y = (Σ|x|ᵖ)^(1/p): dx = |x|^(p−1)·sign(x) · Σ over windows of dy·y^(1−p), and 0 where y is.
    const scaled =
      p === 1
        ? r.dy()
        : g.times(r.dy(), g.where(g.binary("Equal", r.y(), g.scalar(0)), g.scalar(0), g.power(r.y(), 1 - p)));
    return [g.times(signedPower(r, p - 1), overWindows(r, scaled, poolWindow(r)))];
  },
  GlobalAveragePool: (r) => {
    const size = elementCount(r.dims().slice(2));
    return [r.g.expand(r.g.scale(r.dy(), 1 / size), r.dims())];
  },
  GlobalMaxPool: (r) => {
    const { g } = r;
    const [batch, channels, ...spatial] = r.dims();
    const flat = [batch, channels, elementCount(spatial)];
    const first = g.op("ArgMax", [g.reshape(r.x(), flat)], [batch, channels, 1], { axis: 2, keepdims: 1 });
    const placed = g.op(
      "ScatterElements",
      [g.expand(g.scalar(0), flat), first, g.reshape(r.dy(), [batch, channels, 1])],
      flat,
      { axis: 2 },
    );
    return [g.reshape(placed, r.dims())];
  },
  GlobalLpPool: (r) => {
    const { g } = r;
    const p = r.int("p", 2);
    const scaled = g.times(
      r.dy(),
      g.where(
        g.binary("Equal", r.y(), g.scalar(0)),
        g.scalar(0),
        g.power(g.plus(r.y(), g.indicator("Equal", r.y(), g.scalar(0))), 1 - p),
      ),
    );
    return [g.times(signedPower(r, p - 1), scaled)];
  },
};

function poolWindow(r: RuleContext): Window {
  return windowOf(r, r.intList("kernel_shape") ?? [], r.dims().slice(2), r.outDims().slice(2));
}

/** sign(x)·|x|^power */
function signedPower(r: RuleContext, power: number): string {
  const { g } = r;
  const sign = g.unary("Sign", r.x());
  return power === 0 ? sign : g.times(sign, g.power(g.unary("Abs", r.x()), power));
}

/** Sums, for each input element, the values of the windows that cover it. */
function overWindows(r: RuleContext, value: string, window: Window): string {
  const input = r.dims().slice(2);
  const channels = r.dims()[1];
  return convAdjoint(r, value, onesKernel(r, channels, window.kernel), channels, window, input);
}

/** By how much each window of an AveragePool divides, row-major over the output's spatial axes. */
function divisors(r: RuleContext, window: Window): number[] {
  const [input, output] = [r.dims().slice(2), r.outDims().slice(2)];
  const includePad = r.int("count_include_pad", 0) !== 0;
  const perAxis = output.map((size, axis) =>
    range(0, size).map((position) => {
      const start = position * window.strides[axis] - window.before[axis];
      const [low, high] = includePad ? [-window.before[axis], input[axis] + window.after[axis]] : [0, input[axis]];
      return range(0, window.kernel[axis]).filter((tap) => {
        const at = start + tap * window.dilations[axis];
        return at >= low && at < high;
      }).length;
    }),
  );
  return perAxis.reduce<number[]>((counts, axis) => counts.flatMap((count) => axis.map((other) => count * other)), [1]);
}

/** Adds `values` into zeros of shape `dims` at flat positions `indices`, as the MaxPool of this node gives them. */
export function scatterFlat(r: RuleContext, indices: string, values: string, dims: Dims): string {
  const { g } = r;
  const [size, count] = [elementCount(dims), elementCount(g.shape(values))];
  // Where no place is in two windows there is nothing to add up, and MaxUnpool makes neither zeros to write into nor a
  // copy of the indices.
  if (!overlapping(r)) {
    const row = [1, 1, count];
    return g.reshape(
      g.op("MaxUnpool", [g.reshape(values, row), g.reshape(indices, row), g.ints([1, 1, size])], [1, 1, size], {
        kernel_shape: [1],
        strides: [1],
      }),
      dims,
    );
  }
  const flat = g.op(
    "ScatterElements",
    [g.expand(g.scalar(0), [size]), g.reshape(indices, [count]), g.reshape(values, [count])],
    [size],
    { axis: 0, reduction: "add" },
  );
  return g.reshape(flat, dims);
}

/** Whether a place of the input may be in two windows of a pool. */
function overlapping(r: RuleContext): boolean {
  const window = poolWindow(r);
  return extents(window).some((extent, axis) => extent > window.strides[axis]);
}
