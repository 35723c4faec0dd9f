import path from "node:path";
import * as vscode from "vscode";
import { RemoteError } from "../../protocol/link.ts";

let lastFolder: vscode.Uri | undefined;

/**
 * Asks where, beside `near` or where the last was saved, and writes the bytes there. undefined when the person left it.
 */
export async function saveBytes(
  suggestedName: string,
  bytes: Uint8Array,
  near: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  // A name from a webview: only its last part counts.
  const name = path.posix.basename(suggestedName.replaceAll("\\", "/")) || "result";
  const ending = path.posix.extname(name).slice(1);
  const folder = lastFolder ?? vscode.Uri.joinPath(near.with({ fragment: "" }), "..");
  const uri = await askWhere(
    vscode.Uri.joinPath(folder, name),
    ending ? { [ending.toUpperCase()]: [ending] } : undefined,
  );
  if (!uri) return undefined;
  await write(uri, bytes);
  lastFolder = vscode.Uri.joinPath(uri, "..");
  return uri;
}

/** The one dialog that asks where something is to be saved. undefined when the person left it. */
export async function askWhere(
  suggested: vscode.Uri,
  filters?: Record<string, string[]>,
): Promise<vscode.Uri | undefined> {
  return vscode.window.showSaveDialog({
    defaultUri: suggested,
    title: `Save ${path.posix.basename(suggested.path)}`,
    ...(filters ? { filters } : {}),
  });
}

/** Writes a file; an error for a person where that is not possible. */
export async function write(uri: vscode.Uri, bytes: Uint8Array): Promise<void> {
  try {
    await vscode.workspace.fs.writeFile(uri, bytes);
  } catch (error) {
    throw new RemoteError(
      "SaveError",
      `${path.posix.basename(uri.path)} could not be saved: ${error instanceof Error ? error.message : String(error)}`,
      uri.fsPath,
      "Choose a writable folder.",
    );
  }
}
