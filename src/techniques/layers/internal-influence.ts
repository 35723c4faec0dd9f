import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { inputOf } from "../framework/input-gradient.ts";
import { layerOf } from "./layer-choice.ts";
import { layerPicture } from "./layer-picture.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { MEMORY, pathGradient, RULE, STEPS } from "../gradients/path-gradients.ts";
import { isSigned, noiseCaption } from "../framework/smoothgrad.ts";
import { technique } from "../framework/technique.ts";

/**
 * ∫₀¹ ∂y/∂a dα for each unit a of a layer, at x′ + α(x − x′): its gradient averaged over the way from the baseline to
 * the input. Raw in the layer's shape.
 */
export const internalInfluence = technique({
  info: {
    id: "internal-influence",
    title: "Internal Influence",
    command: "Visualize Internal Influence",
    group: "layers",
    summary:
      "How much small changes of each unit of a layer affect the score, averaged along the path from a baseline to the input.",
    cite: "Leino et al. 2018",
    needs: { input: "one", target: true, layer: "any", gradient: true },
    params: [STEPS, RULE, BASELINE, SCORE, ...NOISE, MEMORY],
  },
  async run(context) {
    const layer = await layerOf(context);
    const baseline = await baselineOf(context);
    const values = await withNoise(context, async (feeds) => {
      const gradient = await pathGradient(context, baseline, inputOf(context, feeds), { feeds, wrt: layer.value });
      if (!gradient) throw context.independent(layer.value);
      return Float32Array.from(gradient);
    });
    context.checkResult(values, layer.value, { what: "The mean gradient" });
    const artifact = layerPicture(context, layer, values, {
      id: "internal-influence",
      title: "Internal Influence",
      quantity: "∫∂y/∂a",
      signed: isSigned(context.params),
      caption: noiseCaption(
        context.params,
        `${layer.node} · ${context.params.steps} steps from ${baselineCaption(context)}`,
      ),
    });
    return { raw: { dims: layer.dims, values }, views: [artifact] };
  },
});
