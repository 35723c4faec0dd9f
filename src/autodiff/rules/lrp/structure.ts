import { isFloat } from "../../../model/graph.ts";
import { range, type Dims } from "../../builder.ts";
import type { Rule, RuleContext, RuleTable } from "../../rule.ts";
import { gradientRules } from "../index.ts";
import { alongChannel, type RelevanceGraph } from "./graph.ts";
import { shared } from "./linear.ts";
import { isOpen } from "../softmax-masks.ts";
import { operatorsWith } from "../../../model/operators.ts";

const HIGHEST = 3.4028234663852886e38;

/** Relevance passes: functions of one value (Pow: of the base), and what divides by a norm, which counts as fixed. */
const PASSING = [
  ...operatorsWith("", "unary", "norm-division"),
  ...operatorsWith("com.microsoft", "norm-division"),
  "Pow",
  "com.microsoft.QuantizeLinear",
  "com.microsoft.DequantizeLinear",
];

/** Operators that move values or choose among them: relevance goes where the value came from, as its gradient would. */
const MOVING = [...operatorsWith("", "selects"), "ReduceLogSumExp"].filter((operator) =>
  Object.hasOwn(gradientRules, operator),
);

/** Sums and means: relevance in proportion to what each element adds, x·∂y/∂x, which for these sums to y. */
const SUMMING = [
  "ReduceSum",
  "ReduceMean",
  "ReduceL1",
  "ReduceL2",
  "AveragePool",
  "GlobalAveragePool",
  "LpPool",
  "GlobalLpPool",
  "CumSum",
  "Resize",
  "LogSoftmax",
];

/** Operators that go back through others that stand for them: those have rules here. */
const EXPANDING = [
  "LSTM",
  "GRU",
  "RNN",
  "Attention",
  "RotaryEmbedding",
  "DFT",
  "STFT",
  "GridSample",
  "RoiAlign",
  "DeformConv",
  "TensorScatter",
  "NegativeLogLikelihoodLoss",
  "SoftmaxCrossEntropyLoss",
  "DynamicQuantizeLinear",
  "ConvInteger",
  "MatMulInteger",
  "QLinearConv",
  "QLinearMatMul",
  ...Object.keys(gradientRules).filter(
    (operator) => operator.startsWith("com.microsoft.") && operator !== "com.microsoft.Inverse",
  ),
];

/** Rules for everything but weighted layers. */
export function structureRules(view: RelevanceGraph): RuleTable {
  return {
    ...pick(EXPANDING),
    ...pick(MOVING),
    ...Object.fromEntries(PASSING.map((operator) => [operator, pass])),
    ...Object.fromEntries(SUMMING.map((operator) => [operator, inProportion])),
    // Of degree two: x·∂y/∂x sums to 2y.
    ReduceSumSquare: (r) => inProportion(r).map((part) => part && r.g.scale(part, 0.5)),
    Max: (r) => chosen(r, view),
    Min: (r) => chosen(r, view),
    Add: (r) => sum(r, view, [1, 1]),
    Sub: (r) => (isZeroPoint(r.x(1), view) ? pass(r) : sum(r, view, [1, -1])),
    Sum: (r) =>
      sum(
        r,
        view,
        r.node.inputs.map(() => 1),
      ),
    Mean: (r) =>
      sum(
        r,
        view,
        r.node.inputs.map(() => 1 / r.node.inputs.length),
      ),
    Mul: (r) => product(r, view),
    Div: (r) => (view.isData(r.x(0)) ? pass(r) : [undefined, r.g.sumTo(r.dy(), r.dims(1))]),
    Softmax: softmax,
    BatchNormalization: (r) => batchNorm(r, view),
    LayerNormalization: (r) => {
      if (r.flows(1) || r.flows(2))
        throw r.refuse("its mean and deviation outputs are used, and they have no LRP rule");
      const axes = range(r.axis("axis", -1), r.dims().length);
      return [
        centred(
          r,
          r.x(0),
          axes,
          r.dims().map((dim, axis) => (axes.includes(axis) ? dim : 1)),
        ),
      ];
    },
    InstanceNormalization: (r) => [centred(r, r.x(0), range(2, r.dims().length), channelShape(r.dims()))],
    GroupNormalization: (r) => {
      const [batch, channels, ...space] = r.dims();
      const groups = r.int("num_groups", 1);
      const grouped = [batch, groups, channels / groups, ...space];
      const back = centred(r, r.g.reshape(r.x(0), grouped), range(2, grouped.length), [
        1,
        groups,
        channels / groups,
        ...space.map(() => 1),
      ]);
      return [r.g.reshape(back, r.dims())];
    },
    MeanVarianceNormalization: (r) => [centred(r, r.x(0), r.intList("axes") ?? [0, 2, 3], undefined)],
  };
}

