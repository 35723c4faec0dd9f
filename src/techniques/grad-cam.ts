import { UsageError } from "../model/errors.ts";
import { isSpatial } from "../runtime/layout.ts";
import { floatsOf } from "../runtime/ort.ts";
import { channelMeans, channelView, relu, weightedSum } from "./channels.ts";
import { withNoise } from "./noise.ts";
import { NOISE, RELU, SCORE } from "./params.ts";
import { activationMap } from "./pictures.ts";
import { noiseCaption } from "./saliency.ts";
import { technique } from "./technique.ts";

/** ReLU(Σₖ αₖ Aᵏ) with αₖ the mean over space of ∂y/∂Aᵏ: raw at the layer's resolution, not scaled. */
export const gradCam = technique({
  info: {
    id: "grad-cam", title: "Grad-CAM", command: "Visualize Grad-CAM", group: "cam",
    summary: "Where a layer's channels that speak for the target are active.",
    cite: "Selvaraju et al. 2017",
    needs: { target: true, layer: "spatial", gradient: true },
    params: [RELU, SCORE, ...NOISE],
  },
  async run(context) {
    const layer = await context.layer("spatial");
    const { layout, dims } = layer;
    if (!isSpatial(layout, dims)) throw new UsageError(`"${layer.value}" [${dims.join(", ")}] has no height and width over 1×1.`, layer.value, "Choose a convolutional layer before the pooling.");
    let size: readonly number[] = [];
    const values = await withNoise(context, async (feeds) => {
      const { gradients, values: fetched } = await context.gradients({ wrt: [layer.value], fetch: [layer.value] }, feeds);
      const gradient = gradients.get(layer.value);
      if (!gradient) throw context.independent(layer.value);
      const slopes = floatsOf(gradient);
      context.checkGradient(slopes, layer.value);
      const weights = channelMeans(channelView(slopes, dims, layout));
      const activations = channelView(floatsOf(fetched.get(layer.value)!), dims, layout);
      size = activations.size;
      const map = weightedSum(activations, weights);
      return context.params.relu === true ? relu(map) : map;
    });
    const artifact = activationMap(context, values, size, {
      id: "grad-cam", title: "Grad-CAM", quantity: context.params.relu === true ? "ReLU(Σₖ αₖAᵏ)" : "Σₖ αₖAᵏ", signed: context.params.relu !== true,
      caption: noiseCaption(context.params, `${layer.node} · ${size.join("×")}`),
    });
    return { raw: { dims: [...size], values }, artifacts: [artifact] };
  },
});
