import { DEFAULT_LOOKS, readLooks, type Looks } from "../protocol/looks.ts";
import type { PanelState } from "../protocol/panel.ts";
import { readParam } from "../protocol/params.ts";
import type { ParamSpec, TechniqueInfo } from "../protocol/technique.ts";

/** A setting's value by its name without "neuralLoupe.": anything, as people write their settings by hand. */
export type ReadSetting = (name: string) => unknown;

/** Settings of how results look, by the display option that each gives. */
const LOOK_SETTINGS = {
  colorMap: "colorMap",
  arrangement: "arrangement",
  opacity: "opacity",
  clip: "clipping",
} as const satisfies Partial<Record<keyof Looks, string>>;

/** Settings that give parameters, with the parameters that each gives. 0: each method's own default. */
const PARAM_SETTINGS: Readonly<Record<string, (spec: ParamSpec, info: TechniqueInfo) => boolean>> = {
  // Not of methods that run the model many times as it is.
  noiseSamples: ({ name }, { needs, params }) =>
    name === "samples" && needs.gradient && params.some((spec) => spec.name === "noise_type"),
  evaluations: ({ name }, { group }) => name === "masks" && group === "perturbation",
};

/**
 * What a new panel begins with, by the settings. `warn`: is told of a setting that makes no sense, which counts as not
 * made.
 */
export function startingOptions(
  setting: ReadSetting,
  techniques: readonly TechniqueInfo[],
  warn: (line: string) => void,
): Pick<PanelState, "looks" | "params"> {
  const wanted = Object.fromEntries(Object.entries(LOOK_SETTINGS).map(([look, name]) => [look, setting(name)]));
  const looks = readLooks(wanted);
  for (const [look, name] of Object.entries(LOOK_SETTINGS)) {
    const value = wanted[look];
    if (value !== undefined && value !== looks[look as keyof Looks])
      warn(ignored(name, value, DEFAULT_LOOKS[look as keyof Looks]));
  }
  const params: Record<string, Record<string, number>> = {};
  for (const [name, gives] of Object.entries(PARAM_SETTINGS)) {
    const value = setting(name);
    if (value === undefined || value === 0) continue;
    for (const info of techniques)
      for (const spec of info.params.filter((one) => gives(one, info))) {
        const read = readParam(spec, value);
        if ("value" in read && typeof read.value === "number")
          params[info.id] = { ...params[info.id], [spec.name]: read.value };
        else warn(ignored(name, value, spec.default));
      }
  }
  return { looks, params };
}

/** The method that lists have chosen at first. */
export function defaultMethod(setting: ReadSetting, techniques: readonly TechniqueInfo[]): TechniqueInfo | undefined {
  const id = setting("defaultMethod");
  return techniques.find((info) => info.id === id && info.group !== "checks");
}

function ignored(name: string, value: unknown, used: unknown): string {
  return `The setting neuralLoupe.${name} cannot be ${JSON.stringify(value)}; ${JSON.stringify(used)} is used.`;
}