/**
 * Two operands that are both data, and whatever else an operator without a rule of its own here is linear in: each
 * operand gets its equal share, in proportion to what its elements add (Achtibat et al. 2024, proposition 3.3).
 */
export function equalShares(r: RuleContext, view: RelevanceGraph, rule: Rule): (string | undefined)[] {
  const { g } = r;
  const operands = r.node.inputs.filter((input) => input !== "" && view.isData(input)).length;
  const s = g.scale(shared(g, r.dy(), r.y()), 1 / operands);
  return rule(
    r.variant(
      r.node,
      [s],
      r.node.inputs.map((_, index) => r.needs(index)),
    ),
  ).map((gradient, index) => gradient && g.times(r.x(index), gradient));
}

const pass: Rule = (r) => [r.needs(0) ? r.g.sumTo(r.dy(), r.dims(0)) : undefined];

const inProportion: Rule = (r) => {
  const { g } = r;
  const s = shared(g, r.dy(), r.y());
  const [gradient] = gradientRules[r.node.opType](
    r.variant(
      r.node,
      [s],
      r.node.inputs.map((_, index) => index === 0),
    ),
  );
  return [gradient && g.times(r.x(0), gradient)];
};

/** Max and Min: the one that was chosen; against a constant they are an activation. */
function chosen(r: RuleContext, view: RelevanceGraph): readonly (string | undefined)[] {
  const data = r.node.inputs.filter((input) => view.isData(input));
  if (data.length > 1) return gradientRules[r.node.opType](r);
  return passTo(r, data[0]);
}

/** All to one operand, and none to the others. */
function passTo(r: RuleContext, operand: string): (string | undefined)[] {
  return r.node.inputs.map((input, index) =>
    input === operand && r.needs(index) ? r.g.sumTo(r.dy(), r.dims(index)) : undefined,
  );
}

/**
 * Relevance in proportion to each term. A constant keeps its share, as a bias does, unless it only normalizes the
 * model's input.
 */
function sum(r: RuleContext, view: RelevanceGraph, signs: readonly number[]): (string | undefined)[] {
  const { g, node } = r;
  const data = node.inputs.filter((input) => view.isData(input));
  if (data.length === 1 && (view.isTail(node) || isFront(r, view, data[0]))) return passTo(r, data[0]);
  // Sums of quantised numbers are integers.
  const y = isFloat(r.typeOfOutput(0) ?? "float32") ? r.y() : g.op("Cast", [r.y()], r.outDims(), { to: 1 });
  const s = shared(g, r.dy(), y);
  return node.inputs.map((_, index) =>
    r.needs(index) ? g.sumTo(g.times(g.scale(finite(r, index), signs[index]), s), r.dims(index)) : undefined,
  );
}

/** An operand as float32, with a mask's −∞ as the lowest number: times no relevance that is none, not NaN. */
function finite(r: RuleContext, index: number): string {
  const { g } = r;
  if (!isFloat(r.typeOf(index) ?? "float32")) return g.op("Cast", [r.x(index)], r.dims(index), { to: 1 });
  return g.op("Clip", [r.x(index), g.scalar(-HIGHEST), g.scalar(HIGHEST)], r.dims(index));
}

/**
 * Whether a value is the zero point of a quantisation whose range the data decides: what is taken off by it stands for
 * the same number.
 */
function isZeroPoint(value: string, view: RelevanceGraph): boolean {
  for (let node = view.maker(value), from = value; node; from = node.inputs[0], node = view.maker(from)) {
    if (node.opType === "DynamicQuantizeLinear") return node.outputs[2] === from;
    if (node.domain !== "" || !["Cast", "Reshape"].includes(node.opType)) return false;
  }
  return false;
}

/**
 * A shift of the model's input, before any weights: (x − mean) is still x. A term of its own at each place (a position
 * embedding) is none.
 */
function isFront(r: RuleContext, view: RelevanceGraph, data: string): boolean {
  if (view.isBehindLayer(data)) return false;
  const constant = r.g.shape(r.node.inputs.find((input) => input !== data) ?? data);
  return (
    r.node.opType === "Sub" ||
    constant.some((_, axis) => alongChannel(constant, constant.length, axis)) ||
    constant.length === 0
  );
}

