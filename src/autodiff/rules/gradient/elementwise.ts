import type { Rule, RuleContext, RuleTable } from "../../rule.ts";

/** A rule for y = f(x), elementwise: dx = dy · f′(x), with f′ made from x and y. */
function derivative(of: (r: RuleContext) => string): Rule {
  return (r) => [r.g.times(r.dy(), of(r))];
}

/** A rule for an elementwise y = f(x) whose gradient passes (times one) where `mask` holds and is 0 elsewhere. */
function passWhere(mask: (r: RuleContext) => string): Rule {
  return (r) => [r.g.where(mask(r), r.dy(), r.g.scalar(0))];
}

const zero: Rule = (r) => r.node.inputs.map(() => undefined);
const pass: Rule = (r) => [r.dy()];

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/**
 * Activations and other functions of one value (ai.onnx, opset 21). Kinks: 0 at the edge for Relu and Clip, as
 * PyTorch's relu and relu6.
 */
export const elementwiseRules: RuleTable = {
  Identity: pass,
  Dropout: pass,
  Cast: pass,
  CastLike: (r) => [r.dy(), undefined],
  Neg: (r) => [r.g.scale(r.dy(), -1)],
  Sqrt: (r) => [r.g.over(r.dy(), r.g.scale(r.y(), 2))],
  Reciprocal: derivative((r) => r.g.scale(r.g.times(r.y(), r.y()), -1)),
  Exp: derivative((r) => r.y()),
  Log: (r) => [r.g.over(r.dy(), r.x())],
  Abs: derivative((r) => r.g.unary("Sign", r.x())),
  Sign: zero,
  Floor: zero,
  Ceil: zero,
  Round: zero,
  Sin: derivative((r) => r.g.unary("Cos", r.x())),
  Cos: derivative((r) => r.g.scale(r.g.unary("Sin", r.x()), -1)),
  Tan: derivative((r) => r.g.offset(r.g.times(r.y(), r.y()), 1)),
  Sinh: derivative((r) => r.g.unary("Cosh", r.x())),
  Cosh: derivative((r) => r.g.unary("Sinh", r.x())),
  Tanh: derivative((r) => r.g.minus(r.g.scalar(1), r.g.times(r.y(), r.y()))),
  Asin: (r) => [r.g.over(r.dy(), r.g.unary("Sqrt", oneMinusSquare(r)))],
  Acos: (r) => [r.g.scale(r.g.over(r.dy(), r.g.unary("Sqrt", oneMinusSquare(r))), -1)],
  Atan: (r) => [r.g.over(r.dy(), r.g.offset(r.g.times(r.x(), r.x()), 1))],
  Asinh: (r) => [r.g.over(r.dy(), r.g.unary("Sqrt", r.g.offset(r.g.times(r.x(), r.x()), 1)))],
  Acosh: (r) => [r.g.over(r.dy(), r.g.unary("Sqrt", r.g.offset(r.g.times(r.x(), r.x()), -1)))],
  Atanh: (r) => [r.g.over(r.dy(), oneMinusSquare(r))],
  Erf: derivative((r) => r.g.scale(r.g.unary("Exp", r.g.scale(r.g.times(r.x(), r.x()), -1)), 2 / Math.sqrt(Math.PI))),

  Relu: passWhere((r) => r.g.binary("Greater", r.x(), r.g.scalar(0))),
  LeakyRelu: (r) => {
    const slope = r.float("alpha", 0.01);
    return [r.g.where(r.g.binary("Greater", r.x(), r.g.scalar(0)), r.dy(), r.g.scale(r.dy(), slope))];
  },
  PRelu: (r) => {
    const positive = r.g.binary("Greater", r.x(), r.g.scalar(0));
    const dx = r.needs(0) ? r.g.where(positive, r.dy(), r.g.times(r.dy(), r.x(1))) : undefined;
    const dslope = r.needs(1)
      ? r.g.sumTo(r.g.where(positive, r.g.scalar(0), r.g.times(r.dy(), r.x())), r.dims(1))
      : undefined;
    return [dx, dslope];
  },
  ThresholdedRelu: passWhere((r) => r.g.binary("Greater", r.x(), r.g.scalar(r.float("alpha", 1)))),
  Elu: (r) => {
    const alpha = r.float("alpha", 1);
    return [whereNegative(r, r.g.times(r.dy(), r.g.offset(r.y(), alpha)), r.dy())];
  },
  Celu: (r) => {
    const alpha = r.float("alpha", 1);
    return [whereNegative(r, r.g.times(r.dy(), r.g.offset(r.g.scale(r.y(), 1 / alpha), 1)), r.dy())];
  },
  Selu: (r) => {
    const [alpha, gamma] = [r.float("alpha", 1.6732632423543772), r.float("gamma", 1.0507009873554805)];
    return [whereNegative(r, r.g.times(r.dy(), r.g.offset(r.y(), alpha * gamma)), r.g.scale(r.dy(), gamma))];
  },
  Sigmoid: derivative((r) => r.g.times(r.y(), r.g.minus(r.g.scalar(1), r.y()))),
  HardSigmoid: (r) => {
    const alpha = r.float("alpha", 0.2);
    const inside = r.g.op(
      "And",
      [r.g.binary("Greater", r.y(), r.g.scalar(0)), r.g.binary("Less", r.y(), r.g.scalar(1))],
      r.outDims(),
    );
    return [r.g.where(inside, r.g.scale(r.dy(), alpha), r.g.scalar(0))];
  },
  // x · max(0, min(1, x/6 + 1/2)): its derivative is x/3 + 1/2 between −3 and 3, as in PyTorch's hardswish.
  HardSwish: (r) => {
    const low = r.g.binary("LessOrEqual", r.x(), r.g.scalar(-3));
    const high = r.g.binary("GreaterOrEqual", r.x(), r.g.scalar(3));
    const between = r.g.times(r.dy(), r.g.offset(r.g.scale(r.x(), 1 / 3), 0.5));
    return [r.g.where(low, r.g.scalar(0), r.g.where(high, r.dy(), between))];
  },
  Softplus: derivative((r) => r.g.unary("Sigmoid", r.x())),
  Softsign: (r) => {
    const denominator = r.g.offset(r.g.unary("Abs", r.x()), 1);
    return [r.g.over(r.dy(), r.g.times(denominator, denominator))];
  },
  // x · tanh(softplus(x))
  Mish: derivative((r) => {
    const t = r.g.unary("Tanh", r.g.unary("Softplus", r.x()));
    const slope = r.g.times(r.g.minus(r.g.scalar(1), r.g.times(t, t)), r.g.unary("Sigmoid", r.x()));
    return r.g.plus(t, r.g.times(r.x(), slope));
  }),
  // x · sigmoid(αx), opset 24
  Swish: derivative((r) => {
    const alpha = r.float("alpha", 1);
    const s = r.g.unary("Sigmoid", r.g.scale(r.x(), alpha));
    const slope = r.g.scale(r.g.times(s, r.g.minus(r.g.scalar(1), s)), alpha);
    return r.g.plus(s, r.g.times(r.x(), slope));
  }),
  Gelu: derivative((r) => (r.string("approximate", "none") === "tanh" ? geluTanhSlope(r) : geluSlope(r))),
  Shrink: passWhere((r) => r.g.binary("Greater", r.g.unary("Abs", r.x()), r.g.scalar(r.float("lambd", 0.5)))),
  Clip: (r) => {
    const above = r.has(1) ? r.g.binary("Greater", r.x(), r.x(1)) : undefined;
    const below = r.has(2) ? r.g.binary("Less", r.x(), r.x(2)) : undefined;
    if (!above && !below) return [r.dy()];
    const inside = above && below ? r.g.op("And", [above, below], r.outDims()) : (above ?? below)!;
    const zeros = r.g.scalar(0);
    // Bounds that are crossed give the upper one everywhere.
    const crossed = (): string | undefined =>
      r.has(1) && r.has(2) ? r.g.binary("Greater", r.x(1), r.x(2)) : undefined;
    const toBound = (index: number, passed: string, whereCrossed: string): string => {
      const reached = r.g.where(passed, zeros, r.dy());
      const cross = crossed();
      return r.g.reshape(
        r.g.sumTo(cross === undefined ? reached : r.g.where(cross, whereCrossed, reached), []),
        r.dims(index),
      );
    };
    const dmin = r.needs(1) ? toBound(1, above!, zeros) : undefined;
    const dmax = r.needs(2) ? toBound(2, below!, r.dy()) : undefined;
    return [r.needs(0) ? r.g.where(inside, r.dy(), zeros) : undefined, dmin, dmax];
  },
};

