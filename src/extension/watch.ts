import path from "node:path";
import * as vscode from "vscode";

export type FileChange = "changed" | "deleted";

/** Tells, once things have been quiet for a moment, that a file was changed or deleted. It may lie outside the workspace. */
export function watchFile(uri: vscode.Uri, tell: (change: FileChange) => void): vscode.Disposable {
  const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(uri, ".."), escapeGlob(path.posix.basename(uri.path)));
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  let timer: NodeJS.Timeout | undefined;
  const soon = (change: FileChange) => () => {
    clearTimeout(timer);
    timer = setTimeout(() => tell(change), quiet);
  };
  watcher.onDidChange(soon("changed"));
  // Writers often delete and create: what counts is how it ends.
  watcher.onDidCreate(soon("changed"));
  watcher.onDidDelete(soon("deleted"));
  return { dispose: () => { clearTimeout(timer); watcher.dispose(); } };
}

const quiet = 300;

function escapeGlob(name: string): string {
  return name.replace(/[*?[\]{}]/g, (character) => `[${character}]`);
}
