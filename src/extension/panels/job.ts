import path from "node:path";
import { sourceOf, type Job } from "../../protocol/job.ts";
import { splitList } from "../../protocol/list.ts";
import type { PanelState } from "../../protocol/panel.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import { hashOf } from "../result-cache.ts";
import { readParams } from "../../protocol/params.ts";

/**
 * The job that a panel's state describes. Only what the technique asks for goes in, and every option is written out, so
 * that states which differ in nothing that matters are one job. `modelPath` and `inputPath` are absolute. /
 */
export function jobOf(
  state: PanelState,
  info: TechniqueInfo,
  files: { modelPath: string; inputPath: string; more?: readonly string[] },
  recipe: Recipe,
): Job {
  const { target, layer, moreLayers = [], explain = [] } = state;
  return {
    technique: info.id,
    model: files.modelPath,
    source: sourceOf([files.inputPath, ...(files.more ?? [])].map((file) => ({ "": file }))),
    recipe: state.recipe ?? recipe,
    ...(info.needs.target ? { target, ...(explain.length > 0 ? { explain } : {}) } : {}),
    ...(info.needs.layer !== "none" && layer !== undefined
      ? { layer: info.needs.several && moreLayers.length > 0 ? [layer, ...moreLayers] : layer }
      : {}),
    params: readParams(state.params[info.id], info),
  };
}

/**
 * Further files that a job reads, by absolute paths, beside its model and inputs: class names, tokenizers with their
 * settings, and files that the method's options name (baselines, masks). When one of them changes, so does the result.
 * /
 */
export function filesOf(job: Job, info: TechniqueInfo): string[] {
  const folder = path.dirname(job.model);
  const { inputs, classes, outputs = {} } = job.recipe;
  const named = [classes, ...Object.values(outputs).map((output) => output.classes)].filter(
    (one) => typeof one === "string",
  );
  const tokenizers = Object.values(inputs).flatMap((input) =>
    input.kind === "text" ? [input.tokenizer, path.join(path.dirname(input.tokenizer), "tokenizer_config.json")] : [],
  );
  const given = info.params
    .flatMap((spec) =>
      spec.type === "text" && spec.files ? splitList(String(job.params[spec.name] ?? spec.default)) : [],
    )
    .map((part) => part.replace(/(\.[ct]sv)#\d+$/i, "$1"))
    .filter((part) => part !== "" && !Number.isFinite(Number(part)));
  return [...new Set([...named, ...tokenizers, ...given].map((file) => path.resolve(folder, file)))];
}

/** What a result is kept under: the job, the files as they are now, and who computes. */
export function jobKey(
  kind: string,
  request: unknown,
  stamps: { readonly model: string; readonly input: string; readonly version: string },
): string {
  return hashOf({ kind, request, stamps });
}
