import * as vscode from "vscode";
import { modelViewType } from "../commands/ids.ts";
import { Disposable } from "../disposable.ts";

/** One open model editor, as others may use it. */
export interface OpenView {
  readonly uri: vscode.Uri;
  readonly selected: number | undefined;
  select(index: number): Promise<void>;
}

/** The window's open model editors, and which layer is selected in them. */
export class ModelViews extends Disposable {
  /** Those looked at last come last. */
  private readonly open: OpenView[] = [];
  /** Layers to select once an editor of their model is there, by the model's URI. */
  private readonly waiting = new Map<string, number>();
  private readonly selectEmitter = this.register(new vscode.EventEmitter<Pick<OpenView, "uri" | "selected">>());
  private readonly openEmitter = this.register(new vscode.EventEmitter<void>());
  private readonly drawEmitter = this.register(new vscode.EventEmitter<void>());

  /** A layer, or none, was selected in an editor, or another editor came to the front. */
  readonly onDidSelect = this.selectEmitter.event;
  /** An editor was opened or closed. */
  readonly onDidChangeOpen = this.openEmitter.event;
  /** An editor's page is there and has what it draws. */
  readonly onDidDraw = this.drawEmitter.event;

  /** The models that are open, each once. */
  get models(): readonly vscode.Uri[] {
    return [...new Map(this.open.map(({ uri }) => [uri.toString(), uri])).values()];
  }

  /** The editor that was looked at last. */
  get front(): OpenView | undefined {
    return this.open.at(-1);
  }

  add(view: OpenView): vscode.Disposable {
    this.open.push(view);
    const id = view.uri.toString();
    const index = this.waiting.get(id);
    this.waiting.delete(id);
    if (index !== undefined) void view.select(index);
    this.openEmitter.fire();
    return new vscode.Disposable(() => {
      this.open.splice(this.open.indexOf(view), 1);
      this.openEmitter.fire();
    });
  }

  onActive(view: OpenView): void {
    this.open.splice(this.open.indexOf(view), 1);
    this.open.push(view);
    this.selectEmitter.fire(view);
  }

  onDrawn(): void {
    this.drawEmitter.fire();
  }

  onSelected(view: OpenView): void {
    this.selectEmitter.fire(view);
  }

  /** Selects a layer in the model's editor, which is opened where there is none; the keyboard stays where it is. */
  async select(uri: vscode.Uri, index: number): Promise<void> {
    const id = uri.toString();
    const view = this.open.findLast((one) => one.uri.toString() === id);
    if (view) return view.select(index);
    this.waiting.set(id, index);
    await vscode.commands.executeCommand("vscode.openWith", uri, modelViewType, { preserveFocus: true, preview: true });
  }
}
