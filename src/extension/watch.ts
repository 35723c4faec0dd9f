import path from "node:path";
import * as vscode from "vscode";
import type { FileReason } from "../protocol/session.ts";
import { Disposable } from "./disposable.ts";
import { recipeFile } from "./files.ts";
import { dataFiles, modelStamp, recipeStamp } from "./stamps.ts";

interface Watched {
  readonly watching: vscode.Disposable;
  stamps: Stamps;
}

interface Stamps {
  readonly model: string;
  readonly recipe: string;
}

/**
 * Watches models, with their weights and recipes, and tells of what is not as it was when it was last looked at: a file
 * that is only touched by name, or written by this window, is no news.
 */
export class ModelWatcher extends Disposable {
  private readonly watched = new Map<string, Watched>();

  constructor(private readonly onChange: (model: vscode.Uri, reason: FileReason) => void) {
    super();
    this.register({ dispose: () => this.watch([]) });
    // The stamp of a model includes those of its weights' files: once they are known it is another, and no change.
    this.register(
      dataFiles.onLearned((path) => {
        for (const id of this.watched.keys()) if (vscode.Uri.parse(id).fsPath === path) void this.refreshStamps(id);
      }),
    );
  }

  /** Watches these models and no others. */
  watch(models: readonly vscode.Uri[]): void {
    const wanted = new Map(models.filter(({ scheme }) => scheme === "file").map((uri) => [uri.toString(), uri]));
    for (const [id, { watching }] of this.watched) {
      if (wanted.has(id)) continue;
      watching.dispose();
      this.watched.delete(id);
    }
    for (const [id, model] of wanted) {
      if (this.watched.has(id)) continue;
      const watching = vscode.Disposable.from(
        watchModel(model, () => void this.onFile(id, "model")),
        watchFile(recipeFile(model), () => void this.onFile(id, "recipe")),
      );
      this.watched.set(id, { watching, stamps: { model: "", recipe: "" } });
      void this.refreshStamps(id);
    }
  }

  /** Takes what the files are now for known. */
  async refreshStamps(only?: string): Promise<void> {
    await Promise.all(
      [...this.watched].map(async ([id, watched]) => {
        if (only === undefined || only === id) watched.stamps = await stampsOf(vscode.Uri.parse(id));
      }),
    );
  }

  private async onFile(id: string, which: keyof Stamps): Promise<void> {
    const model = vscode.Uri.parse(id);
    const now = await stampsOf(model);
    const watched = this.watched.get(id);
    if (!watched || now[which] === watched.stamps[which]) return;
    watched.stamps = { ...watched.stamps, [which]: now[which] };
    this.onChange(model, which === "recipe" ? "recipe" : now.model === gone ? "model-deleted" : "model-changed");
  }
}

async function stampsOf({ fsPath }: vscode.Uri): Promise<Stamps> {
  const [model, recipe] = await Promise.all([
    modelStamp(fsPath).catch(() => gone),
    recipeStamp(fsPath).catch(() => gone),
  ]);
  return { model, recipe };
}

const gone = "gone";

/**
 * Watches a model's file and the files that hold its weights, once those are known. What happens to those is a change
 * of the model.
 */
function watchModel(model: vscode.Uri, onChange: () => void): vscode.Disposable {
  let data: vscode.Disposable | undefined;
  const watchData = (): void => {
    data?.dispose();
    data = vscode.Disposable.from(
      ...dataFiles.of(model.fsPath).map((file) => watchFile(vscode.Uri.file(file), onChange)),
    );
  };
  watchData();
  const learning = dataFiles.onLearned((path) => {
    if (path === model.fsPath) watchData();
  });
  return vscode.Disposable.from(watchFile(model, onChange), learning, { dispose: () => data?.dispose() });
}

/**
 * Tells, once things have been quiet for a moment, that something happened to a file, which may lie outside the
 * workspace. Writers often delete and create: what counts is how it ends.
 */
function watchFile(uri: vscode.Uri, onChange: () => void): vscode.Disposable {
  const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(uri, ".."), escapeGlob(path.posix.basename(uri.path)));
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quiet);
  };
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(soon),
    watcher.onDidCreate(soon),
    watcher.onDidDelete(soon),
    { dispose: () => clearTimeout(timer) },
  );
}

const quiet = 300;

function escapeGlob(name: string): string {
  return name.replace(/[*?[\]{}]/g, (character) => `[${character}]`);
}
