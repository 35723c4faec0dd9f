import { gradientCam, sumOverChannels } from "./gradient-cams.ts";

/**
 * ReLU(Σₖ gᵏ ⊙ Aᵏ), g = ∂y/∂A: under a pooling and dense head, its sum before ReLU is the score without the bias
 * (Draelos & Carin, section 4).
 */
export const hiresCam = gradientCam({
  id: "hires-cam",
  title: "HiResCAM",
  summary: "Gradient times activation at each place of a layer: only places that the model used light up.",
  cite: "Draelos & Carin 2020",
  quantity: "Σₖ gᵏAᵏ",
  map: (activations, gradients) => sumOverChannels(activations, gradients, (a, g) => g * a),
});
