import * as vscode from "vscode";
import type { Result } from "../protocol/result.ts";
import type { EngineApi } from "../protocol/engine.ts";
import { samplesOf, type Job } from "../protocol/job.ts";
import type { ExportReport, ExportRequest } from "../protocol/export.ts";
import { RemoteError } from "../protocol/link.ts";
import type { PanelState } from "../protocol/panel.ts";
import type { Recipe } from "../protocol/recipe.ts";
import type { TechniqueInfo } from "../protocol/technique.ts";
import type { EngineProcess } from "./engine-process.ts";
import type { EngineCallOptions } from "./engine-calls.ts";
import { sampleFiles, sourcesOf, TYPED } from "./input-sample.ts";
import { modelStamp, stampOf } from "./stamps.ts";
import type { ModelFacts } from "./model-facts.ts";
import { inputsOf, jobOf, lacksInput } from "../protocol/panel-job.ts";
import { cacheKey, filesOf } from "./panels/job.ts";
import type { ResultCache } from "./result-cache.ts";
import type { RunTimes } from "./run-times.ts";
import { blockedReason } from "./trust.ts";

type Options = EngineCallOptions;

/** What the engine is asked for a panel's state, and what it is kept under. */
interface Request<K extends keyof EngineApi> {
  readonly method: K;
  readonly request: Parameters<EngineApi[K]>[0];
}

/** Runs what a panel's state describes, or finds it among the results on disk. */
export class Runner {
  constructor(
    private readonly engine: EngineProcess,
    private readonly cache: ResultCache,
    private readonly facts: ModelFacts,
    private readonly techniques: readonly TechniqueInfo[],
    private readonly times: RunTimes,
    private readonly version: string,
  ) {}

  async run(state: PanelState, options: Options = {}): Promise<{ result: Result; cached: boolean }> {
    const { reply, cached } = await this.ask(state, { method: "run", request: await this.job(state) }, options);
    if (!cached) void this.times.add(state, this.infoOf(state), reply.time.total);
    return { result: reply, cached };
  }

  /** The result of this state if it is on disk; never runs anything. */
  async find(state: PanelState): Promise<Result | undefined> {
    return (await this.cache.get(await this.keyOf(state))) as Result | undefined;
  }

  /** Equal for states that have the same result. Rejects when the model or the input is not there. */
  async keyOf(state: PanelState): Promise<string> {
    return this.key(state, { method: "run", request: await this.job(state) });
  }

  async layers(state: PanelState, options: Options = {}): Promise<ReturnType<EngineApi["layers"]>> {
    const { model, recipe, source } = await this.job(state);
    const request = { model, recipe, inputs: samplesOf(source)[0] ?? {} };
    return (await this.ask(state, { method: "layers", request }, options)).reply;
  }

  async channel(state: PanelState, channel: number, options: Options = {}): Promise<ReturnType<EngineApi["channel"]>> {
    return (await this.ask(state, { method: "channel", request: { job: await this.job(state), channel } }, options))
      .reply;
  }

  async tiles(
    state: PanelState,
    from: number,
    to: number,
    options: Options = {},
  ): Promise<ReturnType<EngineApi["tiles"]>> {
    return (await this.ask(state, { method: "tiles", request: { job: await this.job(state), from, to } }, options))
      .reply;
  }

  async array(
    state: PanelState,
    { index, from }: Pick<Parameters<EngineApi["array"]>[0], "index" | "from">,
    options: Options = {},
  ): Promise<ReturnType<EngineApi["array"]>> {
    const request = { job: await this.job(state), index, from };
    return (await this.ask(state, { method: "array", request }, options)).reply;
  }

  /** The input as the model would see it with this recipe. */
  async preview(state: PanelState, recipe: Recipe, options: Options): Promise<ReturnType<EngineApi["preview"]>> {
    const [uri] = inputUris(state, this.infoOf(state));
    const sources = await sourcesOf(uri);
    const [image = ""] = Object.keys(recipe.inputs).filter((name) => recipe.inputs[name].kind === "image");
    const input = sources[image] ?? sources[""];
    if (typeof input !== "string")
      throw new RemoteError("DataError", `No picture is given for the input "${image}".`, undefined, "Choose a file.");
    const request = { model: vscode.Uri.parse(state.model).fsPath, recipe, input };
    return this.engine.call("preview", request, options);
  }

  /** Writes this state's explanation as a model. */
  async exportModel(state: PanelState, how: Omit<ExportRequest, "job">, options: Options): Promise<ExportReport> {
    const blocked = blockedReason(vscode.Uri.parse(state.model));
    if (blocked) throw new RemoteError("BlockedError", blocked);
    return this.engine.call("exportExplanation", { job: await this.job(state), ...how }, options);
  }

  private async ask<K extends "run" | "layers" | "channel" | "tiles" | "array">(
    state: PanelState,
    { method, request }: Request<K>,
    options: Options,
  ): Promise<{ reply: ReturnType<EngineApi[K]>; cached: boolean }> {
    const key = await this.key(state, { method, request });
    const kept = await this.cache.get(key);
    if (kept !== undefined) return { reply: kept as ReturnType<EngineApi[K]>, cached: true };
    const blocked = blockedReason(vscode.Uri.parse(state.model));
    if (blocked) throw new RemoteError("BlockedError", blocked);
    const reply = await this.engine.call(method, request, options);
    // The person need not wait for the disk; put() never rejects.
    void this.cache.put(key, reply);
    return { reply, cached: false };
  }

  private async job(state: PanelState): Promise<Job> {
    const info = this.infoOf(state);
    const modelPath = vscode.Uri.parse(state.model).fsPath;
    const samples = await Promise.all(inputUris(state, info).map(sourcesOf));
    const { recipe } = await this.facts.of(modelPath);
    return jobOf(state, info, { model: modelPath, samples }, recipe.recipe);
  }

  private async key<K extends keyof EngineApi>(state: PanelState, { method, request }: Request<K>): Promise<string> {
    const job = await this.job(state);
    const info = this.infoOf(state);
    const [model, ...files] = await Promise.all([
      modelStamp(job.model),
      ...sampleFiles(samplesOf(job.source)).map((file) => stampOf(file)),
      ...filesOf(job, info).map((file) => stampOf(file).catch(() => "none")),
    ]);
    return cacheKey(method, request, { model, input: files.join(" "), version: this.version });
  }

  private infoOf({ technique }: PanelState): TechniqueInfo {
    const info = this.techniques.find(({ id }) => id === technique);
    if (!info) throw new RemoteError("UsageError", `There is no technique "${technique}".`);
    return info;
  }
}

/**
 * The files that a state's technique is run on. UsageError where it takes an input and there is none; DataError for one
 * that is not on disk.
 */
function inputUris(state: PanelState, info: TechniqueInfo): readonly vscode.Uri[] {
  if (lacksInput(state, info))
    throw new RemoteError(
      "UsageError",
      `${info.title} runs on an input, and none is chosen.`,
      undefined,
      "Choose an input.",
    );
  const uris = inputsOf(state, info).map((uri) => vscode.Uri.parse(uri));
  const virtual = uris.find(({ scheme }) => scheme !== "file" && scheme !== TYPED);
  if (!virtual) return uris;
  throw new RemoteError(
    "DataError",
    `The input is on a virtual file system (${virtual.scheme}).`,
    virtual.toString(),
    "Save a copy on disk and choose the copy.",
  );
}
