import type { RuleContext, RuleTable } from "../../rule.ts";
import { reducedAxes } from "./maximum.ts";
import type { Reference } from "./reference.ts";
import { between, meanGradient } from "./rescale.ts";
import { gradientRules } from "../index.ts";
import { isOpen } from "../softmax-masks.ts";

/** Logarithms nearer than this have the mean of both values in place of their logarithmic mean: equal to 1e-5. */
const NEAR = 0.01;

/**
 * Softmax and its kin. With L = (y − y′)/(log y − log y′), the logarithmic mean of both runs' probabilities, and log y
 * = x − LSE(x), Δy = L·(Δx − ΔLSE); that the Δy sum to 0 gives ΔLSE = Σ w·Δx, w = L/ΣL. So Softmax has its gradient's
 * form with L in the place of y: it sums up exactly, shifts of a whole row change nothing, and multipliers stay under
 * one (exp, sum and division taken apart keep neither).
 */
export function softmaxRules(reference: Reference): RuleTable {
  return {
    Softmax: (r) => {
      if (r.y() === reference.explained) return [asCaptum(reference, r)];
      const axis = r.axis("axis", -1);
      const { weights, means } = logarithmicMeans(reference, r, r.x(), [axis]);
      return [r.g.times(means, r.g.minus(r.dy(), r.g.sum(r.g.times(r.dy(), weights), [axis])))];
    },
    LogSoftmax: (r) => {
      const axis = r.axis("axis", -1);
      const { weights } = logarithmicMeans(reference, r, r.x(), [axis]);
      return [r.g.minus(r.dy(), r.g.times(weights, r.g.sum(r.dy(), [axis])))];
    },
    ReduceLogSumExp: (r) => {
      const axes = reducedAxes(r);
      if (axes.length !== 1) return reference.keeping("ReduceLogSumExp", gradientRules.ReduceLogSumExp)(r);
      const { weights } = logarithmicMeans(reference, r, r.x(), axes);
      return [
        r.g.times(
          weights,
          r.g.reshape(
            r.dy(),
            r.dims().map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
          ),
        ),
      ];
    },
  };
}

function logarithmicMeans(
  reference: Reference,
  r: RuleContext,
  x: string,
  [axis]: readonly number[],
): { weights: string; means: string } {
  const { g } = r;
  const logs = [x, reference.of(x)].map((value) => g.op("LogSoftmax", [value], r.dims(), { axis }));
  // Through a row that is closed as a whole (a query that may look at no key) nothing comes back: −∞ makes it
  // undefined, lower numbers than scores all alike.
  const [y, y0] = [x, reference.of(x)].map((value, run) =>
    g.where(isOpen(g, value), g.unary("Exp", logs[run]), g.scalar(0)),
  );
  const apart = g.minus(logs[0], logs[1]);
  const far = g.binary("GreaterOrEqual", g.unary("Abs", apart), g.scalar(NEAR));
  const means = g.where(far, g.over(g.minus(y, y0), g.where(far, apart, g.scalar(1))), g.scale(g.plus(y, y0), 0.5));
  const total = g.sum(means, [axis]);
  return { means, weights: g.over(means, g.op("Max", [total, g.scalar(1e-37)], g.shape(total))) };
}

/**
 * Captum's rule for the Softmax that is explained itself: slopes, less their mean over all elements. They do not sum
 * up.
 */
function asCaptum(reference: Reference, r: RuleContext): string {
  const { g } = r;
  reference.explainedSoftmax = true;
  const slopes = between(reference, r, meanGradient(reference, gradientRules.Softmax), g.scalar(1e-3));
  return g.minus(
    slopes,
    g.reshape(
      g.reduce(
        "ReduceMean",
        slopes,
        r.dims().map((_, axis) => axis),
      ),
      r.dims().map(() => 1),
    ),
  );
}
