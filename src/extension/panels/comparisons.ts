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
  constructor(
    services: Services,
    private readonly panels: Panels,
  ) {
    super(services, panelViewTypes.compare);
  }

  /** Opens a comparison where the person is: it wants the width. */
  open(state: CompareState): void {
    this.add(this.create("Compare", vscode.ViewColumn.Active), state);
  }

  protected revive(kept: unknown): CompareState | undefined {
    return readCompareState(kept, this.services.techniques);
  }

  protected add(panel: vscode.WebviewPanel, state: CompareState): undefined {
    new ComparePanel(this.services, panel, state, (cell) => this.panels.show(cell));
  }
}
