import path from "node:path";
import * as vscode from "vscode";
import { dataFiles } from "./stamps.ts";

export type FileChange = "changed" | "deleted";

/**
 * Watches a model's file and the files that hold its weights, once those are known. What happens to those is a change
 * of the model.
 */
export function watchModel(model: vscode.Uri, tell: (change: FileChange) => void): vscode.Disposable {
  let data: vscode.Disposable | undefined;
  const watchData = (): void => {
    data?.dispose();
    data = vscode.Disposable.from(
      ...dataFiles.of(model.fsPath).map((file) => watchFile(vscode.Uri.file(file), () => tell("changed"))),
    );
  };
  const learning = dataFiles.onLearned((path) => {
    if (path === model.fsPath) watchData();
  });
  watchData();
  const own = watchFile(model, tell);
  return {
    dispose: () => {
      for (const one of [own, learning, data]) one?.dispose();
    },
  };
}

/**
 * Tells, once things have been quiet for a moment, that a file was changed or deleted. It may lie outside the
 * workspace.
 */
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
  return {
    dispose: () => {
      clearTimeout(timer);
      watcher.dispose();
    },
  };
}

const quiet = 300;

function escapeGlob(name: string): string {
  return name.replace(/[*?[\]{}]/g, (character) => `[${character}]`);
}
