import { inputOverCopies } from "../framework/over-copies.ts";
import { BASELINE, baselineCaption, baselineOf } from "../framework/baselines.ts";
import { inputOf, withInput } from "../framework/input-gradient.ts";
import { activationOf, independentNeuron, NEURON, neuronOf } from "./neuron-choice.ts";
import { NOISE } from "../framework/params.ts";
import { noteDelta } from "../gradients/path-completeness.ts";
import { MEMORY, pathGradient, RULE, STEPS } from "../gradients/path-gradients.ts";
import { technique } from "../framework/technique.ts";

/**
 * Integrated Gradients of one element a of a layer: (x − x′) ⊙ ∫₀¹ ∂a/∂x at x′ + α(x − x′) dα, raw in the input's
 * shape. It sums to a's difference.
 */
export const neuronIntegratedGradients = technique({
  info: {
    id: "neuron-integrated-gradients",
    title: "Neuron Integrated Gradients",
    command: "Visualize Neuron Integrated Gradients",
    group: "neurons",
    summary: "One neuron's difference from its activation for a baseline, distributed over the inputs.",
    cite: "Sundararajan, Taly & Yan 2017",
    needs: { input: "one", target: false, layer: "any", gradient: true },
    params: [NEURON, STEPS, RULE, BASELINE, ...NOISE, MEMORY],
  },
  async run(context) {
    const { name } = context.input;
    const neuron = await neuronOf(context);
    const baseline = await baselineOf(context);
    const looks = {
      id: "neuron-integrated-gradients",
      title: "Neuron Integrated Gradients",
      quantity: "(x−x′)·∫∂a/∂x",
      caption: `${neuron.label} · ${context.params.steps} steps from ${baselineCaption(context)}`,
    };
    const output = await inputOverCopies(context, looks, { by: "differences", of: neuron }, async (feeds) => {
      const input = inputOf(context, feeds);
      const gradient = await pathGradient(context, baseline, input, { feeds, wrt: name, of: neuron });
      if (!gradient) throw independentNeuron(neuron);
      return input.map((value, i) => (value - baseline[i]) * gradient[i]);
    });
    if (context.params.samples === 0) {
      const difference =
        (await activationOf(context, neuron, context.feeds)) -
        (await activationOf(context, neuron, withInput(context, baseline)));
      noteDelta(context, output.raw.values, difference, "neuron");
    }
    return output;
  },
});
