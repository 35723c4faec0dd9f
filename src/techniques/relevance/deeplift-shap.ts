import { inputOverCopies } from "../framework/over-copies.ts";
import type { NoiseParams } from "../framework/smoothgrad.ts";
import type { BaselineParams } from "../framework/baselines.ts";
import type { Feeds } from "../../runtime/ort.ts";
import { BASELINE, baselineCaption } from "../framework/baselines.ts";
import { DEEPLIFT_RULE } from "./deeplift.ts";
import { deepLift, noteDelta, type Contributions } from "./deeplift-contributions.ts";
import { yieldToEventLoop } from "../framework/event-loop.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/**
 * The mean of DeepLIFT over a distribution of baselines, each weighted alike: raw in the input's shape. It sums to the
 * score less the baselines' mean score.
 */
export const deepliftShap = technique({
  info: {
    id: "deeplift-shap",
    title: "DeepLIFT SHAP",
    command: "Visualize DeepLIFT SHAP",
    group: "relevance",
    summary: "DeepLIFT averaged over several baselines, which approximates SHAP values.",
    cite: "Lundberg & Lee 2017",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    passesFollowInput: true,
    params: [DEEPLIFT_RULE, BASELINE, SCORE, ...NOISE],
  },
  async run(context) {
    const baselines = await context.baselines();
    if (baselines.length === 1)
      context.note("With a single baseline this is DeepLIFT. Give several numbers or files, separated by commas.");
    const looks = {
      id: "deeplift-shap",
      title: "DeepLIFT SHAP",
      quantity: "E[m·(x−x′)]",
      caption: `mean over ${baselines.length === 1 ? "one baseline" : `${baselines.length} baselines`}: ${baselineCaption(context)}`,
    };
    let last: Contributions | undefined;
    const output = await inputOverCopies(
      context,
      looks,
      { by: "differences" },
      async (feeds) => (last = await meanOver(context, feeds, baselines)).values,
    );
    if (context.params.samples === 0) noteDelta(context, last!, baselines.length);
    return output;
  },
});

async function meanOver(
  context: SampleContext<BaselineParams & NoiseParams>,
  feeds: Feeds,
  baselines: readonly Float32Array[],
): Promise<Contributions> {
  const sum = new Float64Array(context.input.values.length);
  let difference = 0;
  for (const [index, baseline] of baselines.entries()) {
    context.signal.throwIfAborted();
    if (context.params.samples === 0)
      context.progress(index / baselines.length, `Baseline ${index + 1} of ${baselines.length}`);
    const one = await deepLift(context, feeds, baseline);
    for (let i = 0; i < sum.length; i++) sum[i] += one.values[i];
    difference += one.difference / baselines.length;
    await yieldToEventLoop();
  }
  return { values: Float32Array.from(sum, (value) => value / baselines.length), difference };
}
