import { inputOverCopies } from "../framework/over-copies.ts";
import type { PathContext } from "../gradients/path-gradients.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import type { Feeds } from "../../runtime/ort.ts";
import { BASELINE, baselineCaption, baselineOf, type BaselineParams } from "../framework/baselines.ts";
import { inputOf } from "../framework/input-gradient.ts";
import { independentNeuron, NEURON, neuronOf, type Neuron } from "./neuron-choice.ts";
import { NOISE, SCORE } from "../framework/params.ts";
import {
  between,
  gradientsAt,
  MEMORY,
  pathGradient,
  RULE,
  STEPS,
  stepName,
  waysOf,
} from "../gradients/path-gradients.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

/** Captum's default is another than for the other methods. */
const TRAPEZOID = { ...RULE, default: "riemann_trapezoid" } satisfies ParamSpec;

/**
 * (x − x′) ⊙ ∫₀¹ ∂y/∂a · ∂a/∂x at x′ + α(x − x′) dα, for one element a of a layer: what each input adds to the score
 * through it. Raw in the input's shape.
 */
export const neuronConductance = technique({
  info: {
    id: "neuron-conductance",
    title: "Neuron Conductance",
    command: "Visualize Neuron Conductance",
    group: "neurons",
    summary: "How much each input contributes through one neuron to the score's difference from a baseline.",
    cite: "Dhamdhere, Sundararajan & Yan 2018",
    needs: { input: "one", target: true, layer: "any", gradient: true, ofInput: "gradient" },
    params: [NEURON, STEPS, TRAPEZOID, BASELINE, SCORE, ...NOISE, MEMORY],
  },
  async run(context) {
    const neuron = await neuronOf(context);
    const baseline = await baselineOf(context);
    const looks = {
      id: "neuron-conductance",
      title: "Neuron Conductance",
      quantity: "(x−x′)·∫∂y/∂a·∂a/∂x",
      caption: `through ${neuron.label} · ${context.params.steps} steps from ${baselineCaption(context)}`,
    };
    return inputOverCopies(context, looks, { by: "differences", of: neuron }, (feeds) =>
      conductance(context, neuron, feeds, baseline),
    );
  },
});

async function conductance(
  context: PathContext & SampleContext<BaselineParams>,
  neuron: Neuron,
  feeds: Feeds,
  baseline: Float32Array,
): Promise<Float32Array> {
  const { value } = neuron;
  const input = inputOf(context, feeds);
  const { points } = waysOf(context);
  const slopes = new Float64Array(points.length);
  await gradientsAt(
    context,
    { count: points.length, point: between(baseline, input, points), feeds, wrt: [value], ...stepName(context) },
    (index, { gradients }) => {
      const gradient = gradients.get(value);
      if (!gradient) throw context.independent(value);
      slopes[index] = gradient[neuron.at];
    },
  );
  const gradient = await pathGradient(
    context,
    baseline,
    input,
    { feeds, wrt: context.input.name, of: { value, seed: neuron.seed } },
    slopes,
  );
  if (!gradient) throw independentNeuron(neuron);
  return input.map((there, i) => (there - baseline[i]) * gradient[i]);
}
