import * as vscode from "vscode";
import type { PanelState } from "../../protocol/panel.ts";
import { panelViewTypes } from "../commands/ids.ts";
import type { Services } from "../services.ts";
import { PanelRegistry } from "./registry.ts";
import { readPanelState } from "./state.ts";
import { TechniquePanel } from "./technique-panel.ts";

/** The window's technique panels, one for each model file. */
export class Panels extends PanelRegistry<PanelState> {
  private readonly open = new Map<string, TechniquePanel>();

  constructor(services: Services) {
    super(services, panelViewTypes.panel);
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
    this.add(this.create("Neural Loupe", vscode.ViewColumn.Beside), state);
  }

  protected revive(kept: unknown): PanelState | undefined {
    return readPanelState(kept, this.services.techniques);
  }

  protected add(panel: vscode.WebviewPanel, state: PanelState): string | undefined {
    const { model } = state;
    if (this.open.has(model)) return "Its model is open in another panel.";
    this.open.set(model, new TechniquePanel(this.services, panel, state));
    panel.onDidDispose(() => this.open.delete(model));
    return undefined;
  }
}
