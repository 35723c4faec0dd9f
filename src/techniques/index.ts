import { ablationCam } from "./ablation-cam.ts";
import { cam } from "./cam.ts";
import { deconvolution } from "./deconvolution.ts";
import { deeplift } from "./deeplift.ts";
import { deepliftShap } from "./deeplift-shap.ts";
import { eigenCam } from "./eigen-cam.ts";
import { eigenGradCam } from "./eigen-grad-cam.ts";
import { expectedGradients } from "./expected-gradients.ts";
import { featureAblation } from "./feature-ablation.ts";
import { featureMaps } from "./feature-maps.ts";
import { finerCam } from "./finer-cam.ts";
import { fullGrad } from "./full-grad.ts";
import { gradCam } from "./grad-cam.ts";
import { gradCamElementwise } from "./grad-cam-elementwise.ts";
import { gradCamPlusPlus } from "./grad-cam-plus-plus.ts";
import { guidedBackprop } from "./guided-backprop.ts";
import { guidedGradcam } from "./guided-gradcam.ts";
import { hiresCam } from "./hires-cam.ts";
import { inputXGradient } from "./input-x-gradient.ts";
import { integratedGradients } from "./integrated-gradients.ts";
import { internalInfluence } from "./internal-influence.ts";
import { noisy } from "./noisy.ts";
import { occlusion } from "./occlusion.ts";
import { kpcaCam } from "./kpca-cam.ts";
import { layerActivation } from "./layer-activation.ts";
import { layerCam } from "./layer-cam.ts";
import { layerConductance } from "./layer-conductance.ts";
import { layerDeeplift } from "./layer-deeplift.ts";
import { layerGradientXActivation } from "./layer-gradient-x-activation.ts";
import { layerIntegratedGradients } from "./layer-integrated-gradients.ts";
import { layerLrp } from "./layer-lrp.ts";
import { lrp } from "./lrp.ts";
import { neuronConductance } from "./neuron-conductance.ts";
import { neuronGradient } from "./neuron-gradient.ts";
import { neuronGuidedBackprop } from "./neuron-guided-backprop.ts";
import { neuronIntegratedGradients } from "./neuron-integrated-gradients.ts";
import { predictions } from "./predictions.ts";
import { rise } from "./rise.ts";
import { saliency } from "./saliency.ts";
import { scoreCam } from "./score-cam.ts";
import { shapleyCam } from "./shapley-cam.ts";
import { trustTechniques } from "./trust.ts";
import { xGradCam } from "./x-grad-cam.ts";
import type { Technique } from "./technique.ts";

/** What looks at a model and an input, in the order the panel shows them. */
const methods: readonly Technique[] = [
  predictions,
  featureMaps,
  saliency,
  inputXGradient,
  integratedGradients,
  expectedGradients,
  guidedBackprop,
  deconvolution,
  lrp,
  deeplift,
  deepliftShap,
  fullGrad,
  cam,
  gradCam,
  gradCamPlusPlus,
  hiresCam,
  xGradCam,
  layerCam,
  gradCamElementwise,
  finerCam,
  shapleyCam,
  noisy(eigenCam),
  eigenGradCam,
  noisy(kpcaCam),
  noisy(scoreCam),
  noisy(ablationCam),
  guidedGradcam,
  layerActivation,
  layerGradientXActivation,
  layerConductance,
  internalInfluence,
  layerIntegratedGradients,
  layerDeeplift,
  layerLrp,
  neuronGradient,
  neuronConductance,
  neuronIntegratedGradients,
  neuronGuidedBackprop,
  noisy(occlusion),
  noisy(featureAblation),
  noisy(rise),
];

/** All techniques: the methods, and the checks of their results. */
export const techniques: readonly Technique[] = [...methods, ...trustTechniques(methods)];
