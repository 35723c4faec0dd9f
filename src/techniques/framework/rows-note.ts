import type { ModelOutput } from "../../runtime/outputs.ts";

const LISTS: ReadonlySet<string> = new Set(["logits", "probabilities", "independent", "log-probabilities"]);

/**
 * Of scores in more rows than the input has samples (steps, crops, or a picture of a size that the model cuts into
 * several): how many, and which was chosen.
 */
export function rowsNote(
  { name, dims, shape, meaning }: ModelOutput,
  [samples = 1]: readonly number[],
  chosen: readonly number[] | undefined,
): string | undefined {
  const isBatch = dims.length === shape.length;
  if (isBatch || shape.length !== 2 || shape[0] < 2 || shape[0] === samples || !LISTS.has(meaning.kind))
    return undefined;
  const held = samples === 1 ? "one sample" : `${samples} samples`;
  return `"${name}" [${shape.join(", ")}] holds ${shape[0]} rows for ${held}${chosen ? `: the target is the largest value of all, in row ${chosen[0]} (--target ${chosen.join(",")}).` : "; they are listed together, each class by its row."}`;
}
