import * as vscode from "vscode";
import { excludedFolders, modelPattern } from "../commands/pick-model.ts";
import { Disposable } from "../disposable.ts";

/** More models than this are not looked for: the list says so. */
const MOST_MODELS = 5000;

export interface FoundModels {
  /** By path. */
  readonly models: readonly vscode.Uri[];
  /** Whether the workspace may have more than were looked for. */
  readonly cut: boolean;
}

/**
 * The model files of the workspace: found by their names alone when somebody asks, and again after one came or went.
 * No file is read.
 */
export class ModelList extends Disposable {
  private found: Promise<FoundModels> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly listEmitter = this.register(new vscode.EventEmitter<void>());
  private readonly fileEmitter = this.register(new vscode.EventEmitter<vscode.Uri>());

  /** Models came or went. */
  readonly onDidChange = this.listEmitter.event;
  /** A model's content changed. */
  readonly onDidChangeFile = this.fileEmitter.event;

  constructor() {
    super();
    const watcher = this.register(vscode.workspace.createFileSystemWatcher(modelPattern));
    this.register(watcher.onDidCreate(() => this.lookAgainSoon()));
    this.register(watcher.onDidDelete(() => this.lookAgainSoon()));
    this.register(watcher.onDidChange((uri) => this.fileEmitter.fire(uri)));
    this.register(vscode.workspace.onDidChangeWorkspaceFolders(() => this.lookAgain()));
    this.register({ dispose: () => clearTimeout(this.timer) });
  }

  models(): Promise<FoundModels> {
    this.found ??= find();
    return this.found;
  }

  lookAgain(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.found = undefined;
    this.listEmitter.fire();
  }

  /** A folder that is copied or deleted is one change. */
  private lookAgainSoon(): void {
    this.timer ??= setTimeout(() => this.lookAgain(), quiet);
  }
}

const quiet = 500;

async function find(): Promise<FoundModels> {
  const found = await vscode.workspace.findFiles(modelPattern, excludedFolders, MOST_MODELS);
  const models = found.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { models, cut: models.length >= MOST_MODELS };
}
