import { principalMap } from "./eigen-cam.ts";
import { gradientCam } from "./gradient-cams.ts";

/** Eigen-CAM of activations times their gradients, so that it knows the class: pytorch-grad-cam's EigenGradCAM. */
export const eigenGradCam = gradientCam({
  id: "eigen-grad-cam",
  title: "Eigen-Grad-CAM",
  name: "EigenGradCAM",
  summary: "The first principal component of activation times gradient: a class-specific Eigen-CAM.",
  cite: "Gildenblat et al. 2021 (pytorch-grad-cam)",
  quantity: "first principal component of gA",
  map: (activations, gradients) =>
    principalMap(
      { ...activations, values: activations.values.map((value, i) => value * gradients.values[i]) },
      activations,
    ),
});
