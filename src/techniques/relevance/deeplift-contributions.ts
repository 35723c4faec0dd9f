import { deepLiftRules } from "../../autodiff/rules/deeplift/index.ts";
import { UsageError } from "../../model/errors.ts";
import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { baselineCaption, type BaselineParams } from "../framework/baselines.ts";
import { inputOf, withInput } from "../framework/input-gradient.ts";
import { formatNumber } from "../../protocol/format.ts";
import type { SampleContext } from "../framework/technique.ts";

/** What DeepLIFT gives for one baseline. */
export interface Contributions {
  /** m·(x − x′), in the shape of the value that was asked about. */
  readonly values: Float32Array;
  /** The score less the baseline's. */
  readonly difference: number;
}

/**
 * Multipliers times differences from a baseline (in the input's shape), of the input or of `layer`, a value of the
 * graph. Says what the rules met.
 */
export async function deepLift(
  context: SampleContext<BaselineParams>,
  feeds: Feeds,
  baseline: Float32Array,
  layer?: string,
): Promise<Contributions> {
  const { name } = context.input;
  const value = layer ?? name;
  const input = inputOf(context, feeds);
  if (input.every((number, i) => number === baseline[i]))
    throw new UsageError(
      `The input equals the baseline, ${baselineCaption(context)}, everywhere.`,
      name,
      "Choose another baseline.",
    );
  const score = (await context.score()).value;
  const against = { rules: deepLiftRules, baseline: { [name]: withInput(context, baseline, feeds)[name] } };
  const { gradients, values, reference } = await context.gradients(
    { wrt: [value], fetch: [value, score], against },
    feeds,
  );
  const multipliers = gradients.get(value);
  if (!multipliers) throw context.independent(value);
  noteRules(context, reference!.met);
  const [here, there] = [floatsOf(values.get(value)!), floatsOf(reference!.values.get(value)!)];
  return {
    values: floatsOf(multipliers).map((multiplier, i) => multiplier * (here[i] - there[i])),
    difference:
      context.scoreIn(floatsOf(values.get(score)!)) - context.scoreIn(floatsOf(reference!.values.get(score)!)),
  };
}

/**
 * Says by how much the contributions miss the score's difference, which they should sum to (Shrikumar et al. 2017,
 * equation 1).
 */
export function noteDelta(
  context: SampleContext<BaselineParams>,
  { values, difference }: Contributions,
  baselines = 1,
): void {
  const total = values.reduce((sum, value) => sum + value, 0);
  const other = baselines > 1 ? `the mean of ${baselines} baselines'` : "the baseline's";
  context.note(
    `Convergence delta ${formatNumber(total - difference)}: the attributions sum to ${formatNumber(total)}, the score differs from ${other} by ${formatNumber(difference)}.`,
  );
}

interface Met {
  readonly products: ReadonlyMap<string, number>;
  readonly kept: ReadonlyMap<string, number>;
  readonly explainedSoftmax: boolean;
}

function noteRules(context: SampleContext<BaselineParams>, { products, kept, explainedSoftmax }: Met): void {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([operator, count]) => (count > 1 ? `${operator} (${count})` : operator)).join(", ");
  if (products.size > 0) {
    context.note(
      `Products of two input-dependent values are split evenly between both factors, so that the attributions add up: ${list(products)}. Captum's DeepLift uses the gradient there.`,
    );
  }
  if (explainedSoftmax)
    context.note(
      "The explained Softmax uses Captum's rule (multipliers minus their mean), so attributions do not add up; those of its input (score: logit) do.",
    );
  if (kept.size > 0)
    context.note(
      `DeepLIFT has no rule for ${list(kept)}: the gradient is used there, so the sum can differ from the score's difference.`,
    );
}
