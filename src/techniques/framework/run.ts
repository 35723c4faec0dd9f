import { sameNumbers } from "../../model/graph.ts";
import { UsageError } from "../../model/errors.ts";
import type { Progress } from "../../protocol/engine.ts";
import { samplesOf, sourceProblem, type Job } from "../../protocol/job.ts";
import type { NamedArray, Provenance, WholeResult } from "../../protocol/result.ts";
import type { Params, TechniqueInfo } from "../../protocol/technique.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { ModelCache } from "../../runtime/model-cache.ts";
import { techniques } from "../index.ts";
import { predictionBars } from "../predictions/predictions.ts";
import type { JobContext } from "./context.ts";
import { framePictures } from "./frames.ts";
import { inputFault } from "./input-faults.ts";
import { inputName } from "./input-name.ts";
import { withOtherMethods } from "./other-methods.ts";
import { outputHints } from "./output-hints.ts";
import { checkParams } from "./params.ts";
import { targetMark } from "./target-mark.ts";
import { prepareInput } from "./prepared-input.ts";
import { modelProvenance, provenanceOf } from "./provenance.ts";
import { SampleRun } from "./sample-run.ts";
import { isFor, type ModelTechnique, type SampleTechnique, type Technique, type TechniqueOutput } from "./technique.ts";

/** What a job runs in. */
export interface RunEnvironment {
  readonly models: ModelCache;
  progress(progress: Progress): void;
  readonly signal: AbortSignal;
}

/**
 * Runs one technique on what its job is about: the technique's views and numbers, what they are about, and how it was all made.
 * UsageError where the technique takes no such source.
 */
export function runJob(job: Job, env: RunEnvironment): Promise<WholeResult> {
  const technique = findTechnique(job.technique);
  const problem = sourceProblem(technique.info, job.source);
  if (problem) throw new UsageError(problem, technique.info.id);
  const run = env.models.use(job.model, (model) => runTechnique(technique, job, model, env));
  return run.catch((error: unknown) => {
    throw withOtherMethods(
      error,
      techniques.map(({ info }) => info),
    );
  });
}

/** The same for a technique that need not be in the catalogue. */
export async function runTechnique(
  technique: Technique,
  job: Job,
  model: LoadedModel,
  env: RunEnvironment,
): Promise<WholeResult> {
  const params = checkParams(technique.info, job.params);
  const onnxruntime = await env.models.versions();
  if (isFor(technique, "none")) return runOnModel(technique, { ...job, params }, model, env, onnxruntime);
  if (isFor(technique, "one")) return runOnSamples(technique, { ...job, params }, model, env, onnxruntime);
  const { id, title }: TechniqueInfo = technique.info;
  throw new UsageError(`${title} works on data sets, which cannot be run yet.`, id);
}

async function runOnModel(
  technique: ModelTechnique,
  job: Job,
  model: LoadedModel,
  env: RunEnvironment,
  onnxruntime: string,
): Promise<WholeResult> {
  const start = performance.now();
  const ranBefore = model.runTime;
  const notes: string[] = [];
  const { views, arrays } = await technique.run({
    model,
    params: job.params,
    signal: env.signal,
    progress: (fraction, text) => env.progress({ fraction, text }),
    note: (text) => void (notes.includes(text) || notes.push(text)),
    show: (draw) => env.progress({ text: technique.info.title, partial: { views: draw(), context: { pictures: [] } } }),
  });
  return {
    views,
    context: { pictures: [] },
    arrays,
    notes,
    provenance: modelProvenance(job, technique, model, onnxruntime),
    time: { run: model.runTime - ranBefore, total: performance.now() - start },
  };
}

async function runOnSamples(
  technique: SampleTechnique,
  job: Job & { readonly params: Params },
  model: LoadedModel,
  env: RunEnvironment,
  onnxruntime: string,
): Promise<WholeResult> {
  const start = performance.now();
  env.progress({ text: "Reading the model and the input" });
  const ranBefore = model.runTime;
  const hints = await outputHints(job.recipe, model.description, model.open.path);
  const [first, ...more] = await Promise.all(
    samplesOf(job.source).map((inputs) => prepareInput(model, { ...job, inputs })),
  );
  const run = new SampleRun(technique, { ...job, hints }, env);
  for (const note of hints.notes) run.notes.add(note);
  for (const { samples } of [first, ...more])
    for (const sample of Object.values(samples)) for (const note of sample.notes ?? []) run.notes.add(note);
  for (const { samples } of [first, ...more]) {
    const fault = inputFault(samples);
    if (fault) run.notes.add(fault);
  }
  const { output, context } = await run.inputs(first, more);
  const inputs = context.input.parts?.map(({ shown }) => shown) ?? [context.input];
  const frames = inputs.flatMap((input) => framePictures({ input, output: context.output }, output.views));
  for (const note of context.notes) run.notes.add(note);
  const without = run.notExplained(first);
  if (without.length > 0 && technique.info.needs.target)
    run.notes.add(`Not explained: ${without.map(({ input, reason }) => `"${input}" (${reason})`).join("; ")}.`);
  // Over several samples there is no one picture that it could lie on.
  const mark = technique.info.needs.target && more.length === 0 ? targetMark(context) : undefined;
  return {
    views: output.views,
    context: {
      pictures: [...first.pictures, ...frames],
      ...(technique.info.id === "predictions" ? {} : { predictions: predictionBars(context, 5) }),
      ...(mark ? { target: mark } : {}),
      ...(run.unfitChecks ? { unfitChecks: run.unfitChecks } : {}),
    },
    arrays: arraysOf(output, context),
    notExplained: without,
    notes: [...run.notes],
    provenance: { ...provenanceOf(job, technique, first, context, job.params, onnxruntime), ...framesIn(output) },
    time: { run: model.runTime - ranBefore, total: performance.now() - start },
  };
}

/** A result's numbers: of several inputs each one's. */
function arraysOf({ raw, inputs, views }: TechniqueOutput, { input, usedLayer }: JobContext): readonly NamedArray[] {
  const name = sameNumbers(raw.dims, input.dims) ? inputName(input) : usedLayer;
  const all = inputs ?? [{ ...(name === undefined ? {} : { name }), dims: raw.dims, values: raw.values }];
  return all.map((array) => {
    const view = views.find((one) => "values" in one && one.values === array.values);
    return { ...array, type: "float32", ...(view ? { view: view.id } : {}) };
  });
}
/** The number of frames, where the first picture is of several. */
function framesIn({ views: [first] }: TechniqueOutput): Pick<Provenance, "frames"> {
  const names = first !== undefined && "frames" in first ? first.frames?.names : undefined;
  return names && names.length > 1 ? { frames: names.length } : {};
}

export function findTechnique(id: string): Technique {
  const found = techniques.find(({ info }) => info.id === id);
  if (!found)
    throw new UsageError(
      `There is no technique "${id}".`,
      id,
      `Available techniques: ${techniques.map(({ info }) => info.id).join(", ")}.`,
    );
  return found;
}
