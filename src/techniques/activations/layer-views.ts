import { UsageError } from "../../model/errors.ts";
import type { EngineApi } from "../../protocol/engine.ts";
import { jobKey, samplesOf, type Job } from "../../protocol/job.ts";
import { Latest } from "../../runtime/latest.ts";
import type { LoadedModel } from "../../runtime/models.ts";
import type { ChannelView } from "../framework/channels.ts";
import { JobContext } from "../framework/context.ts";
import { preparedFor } from "../framework/joint-input.ts";
import { layerCountNote } from "../framework/layer-count.ts";
import { layerChoices } from "../framework/layer-names.ts";
import { NO_HINTS } from "../framework/output.ts";
import { prepareInput, type PreparedInput, type SampleFiles } from "../framework/prepared-input.ts";
import { findTechnique, type RunEnvironment } from "../framework/run.ts";
import type { LayerInfo, LayerKind } from "../framework/technique.ts";
import { channelPlane, plannedLayer, reducedTiles } from "./feature-maps.ts";

/** Layers for the picker, with this input's shapes, and the one that spatial techniques take by themselves. */
export function layersOf(
  request: Parameters<EngineApi["layers"]>[0],
  env: RunEnvironment,
): Promise<ReturnType<EngineApi["layers"]>> {
  return env.models.use(request.model, (model) => layersIn(model, request, env));
}

async function layersIn(
  model: LoadedModel,
  request: Parameters<EngineApi["layers"]>[0],
  env: RunEnvironment,
): Promise<ReturnType<EngineApi["layers"]>> {
  const fed = await prepareInput(model, request);
  const context = await pickingContext(fed, {}, env);
  const traced = await context.traced();
  const layers = layerChoices(traced, await context.layouts());
  const count = layerCountNote(traced, layers, model.description.layers.length);
  const pick = (kind: LayerKind): Promise<LayerInfo | undefined> =>
    context.layer(kind).catch((error: unknown) => {
      if (error instanceof UsageError) return undefined;
      throw error;
    });
  const [last, first] = [await pick("features"), await pick("first")];
  return {
    layers,
    ...(count === undefined ? {} : { count }),
    ...(last ? { defaultLayer: last.value } : {}),
    ...(first ? { firstLayer: first.value } : {}),
  };
}

export async function channelOf(
  request: Parameters<EngineApi["channel"]>[0],
  env: RunEnvironment,
): Promise<ReturnType<EngineApi["channel"]>> {
  const view = await layerView(request.job, env);
  if (!Number.isInteger(request.channel) || request.channel < 0 || request.channel >= view.channels) {
    throw new UsageError(`The layer has ${view.channels} channels; there is no channel ${request.channel}.`);
  }
  return channelPlane(view, request.channel);
}

export async function tilesOf(
  request: Parameters<EngineApi["tiles"]>[0],
  env: RunEnvironment,
): Promise<ReturnType<EngineApi["tiles"]>> {
  const view = await layerView(request.job, env);
  const from = Math.min(Math.max(0, Math.floor(request.from)), view.channels);
  const to = Math.min(Math.max(from, Math.floor(request.to)), view.channels);
  return { tiles: reducedTiles(view, from, to) };
}

function layerView(job: Job, env: RunEnvironment): Promise<ChannelView> {
  return env.models.use(job.model, async (model) => {
    const key = `${model.description.stamp} ${jobKey(job)}`;
    const known = latest.get(env.models.budget, key);
    if (known) return known;
    const context = await pickingContext(await prepareInput(model, oneOf(job)), job, env);
    const view = tilesOfPlan(await plannedLayer(context));
    latest.keep(env.models.budget, key, view, view.values.buffer.byteLength);
    return view;
  });
}

/** The last layer whose channels were asked for: moving over tiles must not run the model each time. */
const latest = new Latest<ChannelView>("layer");

/** The first sample of a job: what a layer's channels are shown of. */
function oneOf(job: Job): Job & SampleFiles {
  const [inputs] = samplesOf(job.source);
  if (!inputs) throw new UsageError("A layer is shown for a sample, and none was given.");
  return { ...job, inputs };
}

/** The tiles that a layer is shown as. UsageError where it is shown otherwise. */
function tilesOfPlan({ layer, plan }: Awaited<ReturnType<typeof plannedLayer>>): ChannelView {
  if (plan.kind !== "tiles")
    throw new UsageError(
      `"${layer.value}" [${layer.dims.join(", ")}] is not shown as tiles, so it has no channel to enlarge.`,
      layer.value,
    );
  return plan.view;
}

/** What finds a layer as feature maps do. */
function pickingContext(
  fed: PreparedInput,
  { target, layer, params = {} }: Partial<Job>,
  { signal }: RunEnvironment,
): Promise<JobContext> {
  const { info } = findTechnique("feature-maps");
  return JobContext.create(preparedFor(fed, info), {
    info,
    hints: NO_HINTS,
    target,
    layer,
    params,
    signal,
    progress: () => undefined,
  });
}
