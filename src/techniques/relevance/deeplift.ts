import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { deepLift, noteDelta, type Contributions } from "./deeplift-contributions.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { choiceParam, NOISE, SCORE } from "../framework/params.ts";
import { inputOutput } from "../framework/pictures.ts";
import { isSigned, noiseCaption } from "../framework/smoothgrad.ts";
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
    const { name } = context.input;
    const baseline = await baselineOf(context);
    let last: Contributions | undefined;
    const values = await withNoise(context, async (feeds) => (last = await deepLift(context, feeds, baseline)).values);
    context.checkResult(values, name, { by: "differences" });
    if (context.params.samples === 0) noteDelta(context, last!);
    return inputOutput(context, values, {
      id: "deeplift",
      title: "DeepLIFT",
      quantity: "m·(x−x′)",
      signed: isSigned(context.params),
      caption: noiseCaption(context.params, `differences from ${baselineCaption(context)}`),
    });
  },
});
