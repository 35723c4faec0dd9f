import { inputOverCopies } from "../framework/over-copies.ts";
import type { RuleSet } from "../../autodiff/rule.ts";
import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { independentNeuron, NEURON, neuronOf, type Neuron } from "./neuron-choice.ts";
import { NOISE } from "../framework/params.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/** ∂a/∂x of one element a of a layer: raw in the input's shape. */
export const neuronGradient = technique({
  info: {
    id: "neuron-gradient",
    title: "Neuron Gradient",
    command: "Visualize Neuron Gradient",
    group: "neurons",
    summary: "Inputs whose small changes affect one neuron most.",
    cite: "Simonyan, Vedaldi & Zisserman 2013",
    needs: { input: "one", target: false, layer: "any", gradient: true },
    params: [NEURON, ...NOISE],
  },
  async run(context) {
    const neuron = await neuronOf(context);
    const looks = {
      id: "neuron-gradient",
      title: "Neuron Gradient",
      quantity: "∂a/∂x",
      caption: `gradient of ${neuron.label}`,
    };
    return inputOverCopies(context, looks, { of: neuron }, (feeds) => gradientOf(context, neuron, feeds));
  },
});

/**
 * The gradient of a neuron by the input, in the input's shape; by other rules where they are given. UsageError where it
 * does not depend on it.
 */
export async function gradientOf(
  context: SampleContext,
  neuron: Neuron,
  feeds: Feeds,
  rules?: RuleSet,
): Promise<Float32Array> {
  const { model, input } = context;
  const { gradients } = await model.gradients(feeds, {
    of: neuron.value,
    seed: neuron.seed,
    wrt: [input.name],
    ...(rules ? { rules } : {}),
  });
  for (const remark of (await model.traced(feeds)).specialised.remarks) context.note(remark);
  const gradient = gradients.get(input.name);
  if (!gradient) throw independentNeuron(neuron);
  return floatsOf(gradient);
}
