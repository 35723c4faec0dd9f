import { weightedSum } from "../framework/channels.ts";
import { channelWeights, gradientCam } from "./gradient-cams.ts";

/** pytorch-grad-cam's: it weighs in where gradients are under about 0.001. */
const EPSILON = 1e-6;

/**
 * ReLU(Σₖ wₖ Aᵏ) with wₖ = Σ α·ReLU(g), α = g² / (2g² + g³·ΣAᵏ), g = ∂y/∂Aᵏ: equations 5, 7 and 19 of the paper, the
 * score taken as the logit whose exponential the paper explains, and pytorch-grad-cam's ε of 1e-6 in the denominator.
 */
export const gradCamPlusPlus = gradientCam({
  id: "grad-cam++",
  title: "Grad-CAM++",
  summary: "Grad-CAM with a weight per position, so that several objects of the same class are all highlighted.",
  cite: "Chattopadhay et al. 2018",
  quantity: "Σₖ wₖAᵏ",
  map: (activations, gradients) =>
    weightedSum(
      activations,
      channelWeights(activations, gradients, (_, g, total) =>
        g > 0 ? g * ((g * g) / (2 * g * g + total * g * g * g + EPSILON)) : 0,
      ),
    ),
});
