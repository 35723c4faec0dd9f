import type { Rule, RuleContext, RuleSet } from "../../rule.ts";
import { gradientRules } from "../index.ts";
import { RelevanceGraph } from "./graph.ts";
import { layerRelevance, type Box, type LayerRule } from "./linear.ts";
import { equalShares, structureRules } from "./structure.ts";
import { mlRules } from "../gradient/ml.ts";

/** Which rule a weighted layer has: by its kind, and another for those that meet the input first. */
export interface LrpRules {
  readonly convolution: LayerRule;
  readonly dense: LayerRule;
  readonly first?: LayerRule;
  /** `first` is for convolutions only. */
  readonly firstConvolution?: boolean;
}

/** Single rules and composites by the names that the `rule` parameter has. */
export interface LrpOptions {
  readonly epsilon: number;
  readonly gamma: number;
  readonly alpha: number;
  readonly beta: number;
  readonly box: Box;
}

/**
 * What each name of a rule or composite means. Composites are zennit's; the first layer's rules are with z⁺ elsewhere,
 * as in deep Taylor decomposition.
 */
export const LRP_RULES: Readonly<Record<string, (options: LrpOptions) => LrpRules>> = {
  epsilon: ({ epsilon }) => everywhere({ kind: "epsilon", epsilon }),
  gamma: ({ gamma }) => everywhere({ kind: "gamma", gamma }),
  alpha_beta: ({ alpha, beta }) => everywhere({ kind: "alpha_beta", alpha, beta }),
  zplus: () => everywhere({ kind: "zplus" }),
  wsquare: () => ({ ...everywhere({ kind: "zplus" }), first: { kind: "wsquare" } }),
  flat: () => ({ ...everywhere({ kind: "zplus" }), first: { kind: "flat" } }),
  zbox: ({ box }) => ({ ...everywhere({ kind: "zplus" }), first: { kind: "zbox", box } }),
  epsilon_plus: ({ epsilon }) => ({ convolution: { kind: "zplus" }, dense: { kind: "epsilon", epsilon } }),
  epsilon_plus_flat: ({ epsilon }) => ({
    convolution: { kind: "zplus" },
    dense: { kind: "epsilon", epsilon },
    first: { kind: "flat" },
  }),
  epsilon_alpha2_beta1: ({ epsilon }) => ({
    convolution: { kind: "alpha_beta", alpha: 2, beta: 1 },
    dense: { kind: "epsilon", epsilon },
  }),
  epsilon_alpha2_beta1_flat: ({ epsilon }) => ({
    convolution: { kind: "alpha_beta", alpha: 2, beta: 1 },
    dense: { kind: "epsilon", epsilon },
    first: { kind: "flat" },
  }),
  epsilon_gamma_box: ({ epsilon, gamma, box }) => ({
    convolution: { kind: "gamma", gamma },
    dense: { kind: "epsilon", epsilon },
    first: { kind: "zbox", box },
    firstConvolution: true,
  }),
  excitation_backprop: () => everywhere({ kind: "zplus" }),
};

/**
 * Layer-wise relevance propagation as rules for the backward walk, which then carries relevance instead of gradients:
 * it starts with the score's value and shares each value's relevance out among what it was computed from.
 *
 * Weighted layers have the rule that `rules` gives their kind, biases and BatchNormalization behind them taken in;
 * activations pass relevance; sums share by what each term adds; of a product the gate, or what divides, counts as
 * fixed; of attention's products each operand gets half.
 */
export function lrpRules(rules: LrpRules): RuleSet {
  return {
    name: `lrp ${JSON.stringify(rules)}`,
    startsWithValue: true,
    table: (graph) => {
      const view = new RelevanceGraph(graph);
      const weighted =
        (operator: string): Rule =>
        (r) => {
          if (r.has(2) && view.isData(r.x(2))) return r.through(() => [asSum(r)]);
          const layer = view.layer(r.node);
          if (!layer) return equalShares(r, view, gradientRules[operator]);
          const isFirst =
            rules.first !== undefined &&
            view.isFirst(layer) &&
            !(rules.firstConvolution === true && layer.kind === "dense");
          const rule = isFirst ? rules.first! : rules[layer.kind];
          return r.node.inputs.map((_, index) =>
            index === layer.data ? layerRelevance(r, view, layer, rule, r.dy()) : undefined,
          );
        };
      return {
        ...mlRules,
        ...structureRules(view),
        ...Object.fromEntries(
          ["Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum"].map((operator) => [operator, weighted(operator)]),
        ),
      };
    },
  };
}

/** A Gemm or a convolution whose third input is data, as a sum: both terms have their own rules. */
function asSum(r: RuleContext): string {
  const { g, node } = r;
  const product = g.op(node.opType, node.inputs.slice(0, 2), r.outDims(), node.attributes);
  const term =
    node.opType === "Gemm"
      ? g.scale(r.x(2), r.float("beta", 1))
      : g.reshape(
          r.x(2),
          r.outDims().map((_, axis) => (axis === 1 ? r.dims(2)[0] : 1)),
        );
  return g.plus(product, term);
}

function everywhere(rule: LayerRule): LrpRules {
  return { convolution: rule, dense: rule };
}
