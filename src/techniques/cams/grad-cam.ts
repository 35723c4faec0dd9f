import { channelMeans, weightedSum } from "../framework/channels.ts";
import { gradientCam } from "./gradient-cams.ts";

/** ReLU(Σₖ αₖ Aᵏ) with αₖ the mean over space of ∂y/∂Aᵏ: raw at the layer's resolution, not scaled. */
export const gradCam = gradientCam({
  id: "grad-cam",
  title: "Grad-CAM",
  summary: "Where the channels that support the target are active.",
  cite: "Selvaraju et al. 2017",
  quantity: "Σₖ αₖAᵏ",
  map: (activations, gradients) => weightedSum(activations, channelMeans(gradients)),
});
