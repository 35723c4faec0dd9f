import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { deepLift, noteDelta, type Contributions } from "./deeplift-contributions.ts";
import { withNoise } from "../framework/noise.ts";
import { choiceParam, NOISE, SCORE } from "../framework/params.ts";
import { inputOutput } from "../framework/pictures.ts";
import { isSigned, noiseCaption } from "../gradients/saliency.ts";
import { technique } from "../framework/technique.ts";

/** DeepLIFT's one rule here; RevealCancel is in no library that could be compared with. */
export const DEEPLIFT_RULE = choiceParam(
  "rule",
  "Rule",
  [["rescale", "Rescale"]],
  "How a nonlinearity's difference is distributed: in proportion to its input's.",
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
    group: "gradient",
    summary:
      "The score's difference to a baseline, distributed over the inputs in one pass: every unit hands on what it differs by, saturated or not.",
    cite: "Shrikumar, Greenside & Kundaje 2017",
    needs: { target: true, layer: "none", gradient: true },
    params: [DEEPLIFT_RULE, BASELINE, SCORE, ...NOISE],
  },
  async run(context) {
    const { name } = context.input;
    const baseline = await baselineOf(context);
    let last: Contributions | undefined;
    const values = await withNoise(context, async (feeds) => (last = await deepLift(context, feeds, baseline)).values);
    context.checkResult(values, name, { by: "differences" });
    if (Number(context.params.samples) === 0) noteDelta(context, last!);
    return inputOutput(context, values, {
      id: "deeplift",
      title: "DeepLIFT",
      quantity: "m·(x−x′)",
      signed: isSigned(context.params),
      caption: noiseCaption(context.params, `differences from ${baselineCaption(context)}`),
    });
  },
});
