import { range, type Dims } from "../../builder.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";

/**
 * Normalizations (ai.onnx, opset 21): BatchNormalization's statistics are given, outside training; the others' are the
 * input's own.
 */
export const normalizeRules: RuleTable = {
  BatchNormalization: (r) => {
    if (r.int("training_mode", 0) !== 0) return r.through(() => trainingBatchNorm(r));
    const { g } = r;
    const shape = channelShape(r.dims());
    const axes = range(0, r.dims().length).filter((axis) => axis !== 1);
    const inverse = g.over(g.scalar(1), g.unary("Sqrt", g.offset(r.x(4), r.float("epsilon", 1e-5))));
    const slope = g.times(r.x(1), inverse);
    const perChannel = (value: string): string => g.sum(value, axes, false);
    const centred = (): string => g.minus(r.x(0), g.reshape(r.x(3), shape));
    return [
      r.needs(0) ? g.times(r.dy(), g.reshape(slope, shape)) : undefined,
      r.needs(1) ? g.times(perChannel(g.times(r.dy(), centred())), inverse) : undefined,
      r.needs(2) ? perChannel(r.dy()) : undefined,
      r.needs(3) ? g.scale(g.times(perChannel(r.dy()), slope), -1) : undefined,
      r.needs(4)
        ? g.scale(g.times(perChannel(g.times(r.dy(), centred())), g.times(slope, g.times(inverse, inverse))), -0.5)
        : undefined,
    ];
  },
  InstanceNormalization: (r) =>
    affine(r, r.dims(), range(2, r.dims().length), channelShape(r.dims()), r.float("epsilon", 1e-5)),
  // [N, C, ...] normalised as [N, groups, C/groups, ...]; scale and bias by channel.
  GroupNormalization: (r) => {
    const [batch, channels, ...spatial] = r.dims();
    const groups = r.int("num_groups", 1);
    const grouped = [batch, groups, channels / groups, ...spatial];
    return affine(
      r,
      grouped,
      range(2, grouped.length),
      [1, groups, channels / groups, ...spatial.map(() => 1)],
      r.float("epsilon", 1e-5),
    );
  },
  LayerNormalization: (r) => {
    const rank = r.dims().length;
    const axes = range(r.axis("axis", -1), rank);
    const shape = axes.length === 0 ? [] : r.dims().map((dim, axis) => (axes.includes(axis) ? dim : 1));
    const [dx, ...others] = affine(r, r.dims(), axes, shape, r.float("epsilon", 1e-5));
    const fromStatistics = r.needs(0) ? statisticsGrad(r, axes) : undefined;
    return [dx !== undefined && fromStatistics !== undefined ? r.g.plus(dx, fromStatistics) : dx, ...others];
  },
  MeanVarianceNormalization: (r) => {
    const axes = r.intList("axes") ?? [0, 2, 3];
    return [normalizeGrad(r, r.x(), r.dy(), axes, 1e-9).dx];
  },
  RMSNormalization: (r) => {
    const { g } = r;
    const rank = r.dims().length;
    const axes = range(r.axis("axis", -1), rank);
    const inverse = g.over(
      g.scalar(1),
      g.unary("Sqrt", g.offset(g.mean(g.times(r.x(), r.x()), axes), r.float("epsilon", 1e-5))),
    );
    const unit = g.times(r.x(), inverse);
    const weighted = g.times(r.dy(), r.x(1));
    const dx = (): string => g.times(inverse, g.minus(weighted, g.times(unit, g.mean(g.times(weighted, unit), axes))));
    return [r.needs(0) ? dx() : undefined, r.needs(1) ? g.sumTo(g.times(r.dy(), unit), r.dims(1)) : undefined];
  },
  LpNormalization: (r) => {
    const { g } = r;
    const axis = r.axis("axis", -1);
    const p = r.int("p", 2);
    const size = p === 1 ? g.sum(g.unary("Abs", r.x()), [axis]) : g.unary("Sqrt", g.sum(g.times(r.x(), r.x()), [axis]));
    // y = x/‖x‖: dx = (dy − ∂‖x‖/∂x · Σ dy·y)/‖x‖; ONNX leaves zero vectors at zero.
    const slope = p === 1 ? g.unary("Sign", r.x()) : r.y();
    const dx = g.over(g.minus(r.dy(), g.times(slope, g.sum(g.times(r.dy(), r.y()), [axis]))), size);
    return [g.where(g.binary("Equal", size, g.scalar(0)), g.scalar(0), dx)];
  },
  // y = x·s^−β with s = bias + α/size · Σ x² over neighbouring channels (Krizhevsky, Sutskever & Hinton 2012).
  LRN: (r) => {
    const { g } = r;
    const [alpha, beta, size] = [r.float("alpha", 1e-4), r.float("beta", 0.75), r.int("size", 1)];
    const before = Math.floor((size - 1) / 2);
    const s = g.offset(
      g.scale(channelWindow(r, g.times(r.x(), r.x()), before, size), alpha / size),
      r.float("bias", 1),
    );
    const power = g.power(s, -beta);
    const windowSums = channelWindow(r, g.over(g.times(r.dy(), r.y()), s), size - 1 - before, size);
    return [g.minus(g.times(r.dy(), power), g.scale(g.times(r.x(), windowSums), (2 * alpha * beta) / size))];
  },
  Softmax: (r) => {
    const { g } = r;
    const axis = r.axis("axis", -1);
    // A row of nothing but −∞ (a query that may look at no key) is undefined; nothing comes back through it.
    const y = g.where(g.unary("IsNaN", r.y()), g.scalar(0), r.y());
    return [g.times(y, g.minus(r.dy(), g.sum(g.times(r.dy(), y), [axis])))];
  },
  LogSoftmax: (r) => {
    const { g } = r;
    return [g.minus(r.dy(), g.times(g.unary("Exp", r.y()), g.sum(r.dy(), [r.axis("axis", -1)])))];
  },
  Hardmax: () => [undefined],
};

