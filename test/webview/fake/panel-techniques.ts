import type { ParamSpec, TechniqueInfo } from "../../../src/protocol/technique.ts";

const noise: readonly ParamSpec[] = [
  { type: "number", name: "samples", label: "Noise samples", help: "SmoothGrad: gradients over noisy copies, averaged. 0 for none.", default: 0, min: 0, max: 1000, step: 5, integer: true },
  { type: "number", name: "noise", label: "Noise level", help: "Standard deviation as a part of the input's range.", default: 0.15, min: 0, max: 1, step: 0.05, integer: false, hiddenWhen: { param: "samples", is: 0 } },
  {
    type: "choice", name: "noise_type", label: "Kind", help: "What is done with the noisy gradients.", default: "smoothgrad", hiddenWhen: { param: "samples", is: 0 },
    options: [{ value: "smoothgrad", label: "SmoothGrad" }, { value: "smoothgrad_sq", label: "squared" }, { value: "vargrad", label: "VarGrad" }],
  },
  { type: "number", name: "seed", label: "Seed", help: "The same seed gives the same noise.", default: 0, min: 0, max: 2 ** 31, step: 1, integer: true, hiddenWhen: { param: "samples", is: 0 } },
];

export const techniques: readonly TechniqueInfo[] = [
  { id: "predictions", title: "Predictions", command: "Visualize Predictions", group: "prediction", summary: "The classes that the model sees, most probable first.", needs: { target: false, layer: "none", gradient: false }, params: [] },
  { id: "feature-maps", title: "Feature maps", command: "Visualize Feature Maps", group: "activation", summary: "What each channel of a layer responds to.", needs: { target: false, layer: "any", gradient: false }, params: [] },
  {
    id: "saliency", title: "Saliency", command: "Visualize Saliency", group: "gradient", summary: "Input pixels whose small changes affect the score most.", cite: "Simonyan, Vedaldi & Zisserman 2013",
    needs: { target: true, layer: "none", gradient: true },
    params: [{ type: "boolean", name: "absolute", label: "Absolute", help: "The gradient's size without its sign.", default: true }, ...noise],
  },
  { id: "cam", title: "CAM", command: "Visualize Class Activation Map (CAM)", group: "cam", summary: "Where the evidence for a class lies.", cite: "Zhou et al. 2016", needs: { target: true, layer: "none", gradient: false }, params: [] },
  {
    id: "grad-cam", title: "Grad-CAM", command: "Visualize Grad-CAM", group: "cam", summary: "Where the evidence for a class lies, for any layer.", cite: "Selvaraju et al. 2017",
    needs: { target: true, layer: "spatial", several: true, gradient: true }, params: [{ type: "boolean", name: "relu", label: "ReLU", help: "Only what supports the class.", default: true },
      { type: "text", name: "grid", label: "Token grid", help: "How a transformer's tokens lie.", default: "auto", pattern: "auto|[0-9]+x[0-9]+", problem: "auto, or rows x columns." }, ...noise],
  },
];

/** Methods whose results are no maps over a picture; their results are in results.ts. */
export const otherKinds: readonly TechniqueInfo[] = [
  ...techniques,
  {
    id: "tokens", title: "Input × Gradient", command: "Visualize Input × Gradient", group: "gradient", summary: "What each token amounts to.", needs: { target: true, layer: "none", gradient: true },
    params: [{ type: "text", name: "baseline", label: "Baseline", help: "What stands for a missing input.", default: "0", pattern: "[^,]+", problem: "A number, or a file.", files: true }],
  },
  { id: "features", title: "Integrated Gradients", command: "Visualize Integrated Gradients", group: "gradient", summary: "What each column amounts to.", needs: { target: true, layer: "none", gradient: true }, params: [] },
  { id: "inputs", title: "Saliency of two inputs", command: "Visualize Saliency", group: "gradient", summary: "A picture and a row.", needs: { target: true, layer: "none", gradient: true }, params: [] },
  { id: "dense", title: "Saliency of a map", command: "Visualize Saliency", group: "gradient", summary: "A dense output.", needs: { target: true, layer: "none", gradient: true }, params: [] },
];

/** As many as the real panel may have: those above, and names of others. */
export const manyTechniques: readonly TechniqueInfo[] = [
  ...techniques,
  ...["Grad-CAM++", "HiResCAM", "XGrad-CAM", "LayerCAM", "Element-wise Grad-CAM", "Eigen-CAM", "Eigen-Grad-CAM", "Score-CAM", "Ablation-CAM", "Occlusion", "Feature Ablation",
    "Integrated Gradients", "Guided Backprop", "Input × Gradient"].map((title): TechniqueInfo => ({
    id: title.toLowerCase().replace(/[^a-z]+/g, "-"), title, command: `Visualize ${title}`, group: "cam", summary: title, needs: { target: true, layer: "none", gradient: false }, params: [],
  })),
];
