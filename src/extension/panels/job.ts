import path from "node:path";
import type { Job } from "../../protocol/job.ts";
import { splitList } from "../../protocol/list.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";
import { hashOf } from "../result-cache.ts";

/**
 * Further files that a job reads, by absolute paths, beside its model and inputs: class names, tokenizers with their
 * settings, and files that the method's options name (baselines, masks). When one of them changes, so does the result.
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
export function cacheKey(
  kind: string,
  request: unknown,
  stamps: { readonly model: string; readonly input: string; readonly version: string },
): string {
  return hashOf({ kind, request, stamps });
}
