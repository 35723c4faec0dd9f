import { inputOverCopies } from "../framework/over-copies.ts";
import { UsageError } from "../../model/errors.ts";
import type { Feeds } from "../../runtime/ort.ts";
import { BASELINE, baselineCaption, baselineOf, type BaselineParams } from "../framework/baselines.ts";
import { inputOf } from "../framework/input-gradient.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { noteDelta, scoreDifference } from "./path-completeness.ts";
import { MEMORY, pathGradient, RULE, STEPS, type PathContext } from "./path-gradients.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/**
 * (x − x′) ⊙ ∫₀¹ ∂y/∂x at x′ + α(x − x′) dα: raw in the input's shape. It sums to the score's difference between input
 * and baseline.
 */
export const integratedGradients = technique({
  info: {
    id: "integrated-gradients",
    title: "Integrated Gradients",
    command: "Visualize Integrated Gradients",
    group: "gradients",
    summary:
      "The score's difference from a baseline, distributed over the inputs: the average gradient along the path from the baseline, times the input difference.",
    cite: "Sundararajan, Taly & Yan 2017",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [STEPS, RULE, BASELINE, SCORE, ...NOISE, MEMORY],
  },
  async run(context) {
    const baseline = await baselineOf(context);
    const looks = {
      id: "integrated-gradients",
      title: "Integrated Gradients",
      quantity: "(x−x′)·∫∂y/∂x",
      caption: `${context.params.steps} steps from ${baselineCaption(context)}`,
    };
    const output = await inputOverCopies(context, looks, { by: "differences" }, (feeds) =>
      integrate(context, feeds, baseline),
    );
    if (context.params.samples === 0) noteDelta(context, output.raw.values, await scoreDifference(context, baseline));
    return output;
  },
});

async function integrate(
  context: PathContext & SampleContext<BaselineParams>,
  feeds: Feeds,
  baseline: Float32Array,
): Promise<Float32Array> {
  const { name } = context.input;
  const input = inputOf(context, feeds);
  if (input.every((value, i) => value === baseline[i]))
    throw new UsageError(
      `The input equals the baseline, ${baselineCaption(context)}, everywhere.`,
      name,
      "Choose another baseline.",
    );
  const gradient = await pathGradient(context, baseline, input, { feeds, wrt: name });
  if (!gradient) throw context.independent(name);
  return input.map((value, i) => (value - baseline[i]) * gradient[i]);
}
