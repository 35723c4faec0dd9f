import { formatDuration } from "./format.ts";
import { readParams } from "./params.ts";
import type { Params, TechniqueInfo } from "./technique.ts";

/**
 * How long the last run of each technique took on a model, by technique id ("road saliency": of a check with its method):
 * from it follows what another would take.
 */
export type Speeds = Readonly<Record<string, Speed>>;

interface Speed {
  readonly milliseconds: number;
  /** How many passes through the model its parameters asked for. */
  readonly passes: number;
}

type Info = Pick<TechniqueInfo, "id" | "group" | "needs" | "params" | "passesFollowInput">;

/** Parameters that each multiply how often the model is run. */
const COUNTS = ["steps", "samples", "masks", "stops"];

/** How many passes through the model a technique's parameters ask for: 1 where none is a count. */
export function passesOf(info: Info, params: Params | undefined): number {
  const all: Readonly<Record<string, unknown>> = readParams(params, info);
  return COUNTS.reduce((passes, name) => {
    const value = all[name];
    return typeof value === "number" && value > 1 ? passes * value : passes;
  }, 1);
}

/** What is known after a run. */
export function withRun(speeds: Speeds, info: Info, params: Params | undefined, milliseconds: number): Speeds {
  return { ...speeds, [keyOf(info, params)]: { milliseconds, passes: passesOf(info, params) } };
}

/**
 * How long a run will take, in milliseconds: as its last run on the model, or where the number of passes follows from
 * the parameters as that of another technique that needs the same (gradients or not), at the speed of a pass. Undefined
 * where nothing like it was run.
 */
export function estimate(
  info: Info,
  params: Params | undefined,
  speeds: Speeds,
  techniques: readonly Info[],
): number | undefined {
  const like = speeds[keyOf(info, params)] ?? (info.passesFollowInput ? undefined : similar(info, speeds, techniques));
  return like && (like.milliseconds / like.passes) * passesOf(info, params);
}

/** A check takes as long as its method lets it. */
function keyOf(info: Info, params: Params | undefined): string {
  const { method } = readParams(params, info);
  return info.group === "checks" && typeof method === "string" ? `${info.id} ${method}` : info.id;
}

/** Of the others the one with most passes: the share of what is done once is smallest there. */
function similar(info: Info, speeds: Speeds, techniques: readonly Info[]): Speed | undefined {
  return techniques
    .filter(({ needs, passesFollowInput }) => needs.gradient === info.needs.gradient && !passesFollowInput)
    .flatMap(({ id }) => speeds[id] ?? [])
    .reduce<Speed | undefined>((best, one) => (best && best.passes >= one.passes ? best : one), undefined);
}

/** From this many milliseconds on a run's length is said beforehand. */
const SAID_FROM = 2000;

/** "about 9 s"; nothing for what is quick or unknown. */
export function formatEstimate(milliseconds: number | undefined): string | undefined {
  if (milliseconds === undefined || milliseconds < SAID_FROM) return undefined;
  const seconds = Math.round(milliseconds / 1000);
  return `about ${seconds < 60 ? `${seconds} s` : seconds < 600 ? formatDuration(Math.round(seconds / 10) * 10_000) : `${Math.round(seconds / 60)} min`}`;
}

/** Speeds that were kept, by this version or another; what is not sound is left out. */
export function readSpeeds(kept: unknown, techniques: readonly Info[]): Speeds {
  if (typeof kept !== "object" || kept === null) return {};
  const positive = (value: unknown): value is number =>
    typeof value === "number" && value > 0 && Number.isFinite(value);
  const known = new Set(techniques.map(({ id }) => id));
  return Object.fromEntries(
    Object.entries(kept).flatMap(([key, one]: [string, unknown]): [string, Speed][] => {
      const [id, method, ...more] = key.split(" ");
      if (!known.has(id) || (method !== undefined && !known.has(method)) || more.length > 0) return [];
      const { milliseconds, passes } = (typeof one === "object" && one !== null ? one : {}) as Partial<Speed>;
      return positive(milliseconds) && positive(passes) && passes >= 1 ? [[key, { milliseconds, passes }]] : [];
    }),
  );
}
