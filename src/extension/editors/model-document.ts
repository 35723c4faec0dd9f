import * as vscode from "vscode";
import type { ModelDescription } from "../../protocol/model.ts";
import type { EngineProcess } from "../engine-process.ts";
import { dataFiles, modelStamp } from "../stamps.ts";
import { watchModel } from "../watch.ts";
import type { FileChange } from "../watch.ts";

/** Our editor's name in package.json. */
export const viewType = "neuralLoupe.model";

/** An open model file: its description, asked for once for all its views, and word of its changes. */
export class ModelDocument implements vscode.CustomDocument {
  private known: Promise<ModelDescription> | undefined;
  private stamp = "";
  private readonly changed = new vscode.EventEmitter<FileChange>();
  private readonly watcher: vscode.Disposable | undefined;

  readonly onChange = this.changed.event;

  constructor(
    readonly uri: vscode.Uri,
    private readonly engine: EngineProcess,
  ) {
    if (uri.scheme === "file") this.watcher = watchModel(uri, (change) => void this.onFile(change));
  }

  /** What the file is. Rejects with the reader's error; a failure is asked for again the next time. */
  description(): Promise<ModelDescription> {
    this.known ??= this.read();
    return this.known;
  }

  forget(): void {
    this.known = undefined;
  }

  dispose(): void {
    this.watcher?.dispose();
    this.changed.dispose();
  }

  private read(): Promise<ModelDescription> {
    // A stamp from before the reading: a change while it is read is then one that is told.
    const reading = modelStamp(this.uri.fsPath).then(async (stamp) => {
      this.stamp = stamp;
      const description = await this.engine.call("describe", { model: this.uri.fsPath });
      if (dataFiles.of(this.uri.fsPath).join() !== (description.dataFiles ?? []).join()) {
        dataFiles.learn(this.uri.fsPath, description.dataFiles);
        this.stamp = await modelStamp(this.uri.fsPath).catch(() => stamp);
      }
      return description;
    });
    reading.catch(() => {
      if (this.known === reading) this.forget();
    });
    return reading;
  }

  private async onFile(change: FileChange): Promise<void> {
    const stamp = await modelStamp(this.uri.fsPath).catch(() => "gone");
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    this.forget();
    this.changed.fire(stamp === "gone" ? "deleted" : change === "deleted" ? "changed" : change);
  }
}
