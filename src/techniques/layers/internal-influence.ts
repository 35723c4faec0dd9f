import { inputOf } from "../framework/input-gradient.ts";
import { pathGradient } from "../gradients/path-gradients.ts";
import { technique } from "../framework/technique.ts";
import { LAYER_PATH_PARAMS, layerPath } from "./layer-path.ts";

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
    needs: { input: "one", target: true, layer: "any", gradient: true, ofInput: "path" },
    params: LAYER_PATH_PARAMS,
  },
  run: (context) =>
    layerPath(
      context,
      { id: "internal-influence", title: "Internal Influence", quantity: "∫∂y/∂a", complete: false },
      async (layer, feeds, baseline) => {
        const gradient = await pathGradient(context, baseline, inputOf(context, feeds), { feeds, wrt: layer.value });
        if (!gradient) throw context.independent(layer.value);
        return Float32Array.from(gradient);
      },
    ),
});
