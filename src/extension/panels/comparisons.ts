import * as vscode from "vscode";
import type { CompareState } from "../../protocol/compare.ts";
import { messagePage } from "../html.ts";
import type { Services } from "../services.ts";
import { ComparePanel } from "./compare-panel.ts";
import { readCompareState } from "./compare-state.ts";
import type { Panels } from "./panels.ts";

const viewType = "neuralLoupe.compare";

/** The window's comparisons, any number of them, and how they come back after a reload. */
export class Comparisons implements vscode.WebviewPanelSerializer {
  constructor(
    private readonly services: Services,
    private readonly panels: Panels,
  ) {
    services.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(viewType, this));
  }

  /** Opens a comparison where the person is: it wants the width. */
  open(state: CompareState): void {
    this.add(
      vscode.window.createWebviewPanel(viewType, "Compare", {
        viewColumn: vscode.ViewColumn.Active,
        preserveFocus: false,
      }),
      state,
    );
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, data: unknown): Promise<void> {
    const state = readCompareState(data, this.services.techniques);
    if (state) return this.add(panel, state);
    panel.webview.html = messagePage(panel.webview.cspSource, "This comparison could not be brought back", [
      "What it showed was not kept. Start it again from a method's panel (Compare…): results that were computed before are still there.",
    ]);
  }

  private add(panel: vscode.WebviewPanel, state: CompareState): void {
    new ComparePanel(this.services, panel, state, (cell) => this.panels.show(cell));
  }
}
