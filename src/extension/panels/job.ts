import type { Job } from "../../protocol/engine.ts";
import type { PanelState } from "../../protocol/panel.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import { hashOf } from "../result-cache.ts";
import { readParams } from "./state.ts";

/**
 * The job that a panel's state describes. Only what the technique asks for goes in, and every option is written out, so that
 * states which differ in nothing that matters are one job. `modelPath` and `inputPath` are absolute.
 */
export function jobOf(state: PanelState, info: TechniqueInfo, files: { modelPath: string; inputPath: string; more?: readonly string[] }, recipe: Recipe): Job {
  const { target, layer, moreLayers = [] } = state;
  return {
    technique: info.id, model: files.modelPath, inputs: { "": files.inputPath }, ...(files.more?.length ? { more: files.more.map((file) => ({ "": file })) } : {}), recipe: state.recipe ?? recipe,
    ...(info.needs.target ? { target } : {}),
    ...(info.needs.layer !== "none" && layer !== undefined ? { layer: info.needs.several && moreLayers.length > 0 ? [layer, ...moreLayers] : layer } : {}),
    params: readParams(state.params[info.id], info),
  };
}

/** What a result is kept under: the job, the files as they are now, and who computes. */
export function jobKey(kind: string, request: unknown, stamps: { readonly model: string; readonly input: string; readonly version: string }): string {
  return hashOf({ kind, request, stamps });
}
