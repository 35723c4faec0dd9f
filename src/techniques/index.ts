import { cam } from "./cam.ts";
import { deconvolution } from "./deconvolution.ts";
import { expectedGradients } from "./expected-gradients.ts";
import { featureAblation } from "./feature-ablation.ts";
import { featureMaps } from "./feature-maps.ts";
import { gradCam } from "./grad-cam.ts";
import { guidedBackprop } from "./guided-backprop.ts";
import { inputXGradient } from "./input-x-gradient.ts";
import { integratedGradients } from "./integrated-gradients.ts";
import { occlusion } from "./occlusion.ts";
import { predictions } from "./predictions.ts";
import { saliency } from "./saliency.ts";
import type { Technique } from "./technique.ts";

/** All techniques, in the order the panel shows them. */
export const techniques: readonly Technique[] = [
  predictions, featureMaps,
  saliency, inputXGradient, integratedGradients, expectedGradients, guidedBackprop, deconvolution,
  cam, gradCam,
  occlusion, featureAblation,
];
