import type { Rule, RuleTable } from "../../rule.ts";

const refusing =
  (reason: string): Rule =>
  (r) => {
    throw r.refuse(reason);
  };
const STEPS = "decision trees are piecewise constant, so their gradient is zero wherever it exists";

/**
 * What is left of ai.onnx.ml once the rest is written as standard operators (`canonical-ml.ts`): steps have no
 * gradient, and here it is said why.
 */
export const mlRules: RuleTable = {
  "ai.onnx.ml.TreeEnsembleClassifier": refusing(STEPS),
  "ai.onnx.ml.TreeEnsembleRegressor": refusing(STEPS),
  "ai.onnx.ml.TreeEnsemble": refusing(STEPS),
  "ai.onnx.ml.SVMClassifier": refusing(
    "the probabilities of more than two classes are coupled by iteration (Wu, Lin & Weng 2004); convert it with probability=False to explain its scores",
  ),
  "ai.onnx.ml.SVMRegressor": refusing("the probit of a support vector machine has no rule"),
  "ai.onnx.ml.LinearClassifier": refusing("the probit of a single score has no rule"),
  "ai.onnx.ml.LabelEncoder": refusing("it looks up numbers in a table"),
  // A step, as Sign and Round are.
  "ai.onnx.ml.Binarizer": (r) => [r.g.zeros(r.dims())],
};
