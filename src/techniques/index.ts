import { ablationCam } from "./cams/ablation-cam.ts";
import { cam } from "./cams/cam.ts";
import { deconvolution } from "./gradients/deconvolution.ts";
import { deeplift } from "./relevance/deeplift.ts";
import { deepliftShap } from "./relevance/deeplift-shap.ts";
import { eigenCam } from "./cams/eigen-cam.ts";
import { eigenGradCam } from "./cams/eigen-grad-cam.ts";
import { expectedGradients } from "./gradients/expected-gradients.ts";
import { featureAblation } from "./perturbation/feature-ablation.ts";
import { featureMaps } from "./activations/feature-maps.ts";
import { finerCam } from "./cams/finer-cam.ts";
import { fullGrad } from "./gradients/full-grad.ts";
import { gradCam } from "./cams/grad-cam.ts";
import { gradCamElementwise } from "./cams/grad-cam-elementwise.ts";
import { gradCamPlusPlus } from "./cams/grad-cam-plus-plus.ts";
import { guidedBackprop } from "./gradients/guided-backprop.ts";
import { guidedGradcam } from "./cams/guided-gradcam.ts";
import { hiresCam } from "./cams/hires-cam.ts";
import { inputXGradient } from "./gradients/input-x-gradient.ts";
import { integratedGradients } from "./gradients/integrated-gradients.ts";
import { internalInfluence } from "./layers/internal-influence.ts";
import { noisy } from "./framework/smoothgrad.ts";
import { occlusion } from "./perturbation/occlusion.ts";
import { kpcaCam } from "./cams/kpca-cam.ts";
import { layerActivation } from "./activations/layer-activation.ts";
import { layerCam } from "./cams/layer-cam.ts";
import { layerConductance } from "./layers/layer-conductance.ts";
import { layerDeeplift } from "./layers/layer-deeplift.ts";
import { layerGradientXActivation } from "./layers/layer-gradient-x-activation.ts";
import { layerIntegratedGradients } from "./layers/layer-integrated-gradients.ts";
import { layerLrp } from "./layers/layer-lrp.ts";
import { lrp } from "./relevance/lrp.ts";
import { neuronConductance } from "./neurons/neuron-conductance.ts";
import { neuronGradient } from "./neurons/neuron-gradient.ts";
import { neuronGuidedBackprop } from "./neurons/neuron-guided-backprop.ts";
import { neuronIntegratedGradients } from "./neurons/neuron-integrated-gradients.ts";
import { predictions } from "./predictions/predictions.ts";
import { rise } from "./perturbation/rise.ts";
import { saliency } from "./gradients/saliency.ts";
import { scoreCam } from "./cams/score-cam.ts";
import { shapleyCam } from "./cams/shapley-cam.ts";
import { checkTechniques } from "./checks/check.ts";
import { xGradCam } from "./cams/x-grad-cam.ts";
import { isFor, type SampleTechnique, type Technique } from "./framework/technique.ts";

/** In the order the panel shows them. */
const methods: readonly Technique[] = [
  predictions,
  featureMaps,
  layerActivation,
  saliency,
  inputXGradient,
  integratedGradients,
  expectedGradients,
  guidedBackprop,
  deconvolution,
  fullGrad,
  lrp,
  deeplift,
  deepliftShap,
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
export const techniques: readonly Technique[] = [
  ...methods,
  ...checkTechniques(methods.filter((one): one is SampleTechnique => isFor(one, "one"))),
];
