import { UsageError } from "../../../model/errors.ts";
import type { Artifact } from "../../../protocol/artifacts.ts";
import { READINGS, type Reading } from "../../../protocol/readings.ts";
import type { SampleContext } from "../../framework/technique.ts";
import { boxes } from "./boxes.ts";
import { embedding } from "./embedding.ts";
import { image } from "./image.ts";
import { keypoints } from "./keypoints.ts";
import { map } from "./map.ts";
import { number } from "./number.ts";
import type { Reader } from "./reader.ts";
import { tokensByPlace } from "./tokens.ts";
import { segmentation } from "./segmentation.ts";
import { wave } from "./wave.ts";

/** All ways to show an output, in the order in which they are tried; where none fits, its values are shown as bars. */
const READERS: readonly Reader[] = [boxes, image, keypoints, segmentation, map, wave, embedding, tokensByPlace, number];

export interface ReadViews {
  /** What was chosen; "plain" where no reader fits. */
  readonly as: Reading;
  /** Empty where the plain values say it all. */
  readonly views: readonly Artifact[];
}

/**
 * The output in the form that is asked for (the parameter's word, then the recipe's), else in the first form that fits.
 * What was assumed is noted. UsageError where the output cannot have the form that the parameter asks for.
 */
export async function readViews(context: SampleContext, asked: Reading | "auto"): Promise<ReadViews> {
  if (asked !== "auto") return asViews(context, asked);
  const { as, name } = context.output;
  if (as !== undefined) {
    const problem = as === "plain" ? undefined : readerOf(as).problem(context);
    if (problem === undefined) return asViews(context, as);
    context.note(`The recipe says that the output "${name}" is shown as ${READINGS[as]}, but ${problem}.`);
  }
  for (const reader of READERS) {
    if (reader.problem(context) !== undefined) continue;
    const guess = reader.guess(context);
    if (!guess) continue;
    if (guess.assumed)
      context.note(
        `The output "${name}" is shown as ${READINGS[reader.as]}. ${guess.why} "Show as" changes this (--set as=plain), and so does the recipe (outputs).`,
      );
    return { as: reader.as, views: await reader.views(context) };
  }
  return { as: "plain", views: [] };
}

async function asViews(context: SampleContext, as: Reading): Promise<ReadViews> {
  if (as === "plain") return { as, views: [] };
  const reader = readerOf(as);
  const problem = reader.problem(context);
  const { name, shape } = context.output;
  if (problem !== undefined)
    throw new UsageError(
      `The output "${name}" [${shape.join(", ")}] cannot be shown as ${READINGS[as]}: ${problem}.`,
      "as",
      "Choose another form; automatic and plain values always work.",
    );
  return { as, views: await reader.views(context) };
}

function readerOf(as: Reading): Reader {
  return READERS.find((reader) => reader.as === as)!;
}
