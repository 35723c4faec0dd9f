import * as vscode from "vscode";
import type { EngineProcess } from "./engine-process.ts";
import type { EngineState } from "./engine-calls.ts";
import { formatPercent } from "../protocol/format.ts";

/** The engine in the status bar, while there is one: what runs, how far it is, and a click that cancels it. */
export function showEngineState(engine: EngineProcess): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("neuralLoupe.engine", vscode.StatusBarAlignment.Right, 90);
  item.name = "Neural Loupe Engine";
  const show = (state: EngineState): void => {
    const look = lookOf(state);
    if (!look) return item.hide();
    item.text = look.text;
    item.tooltip = look.tooltip;
    item.command = look.command;
    item.backgroundColor = state.kind === "broken" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    item.accessibilityInformation = { label: `Neural Loupe: ${look.tooltip}`, role: "button" };
    item.show();
  };
  show(engine.state);
  return vscode.Disposable.from(item, engine.onState(show));
}

interface Look {
  readonly text: string;
  readonly tooltip: string;
  readonly command: string;
}

function lookOf({ kind, progress, waiting, reason }: EngineState): Look | undefined {
  const queue = waiting ? ` (${waiting} waiting)` : "";
  switch (kind) {
    case "stopped":
      return undefined;
    case "starting":
      return {
        text: "$(loading~spin) Neural Loupe",
        tooltip: `The engine is starting${queue}`,
        command: "neuralLoupe.showLog",
      };
    case "idle":
      return {
        text: "$(search) Neural Loupe",
        tooltip: "The engine is ready. Click to show its log",
        command: "neuralLoupe.showLog",
      };
    case "running": {
      const part = progress?.fraction === undefined ? "" : ` ${formatPercent(progress.fraction)}`;
      return {
        text: `$(loading~spin) ${progress?.text ?? "Running"}${part}${queue}`,
        tooltip: `Running a model${queue}. Click to cancel`,
        command: "neuralLoupe.cancelRun",
      };
    }
    case "cancelling":
      return {
        text: "$(loading~spin) Cancelling",
        tooltip: `The run is being cancelled${queue}`,
        command: "neuralLoupe.showLog",
      };
    case "broken":
      return {
        text: "$(error) Neural Loupe",
        tooltip: `${reason ?? "The engine has ended."} Click to restart it.`,
        command: "neuralLoupe.restartEngine",
      };
  }
}
