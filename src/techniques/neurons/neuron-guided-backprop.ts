import { guidedRules } from "../../autodiff/rules/gradient/modified.ts";
import { NEURON, neuronOf } from "./neuron-choice.ts";
import { gradientOf } from "./neuron-gradient.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { NOISE } from "../framework/params.ts";
import { inputOutput } from "../framework/pictures.ts";
import { noteActivations } from "../gradients/rectifiers.ts";
import { isSigned, noiseCaption } from "../framework/smoothgrad.ts";
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
    const { name } = context.input;
    const neuron = await neuronOf(context);
    const values = await withNoise(context, (feeds) => gradientOf(context, neuron, feeds, guidedRules));
    context.checkResult(values, name, {
      what: "The modified gradient",
      of: { value: neuron.layer.value, seed: neuron.seed },
    });
    await noteActivations(context, "Guided Backprop", neuron.layer.value);
    return inputOutput(context, values, {
      id: "neuron-guided-backprop",
      title: "Neuron Guided Backprop",
      quantity: "∂a/∂x, modified",
      signed: isSigned(context.params),
      caption: noiseCaption(context.params, `positive gradients of active units, from ${neuron.label}`),
    });
  },
});
