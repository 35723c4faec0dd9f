import { hasTrait, operatorsWith } from "../../../model/operators.ts";
import { float } from "../../builder.ts";
import type { Rule, RuleContext, RuleTable } from "../../rule.ts";
import { expanding } from "../../rule.ts";
import type { Reference } from "./reference.ts";
import { gradientRules } from "../index.ts";

/** Differences below this have the gradient: Captum's threshold. */
const NEARLY_ZERO = 1e-10;
/**
 * For smooth functions in float32 the slope between two near places is rounding: there the mean of both ends' gradients
 * is better, whose error is of the second order.
 */
const NEAR = 1e-3;

/** Functions of one value: m = (y − y′)/(x − x′), the rescale rule. */
export function rescaleRules(reference: Reference): RuleTable {
  // Of straight pieces all but one level, the slope is exact at any distance.
  const level = (gradient: Rule): Rule =>
    alone((r) => [between(reference, r, gradient, r.g.scalar(NEARLY_ZERO))], gradient);
  // Where both ends have the same slope it is the one between them.
  const straight = (gradient: Rule): Rule =>
    alone((r) => {
      const [here, there] = [gradient(r)[0]!, gradient(atReference(reference, r))[0]!];
      return [
        r.g.where(r.g.binary("Equal", here, there), here, between(reference, r, gradient, r.g.scalar(NEARLY_ZERO))),
      ];
    }, gradient);
  const smooth = (gradient: Rule): Rule =>
    alone((r) => [between(reference, r, meanGradient(reference, gradient), r.g.scalar(NEAR))], gradient);
  /** A rule for a node of which only the first input depends on the input. */
  function alone(rule: Rule, gradient: Rule): Rule {
    return (r) =>
      r.node.inputs.slice(1).some((input) => reference.differs(input))
        ? reference.keeping(r.node.opType, gradient)(r)
        : rule(r);
  }
  // Straight through between two places inside the integers' range; where one is clipped, the slope.
  function rounded(r: RuleContext, gradient: Rule): string {
    const { g } = r;
    const [here, there] = [gradient(r)[0]!, gradient(atReference(reference, r))[0]!];
    const [q, q0] = [r.y(), reference.of(r.y())].map((value) => g.op("Cast", [value], r.outDims(), { to: 1 }));
    const dx = reference.difference(r.x());
    const close = g.binary("Less", g.unary("Abs", dx), g.scalar(NEARLY_ZERO));
    const slope = g.times(r.dy(), g.over(g.minus(q, q0), g.where(close, g.scalar(1), dx)));
    const clipped = g.op("Or", [g.binary("Equal", here, g.scalar(0)), g.binary("Equal", there, g.scalar(0))], r.dims());
    return g.where(clipped, g.where(close, here, slope), here);
  }
  const ruleFor = (name: string): Rule => {
    const make = hasTrait(name, "never-level") ? straight : hasTrait(name, "straight-pieces") ? level : smooth;
    return make(gradientRules[name]);
  };
  const names = operatorsWith("", "unary").filter((name) => name in gradientRules && !hasTrait(name, "linear"));
  return {
    ...Object.fromEntries(names.map((name) => [name, ruleFor(name)])),
    // These have slopes that no subtraction spoils: 1/(√x + √x′) and −1/(x·x′).
    Sqrt: (r) => [r.g.over(r.dy(), r.g.plus(r.y(), reference.of(r.y())))],
    Reciprocal: (r) => [r.g.scale(r.g.times(r.dy(), r.g.times(r.y(), reference.of(r.y()))), -1)],
    Log: (r) => [between(reference, r, meanGradient(reference, gradientRules.Log), relative(reference, r))],
    QuantizeLinear: alone((r) => [rounded(r, gradientRules.QuantizeLinear)], gradientRules.QuantizeLinear),
    "com.microsoft.QuantizeLinear": alone(
      (r) => [rounded(r, gradientRules.QuantizeLinear)],
      gradientRules.QuantizeLinear,
    ),
    HardSwish: expanding((r) => [
      r.g.times(r.x(), r.g.op("HardSigmoid", [r.x()], r.dims(), { alpha: float(1 / 6), beta: float(0.5) })),
    ]),
  };
}

/** dy·(y − y′)/(x − x′), and `otherwise` where |x − x′| is below `near`. */
export function between(reference: Reference, r: RuleContext, otherwise: Rule, near: string): string {
  const { g } = r;
  const dx = reference.difference(r.x());
  const close = g.binary("Less", g.unary("Abs", dx), near);
  const slope = g.over(reference.difference(r.y()), g.where(close, g.scalar(1), dx));
  return g.where(close, otherwise(r)[0] ?? g.scalar(0), g.times(r.dy(), slope));
}

/** The mean of the gradients at both ends. */
export function meanGradient(reference: Reference, gradient: Rule): Rule {
  return (r) => [r.g.scale(r.g.plus(gradient(r)[0]!, gradient(atReference(reference, r))[0]!), 0.5)];
}

/** A difference so small against the values that rounding spoils the slope. */
export function relative(reference: Reference, r: RuleContext): string {
  const { g } = r;
  return g.offset(
    g.scale(g.op("Max", [g.unary("Abs", r.x()), g.unary("Abs", reference.of(r.x()))], r.dims()), NEAR),
    NEARLY_ZERO,
  );
}

function atReference(reference: Reference, r: RuleContext): RuleContext {
  return r.seen(
    r.node.inputs.map((input) => reference.of(input)),
    r.node.outputs.map((output) => reference.of(output)),
  );
}
