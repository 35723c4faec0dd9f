import { scoreAt, withInput } from "../framework/input-gradient.ts";
import { formatNumber } from "../../protocol/format.ts";
import type { SampleContext } from "../framework/technique.ts";

/**
 * Says by how much attributions miss what they should sum to (completeness): a score's difference from the baseline's.
 */
export function noteDelta(
  context: SampleContext,
  values: Float32Array,
  difference: number,
  what = "score",
  because = "",
): void {
  const total = values.reduce((sum, value) => sum + value, 0);
  context.note(
    `Convergence delta ${formatNumber(total - difference)}: the attributions sum to ${formatNumber(total)}, the ${what} differs from the baseline's by ${formatNumber(difference)}.${because}`,
  );
}

/** The target's score less that of the baseline. */
export async function scoreDifference(context: SampleContext, baseline: Float32Array): Promise<number> {
  return (await scoreAt(context, context.feeds)) - (await scoreAt(context, withInput(context, baseline)));
}
