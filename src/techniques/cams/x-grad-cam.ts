import { weightedSum } from "../framework/channels.ts";
import { channelWeights, gradientCam } from "./gradient-cams.ts";

/** pytorch-grad-cam's, against channels that are silent. */
const EPSILON = 1e-7;

/**
 * ReLU(Σₖ wₖ Aᵏ) with wₖ = Σ g·A / ΣA, g = ∂y/∂Aᵏ (equation 8 of the paper): the mean gradient, weighted by the
 * activation.
 */
export const xGradCam = gradientCam({
  id: "x-grad-cam",
  title: "XGrad-CAM",
  summary: "Grad-CAM with channel weights that average the gradient over positions, weighted by activation.",
  cite: "Fu et al. 2020",
  quantity: "Σₖ wₖAᵏ",
  map: (activations, gradients) =>
    weightedSum(
      activations,
      channelWeights(activations, gradients, (a, g, total) => (g * a) / (total + EPSILON)),
    ),
});
