import { floatsOf } from "../../runtime/ort.ts";
import { layerOf } from "./layer-choice.ts";
import { layerOverCopies } from "./layer-picture.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { technique } from "../framework/technique.ts";

/** a ⊙ ∂y/∂a of a value inside: raw in the layer's shape. */
export const layerGradientXActivation = technique({
  info: {
    id: "layer-gradient-x-activation",
    title: "Layer Gradient × Activation",
    command: "Visualize Layer Gradient × Activation",
    group: "layers",
    summary:
      "Each unit's contribution to the score under a linear approximation of the rest of the model: activation times gradient.",
    cite: "Ancona et al. 2018; Kokhlikyan et al. 2020",
    needs: { input: "one", target: true, layer: "any", gradient: true },
    params: [SCORE, ...NOISE],
  },
  async run(context) {
    const layer = await layerOf(context);
    const looks = {
      id: "layer-gradient-x-activation",
      title: "Layer Gradient × Activation",
      quantity: "a·∂y/∂a",
      caption: `${layer.node} · activation times gradient`,
    };
    return layerOverCopies(context, layer, looks, { by: "values" }, async (feeds) => {
      const found = await context.gradients({ wrt: [layer.value], fetch: [layer.value] }, feeds);
      const gradient = found.gradients.get(layer.value);
      if (!gradient) throw context.independent(layer.value);
      const slopes = floatsOf(gradient);
      return floatsOf(found.values.get(layer.value)!).map((activation, i) => activation * slopes[i]);
    });
  },
});
