import type { RuleTable } from "../rule.ts";
import { arithmeticRules } from "./gradient/arithmetic.ts";
import { convRules } from "./gradient/conv.ts";
import { elementwiseRules } from "./gradient/elementwise.ts";
import { indexingRules } from "./gradient/indexing.ts";
import { normalizeRules } from "./gradient/normalize.ts";
import { poolRules } from "./gradient/pool.ts";
import { reduceRules } from "./gradient/reduce.ts";
import { resizeRules } from "./gradient/resize.ts";
import { einsumRules } from "./gradient/einsum.ts";
import { recurrentRules } from "./gradient/recurrent.ts";
import { spatialRules } from "./gradient/spatial.ts";
import { linearAlgebraRules } from "./gradient/linear-algebra.ts";
import { attentionRules } from "./gradient/attention.ts";
import { lossRules } from "./gradient/losses.ts";
import { rearrangeRules } from "./gradient/rearrange.ts";
import { quantisedRules } from "./gradient/quantised.ts";
import { mlRules } from "./gradient/ml.ts";
import { microsoftRules } from "./gradient/microsoft.ts";
import { microsoftAttentionRules } from "./gradient/microsoft-attention.ts";
import { shapeRules } from "./gradient/shape.ts";

/** The gradient of every operator that has one here, by operator. */
export const gradientRules: RuleTable = {
  ...elementwiseRules,
  ...arithmeticRules,
  ...convRules,
  ...poolRules,
  ...normalizeRules,
  ...reduceRules,
  ...shapeRules,
  ...indexingRules,
  ...resizeRules,
  ...microsoftAttentionRules,
  ...microsoftRules,
  ...mlRules,
  ...quantisedRules,
  ...rearrangeRules,
  ...lossRules,
  ...attentionRules,
  ...linearAlgebraRules,
  ...spatialRules,
  ...recurrentRules,
  ...einsumRules,
};
