import type { RuleTable } from "../rule.ts";
import { arithmeticRules } from "./arithmetic.ts";
import { convRules } from "./conv.ts";
import { elementwiseRules } from "./elementwise.ts";
import { indexingRules } from "./indexing.ts";
import { normalizeRules } from "./normalize.ts";
import { poolRules } from "./pool.ts";
import { reduceRules } from "./reduce.ts";
import { resizeRules } from "./resize.ts";
import { einsumRules } from "./einsum.ts";
import { recurrentRules } from "./recurrent.ts";
import { spatialRules } from "./spatial.ts";
import { linearAlgebraRules } from "./linear-algebra.ts";
import { attentionRules } from "./attention.ts";
import { lossRules } from "./losses.ts";
import { rearrangeRules } from "./rearrange.ts";
import { quantisedRules } from "./quantised.ts";
import { mlRules } from "./ml.ts";
import { microsoftRules } from "./microsoft.ts";
import { microsoftAttentionRules } from "./microsoft-attention.ts";
import { shapeRules } from "./shape.ts";

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
