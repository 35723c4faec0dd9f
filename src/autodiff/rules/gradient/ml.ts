import type { Rule, RuleTable } from "../../rule.ts";

const STEPS = "decision trees are piecewise constant, so their gradient is zero wherever it exists";

/** Operators that have no gradient in any form that they are left in, and why. */
export const REFUSED: Readonly<Record<string, string>> = {
  "ai.onnx.ml.TreeEnsembleClassifier": STEPS,
  "ai.onnx.ml.TreeEnsembleRegressor": STEPS,
  "ai.onnx.ml.TreeEnsemble": STEPS,
  "ai.onnx.ml.SVMClassifier":
    "the probabilities of more than two classes are coupled by iteration (Wu, Lin & Weng 2004); convert it with probability=False to explain its scores",
  "ai.onnx.ml.SVMRegressor": "the probit of a support vector machine has no rule",
  "ai.onnx.ml.LinearClassifier": "the probit of a single score has no rule",
  "ai.onnx.ml.LabelEncoder": "it looks up numbers in a table",
};

/**
 * What is left of ai.onnx.ml once the rest is written as standard operators (`canonical-ml.ts`): steps have no
 * gradient, and here it is said why.
 */
export const mlRules: RuleTable = {
  ...Object.fromEntries(
    Object.entries(REFUSED).map(([operator, reason]): [string, Rule] => [
      operator,
      (r) => {
        throw r.refuse(reason);
      },
    ]),
  ),
  // A step, as Sign and Round are.
  "ai.onnx.ml.Binarizer": (r) => [r.g.zeros(r.dims())],
};
