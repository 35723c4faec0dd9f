import * as vscode from "vscode";
import { activeModel } from "./commands/pick-model.ts";
import type { EngineState } from "./engine-calls.ts";
import { formatPercent } from "../protocol/format.ts";
import { inputName, nameOf } from "./files.ts";
import type { Panels } from "./panels/panels.ts";
import type { Services } from "./services.ts";

/**
 * The one item in the status bar: the engine while there is one (what runs, how far it is, and a click that cancels it),
 * and otherwise the current input of the model that is looked at, with a click that chooses another.
 */
export function showEngineState(
  { engine, selections }: Pick<Services, "engine" | "selections">,
  panels: Pick<Panels, "active">,
): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("neuralLoupe.engine", vscode.StatusBarAlignment.Right, 90);
  item.name = "Neural Loupe: Engine and Current Input";
  const show = (): void => {
    const { state } = engine;
    const front = panels.active?.model.toString() ?? activeModel()?.toString();
    // While the engine is there, so is what was looked at last.
    const model = front ?? (state.kind === "stopped" ? undefined : selections.latest);
    const input = model === undefined ? undefined : selections.of(model)?.input;
    const look = statusLook(
      state,
      model !== undefined && input !== undefined
        ? { model: nameOf(vscode.Uri.parse(model)), input: inputName(vscode.Uri.parse(input)), uri: model }
        : undefined,
    );
    if (!look) return item.hide();
    item.text = look.text;
    item.tooltip = look.tooltip;
    item.command = look.command;
    item.backgroundColor = state.kind === "broken" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    item.accessibilityInformation = { label: `Neural Loupe: ${look.tooltip}`, role: "button" };
    item.show();
  };
  show();
  return vscode.Disposable.from(
    item,
    engine.onState(show),
    selections.onDidChange(show),
    vscode.window.tabGroups.onDidChangeTabs(show),
    vscode.window.tabGroups.onDidChangeTabGroups(show),
  );
}

interface Look {
  readonly text: string;
  readonly tooltip: string;
  readonly command: string | vscode.Command;
}

/** The current input of the model in front, by their names. */
interface Current {
  readonly model: string;
  readonly input: string;
  /** The model's, as a string. */
  readonly uri: string;
}

export function statusLook(
  { kind, progress, waiting, reason }: EngineState,
  current: Current | undefined,
): Look | undefined {
  const queue = waiting ? ` (${waiting} waiting)` : "";
  const about = current ? `. Current input of ${current.model}: ${current.input}` : "";
  switch (kind) {
    case "stopped":
    case "idle": {
      const ready = kind === "idle" ? "The engine is ready" : "The engine starts when it is needed";
      if (current)
        return {
          text: `$(search) ${current.input}`,
          tooltip: `${ready}${about}. Click to choose another input`,
          command: { command: "neuralLoupe.chooseCurrentInput", title: "Choose Input", arguments: [current.uri] },
        };
      if (kind === "stopped") return undefined;
      return {
        text: "$(search) Neural Loupe",
        tooltip: `${ready}. Click to show its log`,
        command: "neuralLoupe.showLog",
      };
    }
    case "starting":
      return {
        text: "$(loading~spin) Neural Loupe",
        tooltip: `The engine is starting${queue}${about}`,
        command: "neuralLoupe.showLog",
      };
    case "running": {
      const part = progress?.fraction === undefined ? "" : ` ${formatPercent(progress.fraction)}`;
      return {
        text: `$(loading~spin) ${progress?.text ?? "Running"}${part}${queue}`,
        tooltip: `Running a model${queue}${about}. Click to cancel`,
        command: "neuralLoupe.cancelRun",
      };
    }
    case "cancelling":
      return {
        text: "$(loading~spin) Cancelling",
        tooltip: `The run is being cancelled${queue}${about}`,
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
