import * as vscode from "vscode";
import type { PanelState } from "../../protocol/panel.ts";
import { panelViewTypes } from "../commands/ids.ts";
import type { Services } from "../services.ts";
import { PanelRegistry } from "./registry.ts";
import { readPanelState } from "./state.ts";
import { TechniquePanel } from "./technique-panel.ts";

/** The window's technique panels: pinned ones, and for each model one that commands show their results in. */
export class Panels extends PanelRegistry<PanelState> {
  /** Those looked at last come last. */
  private readonly open: TechniquePanel[] = [];

  constructor(services: Services) {
    super(services, panelViewTypes.panel);
  }

  /** The panel of this model that may show something else. */
  of(model: vscode.Uri): TechniquePanel | undefined {
    return this.open.findLast(({ current }) => current.model === model.toString() && current.pinned === undefined);
  }

  /** The panel that the person looks at now. */
  get active(): TechniquePanel | undefined {
    return this.open.find(({ isActive }) => isActive);
  }

  /** Opens a panel beside the editor, or beside the model's pinned ones, or shows this in the one that is not pinned. */
  async show(state: PanelState): Promise<void> {
    const open = this.of(vscode.Uri.parse(state.model));
    if (open) return open.show(state);
    const before = this.open.findLast(({ current }) => current.model === state.model);
    this.services.selections.take(state, undefined);
    this.add(this.create("Neural Loupe", before?.panel.viewColumn ?? vscode.ViewColumn.Beside), state);
  }

  /** Shows a pinned result: in its own panel, or a new one that is pinned. */
  showPinned(state: PanelState & { readonly pinned: string }): void {
    const open = this.open.find(({ current }) => current.pinned === state.pinned);
    if (open) return open.panel.reveal(undefined, false);
    const before = this.open.at(-1);
    this.add(this.create("Neural Loupe", before?.panel.viewColumn ?? vscode.ViewColumn.Active), state);
  }

  protected revive(kept: unknown): PanelState | undefined {
    const state = readPanelState(kept, this.services.techniques);
    if (!state || this.services.results.of(state.pinned)) return state;
    // It was taken off the list meanwhile, in another window perhaps.
    const { pinned: _, ...rest } = state;
    return rest;
  }

  protected add(panel: vscode.WebviewPanel, state: PanelState): undefined {
    const made = new TechniquePanel(this.services, panel, state, (next) => this.show(next));
    this.open.push(made);
    this.services.selections.resume(state);
    panel.onDidChangeViewState(() => {
      if (panel.active) this.open.push(...this.open.splice(this.open.indexOf(made), 1));
    });
    panel.onDidDispose(() => this.open.splice(this.open.indexOf(made), 1));
  }
}