/**
 * A factor that is constant, a gate or what divides counts as fixed, and the other gets all (Arras et al. 2017; a
 * norm's is that of a quotient); two that are alike share (Achtibat et al. 2024, proposition 3.2).
 */
function product(r: RuleContext, view: RelevanceGraph): (string | undefined)[] {
  const { g } = r;
  const [a, b] = [r.x(0), r.x(1)];
  const all = (index: number, part = 1): string | undefined =>
    r.needs(index) ? g.sumTo(g.scale(r.dy(), part), r.dims(index)) : undefined;
  if (!view.isData(b)) return [all(0), undefined];
  if (!view.isData(a)) return [undefined, all(1)];
  const [first, second] = a === b ? [0, 0] : view.gateRanks(a, b);
  if (first === second) return [all(0, 0.5), all(1, 0.5)];
  return first < second ? [all(0), undefined] : [undefined, all(1)];
}

/**
 * xᵢ(Rᵢ − sᵢ·ΣR): Taylor's expansion at x (Achtibat et al. 2024, proposition 3.1). What a mask closed gets none: s is 0
 * there, and x may be −∞; where a whole row is closed, all s are alike, and x is the mask's number.
 */
function softmax(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const axis = r.axis("axis", -1);
  const open = g.op("And", [g.binary("Greater", r.y(), g.scalar(0)), isOpen(g, r.x())], r.dims());
  const x = g.where(open, r.x(), g.scalar(0));
  const relevance = g.where(open, r.dy(), g.scalar(0));
  return [g.times(x, g.minus(relevance, g.times(g.where(open, r.y(), g.scalar(0)), g.sum(relevance, [axis]))))];
}

/**
 * Where it is not part of the layer before it: y = a·x + b by the epsilon rule; before any weights it normalizes the
 * input, and relevance passes.
 */
function batchNorm(r: RuleContext, view: RelevanceGraph): readonly (string | undefined)[] {
  const { g } = r;
  if (r.int("training_mode", 0) !== 0) throw r.refuse("in training mode it has no LRP rule");
  if (view.isTail(r.node) || !view.isBehindLayer(r.x(0))) return [r.dy()];
  const slope = g.over(r.x(1), g.unary("Sqrt", g.offset(r.x(4), r.float("epsilon", 1e-5))));
  return [g.times(g.times(r.x(0), g.reshape(slope, channelShape(r.dims()))), shared(g, r.dy(), r.y()))];
}

/**
 * Normalizations by the input's own statistics, the deviation taken as fixed: y = w·(x − mean)/deviation + b by the
 * epsilon rule (Ali et al. 2022; Achtibat et al. 2024, proposition 3.4). `x` in the view in which `axes` are
 * normalised, `affine` the shape of scale and bias in that view.
 */
function centred(r: RuleContext, x: string, axes: Dims, affine: Dims | undefined): string {
  const { g } = r;
  const view = g.shape(x);
  const difference = g.minus(x, g.mean(x, axes));
  const variance = g.mean(g.times(difference, difference), axes);
  const deviation = g.unary("Sqrt", g.offset(variance, affine === undefined ? 1e-9 : r.float("epsilon", 1e-5)));
  const factor = affine === undefined ? g.over(g.scalar(1), deviation) : g.over(fitted(r, affine), deviation);
  const s = g.times(factor, g.reshape(shared(g, r.dy(), r.y()), view));
  return g.times(x, g.minus(s, g.mean(s, axes)));
}

/** The scale in the normalised view: by channel where the sizes say so, else by broadcasting from the back. */
function fitted(r: RuleContext, affine: Dims): string {
  const own = r.dims(1);
  const count = (dims: Dims): number => dims.reduce((a, b) => a * b, 1);
  return count(own) === count(affine)
    ? r.g.reshape(r.x(1), affine)
    : r.g.reshape(r.x(1), [...new Array<number>(Math.max(0, affine.length - own.length)).fill(1), ...own]);
}

function channelShape(dims: Dims): number[] {
  return dims.map((dim, axis) => (axis === 1 ? dim : 1));
}

function pick(operators: readonly string[]): RuleTable {
  return Object.fromEntries(
    operators
      .filter((operator) => Object.hasOwn(gradientRules, operator))
      .map((operator) => [operator, gradientRules[operator]]),
  );
}
