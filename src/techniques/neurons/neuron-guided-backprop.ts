import { inputOverCopies } from "../framework/over-copies.ts";
import { guidedRules } from "../../autodiff/rules/gradient/modified.ts";
import { NEURON, neuronOf } from "./neuron-choice.ts";
import { gradientOf } from "./neuron-gradient.ts";
import { NOISE } from "../framework/params.ts";
import { noteActivations } from "../gradients/rectifiers.ts";
import { technique } from "../framework/technique.ts";

/** Guided backpropagation from one element of a layer: raw in the input's shape. */
export const neuronGuidedBackprop = technique({
  info: {
    id: "neuron-guided-backprop",
    title: "Neuron Guided Backprop",
    command: "Visualize Neuron Guided Backprop",
    group: "neurons",
    summary: "Sharp edges that excite one neuron: only positive gradients pass, and only through active units.",
    cite: "Springenberg et al. 2015",
    needs: { input: "one", target: false, layer: "any", gradient: true },
    params: [NEURON, ...NOISE],
  },
  async run(context) {
    const neuron = await neuronOf(context);
    const looks = {
      id: "neuron-guided-backprop",
      title: "Neuron Guided Backprop",
      quantity: "∂a/∂x, modified",
      caption: `positive gradients of active units, from ${neuron.label}`,
    };
    const output = await inputOverCopies(context, looks, { what: "The modified gradient", of: neuron }, (feeds) =>
      gradientOf(context, neuron, feeds, guidedRules),
    );
    await noteActivations(context, "Guided Backprop", neuron.value);
    return output;
  },
});
