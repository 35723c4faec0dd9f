import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import { messagePage } from "../html.ts";
import type { Services } from "../services.ts";
import { restoreState } from "./changes.ts";

/** The window's tabs of one kind, and how they come back after a reload of the window. */
export abstract class PanelRegistry<State> extends Disposable implements vscode.WebviewPanelSerializer {
  constructor(
    protected readonly services: Services,
    /** As package.json and VS Code's storage have it. */
    private readonly viewType: string,
  ) {
    super();
    this.register(vscode.window.registerWebviewPanelSerializer(viewType, this));
  }

  /** A sound state from what was kept, by this version or an earlier one; undefined where too little is left of it. */
  protected abstract revive(kept: unknown): State | undefined;

  /** Fills a tab. A sentence where that is not possible. */
  protected abstract add(panel: vscode.WebviewPanel, state: State): string | undefined;

  protected create(title: string, column: vscode.ViewColumn): vscode.WebviewPanel {
    return vscode.window.createWebviewPanel(this.viewType, title, { viewColumn: column, preserveFocus: false });
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, kept: unknown): Promise<void> {
    const problem = this.restore(panel, kept);
    if (problem === undefined) return;
    panel.webview.html = messagePage(panel.webview.cspSource, "This tab could not be restored", [
      problem,
      "Open the model and choose a method again. Results that were computed before are still in the cache.",
    ]);
  }

  private restore(panel: vscode.WebviewPanel, kept: unknown): string | undefined {
    const log = (line: string): void => this.services.log.warn(`${panel.title}: ${line}`);
    try {
      const state = restoreState(kept, (data) => this.revive(data), log);
      return state === undefined ? "Its state was not saved." : this.add(panel, state);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log(`not restored: ${message}`);
      return message;
    }
  }
}
