import { quadrature, type QuadratureRule } from "../math/quadrature.ts";
import { UsageError } from "../model/errors.ts";
import type { ParamSpec } from "../protocol/technique.ts";
import type { Feeds } from "../runtime/ort.ts";
import { inputGradient, inputOf, scoreAt, short, withInput } from "./input-gradient.ts";
import { BASELINE, baselineCaption, baselineOf } from "./baselines.ts";
import { breathe, withNoise } from "./noise.ts";
import { choiceParam, NOISE, SCORE } from "./params.ts";
import { inputAttribution } from "./pictures.ts";
import { isSigned, noiseCaption } from "./saliency.ts";
import { technique, type Context } from "./technique.ts";

const STEPS: ParamSpec = {
  type: "number", name: "steps", label: "Steps", default: 50, min: 2, max: 10_000, step: 10, integer: true,
  help: "Gradients taken along the way from the baseline to the input: more are slower and more exact.",
};

const RULE = choiceParam("rule", "Quadrature", [
  ["gausslegendre", "Gauss–Legendre"], ["riemann_left", "Riemann, left"], ["riemann_right", "Riemann, right"],
  ["riemann_middle", "Riemann, middle"], ["riemann_trapezoid", "Trapezoid"],
], "How the integral is approximated, as in Captum. Its trapezoid gives everything 1/steps too little.");

/** (x − x′) ⊙ ∫₀¹ ∂y/∂x at x′ + α(x − x′) dα: raw in the input's shape. It sums to the score's difference between input and baseline. */
export const integratedGradients = technique({
  info: {
    id: "integrated-gradients", title: "Integrated Gradients", command: "Visualize Integrated Gradients", group: "gradient",
    summary: "The score's difference to a baseline, shared out among the inputs: gradients averaged along the way, times the way.",
    cite: "Sundararajan, Taly & Yan 2017",
    needs: { target: true, layer: "none", gradient: true },
    params: [STEPS, RULE, BASELINE, SCORE, ...NOISE],
  },
  async run(context) {
    const { name, dims } = context.input;
    const baseline = await baselineOf(context);
    const values = await withNoise(context, (feeds) => integrate(context, feeds, baseline));
    context.checkGradient(values, name);
    if (Number(context.params.samples) === 0) await noteDelta(context, values, baseline);
    const artifact = inputAttribution(context, values, {
      id: "integrated-gradients", title: "Integrated Gradients", quantity: "(x−x′)·∫∂y/∂x", signed: isSigned(context.params),
      caption: noiseCaption(context.params, `${Number(context.params.steps)} steps from ${baselineCaption(context)}`),
    });
    return { raw: { dims, values }, artifacts: [artifact] };
  },
});

async function integrate(context: Context, feeds: Feeds, baseline: Float32Array): Promise<Float32Array> {
  const input = inputOf(context, feeds);
  if (input.every((value, i) => value === baseline[i])) throw new UsageError(`The input equals the baseline, ${baselineCaption(context)}, everywhere.`, context.input.name, "Choose another baseline.");
  const steps = Number(context.params.steps);
  const { points, weights } = quadrature(context.params.rule as QuadratureRule, steps);
  const alone = Number(context.params.samples) === 0;
  const sum = new Float64Array(input.length);
  for (let step = 0; step < steps; step++) {
    context.signal.throwIfAborted();
    if (alone) context.progress(step / steps, `Step ${step + 1} of ${steps}`);
    const between = input.map((value, i) => baseline[i] + points[step] * (value - baseline[i]));
    const gradient = await inputGradient(context, withInput(context, between, feeds));
    for (let i = 0; i < sum.length; i++) sum[i] += weights[step] * gradient[i];
    await breathe();
  }
  return input.map((value, i) => (value - baseline[i]) * sum[i]);
}

/** Says by how much the attributions miss what they should sum to (Sundararajan et al., completeness). */
async function noteDelta(context: Context, values: Float32Array, baseline: Float32Array): Promise<void> {
  const difference = (await scoreAt(context, context.feeds)) - (await scoreAt(context, withInput(context, baseline)));
  const total = values.reduce((sum, value) => sum + value, 0);
  context.note(`Convergence delta ${short(total - difference)}: the attributions sum to ${short(total)}, the score differs from the baseline's by ${short(difference)}.`);
}
