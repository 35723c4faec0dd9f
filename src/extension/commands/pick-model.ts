import * as vscode from "vscode";
import { nameOf, placeOf } from "../files.ts";
import { pick } from "./pick.ts";
import { isModelName, MODEL_EXTENSIONS, MODEL_FORMATS } from "../../protocol/formats.ts";

/** A glob of the model files in a workspace. */
export const modelPattern = `**/*.{${MODEL_EXTENSIONS.join(",")}}`;
/** What the system's dialogs show. */
export const MODEL_FILTERS = Object.fromEntries(
  MODEL_FORMATS.map(({ title, extensions }) => [`${title} models`, [...extensions]]),
);
/** Folders in which nobody looks for their own models. */
export const excludedFolders = "**/{node_modules,.git,.venv,__pycache__}/**";

/** The model of the active editor (ours, or any showing a model file). */
export function activeModel(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri = input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText ? input.uri : undefined;
  return uri && isModelName(uri.path) ? uri : undefined;
}

/** The workspace's models, by path. */
export async function findModels(): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(modelPattern, excludedFolders, 500);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Lets the person choose among the workspace's models, or one on disk; undefined when they left it. */
export async function pickModel(title: string): Promise<vscode.Uri | undefined> {
  const found = await findModels();
  const items: ModelItem[] = found.map((uri) => ({
    label: nameOf(uri),
    description: placeOf(uri),
    uri,
    iconPath: new vscode.ThemeIcon("circuit-board"),
  }));
  items.push({ label: "Browse…", alwaysShow: true, iconPath: new vscode.ThemeIcon("folder-opened") });
  const chosen = await pick({
    title,
    placeholder: found.length ? "Which model?" : "No model in this workspace. Choose one on disk",
    items,
  });
  if (!chosen || typeof chosen === "symbol") return undefined;
  if (chosen.uri) return chosen.uri;
  return (await vscode.window.showOpenDialog({ title, filters: MODEL_FILTERS, openLabel: "Use This Model" }))?.[0];
}

interface ModelItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}
