import type { Rule, RuleContext, RuleTable } from "../../rule.ts";
import { gradientRules } from "../index.ts";

/** A table of rules with its name, which tells sessions apart. */
export interface NamedRules {
  readonly name: string;
  readonly table: RuleTable;
}

/**
 * Guided backpropagation (Springenberg et al. 2015): through a Relu or a Clip from 0 (ReLU6) comes back only what is
 * positive, and only where the unit was active. All else has its gradient.
 */
export const guidedRules: NamedRules = {
  name: "guided-backprop",
  table: rectified((r, gradient) =>
    gradient(r).map((dx, input) => (input === 0 && dx !== undefined ? r.g.unary("Relu", dx) : dx)),
  ),
};

/**
 * The deconvnet (Zeiler & Fergus 2014): through a Relu or a Clip from 0 comes back all that is positive, wherever the
 * unit was.
 */
export const deconvolutionRules: NamedRules = {
  name: "deconvolution",
  table: rectified((r) => [r.g.unary("Relu", r.dy())]),
};

/** Whether a Clip is a Relu with a lid: its lower bound is the constant 0. */
export function clipsFromZero(minimum: readonly number[] | undefined): boolean {
  return minimum?.length === 1 && minimum[0] === 0;
}

/** The gradient's table with another rule for rectifiers. */
function rectified(modified: (r: RuleContext, gradient: Rule) => readonly (string | undefined)[]): RuleTable {
  const { Relu: relu, Clip: clip } = gradientRules;
  return {
    ...gradientRules,
    Relu: (r) => modified(r, relu),
    Clip: (r) => (clipsFromZero(r.known(1)) ? modified(r, clip) : clip(r)),
  };
}
