import { deconvolutionRules } from "../../autodiff/rules/gradient/modified.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { rectifierAttribution } from "./rectifiers.ts";
import { technique } from "../framework/technique.ts";

/**
 * The deconvnet: the gradient with rectifiers applied to what comes back instead of by what went in; raw in the input's
 * shape.
 */
export const deconvolution = technique({
  info: {
    id: "deconvolution",
    title: "Deconvolution",
    command: "Visualize Deconvolution",
    group: "gradients",
    summary:
      "Propagates the score back through a deconvolutional network: only positive gradients pass, whether or not a unit was active.",
    cite: "Zeiler & Fergus 2014",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [SCORE, ...NOISE],
  },
  run: (context) =>
    rectifierAttribution(context, deconvolutionRules, {
      id: "deconvolution",
      title: "Deconvolution",
      caption: "positive gradients of all units",
    }),
});
