import type { InputSources } from "./sample.ts";
import { canonicalJson, jobKey, sourceOf, type Job } from "./job.ts";
import type { PanelState } from "./panel.ts";
import { readParams } from "./params.ts";
import { NO_RECIPE, type Recipe } from "./recipe.ts";
import { takesInput, type TechniqueInfo } from "./technique.ts";

/** How a state's model and samples are called in its job: by absolute paths where it is run. */
export interface JobFiles {
  readonly model: string;
  readonly samples: readonly InputSources[];
}

/**
 * The job that a panel's state describes. Only what the technique asks for goes in, and every option is written out, so
 * that states which differ in nothing that matters are one job. `recipe`: the one beside the model, or guessed.
 */
export function jobOf(state: PanelState, info: TechniqueInfo, { model, samples }: JobFiles, recipe: Recipe): Job {
  const { target, layer, moreLayers = [], explain = [] } = state;
  return {
    technique: info.id,
    model,
    source: takesInput(info) ? sourceOf(samples) : { kind: "none" },
    recipe: takesInput(info) ? (state.recipe ?? recipe) : NO_RECIPE,
    ...(info.needs.target ? { target, ...(explain.length > 0 ? { explain } : {}) } : {}),
    ...(info.needs.layer !== "none" && layer !== undefined
      ? { layer: info.needs.several && moreLayers.length > 0 ? [layer, ...moreLayers] : layer }
      : {}),
    params: readParams(state.params?.[info.id], info),
  };
}

/** The inputs, URI strings, of which a state's technique is about the mean; none where it takes none. */
export function inputsOf({ input, more = [] }: PanelState, info: TechniqueInfo): readonly string[] {
  return input === undefined || !takesInput(info) ? [] : [input, ...more];
}

/** Whether a state's technique takes an input, and there is none yet. */
export function lacksInput({ input }: PanelState, info: TechniqueInfo): boolean {
  return input === undefined && takesInput(info);
}

/** What a state asks the engine: equal for states that describe the same job. */
export function stateKey(state: PanelState, info: TechniqueInfo | undefined): string {
  const { looks: _, ...rest } = state;
  if (!info) return canonicalJson(rest);
  const files = { model: state.model, samples: inputsOf(state, info).map((uri) => ({ "": uri })) };
  // The recipe beside the model, or guessed, is the same for all states of a page.
  return `${state.recipe ? "changed" : "own"} ${jobKey(jobOf(state, info, files, NO_RECIPE))}`;
}
