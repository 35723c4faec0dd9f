import { ablate } from "./ablation.ts";
import { BASELINE, baselineOf } from "../framework/baselines.ts";
import { SCORE } from "../framework/params.ts";
import { partOutput } from "./part-picture.ts";
import { partsOf, SEGMENTS } from "./segments.ts";
import { technique } from "../framework/technique.ts";

/** The fall of the score when a part of the input is hidden: raw in the input's shape, the same all over a part. */
export const featureAblation = technique({
  info: {
    id: "feature-ablation",
    title: "Feature Ablation",
    command: "Visualize Feature Ablation",
    group: "perturbation",
    summary:
      "How much the score drops when one part of the input is replaced by the baseline: a grid cell, a superpixel, a region of a mask, or one column of a table row.",
    cite: "Kokhlikyan et al. 2020",
    needs: { input: "one", target: true, layer: "none", gradient: false },
    passesFollowInput: true,
    params: [...SEGMENTS, BASELINE, SCORE],
  },
  async run(context) {
    const { parts, caption } = await partsOf(context);
    const { values, ...effects } = await ablate(context, parts, await baselineOf(context));
    return partOutput(
      context,
      parts,
      { values, ...effects },
      {
        id: "feature-ablation",
        title: "Feature Ablation",
        quantity: "y(x) − y(hidden)",
        signed: true,
        caption: `score drop, ${caption}`,
      },
    );
  },
});
