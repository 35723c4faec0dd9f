import { inputOverCopies } from "../framework/over-copies.ts";
import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { deepLift, noteDelta, type Contributions } from "./deeplift-contributions.ts";
import { choiceParam, NOISE, SCORE } from "../framework/params.ts";
import { technique } from "../framework/technique.ts";

/** DeepLIFT's one rule here; RevealCancel is in no library that could be compared with. */
export const DEEPLIFT_RULE = choiceParam(
  "rule",
  "Rule",
  [["rescale", "Rescale"]],
  "How multipliers pass through a nonlinearity: by the ratio of the output's difference to the input's.",
);

/**
 * Multipliers by the rescale rule, times x − x′: raw in the input's shape. They sum to the score's difference between
 * input and baseline.
 */
export const deeplift = technique({
  info: {
    id: "deeplift",
    title: "DeepLIFT",
    command: "Visualize DeepLIFT",
    group: "relevance",
    summary:
      "Distributes the score's difference from a baseline over the inputs in one backward pass, by comparing activations. Works through saturated units.",
    cite: "Shrikumar, Greenside & Kundaje 2017",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [DEEPLIFT_RULE, BASELINE, SCORE, ...NOISE],
  },
  async run(context) {
    const baseline = await baselineOf(context);
    const looks = {
      id: "deeplift",
      title: "DeepLIFT",
      quantity: "m·(x−x′)",
      caption: `differences from ${baselineCaption(context)}`,
    };
    let last: Contributions | undefined;
    const output = await inputOverCopies(
      context,
      looks,
      { by: "differences" },
      async (feeds) => (last = await deepLift(context, feeds, baseline)).values,
    );
    if (context.params.samples === 0) noteDelta(context, last!);
    return output;
  },
});
