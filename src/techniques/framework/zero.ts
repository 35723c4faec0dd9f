import { floatsOf } from "../../runtime/ort.ts";
import { whereZero } from "./diagnose.ts";
import { scoreAt, withInput } from "./input-gradient.ts";
import type { SampleContext, ResultAbout } from "./technique.ts";

/** A result that is zero everywhere, and what is known of how it was made. */
export interface ZeroResult extends ResultAbout {
  /** The value it is about. */
  readonly value: string;
}

/**
 * Why a result is zero everywhere, as found by measuring: its gradient, then what that is multiplied by. One or two
 * sentences.
 */
export async function whyZero(context: SampleContext, zero: ZeroResult, needsGradient: boolean): Promise<string> {
  const result = `${zero.what ?? (zero.by === undefined && needsGradient ? "The gradient" : "The result")} at "${zero.value}" is zero everywhere`;
  if (!needsGradient) return `${result} for this input.`;
  const gradient = await gradientAt(context, zero);
  if (gradient === undefined || gradient.every((slope) => slope === 0)) {
    const place = zero.of ? undefined : await whereZero(context).catch(() => undefined);
    const isGradient = zero.by === undefined && zero.what === undefined;
    return [isGradient ? `${result} for this input.` : `${result}: the gradient there is zero for this input.`, place]
      .filter(Boolean)
      .join(" ");
  }
  if (!zero.of && zero.what === "The relevance" && (await scoreAt(context, context.feeds)) === 0)
    return `${result}: the score, which the method redistributes, is zero.`;
  const factor = zero.by && (await factorsAt(context, zero));
  if (!factor) {
    const samples = Number(context.params.samples ?? 0);
    return `${result.replace(/^The gradient/, "The result")}, though the gradient of the score there is not: ${samples > 0 ? `${samples} noisy copies all gave the same` : `${zero.kept ?? "what this method keeps of it"} is`}.`;
  }
  const { values, said, same } = factor;
  if (values.every((value) => value === 0)) return `${result}: ${same}. The gradient there is not zero.`;
  if (values.every((value, i) => value === 0 || gradient[i] === 0))
    return `${result}: wherever the gradient is not zero, ${said} zero.`;
  return `${result}, though neither the gradient at the input nor ${said.replace(/ (?:is|are)$/, "")} is.`;
}

/** What is explained, by the value that the result is about; undefined where it does not depend on it. */
async function gradientAt(context: SampleContext, { value, of }: ZeroResult): Promise<Float32Array | undefined> {
  const about = of ?? { value: (await context.score()).value, seed: context.seed() };
  const { gradients } = await context.model.gradients(context.feeds, {
    of: about.value,
    seed: about.seed,
    wrt: [value],
  });
  const gradient = gradients.get(value);
  return gradient && floatsOf(gradient);
}

/** What the method multiplies gradients by: values, or their differences to what they are at the (first) baseline. */
async function factorsAt(
  context: SampleContext,
  { value, by }: ZeroResult,
): Promise<{ values: Float32Array; said: string; same: string }> {
  const isInput = value === context.input.name;
  const at = async (feeds = context.feeds): Promise<Float32Array> =>
    floatsOf((await context.model.forward(feeds, [value])).get(value)!);
  const values = await at();
  if (by === "values")
    return {
      values,
      said: isInput ? "the input is" : "the layer's values are",
      same: isInput
        ? "the input is zero, and the method multiplies by it"
        : "the layer's values are zero for this input, and the method multiplies by them",
    };
  const baselines = await context.baselines();
  const differences = new Float32Array(values.length);
  for (const baseline of baselines)
    (await at(withInput(context, baseline))).forEach((there, i) => {
      differences[i] += Math.abs(values[i] - there);
    });
  return {
    values: differences,
    said: `the difference between ${isInput ? "input" : "the layer's values for the input"} and baseline is`,
    same: isInput
      ? "the input equals the baseline"
      : "the layer's values are the same for the input and for the baseline, and the method multiplies by their difference",
  };
}
