import type { Feeds } from "../../runtime/ort.ts";
import type { BaselineParams } from "../framework/baselines.ts";
import { inputOf } from "../framework/input-gradient.ts";
import { between, gradientsAt, stepName, waysOf, type PathContext } from "../gradients/path-gradients.ts";
import { technique, type SampleContext, type LayerInfo } from "../framework/technique.ts";
import { LAYER_PATH_PARAMS, layerPath } from "./layer-path.ts";

/**
 * ∫₀¹ ∂y/∂a · da along the way from the baseline to the input, for each unit a of a layer: raw in the layer's shape. As
 * in Captum, which follows Shrikumar et al. 2018: Σ ∂y/∂a at a point times a's difference to the next one, at steps + 1
 * points of the rule. It sums, but for that, to the score's difference.
 */
export const layerConductance = technique({
  info: {
    id: "layer-conductance",
    title: "Layer Conductance",
    command: "Visualize Layer Conductance",
    group: "layers",
    summary: "How much of the score's difference from a baseline flows through each unit of a layer.",
    cite: "Dhamdhere, Sundararajan & Yan 2018; Shrikumar et al. 2018",
    needs: { input: "one", target: true, layer: "any", gradient: true, ofInput: "path" },
    params: LAYER_PATH_PARAMS,
  },
  run: (context) =>
    layerPath(
      context,
      { id: "layer-conductance", title: "Layer Conductance", quantity: "∫∂y/∂a·da", complete: true },
      (layer, feeds, baseline) => conductance(context, layer, feeds, baseline),
    ),
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
