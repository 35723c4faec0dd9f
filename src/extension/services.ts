import type * as vscode from "vscode";
import type { TechniqueInfo } from "../protocol/technique.ts";
import type { EngineProcess } from "./engine-process.ts";
import type { ModelFacts } from "./model-facts.ts";
import type { Plumbing } from "./plumbing.ts";
import type { ResultsStore } from "./results-store.ts";
import type { QuickMethodStore } from "./quick-methods.ts";
import type { RunTimes } from "./run-times.ts";
import type { Runner } from "./runner.ts";
import type { ReadSetting, startingOptions } from "./starting-options.ts";
import type { Selections } from "./selection.ts";

/** What the parts of the extension share; made once, in activate.ts. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineProcess;
  readonly facts: ModelFacts;
  readonly runner: Runner;
  readonly results: ResultsStore;
  readonly selections: Selections;
  readonly methods: QuickMethodStore;
  readonly plumbing: Plumbing;
  readonly times: RunTimes;
  readonly techniques: readonly TechniqueInfo[];
  /** A setting of ours as it is now, by its name without "neuralLoupe.". */
  readonly setting: ReadSetting;
  /** What a new panel begins with, by the settings as they are now. */
  startingOptions(): ReturnType<typeof startingOptions>;
}
