import { gradientCam, sumOverChannels } from "./gradient-cams.ts";

/**
 * ReLU(Σₖ gᵏ ⊙ Aᵏ), g = ∂y/∂A: under a pooling and dense head, its sum before ReLU is the score without the bias
 * (Draelos & Carin, section 4).
 */
export const hiresCam = gradientCam({
  id: "hires-cam",
  title: "HiResCAM",
  summary: "Gradient times activation at each position of a layer: highlights only positions that the model used.",
  cite: "Draelos & Carin 2020",
  quantity: "Σₖ gᵏAᵏ",
  map: (activations, gradients) => sumOverChannels(activations, gradients, (a, g) => g * a),
});
