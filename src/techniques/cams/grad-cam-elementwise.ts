import { gradientCam, sumOverChannels } from "./gradient-cams.ts";

/**
 * Σₖ ReLU(gᵏ ⊙ Aᵏ), g = ∂y/∂A: pytorch-grad-cam's GradCAMElementWise. Never negative, so that `relu` changes nothing.
 */
export const gradCamElementwise = gradientCam({
  id: "grad-cam-elementwise",
  title: "Element-wise Grad-CAM",
  name: "Grad-CAM Element-wise",
  summary: "Gradient times activation at each position, with negative values removed in each channel.",
  cite: "Gildenblat et al. 2021 (pytorch-grad-cam)",
  quantity: "Σₖ ReLU(gᵏAᵏ)",
  counts: "positive products of gradient and activation",
  map: (activations, gradients) => sumOverChannels(activations, gradients, (a, g) => Math.max(0, g * a)),
});
