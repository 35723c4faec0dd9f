import { range, type Dims } from "../../builder.ts";
import type { Rule, RuleContext, RuleTable } from "../../rule.ts";

/** Reductions and running sums (ai.onnx, opset 18 and later: axes are an input). Max and Min share among ties. */
export const reduceRules: RuleTable = {
  ReduceSum: reduction((r, { dy }) => r.g.expand(dy, r.dims())),
  ReduceMean: reduction((r, { dy, count }) => r.g.expand(r.g.scale(dy, 1 / count), r.dims())),
  ReduceMax: reduction(shareAmongTies),
  ReduceMin: reduction(shareAmongTies),
  ReduceL1: reduction((r, { dy }) => r.g.times(dy, r.g.unary("Sign", r.x()))),
  ReduceL2: reduction((r, { dy, y }) => {
    const { g } = r;
    const empty = g.binary("Equal", y, g.scalar(0));
    return g.times(dy, g.where(empty, g.scalar(0), g.over(r.x(), y)));
  }),
  ReduceLogSum: reduction((r, { dy, y }) => r.g.over(r.g.expand(dy, r.dims()), r.g.unary("Exp", y))),
  ReduceLogSumExp: reduction((r, { dy, y }) => r.g.times(dy, r.g.unary("Exp", r.g.minus(r.x(), y)))),
  ReduceSumSquare: reduction((r, { dy }) => r.g.times(dy, r.g.scale(r.x(), 2))),
  ReduceProd: reduction((r, { dy, axes }) => r.g.times(dy, productOfOthers(r, axes))),
  CumSum: (r) => {
    const attributes = { exclusive: r.int("exclusive", 0), reverse: r.int("reverse", 0) === 0 ? 1 : 0 };
    return [r.g.op("CumSum", [r.dy(), r.x(1)], r.dims(), attributes), undefined];
  },
};

/** A reduction's output and its gradient with the reduced axes put back as 1, and how many elements made one. */
interface Reduced {
  readonly dy: string;
  readonly y: string;
  readonly axes: Dims;
  readonly count: number;
}

function reduction(grad: (r: RuleContext, reduced: Reduced) => string): Rule {
  return (r) => {
    const dims = r.dims();
    const given = r.known(1);
    if (!given && r.has(1)) throw r.refuse("its axes are not known");
    if ((given === undefined || given.length === 0) && r.int("noop_with_empty_axes", 0) !== 0) {
      // Opset 18: nothing is reduced; the operator still works element by element, over groups of one.
      return [r.g.reshape(grad(r, { dy: r.dy(), y: r.y(), axes: [], count: 1 }), dims)];
    }
    const axes =
      given === undefined || given.length === 0
        ? range(0, dims.length)
        : given.map((axis) => (axis < 0 ? axis + dims.length : axis));
    const kept = dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    const count = axes.reduce((product, axis) => product * dims[axis], 1);
    return [grad(r, { dy: r.g.reshape(r.dy(), kept), y: r.g.reshape(r.y(), kept), axes, count })];
  };
}

function shareAmongTies(r: RuleContext, { dy, y, axes }: Reduced): string {
  const mask = r.g.indicator("Equal", r.x(), y);
  return r.g.times(mask, r.g.over(dy, r.g.sum(mask, axes)));
}

/**
 * For each element the product of the others in its group, zeros included: running products from the front times those
 * from the back.
 */
function productOfOthers(r: RuleContext, axes: Dims): string {
  const { g } = r;
  const dims = r.dims();
  const others = range(0, dims.length).filter((axis) => !axes.includes(axis));
  const perm = [...others, ...axes];
  const [rows, columns] = [others.reduce((p, axis) => p * dims[axis], 1), axes.reduce((p, axis) => p * dims[axis], 1)];
  const flat = g.reshape(g.transpose(r.x(), perm), [rows, columns]);
  // By doubling: `before` holds products of up to 2^k predecessors.
  const running = (direction: 1 | -1): string => {
    let product = shifted(r, flat, direction);
    for (let step = 1; step < columns; step *= 2)
      product = g.times(product, shifted(r, product, (direction * step) as 1));
    return product;
  };
  const product = g.reshape(
    g.times(running(1), running(-1)),
    perm.map((axis) => dims[axis]),
  );
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  return g.transpose(product, inverse);
}

/** Moves columns of [rows, columns] by `by` places, filling with ones. */
function shifted(r: RuleContext, value: string, by: number): string {
  const { g } = r;
  const [rows, columns] = g.shape(value);
  const amount = Math.min(Math.abs(by), columns);
  const ones = g.expand(g.scalar(1), [rows, amount]);
  if (amount === columns) return ones;
  return by > 0
    ? g.concat([ones, g.slice(value, 1, 0, columns - amount)], 1)
    : g.concat([g.slice(value, 1, amount, columns), ones], 1);
}
