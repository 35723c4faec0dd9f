import type { ParamsOf } from "../../protocol/technique.ts";
import { Random } from "../../math/random.ts";
import { UsageError } from "../../model/errors.ts";
import type { ParamSpec } from "../../protocol/technique.ts";
import { BASELINE, baselineCaption } from "../framework/baselines.ts";
import { scoreAt, withInput } from "../framework/input-gradient.ts";
import { formatNumber } from "../../protocol/format.ts";
import { noiseOn } from "../framework/smoothgrad.ts";
import { SCORE, numberParam, seedParam, wholeNumberParam } from "../framework/params.ts";
import { gradientsAt, MEMORY } from "./path-gradients.ts";
import { inputOutput } from "../framework/pictures.ts";
import { technique, type SampleContext } from "../framework/technique.ts";

const PARAMS = [
  wholeNumberParam(
    "samples",
    "Samples",
    { default: 50, min: 1, max: 100_000, step: 10 },
    "Number of random points between baselines and input at which gradients are averaged; the error decreases with its square root. Captum's default of 5 is very noisy.",
  ),
  { ...BASELINE, label: "Baselines" },
  numberParam(
    "noise",
    "Noise level",
    { default: 0, min: 0, max: 10, step: 0.01 },
    "Standard deviation of the noise added to the input for each sample, as a fraction of the input's max − min.",
  ),
  seedParam("The same seed gives the same samples."),
] as const satisfies readonly ParamSpec[];

/**
 * The mean over draws of (x − x′) ⊙ ∂y/∂x at x′ + α(x − x′), with α uniform in [0, 1), x′ one of the baselines and
 * noise on x (Captum's GradientShap): raw in the input's shape. It sums, but for the error of sampling, to the score
 * less the baselines' mean score.
 */
export const expectedGradients = technique({
  info: {
    id: "expected-gradients",
    title: "Expected Gradients",
    command: "Visualize Expected Gradients (GradientSHAP)",
    group: "gradients",
    summary: "Integrated Gradients averaged over several baselines by random sampling, also called GradientSHAP.",
    cite: "Erion et al. 2021; Lundberg & Lee 2017",
    needs: { input: "one", target: true, layer: "none", gradient: true },
    params: [...PARAMS, SCORE, MEMORY],
  },
  async run(context) {
    const { name } = context.input;
    const baselines = await context.baselines();
    const { mean: values, error } = await draw(context, baselines);
    context.checkResult(values, name, { by: "differences" });
    await noteDelta(context, values, error, baselines);
    return inputOutput(context, values, {
      id: "expected-gradients",
      title: "Expected Gradients",
      quantity: "E[(x−x′)·∂y/∂x]",
      signed: true,
      caption: `mean of ${context.params.samples} samples, baseline ${baselineCaption(context)}`,
    });
  },
});

/** The mean of the draws, and the standard error of their sums. */
type Context = SampleContext<ParamsOf<typeof PARAMS> & Partial<ParamsOf<readonly [typeof MEMORY]>>>;

async function draw(
  context: Context,
  baselines: readonly Float32Array[],
): Promise<{ mean: Float32Array; error: number }> {
  const { values: input, name } = context.input;
  const samples = context.params.samples;
  const noise = context.params.noise;
  if (noise === 0 && baselines.every((baseline) => input.every((value, i) => value === baseline[i]))) {
    throw new UsageError(
      `The input equals the baseline, ${baselineCaption(context)}, everywhere.`,
      name,
      "Choose another baseline.",
    );
  }
  const random = new Random(context.params.seed);
  const noisyCopy = noise > 0 ? noiseOn(context.input, noise, random) : () => input;
  /** x − x′ of draws whose gradient is not there yet. */
  const ways = new Map<number, Float32Array>();
  const point = (index: number): Float32Array => {
    const baseline = baselines[random.integer(baselines.length)];
    const alpha = random.uniform();
    const way = noisyCopy().map((value, i) => value - baseline[i]);
    ways.set(index, way);
    return way.map((step, i) => baseline[i] + alpha * step);
  };
  const sum = new Float64Array(input.length);
  let [totals, squares] = [0, 0];
  await gradientsAt(context, { count: samples, point, wrt: [name], called: "Draw" }, (index, { gradients }) => {
    const gradient = gradients.get(name);
    if (!gradient) throw context.independent(name);
    const way = ways.get(index)!;
    ways.delete(index);
    let total = 0;
    for (let i = 0; i < sum.length; i++) {
      const value = way[i] * gradient[i];
      sum[i] += value;
      total += value;
    }
    totals += total;
    squares += total * total;
  });
  const variance = Math.max(0, squares / samples - (totals / samples) ** 2);
  return {
    mean: Float32Array.from(sum, (value) => value / samples),
    error: samples > 1 ? Math.sqrt(variance / (samples - 1)) : NaN,
  };
}

async function noteDelta(
  context: Context,
  values: Float32Array,
  error: number,
  baselines: readonly Float32Array[],
): Promise<void> {
  let difference = await scoreAt(context, context.feeds);
  for (const baseline of baselines)
    difference -= (await scoreAt(context, withInput(context, baseline))) / baselines.length;
  const total = values.reduce((sum, value) => sum + value, 0);
  const uncertain = Number.isFinite(error) ? ` (standard error ${formatNumber(error)})` : "";
  context.note(
    `Convergence delta ${formatNumber(total - difference)}${uncertain}: the attributions sum to ${formatNumber(total)}, the score differs from the baselines' mean by ${formatNumber(difference)}.`,
  );
}
