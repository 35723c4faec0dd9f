import { UsageError } from "../model/errors.ts";
import { samplesOf, sourceOf, type Job } from "../protocol/job.ts";
import type { ExportReport, ExportRequest } from "../protocol/export.ts";
import type { LoadedModel } from "../runtime/models.ts";
import { baselineOf } from "../techniques/framework/baselines.ts";
import { JobContext } from "../techniques/framework/context.ts";
import { lossModel } from "../techniques/framework/score.ts";
import { outputHints } from "../techniques/framework/output-hints.ts";
import { spatialLayer } from "../techniques/cams/gradient-cams.ts";
import { checkParams } from "../techniques/framework/params.ts";
import { prepareInput, type SampleFiles } from "../techniques/framework/prepared-input.ts";
import { findTechnique, runJob, type RunEnvironment } from "../techniques/framework/run.ts";
import { attributions } from "./attributions.ts";
import { type Plan } from "./build.ts";
import { checkPlace } from "./files.ts";
import { Export } from "./candidates.ts";

/**
 * "Export explanation model": writes one ONNX file that takes what the model takes (and a target) and gives the model's
 * outputs and the attribution, for any number of samples where the model takes any. It is read back and compared with
 * the technique's own numbers before it stays. UsageError where the technique, or a setting of it, cannot be written
 * into a graph.
 */
export function exportExplanation(request: ExportRequest, env: RunEnvironment): Promise<ExportReport> {
  return env.models.use(request.job.model, (model) => exportFrom(model, request, env));
}

async function exportFrom(model: LoadedModel, request: ExportRequest, env: RunEnvironment): Promise<ExportReport> {
  const asked: Job = { ...request.job, source: sourceOf(samplesOf(request.job.source).slice(0, 1)) };
  const { info } = findTechnique(asked.technique);
  const attribution = Object.hasOwn(attributions, info.id) ? attributions[info.id] : undefined;
  if (!attribution)
    throw new UsageError(
      `${info.title} can't be exported as a single ONNX graph.`,
      info.id,
      `These can: ${Object.keys(attributions).join(", ")}.`,
    );
  const params = checkParams(info, asked.params);
  if (Number(params.samples ?? 0) > 0)
    throw new UsageError(
      "Noise is drawn anew in each run, which a graph cannot reproduce.",
      "samples",
      "Set samples to 0 for the export, and average over noisy inputs when serving the model.",
    );
  await checkPlace(model.open, request.out, request.weights);
  const job = await aboutOne(model, asked);
  const result = await runJob(job, env);
  const odd = result.arrays[0].values.find((value) => !Number.isFinite(value));
  if (odd !== undefined)
    throw new UsageError(
      `${info.title} of this sample has values that are not finite (${odd}), so an export could not be checked against it.`,
      undefined,
      "Choose another sample or layer.",
    );

  env.progress({ text: "Building the explanation graph" });
  const fed = await prepareInput(model, sampleOfJob(job));
  const hints = await outputHints(job.recipe, model.description, model.open.path);
  const context = await JobContext.create(fed, {
    info,
    hints,
    target: job.target,
    layer: job.layer,
    params,
    signal: env.signal,
    progress: env.progress,
  });
  const score = await context.score();
  const layer = info.needs.layer === "none" ? undefined : await spatialLayer(context);
  // Of a model of token numbers the context has what follows their vectors, and of texts their places in a list: the
  // export begins with the numbers and texts.
  const own =
    fed.input.tokensOf === undefined && !Object.values(fed.samples).some(({ dataType }) => dataType === "string");
  const whole = own
    ? context.model
    : score.kind === "loss"
      ? lossModel(model, context.output, context.target.negated === true)
      : model;
  const plan: Omit<Plan, "outputs" | "targetInput"> = {
    attribution,
    params,
    score,
    output: context.output.value,
    batched: context.output.dims.length === context.output.shape.length,
    target: context.target,
    input: context.input.name,
    ...(layer ? { layer } : {}),
    ...(info.params.some(({ name }) => name === "baseline") ? { baseline: await sampleOf(context) } : {}),
  };
  return new Export(request, env, { model, whole, fed, plan, result }).run();
}

/**
 * The job about one of the model's inputs: an exported graph gives one attribution. UsageError for integers that are
 * looked up in several places.
 */
async function aboutOne(model: LoadedModel, job: Job): Promise<Job> {
  const { explained, input } = await prepareInput(model, sampleOfJob(job));
  const leading = explained.find(({ shown }) => shown === input) ?? explained[0];
  if (leading.kind === "tokens" || leading.kind === "categories") {
    throw new UsageError(
      `"${leading.input}" is looked up in ${leading.segments.length} places, but an export explains a single value.`,
      leading.input,
      "Explain another input (--explain), or run the method here.",
    );
  }
  return explained.length > 1 ? { ...job, explain: [leading.input] } : job;
}

/** An export is made from one sample: of several, the first. */
function sampleOfJob(job: Job): Job & SampleFiles {
  const [inputs] = samplesOf(job.source);
  if (!inputs) throw new UsageError("An export is made from a sample, and none was given.");
  return { ...job, inputs };
}

/** The baseline of one sample. */
async function sampleOf(context: JobContext): Promise<Float32Array> {
  const baseline = await baselineOf(context);
  return baseline.subarray(0, baseline.length / Math.max(1, context.input.dims[0] ?? 1));
}
