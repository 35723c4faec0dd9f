import { canonicalJson, jobKey, sourceOf, type Job } from "./job.ts";
import type { PanelState } from "./panel.ts";
import { readParams } from "./params.ts";
import type { Recipe } from "./recipe.ts";
import type { TechniqueInfo } from "./technique.ts";

/** How a state's model and inputs are called in its job: by absolute paths where it is run. */
export interface JobFiles {
  readonly model: string;
  readonly inputs: readonly string[];
}

/**
 * The job that a panel's state describes. Only what the technique asks for goes in, and every option is written out, so
 * that states which differ in nothing that matters are one job. `recipe`: the one beside the model, or guessed.
 */
export function jobOf(state: PanelState, info: TechniqueInfo, { model, inputs }: JobFiles, recipe: Recipe): Job {
  const { target, layer, moreLayers = [], explain = [] } = state;
  return {
    technique: info.id,
    model,
    source: info.needs.input === "none" ? { kind: "none" } : sourceOf(inputs.map((file) => ({ "": file }))),
    recipe: state.recipe ?? recipe,
    ...(info.needs.target ? { target, ...(explain.length > 0 ? { explain } : {}) } : {}),
    ...(info.needs.layer !== "none" && layer !== undefined
      ? { layer: info.needs.several && moreLayers.length > 0 ? [layer, ...moreLayers] : layer }
      : {}),
    params: readParams(state.params?.[info.id], info),
  };
}

/** The recipe beside the model, or guessed: the same for all states of a page. */
const OWN_RECIPE: Recipe = { version: 1, inputs: {} };

/** What a state asks the engine: equal for states that describe the same job. */
export function stateKey(state: PanelState, info: TechniqueInfo | undefined): string {
  const { looks: _, ...rest } = state;
  if (!info) return canonicalJson(rest);
  const { model, input, more = [] } = state;
  return `${state.recipe ? "changed" : "own"} ${jobKey(jobOf(state, info, { model, inputs: [input, ...more] }, OWN_RECIPE))}`;
}
