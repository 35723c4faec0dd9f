import type { Feeds } from "../../runtime/ort.ts";
import { BASELINE, baselineCaption, baselineOf, type BaselineParams } from "../framework/baselines.ts";
import { inputOf } from "../framework/input-gradient.ts";
import { layerOf } from "./layer-choice.ts";
import { goesAround } from "./layer-cut.ts";
import { layerPicture } from "./layer-picture.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { noteDelta, scoreDifference } from "../gradients/path-completeness.ts";
import {
  between,
  gradientsAt,
  MEMORY,
  RULE,
  STEPS,
  stepName,
  waysOf,
  type PathContext,
} from "../gradients/path-gradients.ts";
import { isSigned, noiseCaption } from "../framework/smoothgrad.ts";
import { technique, type SampleContext, type LayerInfo } from "../framework/technique.ts";

/** What a layer that is gone around cannot sum to. */
export const GONE_AROUND = " Part of the score's difference bypasses this layer, so the sum need not equal it.";

/**
 * ∫₀¹ ∂y/∂a · da along the way from the baseline to the input, for each unit a of a layer: raw in the layer's shape. As
 * in Captum, which follows Shrikumar et al. 2018: Σ ∂y/∂a at a point times a's difference to the next one, at steps + 1
 * points of the rule. It sums, but for that, to the score's difference. /
 */
export const layerConductance = technique({
  info: {
    id: "layer-conductance",
    title: "Layer Conductance",
    command: "Visualize Layer Conductance",
    group: "layers",
    summary: "How much of the score's difference from a baseline flows through each unit of a layer.",
    cite: "Dhamdhere, Sundararajan & Yan 2018; Shrikumar et al. 2018",
    needs: { input: "one", target: true, layer: "any", gradient: true },
    params: [STEPS, RULE, BASELINE, SCORE, ...NOISE, MEMORY],
  },
  async run(context) {
    const layer = await layerOf(context);
    const baseline = await baselineOf(context);
    const values = await withNoise(context, (feeds) => conductance(context, layer, feeds, baseline));
    context.checkResult(values, layer.value, { by: "differences" });
    if (context.params.samples === 0) {
      noteDelta(
        context,
        values,
        await scoreDifference(context, baseline),
        "score",
        (await goesAround(context, layer)) ? GONE_AROUND : "",
      );
    }
    const artifact = layerPicture(context, layer, values, {
      id: "layer-conductance",
      title: "Layer Conductance",
      quantity: "∫∂y/∂a·da",
      signed: isSigned(context.params),
      caption: noiseCaption(
        context.params,
        `${layer.node} · ${context.params.steps} steps from ${baselineCaption(context)}`,
      ),
    });
    return { raw: { dims: layer.dims, values }, views: [artifact] };
  },
});

async function conductance(
  context: PathContext & SampleContext<BaselineParams>,
  { value }: LayerInfo,
  feeds: Feeds,
  baseline: Float32Array,
): Promise<Float32Array> {
  const { points } = waysOf(context, 1);
  let sum: Float64Array | undefined;
  let before: { readonly activation: Float32Array; readonly gradient: Float32Array } | undefined;
  await gradientsAt(
    context,
    {
      count: points.length,
      point: between(baseline, inputOf(context, feeds), points),
      feeds,
      wrt: [value],
      fetch: [value],
      ...stepName(context),
    },
    (_, { gradients, values }) => {
      const [gradient, activation] = [gradients.get(value), values.get(value)!];
      if (!gradient) throw context.independent(value);
      sum ??= new Float64Array(activation.length);
      if (before)
        for (let i = 0; i < sum.length; i++) sum[i] += before.gradient[i] * (activation[i] - before.activation[i]);
      before = { activation, gradient };
    },
  );
  return Float32Array.from(sum!);
}
