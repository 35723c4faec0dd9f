import type { TechniqueInfo } from "./technique.ts";

/**
 * The methods that a page offers as buttons. A button never moves: a method that is chosen elsewhere takes the place of
 * the one used longest ago, and pinned ones stay.
 */
export interface QuickMethods {
  /** Technique ids, by place. */
  readonly places: readonly string[];
  /** Of those, the ones that nothing takes the place of. */
  readonly pinned: readonly string[];
  /** The methods used last, latest first. */
  readonly recent: readonly string[];
}

/** How many buttons there are. */
export const QUICK_PLACES = 5;

const KEPT_RECENT = 12;

/** What is offered before anything was used. */
const FIRST_PLACES = ["predictions", "feature-maps", "saliency", "integrated-gradients", "grad-cam"];

type Catalogue = readonly Pick<TechniqueInfo, "id" | "group">[];

/** Whether a technique stands among the methods: checks stand under the result that they check. */
export function isMethod({ group }: Pick<TechniqueInfo, "group">): boolean {
  return group !== "checks";
}

/** The quick methods from what was kept, by this version or another: what is unknown is left out, free places filled. */
export function readQuickMethods(kept: unknown, techniques: Catalogue): QuickMethods {
  const given = (typeof kept === "object" && kept !== null ? kept : {}) as Readonly<Record<string, unknown>>;
  const methods = techniques.filter(isMethod).map(({ id }) => id);
  const read = (list: unknown): string[] =>
    Array.isArray(list) ? [...new Set(methods.filter((id) => list.includes(id)))].sort(byPlaceIn(list)) : [];
  const places = [...new Set([...read(given.places), ...FIRST_PLACES, ...methods])]
    .filter((id) => methods.includes(id))
    .slice(0, QUICK_PLACES);
  return {
    places,
    pinned: read(given.pinned).filter((id) => places.includes(id)),
    recent: read(given.recent).slice(0, KEPT_RECENT),
  };
}

/** After a method was used. */
export function withUsed({ places, pinned, recent }: QuickMethods, id: string): QuickMethods {
  const now = [id, ...recent.filter((one) => one !== id)].slice(0, KEPT_RECENT);
  return {
    places: places.includes(id) ? places : inPlaceOfOldest({ places, pinned, recent }, id),
    pinned,
    recent: now,
  };
}

/** Pins a method, which gets a place where it has none, or lets it go again. The same where all places are pinned. */
export function withPinToggled(methods: QuickMethods, id: string): QuickMethods {
  const { places, pinned } = methods;
  if (pinned.includes(id)) return { ...methods, pinned: pinned.filter((one) => one !== id) };
  const placed = places.includes(id) ? places : inPlaceOfOldest(methods, id);
  return placed.includes(id) ? { ...methods, places: placed, pinned: [...pinned, id] } : methods;
}

function inPlaceOfOldest({ places, pinned, recent }: QuickMethods, id: string): readonly string[] {
  const age = (one: string): number => (recent.includes(one) ? recent.indexOf(one) : Infinity);
  const free = places.filter((one) => !pinned.includes(one));
  // Of several that were never used the last.
  const oldest = free.reduce<string | undefined>(
    (found, one) => (found === undefined || age(one) >= age(found) ? one : found),
    undefined,
  );
  return places.map((one) => (one === oldest ? id : one));
}

function byPlaceIn(list: readonly unknown[]): (a: string, b: string) => number {
  return (a, b) => list.indexOf(a) - list.indexOf(b);
}
