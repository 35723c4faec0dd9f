import { broadcast } from "../../builder.ts";
import { expanding, type Rule, type RuleContext, type RuleTable } from "../../rule.ts";
import type { Reference } from "./reference.ts";
import { between, meanGradient, relative } from "./rescale.ts";
import { gradientRules } from "../index.ts";

/** Bilinear operators, by the inputs that are multiplied with each other. */
const BILINEAR: Readonly<Record<string, readonly number[]>> = {
  Mul: [0, 1],
  MatMul: [0, 1],
  Gemm: [0, 1],
  Conv: [0, 1],
  ConvTranspose: [0, 1],
};

/**
 * Products and other functions of two values that both depend on the input. a·b − a′·b′ = (a − a′)·(b + b′)/2 + (b −
 * b′)·(a + a′)/2: each gets the mean over both orders of replacing them (the Shapley value of two players), and they
 * sum up. Captum takes the gradient here.
 */
export function productRules(reference: Reference): RuleTable {
  const bilinear = (operator: string): Rule => {
    const gradient = gradientRules[operator];
    return (r) => {
      const factors = BILINEAR[operator].filter((index) => reference.differs(r.x(index)));
      if (factors.length < 2) return gradient(r);
      reference.countProduct(operator);
      return gradient(r.seen(r.node.inputs.map((input) => reference.mean(input))));
    };
  };
  return {
    ...Object.fromEntries(Object.keys(BILINEAR).map((operator) => [operator, bilinear(operator)])),
    Einsum: (r) => {
      const factors = r.node.inputs.filter((input) => reference.differs(input)).length;
      if (factors > 2) return reference.keeping("Einsum", gradientRules.Einsum)(r);
      if (factors === 2) reference.countProduct("Einsum");
      return gradientRules.Einsum(r.seen(r.node.inputs.map((input) => reference.mean(input))));
    },
    // y·b = a is a product: Δa = Δy·(b + b′)/2 + Δb·(y + y′)/2. In multipliers no slope of 1/b is left, which near a
    // norm of zero is huge.
    Div: (r) => {
      const { g } = r;
      if (!reference.differs(r.x(1))) return gradientRules.Div(r);
      if (reference.differs(r.x(0))) reference.countProduct("Div");
      const b = reference.of(r.x(1));
      const [below, below0] = [r.x(1), b].map((value) => g.binary("Less", value, g.scalar(0)));
      const alike = g.binary("Equal", below, below0);
      // Where the denominator changes its sign its mean may be zero: a·(1/b) there, with the slope −1/(b·b′) of 1/b.
      const mean = g.where(alike, reference.mean(r.x(1)), g.scalar(1));
      const inverse = g.where(
        alike,
        g.over(g.scalar(1), mean),
        g.scale(g.plus(g.over(g.scalar(1), r.x(1)), g.over(g.scalar(1), b)), 0.5),
      );
      const slope = g.where(
        alike,
        g.over(reference.mean(r.y()), mean),
        g.over(reference.mean(r.x(0)), g.times(r.x(1), b)),
      );
      return [
        r.needs(0) ? back(r, 0, g.times(r.dy(), inverse)) : undefined,
        r.needs(1) ? back(r, 1, g.scale(g.times(r.dy(), slope), -1)) : undefined,
      ];
    },
    Pow: (r) => {
      if (reference.differs(r.x(1))) return twoValued(reference, r);
      const gradient: Rule = (at) => gradientRules.Pow(at);
      return sameShape(r)
        ? [between(reference, r, meanGradient(reference, gradient), relative(reference, r))]
        : twoValued(reference, r);
    },
    Max: chained("Max"),
    Min: chained("Min"),
  };

  function chained(operator: "Max" | "Min"): Rule {
    const several = expanding((r) => [r.node.inputs.reduce((a, b) => r.g.binary(operator, a, b))]);
    return (r) =>
      r.node.inputs.length > 2 ? several(r) : r.node.inputs.length === 1 ? [r.dy()] : twoValued(reference, r);
  }
}

function sameShape(r: RuleContext): boolean {
  return r.dims(0).length === r.outDims().length && r.dims(0).every((dim, axis) => dim === r.outDims()[axis]);
}

/**
 * y = f(a, b), elementwise: the slope over a at b's mean, so to say, and the other way around; the gradient where a
 * value hardly changes.
 */
function twoValued(reference: Reference, r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const gradient = gradientRules[r.node.opType](r);
  const dims = r.outDims();
  const f = (a: string, b: string): string =>
    g.op(r.node.opType, [a, b], broadcast(g.shape(a), g.shape(b)), r.node.attributes);
  const [a, b] = [r.x(0), r.x(1)];
  const [a0, b0] = [reference.of(a), reference.of(b)];
  if (reference.differs(a) && reference.differs(b)) reference.countProduct(r.node.opType);
  const changes = [
    (): string => g.plus(g.minus(r.y(), f(a0, b)), g.minus(f(a, b0), reference.of(r.y()))),
    (): string => g.plus(g.minus(r.y(), f(a, b0)), g.minus(f(a0, b), reference.of(r.y()))),
  ];
  return [a, b].map((value, index) => {
    if (!r.needs(index) || gradient[index] === undefined) return undefined;
    const by = g.expand(reference.difference(value), dims);
    const close = g.binary("Less", g.unary("Abs", by), g.scalar(1e-10));
    const slope = g.scale(g.over(changes[index](), g.where(close, g.scalar(1), by)), 0.5);
    // Along broadcast axes one difference stands for all: where it is close for one, it is for the others.
    const alone = g.where(
      g.binary("Less", g.unary("Abs", reference.difference(value)), g.scalar(1e-10)),
      gradient[index],
      g.scalar(0),
    );
    return g.plus(alone, back(r, index, g.where(close, g.scalar(0), g.times(r.dy(), slope))));
  });
}

/** Summed over the axes along which the input was broadcast. */
function back(r: RuleContext, index: number, value: string): string {
  return r.g.sumTo(r.g.expand(value, r.outDims()), r.dims(index));
}
