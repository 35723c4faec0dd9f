import type { Candidate, DetectionFacts, View } from "./types.ts";
import { isShare, type PredictionTable } from "./table.ts";

/** Columns of a prediction that are no classes: mask coefficients, or keypoints. */
export interface Extras {
  readonly kind: "masks" | "keypoints" | "none";
  /** The first of them. */
  readonly from: number;
  /** Numbers of one keypoint: x, y and, of three, a score. */
  readonly each?: number;
  /** The output that mask coefficients weigh. */
  readonly prototypes?: string;
}

/**
 * Mask prototypes beside a detector's output: [32,160,160] of a quarter of the input, with a coefficient each in every
 * prediction.
 */
function prototypesFor(views: readonly View[], { input }: DetectionFacts): View | undefined {
  return views.find(
    ({ dims, integer }) =>
      !integer &&
      dims.length === 3 &&
      [2, 4, 8].some((part) => dims[1] * part === input.height && dims[2] * part === input.width),
  );
}

/**
 * What follows the columns that every prediction has (`fixed`: box and what else), by the prototypes beside it, the
 * metadata's kpt_shape, or, where `byRange` allows, by columns that leave the range of scores in the pattern of
 * keypoints. undefined: columns that nothing explains.
 */
export function extrasOf(
  table: PredictionTable,
  fixed: number,
  facts: DetectionFacts,
  views: readonly View[],
  byRange: boolean,
): Extras | undefined {
  const { columns } = table;
  const prototypes = prototypesFor(views, facts);
  if (prototypes && columns - prototypes.dims[0] >= fixed)
    return { kind: "masks", from: columns - prototypes.dims[0], prototypes: prototypes.name };
  const shape = /(\d+)\D+(\d+)/.exec(facts.metadata.kpt_shape ?? "");
  if (shape && columns - Number(shape[1]) * Number(shape[2]) >= fixed)
    return { kind: "keypoints", from: columns - Number(shape[1]) * Number(shape[2]), each: Number(shape[2]) };
  if (!byRange) return columns === fixed ? { kind: "none", from: columns } : undefined;
  let from = fixed;
  while (from < columns && isShare(table, from)) from++;
  if (from === columns) return { kind: "none", from };
  const rest = columns - from;
  const scored =
    rest % 3 === 0 &&
    rest >= 6 &&
    Array.from({ length: rest / 3 }, (_, point) => from + 3 * point + 2).every((column) => isShare(table, column));
  return scored ? { kind: "keypoints", from, each: 3 } : undefined;
}

/** A prediction's keypoints, in the unit that `scaleX` and `scaleY` bring to pixels. */
export function keypointsOf(
  table: PredictionTable,
  prediction: number,
  { kind, from, each = 3 }: Extras,
  scaleX: number,
  scaleY: number,
): Pick<Candidate, "keypoints"> {
  if (kind !== "keypoints") return {};
  return {
    keypoints: Array.from({ length: (table.columns - from) / each }, (_, point) => {
      const first = from + point * each;
      return {
        x: table.value(prediction, first) * scaleX,
        y: table.value(prediction, first + 1) * scaleY,
        ...(each > 2 ? { score: table.value(prediction, first + 2) } : {}),
      };
    }),
  };
}

/** What is said of columns that are no classes. */
export function extrasNote({ kind, from, prototypes }: Extras, { columns }: PredictionTable): readonly string[] {
  if (kind === "masks")
    return [
      `Columns ${from} to ${columns - 1} are mask coefficients for "${prototypes}", not classes; masks are not drawn.`,
    ];
  return kind === "keypoints" ? [`Columns ${from} to ${columns - 1} are keypoints, not classes.`] : [];
}
