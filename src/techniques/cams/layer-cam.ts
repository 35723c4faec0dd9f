import { gradientCam, sumOverChannels } from "./gradient-cams.ts";

/** ReLU(Σₖ ReLU(gᵏ) ⊙ Aᵏ), g = ∂y/∂A (equations 5 and 6 of the paper): fine enough for early layers. */
export const layerCam = gradientCam({
  id: "layer-cam",
  title: "LayerCAM",
  summary: "Activations weighted by their positive gradients at each position. Also sharp in early layers.",
  cite: "Jiang et al. 2021",
  quantity: "Σₖ ReLU(gᵏ)Aᵏ",
  counts: "positive gradients where the layer is active",
  map: (activations, gradients) => sumOverChannels(activations, gradients, (a, g) => Math.max(0, g) * a),
});
