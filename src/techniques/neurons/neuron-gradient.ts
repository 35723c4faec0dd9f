import type { RuleSet } from "../../autodiff/rule.ts";
import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { independentNeuron, NEURON, neuronOf, type Neuron } from "./neuron-choice.ts";
import { withNoise } from "../framework/smoothgrad.ts";
import { NOISE } from "../framework/params.ts";
import { inputOutput } from "../framework/pictures.ts";
import { isSigned, noiseCaption } from "../framework/smoothgrad.ts";
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
    const { name } = context.input;
    const neuron = await neuronOf(context);
    const values = await withNoise(context, (feeds) => gradientOf(context, neuron, feeds));
    context.checkResult(values, name, { of: { value: neuron.layer.value, seed: neuron.seed } });
    return inputOutput(context, values, {
      id: "neuron-gradient",
      title: "Neuron Gradient",
      quantity: "∂a/∂x",
      signed: isSigned(context.params),
      caption: noiseCaption(context.params, `gradient of ${neuron.label}`),
    });
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
    of: neuron.layer.value,
    seed: neuron.seed,
    wrt: [input.name],
    ...(rules ? { rules } : {}),
  });
  for (const remark of (await model.traced(feeds)).specialised.remarks) context.note(remark);
  const gradient = gradients.get(input.name);
  if (!gradient) throw independentNeuron(neuron);
  return floatsOf(gradient);
}
