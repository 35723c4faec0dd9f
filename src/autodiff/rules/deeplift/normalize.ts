import { range, type Dims } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";
import { reducedAxes } from "./maximum.ts";

/**
 * Normalisations by the input's own statistics, and norms: taken apart into sums, squares, roots and quotients, which
 * all sum up.
 */
export const normalizationRules: RuleTable = {
  LayerNormalization: expanding((r) => {
    const axes = range(r.axis("axis", -1), r.dims().length);
    const { unit, mean, inverse } = normalised(r, r.x(0), axes, r.float("epsilon", 1e-5));
    return [
      affine(
        r,
        unit,
        r.dims().map((dim, axis) => (axes.includes(axis) ? dim : 1)),
      ),
      mean,
      inverse,
    ];
  }),
  InstanceNormalization: expanding((r) => [
    affine(
      r,
      normalised(r, r.x(0), range(2, r.dims().length), r.float("epsilon", 1e-5)).unit,
      r.dims().map((dim, axis) => (axis === 1 ? dim : 1)),
    ),
  ]),
  GroupNormalization: expanding((r) => {
    const [batch, channels, ...spatial] = r.dims();
    const groups = r.int("num_groups", 1);
    const grouped = r.g.reshape(r.x(0), [batch, groups, channels / groups, ...spatial]);
    const { unit } = normalised(r, grouped, range(2, r.dims().length + 1), r.float("epsilon", 1e-5));
    return [
      affine(
        r,
        r.g.reshape(unit, r.dims()),
        r.dims().map((dim, axis) => (axis === 1 ? dim : 1)),
      ),
    ];
  }),
  MeanVarianceNormalization: expanding((r) => [normalised(r, r.x(), r.intList("axes") ?? [0, 2, 3], 1e-9).unit]),
  RMSNormalization: expanding((r) => {
    const { g } = r;
    const square = g.mean(g.times(r.x(0), r.x(0)), range(r.axis("axis", -1), r.dims().length));
    return [g.times(g.over(r.x(0), g.unary("Sqrt", g.offset(square, r.float("epsilon", 1e-5)))), r.x(1))];
  }),
  LpNormalization: expanding((r) => {
    const axis = [r.axis("axis", -1)];
    return [r.g.over(r.x(), r.int("p", 2) === 1 ? r.g.sum(r.g.unary("Abs", r.x()), axis) : norm(r, axis))];
  }),
  ReduceSumSquare: expanding((r) => [result(r, r.g.sum(r.g.times(r.x(), r.x()), reducedAxes(r)))]),
  ReduceL2: expanding((r) => [result(r, norm(r, reducedAxes(r)))]),
  ReduceL1: expanding((r) => [result(r, r.g.sum(r.g.unary("Abs", r.x()), reducedAxes(r)))]),
  ReduceLogSum: expanding((r) => [result(r, r.g.unary("Log", r.g.sum(r.x(), reducedAxes(r))))]),
};

/** (x − mean)/√(var + ε) over `axes`, and the mean and 1/√(var + ε). */
function normalised(
  r: RuleContext,
  x: string,
  axes: Dims,
  epsilon: number,
): { unit: string; mean: string; inverse: string | undefined } {
  const { g } = r;
  const mean = g.mean(x, axes);
  const centred = g.minus(x, mean);
  const deviation = g.unary("Sqrt", g.offset(g.mean(g.times(centred, centred), axes), epsilon));
  return { unit: g.over(centred, deviation), mean, inverse: r.flows(2) ? g.unary("Reciprocal", deviation) : undefined };
}

function norm(r: RuleContext, axes: Dims): string {
  return r.g.unary("Sqrt", r.g.sum(r.g.times(r.x(), r.x()), axes));
}

/**
 * unit · scale (input 1) + bias (input 2, where there is one), both of shape `shape` where they have as many elements.
 */
function affine(r: RuleContext, unit: string, shape: Dims): string {
  const { g } = r;
  const size = (dims: Dims): number => dims.reduce((product, dim) => product * dim, 1);
  const wide = (index: number): string =>
    size(r.dims(index)) === size(shape) ? g.reshape(r.x(index), shape) : r.x(index);
  const scaled = g.times(unit, wide(1));
  return r.has(2) ? g.plus(scaled, wide(2)) : scaled;
}

/** A reduction's result without its axes, where they are not kept. */
function result(r: RuleContext, value: string): string {
  return r.g.reshape(value, r.outDims());
}