/** `negative` where x < 0, else `otherwise`. */
function whereNegative(r: RuleContext, negative: string, otherwise: string): string {
  return r.g.where(r.g.binary("Less", r.x(), r.g.scalar(0)), negative, otherwise);
}

function oneMinusSquare(r: RuleContext): string {
  return r.g.minus(r.g.scalar(1), r.g.times(r.x(), r.x()));
}

/** d/dx x·Φ(x) = Φ(x) + x·φ(x) */
function geluSlope(r: RuleContext): string {
  const cdf = r.g.scale(r.g.offset(r.g.unary("Erf", r.g.scale(r.x(), Math.SQRT1_2)), 1), 0.5);
  const density = r.g.scale(r.g.unary("Exp", r.g.scale(r.g.times(r.x(), r.x()), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return r.g.plus(cdf, r.g.times(r.x(), density));
}

/** Of ½x(1 + tanh u) with u = √(2/π)(x + 0.044715x³). */
function geluTanhSlope(r: RuleContext): string {
  const square = r.g.times(r.x(), r.x());
  const u = r.g.scale(r.g.times(r.x(), r.g.offset(r.g.scale(square, 0.044715), 1)), SQRT_2_OVER_PI);
  const t = r.g.unary("Tanh", u);
  const du = r.g.scale(r.g.offset(r.g.scale(square, 3 * 0.044715), 1), SQRT_2_OVER_PI);
  const slope = r.g.times(r.g.minus(r.g.scalar(1), r.g.times(t, t)), du);
  return r.g.scale(r.g.plus(r.g.offset(t, 1), r.g.times(r.x(), slope)), 0.5);
}
