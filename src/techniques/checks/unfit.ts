import { UsageError } from "../../model/errors.ts";
import { requireContinuous } from "../framework/smoothgrad.ts";
import type { SampleContext, SampleTechnique, TechniqueOutput } from "../framework/technique.ts";
import { isAttribution } from "./checked-method.ts";
import { featuresOf, requireCorrespondence, requireSeveral, type Features, type MapOf } from "./features.ts";
import { requireWeights } from "./randomisation.ts";
import { spaceOf } from "./road.ts";

interface Explained extends MapOf {
  readonly context: SampleContext;
  readonly raw: TechniqueOutput["raw"];
  /** The value whose score was explained. */
  readonly score: string;
}

/** What checks ask of a result, in the words that they refuse it with. Those that can judge every result are left out. */
const ASKED: Readonly<Record<string, (about: Explained) => unknown>> = {
  "insertion-deletion": async (about) => {
    const features = featuresOf(about.context);
    requireSeveral(about.context.input, features.count, "Insertion and deletion");
    await corresponds(about, features);
  },
  road: async (about) => {
    const features = featuresOf(about.context);
    spaceOf(about.context, features);
    await corresponds(about, features);
  },
  infidelity: (about) => corresponds(about, featuresOf(about.context)),
  sensitivity: ({ context }) => requireContinuous(context.input, "a perturbation"),
  randomisation: ({ context, score }) => requireWeights(context, score),
};

/**
 * Why checks cannot judge a technique's result, by their ids, as sentences; undefined for what is no attribution. Runs
 * nothing. Of several inputs at once, which checks take one by one, nothing is said.
 */
export async function unfitChecks(
  technique: SampleTechnique,
  context: SampleContext & { readonly usedLayer: string | undefined; readonly usedScore?: { readonly value: string } },
  raw: TechniqueOutput["raw"],
): Promise<Readonly<Record<string, string>> | undefined> {
  if (!isAttribution(technique)) return undefined;
  if (context.input.parts) return {};
  const { usedLayer, usedScore } = context;
  const about = {
    context,
    raw,
    title: technique.info.title,
    usedLayer,
    score: usedScore?.value ?? context.output.value,
  };
  const found: Record<string, string> = {};
  for (const [check, asks] of Object.entries(ASKED)) {
    try {
      await asks(about);
    } catch (error) {
      // Anything else is not what a check would refuse.
      if (error instanceof UsageError) found[check] = error.message;
    }
  }
  return found;
}

function corresponds({ context, raw, ...method }: Explained, features: Features): Promise<void> {
  return requireCorrespondence(context, features, method, raw);
}
