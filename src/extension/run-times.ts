import type * as vscode from "vscode";
import { readSpeeds, withRun, type Speeds } from "../protocol/cost.ts";
import type { PanelState } from "../protocol/panel.ts";
import type { TechniqueInfo } from "../protocol/technique.ts";

const key = "runTimes";
/** Of so many models the times are kept; those run longest ago go first. */
const KEPT_MODELS = 50;

/** How long runs took on the workspace's models: what is said before the next one. */
export class RunTimes {
  constructor(
    private readonly context: Pick<vscode.ExtensionContext, "workspaceState">,
    private readonly techniques: readonly TechniqueInfo[],
  ) {}

  /** model: a URI string. */
  of(model: string): Speeds {
    return readSpeeds(this.kept().find(([name]) => name === model)?.[1], this.techniques);
  }

  async add({ model, params }: PanelState, info: TechniqueInfo, milliseconds: number): Promise<void> {
    const speeds = withRun(this.of(model), info, params[info.id], milliseconds);
    const others = this.kept().filter(([name]) => name !== model);
    await this.context.workspaceState.update(key, [[model, speeds], ...others].slice(0, KEPT_MODELS));
  }

  private kept(): readonly (readonly [string, unknown])[] {
    const kept = this.context.workspaceState.get<unknown>(key);
    return (Array.isArray(kept) ? (kept as unknown[]) : []).filter(
      (entry): entry is [string, unknown] => Array.isArray(entry) && typeof entry[0] === "string",
    );
  }
}
