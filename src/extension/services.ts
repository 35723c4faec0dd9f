import type * as vscode from "vscode";
import type { TechniqueInfo } from "../protocol/technique.ts";
import type { EngineProcess } from "./engine-process.ts";
import type { ModelFacts } from "./model-facts.ts";
import type { Runner } from "./runner.ts";

/** What the parts of the extension share; made once, in activate.ts. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineProcess;
  readonly facts: ModelFacts;
  readonly runner: Runner;
  readonly techniques: readonly TechniqueInfo[];
}
