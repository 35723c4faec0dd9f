import * as vscode from "vscode";
import type { PanelState } from "../../protocol/panel.ts";
import { messagePage } from "../html.ts";
import type { Services } from "../services.ts";
import { readPanelState } from "./state.ts";
import { TechniquePanel } from "./technique-panel.ts";

const viewType = "neuralLoupe.panel";

/** The window's panels, one for each model file, and how they come back after a reload. */
export class Panels implements vscode.WebviewPanelSerializer {
  private readonly open = new Map<string, TechniquePanel>();

  constructor(private readonly services: Services) {
    services.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(viewType, this));
  }

  of(model: vscode.Uri): TechniquePanel | undefined {
    return this.open.get(model.toString());
  }

  /** The panel that the person looks at now. */
  get active(): TechniquePanel | undefined {
    return [...this.open.values()].find(({ panel }) => panel.active);
  }

  /** Opens a panel beside the editor, or shows this in the model's own. */
  async show(state: PanelState): Promise<void> {
    const open = this.open.get(state.model);
    if (open) return open.show(state);
    const panel = vscode.window.createWebviewPanel(viewType, "Neural Loupe", {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: false,
    });
    this.add(panel, state);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, data: unknown): Promise<void> {
    const state = readPanelState(data, this.services.techniques);
    if (state && !this.open.has(state.model)) return this.add(panel, state);
    panel.webview.html = messagePage(panel.webview.cspSource, "This panel could not be brought back", [
      state
        ? "Its model is open in another panel."
        : "What it showed was not kept. Open the model and choose a method again: results that were computed before are still there.",
    ]);
  }

  private add(panel: vscode.WebviewPanel, state: PanelState): void {
    this.open.set(state.model, new TechniquePanel(this.services, panel, state, () => this.open.delete(state.model)));
  }
}
