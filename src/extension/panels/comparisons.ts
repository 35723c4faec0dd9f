import * as vscode from "vscode";
import type { CompareState } from "../../protocol/compare.ts";
import { panelViewTypes } from "../commands/ids.ts";
import type { Services } from "../services.ts";
import { ComparePanel } from "./compare-panel.ts";
import { readCompareState } from "./compare-state.ts";
import type { Panels } from "./panels.ts";
import { PanelRegistry } from "./registry.ts";

/** The window's comparisons, any number of them. */
export class Comparisons extends PanelRegistry<CompareState> {
  private readonly shown: ComparePanel[] = [];

  constructor(
    services: Services,
    private readonly panels: Panels,
  ) {
    super(services, panelViewTypes.compare);
  }

  /** Opens a comparison where the person is: it wants the width. It is listed among the results from then on. */
  open(state: CompareState): void {
    const { results } = this.services;
    this.add(this.create("Compare", vscode.ViewColumn.Active), results.isFull ? state : results.keep(state));
    if (results.isFull)
      void vscode.window.showWarningMessage(
        "The list of results is full, so what comes next is not listed. Remove some under Results in the activity bar's Neural Loupe.",
      );
  }

  /** Shows a comparison of the list: in its own tab, or a new one. */
  showKept(state: CompareState & { readonly kept: string }): void {
    const open = this.shown.find(({ current }) => current.kept === state.kept);
    if (open) return open.panel.reveal(undefined, false);
    this.add(this.create("Compare", vscode.ViewColumn.Active), state);
  }

  protected revive(kept: unknown): CompareState | undefined {
    return readCompareState(kept, this.services.techniques);
  }

  protected add(panel: vscode.WebviewPanel, state: CompareState): undefined {
    const made = new ComparePanel(this.services, panel, state, (cell) => this.panels.show(cell));
    this.shown.push(made);
    panel.onDidDispose(() => this.shown.splice(this.shown.indexOf(made), 1));
  }
}
