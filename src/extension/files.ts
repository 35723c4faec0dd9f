import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { RemoteError } from "../protocol/link.ts";

/** A file's name without folders and without its last ending: "efficientnet-lite0". */
export function stem(uri: vscode.Uri): string {
  return path.posix.basename(uri.path).replace(/\.[^.]+$/, "");
}

export function nameOf(uri: vscode.Uri): string {
  return path.posix.basename(uri.path);
}

/** Where a file lies, as a person in this workspace says it: the folder's path in the workspace, its whole path outside. */
export function placeOf(uri: vscode.Uri): string {
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

export function inputName(uri: vscode.Uri): string {
  return uri.fragment ? `${nameOf(uri)}, row ${uri.fragment}` : nameOf(uri);
}

/** What changes when the file's content does: size and time of change. Rejects, for a person, when there is no such file. */
export async function stampOf(file: string): Promise<string> {
  try {
    const info = await stat(file);
    return `${info.size}-${info.mtimeMs}`;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new RemoteError("DataError", missing ? `There is no file ${path.basename(file)} any more.` : `${path.basename(file)} cannot be read: ${String(error)}`,
      file, "It may have been moved, renamed or deleted. Choose another, or put it back.");
  }
}

/** The model's stamp and those of files beside it that can hold its weights. */
export async function modelStamp(model: string): Promise<string> {
  return [await stampOf(model), ...(await stampsBeside(model, (name) => /\.(data|bin|pb|weights|onnx_data)$/i.test(name)))].join(" ");
}

/** The model's stamp and those of files beside it that can say how to feed it, or name its classes. */
export async function recipeStamp(model: string): Promise<string> {
  return [await modelStamp(model), ...(await stampsBeside(model, (name) => /\.(json|txt|labels|names)$/i.test(name)))].join(" ");
}

async function stampsBeside(model: string, wanted: (name: string) => boolean): Promise<string[]> {
  const folder = path.dirname(model);
  const names = (await readdir(folder).catch(() => [])).filter(wanted).sort().slice(0, 200);
  return Promise.all(names.map(async (name) => `${name} ${await stampOf(path.join(folder, name)).catch(() => "gone")}`));
}
