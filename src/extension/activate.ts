import path from "node:path";
import * as vscode from "vscode";
import { catalogue } from "../techniques/catalogue.ts";
import { registerCommands } from "./commands/commands.ts";
import { ModelEditor } from "./editors/model-editor.ts";
import { ModelViews } from "./editors/model-views.ts";
import { createEngine } from "./engine.ts";
import type { EngineState } from "./engine-calls.ts";
import { ModelFacts } from "./model-facts.ts";
import { Comparisons } from "./panels/comparisons.ts";
import { Panels } from "./panels/panels.ts";
import { QuickMethodStore } from "./quick-methods.ts";
import { ResultCache } from "./result-cache.ts";
import { Plumbing } from "./plumbing.ts";
import { ResultsStore } from "./results-store.ts";
import { RunTimes } from "./run-times.ts";
import { Runner } from "./runner.ts";
import { Selections } from "./selection.ts";
import type { Services } from "./services.ts";
import { startingOptions, type ReadSetting } from "./starting-options.ts";
import { showEngineState } from "./status-bar.ts";
import { ModelsView } from "./trees/models-view.ts";
import { ResultsView } from "./trees/results-view.ts";
import { showFirstSteps } from "./walkthrough.ts";

/** What other code, and the tests, may ask of the running extension. */
export interface Api {
  /** How long activate() took. */
  readonly activationMilliseconds: number;
  /** What the engine does now; starts nothing. */
  engineState(): EngineState;
  /** Process id, memory in bytes and number of model runs of the engine that runs now; undefined when there is none. */
  engineStatus(): Promise<{ readonly pid: number; readonly memory: number; readonly runs: number } | undefined>;
}

/** Only registers: the engine is forked by the first call, files are read when opened. */
export function activate(context: vscode.ExtensionContext): Api {
  const started = performance.now();
  const log = vscode.window.createOutputChannel("Neural Loupe", { log: true });
  context.subscriptions.push(log);
  const version = String((context.extension.packageJSON as { version?: unknown }).version);
  const megabytes = (): number => vscode.workspace.getConfiguration("neuralLoupe").get<number>("cache.size") ?? 512;
  const folder = path.join((context.storageUri ?? context.globalStorageUri).fsPath, "results");
  const cache = new ResultCache(
    folder,
    () => megabytes() * 2 ** 20,
    (line) => log.warn(line),
  );
  const engine = createEngine(context, log);
  const facts = new ModelFacts(engine, cache, version);
  const setting: ReadSetting = (name) => vscode.workspace.getConfiguration("neuralLoupe").get(name);
  const times = new RunTimes(context, catalogue);
  const services: Services = {
    context,
    log,
    engine,
    facts,
    techniques: catalogue,
    setting,
    startingOptions: () => startingOptions(setting, catalogue, (line) => log.warn(line)),
    results: new ResultsStore(context.workspaceState, catalogue, (line) => log.warn(line)),
    selections: new Selections(context.workspaceState, catalogue),
    runner: new Runner(engine, cache, facts, catalogue, times, version),
    methods: new QuickMethodStore(context, catalogue),
    plumbing: new Plumbing(context.workspaceState),
    times,
  };
  const panels = new Panels(services);
  const comparisons = new Comparisons(services, panels);
  const editors = new ModelViews();
  const models = new ModelsView(services, editors);
  context.subscriptions.push(
    services.results,
    services.selections,
    services.plumbing,
    panels,
    comparisons,
    editors,
    new ModelEditor(services, editors),
    models,
    new ResultsView(services, panels, comparisons),
    showFirstSteps(context, models, editors),
    registerCommands(services, panels, comparisons),
    showEngineState(services, panels),
  );
  const activationMilliseconds = performance.now() - started;
  log.info(`activated in ${activationMilliseconds.toFixed(1)} ms`);
  return {
    activationMilliseconds,
    engineState: () => engine.state,
    engineStatus: async () => (engine.state.pid === undefined ? undefined : engine.call("status", {})),
  };
}
