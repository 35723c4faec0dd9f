import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { BASELINE, baselineCaption, baselineOf, type BaselineParams } from "../framework/baselines.ts";
import { withInput } from "../framework/input-gradient.ts";
import { GONE_AROUND } from "./layer-conductance.ts";
import { layerOf } from "./layer-choice.ts";
import { goesAround, modelFrom } from "./layer-cut.ts";
import { layerPicture } from "./layer-picture.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { noteDelta, scoreDifference } from "../gradients/path-completeness.ts";
import { MEMORY, pathGradient, RULE, STEPS, type PathContext } from "../gradients/path-gradients.ts";
import { isSigned, noiseCaption } from "../framework/smoothgrad.ts";
import { technique, type SampleContext, type LayerInfo } from "../framework/technique.ts";

/**
 * (a − a′) ⊙ ∫₀¹ ∂y/∂a at a′ + α(a − a′) dα, a and a′ a layer's values for the input and the baseline: Integrated
 * Gradients of the model from the layer on. Raw in the layer's shape. What goes around the layer is as the input has
 * it. /
 */
export const layerIntegratedGradients = technique({
  info: {
    id: "layer-integrated-gradients",
    title: "Layer Integrated Gradients",
    command: "Visualize Layer Integrated Gradients",
    group: "layers",
    summary:
      "The score's difference from a baseline, distributed over the units of a layer: the average gradient along the path of its values, times their difference.",
    cite: "Sundararajan, Taly & Yan 2017; Kokhlikyan et al. 2020",
    needs: { input: "one", target: true, layer: "any", gradient: true },
    params: [STEPS, RULE, BASELINE, SCORE, ...NOISE, MEMORY],
  },
  async run(context) {
    const layer = await layerOf(context);
    const baseline = await baselineOf(context);
    const values = await withNoise(context, (feeds) => integrate(context, layer, feeds, baseline));
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
      id: "layer-integrated-gradients",
      title: "Layer Integrated Gradients",
      quantity: "(a−a′)·∫∂y/∂a",
      signed: isSigned(context.params),
      caption: noiseCaption(
        context.params,
        `${layer.node} · ${context.params.steps} steps from ${baselineCaption(context)}`,
      ),
    });
    return { raw: { dims: layer.dims, values }, views: [artifact] };
  },
});

async function integrate(
  context: PathContext & SampleContext<BaselineParams>,
  layer: LayerInfo,
  feeds: Feeds,
  baseline: Float32Array,
): Promise<Float32Array> {
  const { value } = layer;
  const at = async (there: Feeds): Promise<Float32Array> =>
    floatsOf((await context.model.forward(there, [value])).get(value)!);
  const [from, to] = [await at(withInput(context, baseline, feeds)), await at(feeds)];
  const tail = await modelFrom(context, layer);
  const gradient = await pathGradient(context, from, to, {
    model: tail.model,
    feeds: await tail.feeds(feeds, to),
    varied: value,
    wrt: value,
  });
  if (!gradient) throw context.independent(value);
  return to.map((there, i) => (there - from[i]) * gradient[i]);
}
