import * as vscode from "vscode";
import { modelViewType } from "./commands/ids.ts";
import type { ModelViews } from "./editors/model-views.ts";

const shownKey = "walkthroughShown";

export function openWalkthrough(context: vscode.ExtensionContext): Thenable<unknown> {
  return vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`, false);
}

/**
 * Opens the walkthrough once in the life of an installation: when the views in the activity bar are first seen, or the
 * first model is drawn (which stays in front; a page that is covered while it loads may stay empty). Not where our
 * setting forbids it, or VS Code's for walkthroughs of new extensions.
 */
export function showFirstSteps(
  context: vscode.ExtensionContext,
  views: { readonly visible: boolean; onDidShow(listener: () => void): vscode.Disposable },
  editors: Pick<ModelViews, "onDidDraw">,
): vscode.Disposable {
  const wanted = ["workbench.welcomePage.walkthroughs.openOnInstall", "neuralLoupe.openWalkthrough"].every(
    (setting) => vscode.workspace.getConfiguration().get<boolean>(setting) !== false,
  );
  if (!wanted || context.globalState.get(shownKey) === true) return new vscode.Disposable(() => undefined);
  let begun = false;
  const open = async (): Promise<void> => {
    if (begun) return;
    begun = true;
    listening.dispose();
    await context.globalState.update(shownKey, true);
    const { activeTab } = vscode.window.tabGroups.activeTabGroup;
    const input = activeTab?.input;
    const model = input instanceof vscode.TabInputCustom && input.viewType === modelViewType ? input.uri : undefined;
    await openWalkthrough(context);
    if (model) await vscode.commands.executeCommand("vscode.openWith", model, modelViewType);
  };
  const listening = vscode.Disposable.from(
    views.onDidShow(() => void open()),
    editors.onDidDraw(() => void open()),
  );
  if (views.visible) void open();
  return listening;
}