/** BatchNormalization by the batch's own statistics, and the running ones that it updates (opset 14 and 15). */
function trainingBatchNorm(r: RuleContext): string[] {
  const { g } = r;
  const shape = channelShape(r.dims());
  const axes = range(0, r.dims().length).filter((axis) => axis !== 1);
  const momentum = r.float("momentum", 0.9);
  const mean = g.mean(r.x(0), axes);
  const centred = g.minus(r.x(0), mean);
  const variance = g.mean(g.times(centred, centred), axes);
  const unit = g.over(centred, g.unary("Sqrt", g.offset(variance, r.float("epsilon", 1e-5))));
  const y = g.plus(g.times(unit, g.reshape(r.x(1), shape)), g.reshape(r.x(2), shape));
  const running = (index: number, now: string): string =>
    g.plus(g.scale(r.x(index), momentum), g.scale(g.reshape(now, r.dims(index)), 1 - momentum));
  return [y, running(3, mean), running(4, variance)];
}

function channelShape(dims: Dims): number[] {
  return dims.map((dim, axis) => (axis === 1 ? dim : 1));
}

/**
 * x normalised over `axes` in the view `dims`, then scaled (input 1) and shifted (input 2), both of shape `affineShape`
 * in that view.
 */
function affine(r: RuleContext, dims: Dims, axes: Dims, affineShape: Dims, epsilon: number): (string | undefined)[] {
  const { g } = r;
  const x = g.reshape(r.x(0), dims);
  const dy = g.reshape(r.dy(), dims);
  const weight = r.dims(1);
  const wide = (value: string): string =>
    g.shape(value).length === affineShape.length ? value : g.reshape(value, fit(g.shape(value), affineShape));
  const { dx, unit } = normalizeGrad(r, x, g.times(dy, wide(r.x(1))), axes, epsilon);
  return [
    r.needs(0) ? g.reshape(dx, r.dims(0)) : undefined,
    r.needs(1) ? g.reshape(g.sumTo(g.times(dy, unit), fit(weight, affineShape)), weight) : undefined,
    r.needs(2) ? g.reshape(g.sumTo(dy, fit(r.dims(2), affineShape)), r.dims(2)) : undefined,
  ];
}

/** LayerNormalization's outputs Mean and InvStdDev: ∂mean/∂x = 1/n, ∂s/∂x = −s³(x − mean)/n. */
function statisticsGrad(r: RuleContext, axes: Dims): string | undefined {
  const { g } = r;
  const count = axes.reduce((product, axis) => product * r.dims()[axis], 1);
  const parts: string[] = [];
  if (r.flows(1)) parts.push(g.scale(r.dy(1), 1 / count));
  if (r.flows(2)) {
    const mean = g.mean(r.x(), axes);
    const cube = g.times(r.y(2), g.times(r.y(2), r.y(2)));
    parts.push(g.scale(g.times(g.times(r.dy(2), cube), g.minus(r.x(), mean)), -1 / count));
  }
  return parts.length === 0
    ? undefined
    : g.expand(
        parts.reduce((a, b) => g.plus(a, b)),
        r.dims(),
      );
}

/**
 * A weight's own shape seen in the normalised view: by channel where the sizes say so, else by broadcasting from the
 * back.
 */
function fit(weight: Dims, shape: Dims): number[] {
  const product = (dims: Dims): number => dims.reduce((a, b) => a * b, 1);
  if (product(weight) === product(shape)) return [...shape];
  return [...new Array<number>(shape.length - weight.length).fill(1), ...weight];
}

/** For unit = (x − mean)/√(var + ε) over `axes`: the gradient of x from that of unit, and unit itself. */
function normalizeGrad(
  r: RuleContext,
  x: string,
  dunit: string,
  axes: Dims,
  epsilon: number,
): { dx: string; unit: string } {
  const { g } = r;
  const centred = g.minus(x, g.mean(x, axes));
  const deviation = g.unary("Sqrt", g.offset(g.mean(g.times(centred, centred), axes), epsilon));
  const unit = g.over(centred, deviation);
  const rest = g.plus(g.mean(dunit, axes), g.times(unit, g.mean(g.times(dunit, unit), axes)));
  return { dx: g.over(g.minus(dunit, rest), deviation), unit };
}

/** Sums over `size` neighbouring channels, of which `before` lie in front; channels outside count as 0. */
function channelWindow(r: RuleContext, value: string, before: number, size: number): string {
  const { g } = r;
  const [batch, channels, ...spatial] = g.shape(value);
  const flat = g.reshape(value, [batch, 1, channels, spatial.reduce((a, b) => a * b, 1)]);
  const ones = g.floats(new Float32Array(size).fill(1), [1, 1, size, 1]);
  const summed = g.op("Conv", [flat, ones], g.shape(flat), {
    kernel_shape: [size, 1],
    pads: [before, 0, size - 1 - before, 0],
  });
  return g.reshape(summed, g.shape(value));
}
