import * as vscode from "vscode";
import { Disposable } from "./disposable.ts";

const key = "neuralLoupe.plumbing";
/** For the titles of views: which of the two commands stands there. */
const plumbingContext = "neuralLoupe.plumbingShown";

/**
 * Whether nodes that only compute shapes or constants are listed, in all model editors of the window and in the tree of
 * models; kept with the workspace.
 */
export class Plumbing extends Disposable {
  private readonly emitter = this.register(new vscode.EventEmitter<void>());
  readonly onDidChange = this.emitter.event;

  constructor(private readonly kept: vscode.Memento) {
    super();
    this.say();
  }

  get shown(): boolean {
    return this.kept.get<unknown>(key) === true;
  }

  async show(shown: boolean): Promise<void> {
    if (shown === this.shown) return;
    await this.kept.update(key, shown);
    this.say();
    this.emitter.fire();
  }

  private say(): void {
    void vscode.commands.executeCommand("setContext", plumbingContext, this.shown);
  }
}
