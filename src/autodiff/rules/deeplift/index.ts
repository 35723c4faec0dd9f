import type { Rule, RuleContext, RuleTable } from "../../rule.ts";
import { selectionRules } from "./maximum.ts";
import { normalizationRules } from "./normalize.ts";
import { productRules } from "./products.ts";
import type { ComparingRules, Reference } from "./reference.ts";
import { rescaleRules } from "./rescale.ts";
import { softmaxRules } from "./softmax.ts";
import { gradientRules } from "../index.ts";

/**
 * DeepLIFT's multipliers (Shrikumar, Greenside & Kundaje 2017, rescale rule; Ancona et al. 2018 for its form as a
 * modified gradient): m with Σ m·(x − x′) = y − y′. What is linear has its gradient; functions of one value the slope
 * between both runs; products that both depend on the input half of each order; Softmax and normalisations are made to
 * sum up as well. What none of these knows keeps its gradient.
 */
export const deepLiftRules: ComparingRules = { name: "deeplift", table };

function table(reference: Reference): RuleTable {
  const known: RuleTable = {
    ...Object.fromEntries(
      Object.entries(LINEAR).map(([operator, places]): [string, Rule] => [
        operator,
        linear(reference, operator, places),
      ]),
    ),
    ...rescaleRules(reference),
    ...productRules(reference),
    ...selectionRules(reference),
    ...softmaxRules(reference),
    ...normalizationRules,
  };
  return Object.fromEntries(
    Object.entries(gradientRules).map(([operator, gradient]): [string, Rule] => {
      const rule = Object.hasOwn(known, operator) ? known[operator] : reference.keeping(operator, gradient);
      return [operator, (r) => (r.node.inputs.some((input) => reference.differs(input)) ? rule(r) : gradient(r))];
    }),
  );
}

/**
 * Operators that are linear in these inputs together, so that the gradient is the multiplier; "all": in all of them.
 */
const LINEAR: Readonly<Record<string, "all" | readonly number[]>> = {
  Identity: [0],
  Dropout: [0],
  Cast: [0],
  CastLike: [0],
  Neg: [0],
  Add: "all",
  Sub: "all",
  Sum: "all",
  Mean: "all",
  Where: [1, 2],
  AveragePool: [0],
  GlobalAveragePool: [0],
  ReduceSum: [0],
  ReduceMean: [0],
  CumSum: [0],
  BatchNormalization: [0, 2, 3],
  Reshape: [0],
  Flatten: [0],
  Squeeze: [0],
  Unsqueeze: [0],
  Transpose: [0],
  Expand: [0],
  Tile: [0],
  Concat: "all",
  Split: [0],
  Slice: [0],
  Pad: [0, 2],
  DepthToSpace: [0],
  SpaceToDepth: [0],
  Trilu: [0],
  Gather: [0],
  GatherElements: [0],
  GatherND: [0],
  Compress: [0],
  Resize: [0],
  Upsample: [0],
  CenterCropPad: [0],
  ReverseSequence: [0],
  OneHot: [2],
  Range: [0, 2],
  MaxUnpool: [0],
  Col2Im: [0],
  ScatterElements: [0, 2],
  ScatterND: [0, 2],
  DequantizeLinear: [0],
  "com.microsoft.DequantizeLinear": [0],
};

function linear(reference: Reference, operator: string, places: "all" | readonly number[]): Rule {
  const gradient = gradientRules[operator];
  const kept = reference.keeping(operator, gradient);
  const exact = (r: RuleContext): boolean =>
    r.node.inputs.every((input, index) => places === "all" || places.includes(index) || !reference.differs(input)) &&
    ["none", "add"].includes(r.string("reduction", "none"));
  return (r) => (exact(r) ? gradient(r) : kept(r));
}
