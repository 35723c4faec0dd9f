import type { RuleSet } from "../../autodiff/rule.ts";
import { RuledOutError } from "../../model/errors.ts";
import { floatsOf, fromFloat32, type Feeds } from "../../runtime/ort.ts";
import type { SampleContext } from "./technique.ts";

/**
 * ∂score/∂input at `feeds`, in the input's shape; by other rules than the gradient's where a table is given.
 * UsageError where the score does not depend on the input.
 */
export async function inputGradient(context: SampleContext, feeds: Feeds, rules?: RuleSet): Promise<Float32Array> {
  const { name } = context.input;
  const { gradients } = await context.gradients({ wrt: [name], ...(rules ? { rules } : {}) }, feeds);
  const gradient = gradients.get(name);
  if (!gradient) throw context.independent(name);
  return floatsOf(gradient);
}

/** The sample's feeds with other values, in the input's shape, for the explained input. */
export function withInput(context: SampleContext, values: Float32Array, feeds: Feeds = context.feeds): Feeds {
  const { name } = context.input;
  const { dataType, dims } = feeds[name];
  return { ...feeds, [name]: fromFloat32(dataType, dims, values) };
}

/** The values of the explained input in `feeds`. */
export function inputOf(context: SampleContext, feeds: Feeds): Float32Array {
  return floatsOf(feeds[context.input.name]);
}

/** The target's score for `feeds`, by a forward run. */
export async function scoreAt(context: SampleContext, feeds: Feeds): Promise<number> {
  const { value } = await context.score();
  const values = await context.model.forward(feeds, [value]);
  return context.scoreIn(floatsOf(values.get(value)!));
}

/** The error for an input of integers, along which nothing can be differentiated. */
export function withoutGradient(input: string, type: string, because?: string): RuledOutError {
  return new RuledOutError(
    `The input "${input}" is ${type}: only float inputs have a gradient${because === undefined ? "" : `, and ${because}`}.`,
    input,
    ["float input", "gradient"],
  );
}
