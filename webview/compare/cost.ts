import { estimate, formatEstimate, passesOf, type Speeds } from "../../src/protocol/cost.ts";
import { readParams } from "../../src/protocol/params.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import type { Place } from "./jobs.ts";

/** What jobs that wait will take. */
export interface Cost {
  readonly jobs: readonly string[];
  /** Milliseconds of those whose length is known. */
  readonly milliseconds: number;
  /** Passes through the model of those whose length is not known. */
  readonly unknownPasses: number;
  /** "Integrated Gradients: 50 steps × 50 noisy samples", for each method that runs the model often. */
  readonly often: readonly string[];
  /** The place that takes longest: its options are what to change first. */
  readonly longest: Place;
}

/** From this many milliseconds on, or of so many passes of unknown length, a comparison asks before it starts. */
const ASKED_FROM = 10_000;
const ASKED_FROM_PASSES = 500;
/** A method that runs the model so often is named. */
const OFTEN = 100;

/** What these places' jobs take; undefined where there are none. `speeds`: by the model's URI. */
export function costOf(
  places: readonly Place[],
  speeds: Readonly<Record<string, Speeds>>,
  techniques: readonly TechniqueInfo[],
): Cost | undefined {
  const jobs = [...new Map(places.map((place) => [place.job, place])).values()].flatMap((place) => {
    const { technique, state } = place;
    if (!technique) return [];
    const params = state.params[technique.id];
    const passes = passesOf(technique, params) * (1 + (state.more?.length ?? 0));
    const one = estimate(technique, params, speeds[state.model] ?? {}, techniques);
    const milliseconds = one === undefined ? undefined : one * (1 + (state.more?.length ?? 0));
    return [{ place, passes, milliseconds, often: passes >= OFTEN ? oftenText(technique, params) : undefined }];
  });
  if (jobs.length === 0) return undefined;
  const weight = ({ milliseconds, passes }: (typeof jobs)[number]): number => milliseconds ?? passes * 20;
  return {
    jobs: jobs.map(({ place }) => place.job),
    milliseconds: jobs.reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0),
    unknownPasses: jobs.reduce((sum, { milliseconds, passes }) => sum + (milliseconds === undefined ? passes : 0), 0),
    often: [...new Set(jobs.flatMap(({ often }) => often ?? []))],
    longest: jobs.reduce((most, one) => (weight(one) > weight(most) ? one : most)).place,
  };
}

export function isAsked({ milliseconds, unknownPasses }: Cost): boolean {
  return milliseconds > ASKED_FROM || unknownPasses >= ASKED_FROM_PASSES;
}

/** "About 2 min for 3 runs. Integrated Gradients: 50 steps × 50 noisy copies." */
export function costText({ jobs, milliseconds, unknownPasses, often }: Cost): string {
  const runs = `${jobs.length} run${jobs.length === 1 ? "" : "s"}`;
  const known = formatEstimate(milliseconds);
  const unknown = `${unknownPasses} passes through the model of unknown length`;
  const what =
    unknownPasses === 0 || (known && unknownPasses < 10)
      ? `${known ?? "a moment"} for ${runs}`
      : known
        ? `${known} and ${unknown}, for ${runs}`
        : `${unknown}, for ${runs}`;
  return [`${what[0].toUpperCase()}${what.slice(1)}.`, ...often.map((text) => `${text}.`)].join(" ");
}

const COUNTED = { steps: "steps", samples: "noisy copies", masks: "masks", stops: "stops" } as const;

function oftenText(technique: TechniqueInfo, params: Place["state"]["params"][string] | undefined): string {
  const all: Readonly<Record<string, unknown>> = readParams(params, technique);
  const counts = Object.entries(COUNTED).flatMap(([name, what]) => {
    const value = all[name];
    return typeof value === "number" && value > 1 ? [`${value} ${what}`] : [];
  });
  return `${technique.title}: ${counts.join(" × ")}`;
}
