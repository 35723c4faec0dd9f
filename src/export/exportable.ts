/**
 * Techniques that can be written into one graph, by id: plain data, for menus. The graphs themselves are in
 * attributions.ts.
 */
export const EXPORTABLE: readonly string[] = [
  "saliency",
  "input-x-gradient",
  "integrated-gradients",
  "guided-backprop",
  "deconvolution",
  "grad-cam",
  "grad-cam++",
  "hires-cam",
  "x-grad-cam",
  "layer-cam",
  "grad-cam-elementwise",
];
