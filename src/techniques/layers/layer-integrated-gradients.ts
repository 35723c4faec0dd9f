import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import type { BaselineParams } from "../framework/baselines.ts";
import { withInput } from "../framework/input-gradient.ts";
import { modelFrom } from "./layer-cut.ts";
import { pathGradient, type PathContext } from "../gradients/path-gradients.ts";
import { technique, type SampleContext, type LayerInfo } from "../framework/technique.ts";
import { LAYER_PATH_PARAMS, layerPath } from "./layer-path.ts";

/**
 * (a − a′) ⊙ ∫₀¹ ∂y/∂a at a′ + α(a − a′) dα, a and a′ a layer's values for the input and the baseline: Integrated
 * Gradients of the model from the layer on. Raw in the layer's shape. What goes around the layer is as the input has
 * it.
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
    params: LAYER_PATH_PARAMS,
  },
  run: (context) =>
    layerPath(
      context,
      {
        id: "layer-integrated-gradients",
        title: "Layer Integrated Gradients",
        quantity: "(a−a′)·∫∂y/∂a",
        complete: true,
      },
      (layer, feeds, baseline) => integrate(context, layer, feeds, baseline),
    ),
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
