import { DataError, UsageError } from "../model/errors.ts";
import type { EngineApi } from "../protocol/engine.ts";
import { jobKey, type Job } from "../protocol/job.ts";
import { madeFrom, type WholeResult } from "../protocol/result.ts";
import { Latest } from "../runtime/latest.ts";
import type { ModelCache } from "../runtime/model-cache.ts";
import { runJob, type RunEnvironment } from "../techniques/framework/run.ts";

// A result is sent without its numbers. Those of the last one are kept for when they are saved or read, in the models' budget
// of memory; those of others are computed again.

const latest = new Latest<WholeResult>("numbers");

/** Keeps the numbers of a result that no view of it holds; gives the result as it is. */
export function keepNumbers(job: Job, result: WholeResult, models: ModelCache): WholeResult {
  const bytes = result.arrays.reduce((sum, { view, values }) => sum + (view === undefined ? values.byteLength : 0), 0);
  if (bytes > 0) latest.keep(models.budget, keyOf(job, madeFrom(result.provenance)), result, bytes);
  return result;
}

function keyOf(job: Job, from: string): string {
  return `${from} ${jobKey(job)}`;
}

/** The numbers of one array of a job's result. DataError where its files have changed, UsageError where there are not so many. */
export async function arrayOf(
  { job, index, from }: Parameters<EngineApi["array"]>[0],
  env: RunEnvironment,
): Promise<ReturnType<EngineApi["array"]>> {
  const known = latest.get(env.models.budget, keyOf(job, from));
  const { arrays, provenance } = known ?? (await runJob(job, env));
  if (madeFrom(provenance) !== from) {
    throw new DataError(
      "The model or its input has changed since this result was made, so its numbers are no longer available.",
      undefined,
      "Run it again, then save.",
    );
  }
  const array = arrays[index];
  if (!array) throw new UsageError(`The result has ${arrays.length} arrays; there is no array ${index}.`);
  return { values: array.values };
}
