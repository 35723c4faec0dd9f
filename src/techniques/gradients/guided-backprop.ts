import { guidedRules } from "../../autodiff/rules/gradient/modified.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import { rectifierAttribution } from "./rectifiers.ts";
import { technique } from "../framework/technique.ts";

/** The gradient without what is negative on its way back through rectifiers: raw in the input's shape. */
export const guidedBackprop = technique({
  info: {
    id: "guided-backprop",
    title: "Guided Backprop",
    command: "Visualize Guided Backprop",
    group: "gradients",
    summary:
      "Sharp edges that excite the network: only positive gradients pass, and only through active units. Depends little on the target.",
    cite: "Springenberg et al. 2015",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [SCORE, ...NOISE],
  },
  run: (context) =>
    rectifierAttribution(context, guidedRules, {
      id: "guided-backprop",
      title: "Guided Backprop",
      caption: "positive gradients of active units",
    }),
});
