import path from "node:path";
import * as vscode from "vscode";
import { recipeName } from "../protocol/recipe.ts";
import { isSampleName, sampleStem } from "../protocol/sample.ts";
import { TYPED, typedName, typedSources } from "./input-sample.ts";

/** A file's name without folders and without its last ending: "efficientnet-lite0". */
export function stem(uri: vscode.Uri): string {
  return path.posix.basename(uri.path).replace(/\.[^.]+$/, "");
}

/** Where a model's recipe is kept. */
export function recipeFile(model: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(model, "..", recipeName(nameOf(model)));
}

export function nameOf(uri: vscode.Uri): string {
  return path.posix.basename(uri.path);
}

/**
 * Where a file lies, as a person in this workspace says it: the folder's path in the workspace, its whole path outside.
 */
export function placeOf(uri: vscode.Uri): string {
  if (uri.scheme === TYPED) return "typed, not saved";
  const parent = vscode.Uri.joinPath(uri.with({ fragment: "" }), "..");
  const folder = vscode.workspace.getWorkspaceFolder(parent);
  if (!folder) return parent.fsPath;
  const inside = path.posix.relative(folder.uri.path, parent.path);
  return (vscode.workspace.workspaceFolders?.length ?? 0) > 1 ? path.posix.join(folder.name, inside) : inside;
}

/** An input as the engine takes it: an absolute path, with "#row" for a table's row. */
export function inputPath(uri: vscode.Uri): string {
  return uri.fragment ? `${uri.fsPath}#${uri.fragment}` : uri.fsPath;
}

/** What an input is called: a sample by its name, what was typed by what it holds. */
export function inputName(uri: vscode.Uri): string {
  const typed = typedSources(uri);
  if (typed) return typedName(typed);
  if (isSampleName(uri.path)) return sampleStem(nameOf(uri));
  return uri.fragment ? `${nameOf(uri)}, row ${uri.fragment}` : nameOf(uri);
}
