/**
 * Display options: how results are drawn. Changing one never calls the engine. Both sides of a panel keep them, and
 * both read what was kept with `readLooks`.
 */

/** The colour maps a person may choose, in the menu's order. */
export const COLOR_MAPS = ["inferno", "viridis", "magma", "turbo", "gray", "blue-red", "purple-green"] as const;
export type ColorMapName = (typeof COLOR_MAPS)[number];

export const LOOK_CHOICES = {
  arrangement: ["side-by-side", "overlay", "map"],
  /** "auto": inferno for unsigned, a diverging map for signed values. */
  colorMap: ["auto", ...COLOR_MAPS],
  /** How channels become one map. */
  reduce: ["max", "mean", "l2"],
  /** Of lines: as such, or their values as a map of colours; "auto": as a map where there are many. */
  lines: ["auto", "lines", "map"],
  /** "auto": activations by strength, everything else in the channels' order. */
  tileSort: ["auto", "index", "strength"],
  tileScale: ["own", "shared"],
} as const;

const RANGES = {
  /** Of the map over the picture. */
  opacity: [0, 1],
  /** Percentile of |value| at which colours saturate. */
  clip: [50, 100],
} as const;

/** Counted from 0; left out where nothing was chosen. */
const PLACES = ["channel", "frame"] as const;

type Choices = typeof LOOK_CHOICES;

export type Looks = { readonly [K in keyof Choices]: Choices[K][number] } & {
  readonly [K in keyof typeof RANGES]: number;
} & {
  /** Enlarged channel, if any. */
  readonly channel?: number;
  /** Of a result in frames (a video's, several views, slices): which one is shown. */
  readonly frame?: number;
};

export const DEFAULT_LOOKS: Looks = {
  arrangement: "side-by-side",
  opacity: 0.6,
  colorMap: "auto",
  clip: 99,
  reduce: "max",
  lines: "auto",
  tileSort: "auto",
  tileScale: "own",
};

/** Display options from what was kept or sent, each replaced by its default where it makes no sense. */
export function readLooks(data: unknown): Looks {
  const given = (typeof data === "object" && data !== null ? data : {}) as Readonly<Record<string, unknown>>;
  const sound: Record<string, unknown> = { ...DEFAULT_LOOKS };
  for (const [name, values] of Object.entries(LOOK_CHOICES))
    if ((values as readonly unknown[]).includes(given[name])) sound[name] = given[name];
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = given[name];
    if (typeof value === "number" && value >= min && value <= max) sound[name] = value;
  }
  for (const name of PLACES) {
    const value = given[name];
    if (typeof value === "number" && Number.isInteger(value) && value >= 0) sound[name] = value;
  }
  return sound as Looks;
}
