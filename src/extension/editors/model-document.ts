import * as vscode from "vscode";
import type { ModelDescription } from "../../protocol/model.ts";
import type { FileReason } from "../../protocol/session.ts";
import { Disposable } from "../disposable.ts";
import type { EngineProcess } from "../engine-process.ts";
import { dataFiles } from "../stamps.ts";
import { ModelWatcher } from "../watch.ts";

/** An open model file: its description, asked for once for all its views, and word of its changes. */
export class ModelDocument extends Disposable implements vscode.CustomDocument {
  private known: Promise<ModelDescription> | undefined;
  private readonly changed = this.register(new vscode.EventEmitter<FileReason>());
  private readonly watcher = this.register(new ModelWatcher((_, reason) => this.onFile(reason)));

  readonly onChange = this.changed.event;

  constructor(
    readonly uri: vscode.Uri,
    private readonly engine: EngineProcess,
  ) {
    super();
    this.watcher.watch([uri]);
  }

  /** What the file is. Rejects with the reader's error; a failure is asked for again the next time. */
  description(): Promise<ModelDescription> {
    this.known ??= this.read();
    return this.known;
  }

  forget(): void {
    this.known = undefined;
  }

  private read(): Promise<ModelDescription> {
    // Stamps from before the reading: a change while it is read is then one that is told.
    const reading = this.watcher.refreshStamps().then(async () => {
      const description = await this.engine.call("describe", { model: this.uri.fsPath });
      dataFiles.learn(this.uri.fsPath, description.dataFiles);
      return description;
    });
    reading.catch(() => {
      if (this.known === reading) this.forget();
    });
    return reading;
  }

  private onFile(reason: FileReason): void {
    if (reason === "recipe") return;
    this.forget();
    this.changed.fire(reason);
  }
}
