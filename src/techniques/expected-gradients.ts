import { Random } from "../math/random.ts";
import { UsageError } from "../model/errors.ts";
import type { ParamSpec } from "../protocol/technique.ts";
import { inputGradient, scoreAt, short, withInput } from "./input-gradient.ts";
import { breathe } from "./noise.ts";
import { SCORE } from "./params.ts";
import { inputAttribution } from "./pictures.ts";
import { technique, type Context } from "./technique.ts";

const NUMBER = String.raw`-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;

const PARAMS: readonly ParamSpec[] = [
  { type: "number", name: "samples", label: "Draws", default: 50, min: 1, max: 100_000, step: 10, integer: true,
    help: "Random places between baselines and input whose gradients are averaged; the error falls with their square root. Captum's default, 5, is noise." },
  { type: "text", name: "baseline", label: "Baselines", default: "0", pattern: String.raw`\s*${NUMBER}(?:\s*,\s*${NUMBER})*\s*`, problem: "A number, or several by commas, such as -1, 0, 1.",
    help: "The values that may stand for a missing input, in the model's own units (after scaling and normalising); each draw takes one of them." },
  { type: "number", name: "noise", label: "Noise level", default: 0, min: 0, max: 10, step: 0.01, integer: false,
    help: "Standard deviation of the noise that each draw adds to the input, as a fraction of the input's max − min." },
  { type: "number", name: "seed", label: "Seed", default: 0, min: 0, max: 2 ** 32 - 1, step: 1, integer: true, help: "The same seed gives the same draws." },
];

/**
 * The mean over draws of (x − x′) ⊙ ∂y/∂x at x′ + α(x − x′), with α uniform in [0, 1), x′ one of the baselines and noise on x (Captum's
 * GradientShap): raw in the input's shape. It sums, but for the error of sampling, to the score less the baselines' mean score.
 */
export const expectedGradients = technique({
  info: {
    id: "expected-gradients", title: "Expected Gradients", command: "Visualize Expected Gradients (GradientSHAP)", group: "gradient",
    summary: "Integrated Gradients over several baselines at once, by random draws: also called GradientSHAP.",
    cite: "Erion et al. 2021; Lundberg & Lee 2017",
    needs: { target: true, layer: "none", gradient: true },
    params: [...PARAMS, SCORE],
  },
  async run(context) {
    const { name, dims } = context.input;
    const baselines = String(context.params.baseline).split(",").map(Number);
    const { mean: values, error } = await draw(context, baselines);
    context.checkGradient(values, name);
    await noteDelta(context, values, error, baselines);
    const artifact = inputAttribution(context, values, {
      id: "expected-gradients", title: "Expected Gradients", quantity: "E[(x−x′)·∂y/∂x]", signed: true,
      caption: `mean of ${Number(context.params.samples)} draws from ${baselines.map(short).join(", ")}`,
    });
    return { raw: { dims, values }, artifacts: [artifact] };
  },
});

/** The mean of the draws, and the standard error of their sums. */
async function draw(context: Context, baselines: readonly number[]): Promise<{ mean: Float32Array; error: number }> {
  const { values: input, name } = context.input;
  const samples = Number(context.params.samples);
  const range = input.reduce((most, value) => Math.max(most, value), -Infinity) - input.reduce((least, value) => Math.min(least, value), Infinity);
  const deviation = Number(context.params.noise) * range;
  if (deviation === 0 && baselines.every((baseline) => input.every((value) => value === baseline))) {
    throw new UsageError(`The input equals the baseline, ${short(baselines[0])}, everywhere.`, name, "Choose another baseline.");
  }
  const random = new Random(Number(context.params.seed));
  const sum = new Float64Array(input.length);
  let [totals, squares] = [0, 0];
  for (let sample = 0; sample < samples; sample++) {
    context.signal.throwIfAborted();
    context.progress(sample / samples, `Draw ${sample + 1} of ${samples}`);
    const baseline = baselines[random.integer(baselines.length)];
    const alpha = random.uniform();
    const noisy = deviation > 0 ? input.map((value) => value + deviation * random.normal()) : input;
    const gradient = await inputGradient(context, withInput(context, noisy.map((value) => baseline + alpha * (value - baseline))));
    let total = 0;
    for (let i = 0; i < sum.length; i++) {
      const value = (noisy[i] - baseline) * gradient[i];
      sum[i] += value;
      total += value;
    }
    totals += total;
    squares += total * total;
    await breathe();
  }
  const variance = Math.max(0, squares / samples - (totals / samples) ** 2);
  return { mean: Float32Array.from(sum, (value) => value / samples), error: samples > 1 ? Math.sqrt(variance / (samples - 1)) : NaN };
}

async function noteDelta(context: Context, values: Float32Array, error: number, baselines: readonly number[]): Promise<void> {
  let difference = await scoreAt(context, context.feeds);
  for (const baseline of baselines) {
    difference -= (await scoreAt(context, withInput(context, new Float32Array(values.length).fill(baseline)))) / baselines.length;
  }
  const total = values.reduce((sum, value) => sum + value, 0);
  const uncertain = Number.isFinite(error) ? ` (standard error of the draws ${short(error)})` : "";
  context.note(`Convergence delta ${short(total - difference)}${uncertain}: the attributions sum to ${short(total)}, the score differs from the baselines' mean by ${short(difference)}.`);
}
