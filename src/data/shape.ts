import { DataError } from "../model/errors.ts";
import type { ValueDescription } from "../protocol/model.ts";

type Dims = ValueDescription["dims"];

/** "[N, 3, 224, 224]"; what is not known is a question mark. */
export function shapeText(dims: Dims): string {
  return dims ? `[${dims.map((dim) => dim ?? "?").join(", ")}]` : "of any shape";
}

/**
 * A sample's dims in the rank that the model wants: a batch axis of one is added or dropped where exactly that differs.
 * Throws a DataError with both shapes otherwise.
 */
export function matchDims(
  dims: readonly number[],
  input: { readonly name: string; readonly dims?: Dims },
  where: string | undefined,
  what: string,
  hint: string,
): number[] {
  const wanted = input.dims;
  if (!wanted) return [...dims];
  const candidates = [[...dims], [1, ...dims]];
  for (let rest = [...dims]; rest[0] === 1;) candidates.push((rest = rest.slice(1)));
  const found = candidates.find((candidate) => fits(candidate, wanted));
  if (found) return found;
  const batch = wanted[0];
  const needsBatch =
    typeof batch === "number" &&
    batch > 1 &&
    candidates.some((candidate) => candidate[0] === 1 && fits([batch, ...candidate.slice(1)], wanted));
  throw new DataError(
    `${what} ${shapeText(dims)}, but the input "${input.name}" takes ${shapeText(wanted)}.`,
    where,
    needsBatch
      ? `The model takes batches of exactly ${batch}: give a .npy with a full batch, or export the model with a dynamic batch axis.`
      : hint,
  );
}

function fits(dims: readonly number[], wanted: NonNullable<Dims>): boolean {
  return (
    dims.length === wanted.length &&
    wanted.every((dim, i) => (typeof dim === "number" && dim >= 0 ? dim === dims[i] : true))
  );
}
