import * as vscode from "vscode";
import type { Result } from "../../protocol/result.ts";
import type { Axis, CompareBoot, CompareHost, CompareState } from "../../protocol/compare.ts";
import { cellState, isComparable } from "../../protocol/compare.ts";
import { RemoteError } from "../../protocol/link.ts";
import type { Handlers } from "../../protocol/link.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { pickEntries } from "../commands/pick-entries.ts";
import { inputName, nameOf } from "../files.ts";
import type { Services } from "../services.ts";
import { blockedReason } from "../trust.ts";
import { ModelWatcher } from "../watch.ts";
import { loupeIcon, WebviewSession } from "../webview-session.ts";
import { refuseChanges } from "./changes.ts";
import { readCompareState } from "./compare-state.ts";
import { SharedRuns } from "./shared-run.ts";
import { checkedPanelState } from "./state.ts";
import { subjectBoot, subjectHandlers } from "./subject.ts";

/** One comparison. Each cell is a job of its own, the same as a panel's. */
export class ComparePanel extends WebviewSession<CompareHost> {
  private readonly sharedRuns = new SharedRuns<{ readonly result: Result; readonly cached: boolean }>();
  private readonly watcher: ModelWatcher;

  constructor(
    services: Services,
    panel: vscode.WebviewPanel,
    private state: CompareState,
    private readonly onOpenPanel: (state: PanelState) => Promise<void>,
  ) {
    super(services, panel);
    panel.iconPath = loupeIcon(services);
    this.watcher = this.register(
      new ModelWatcher((model, reason) => {
        services.log.info(`${nameOf(model)}: ${reason}`);
        void this.notifyWebview(reason);
      }),
    );
    this.onState();
    this.open("compare", panel.title, this.handlers());
  }

  private handlers(): Omit<Handlers<CompareHost>, "ready"> {
    const { services } = this;
    const { runner } = services;
    return {
      ...subjectHandlers<CompareState>(
        services,
        (state) => panelStateOf(this.acceptState(state)),
        () => this.state.base,
      ),
      find: async ({ cell }) => {
        const result = await runner.find(this.validateCell(cell));
        return result ? { result } : {};
      },
      // A page that was hidden and is shown again joins what it began.
      run: async ({ cell }, context) => {
        const state = this.validateCell(cell);
        const key = await runner.keyOf(state);
        return this.sharedRuns.join(key, context, (options) =>
          runner.run(state, { ...options, priority: "background" }),
        );
      },
      array: ({ cell, ...of }, { signal, progress }) =>
        runner.array(this.validateCell(cell), of, { signal, onProgress: progress }),
      remember: ({ state }) => void this.acceptState(state),
      pickEntries: async ({ state, kind, chosen }) => {
        const accepted = this.acceptState(state);
        const facts = await services.facts.of(vscode.Uri.parse(accepted.base.model).fsPath);
        const entries = await pickEntries(services, {
          state: panelStateOf(accepted),
          facts,
          kind,
          chosen,
          methods: methodsOf(accepted),
        });
        return entries && { entries };
      },
      openPanel: async ({ cell }) => this.onOpenPanel(this.validateCell(cell)),
    };
  }

  protected async boot(): Promise<CompareBoot> {
    const { services, state } = this;
    const subject = await subjectBoot(services, state.base);
    const techniques = services.techniques.filter(isComparable);
    const blocked = modelsOf(state)
      .map((model) => blockedReason(model))
      .find((reason) => reason !== undefined);
    await this.watcher.refreshStamps();
    return { state, techniques, inputName: this.inputName, ...subject, ...(blocked ? { blocked } : {}) };
  }

  private validateCell(cell: unknown): PanelState {
    return checkedPanelState(cell, this.services.techniques.filter(isComparable));
  }

  /** What it shows now. */
  get current(): CompareState {
    return this.state;
  }

  private acceptState(state: unknown): CompareState {
    const sound = readCompareState(state, this.services.techniques);
    if (!sound)
      throw new RemoteError(
        "UsageError",
        "The state of this comparison is not valid.",
        undefined,
        "Reload the comparison.",
      );
    refuseChanges(state, sound);
    const { kept: _, ...shown } = sound;
    this.state = { ...shown, ...(this.state.kept === undefined ? {} : { kept: this.state.kept }) };
    this.services.results.update(this.state.kept, this.state);
    this.onState();
    return this.state;
  }

  private onState(): void {
    this.entitle(`Compare: ${this.inputName}`);
    this.watcher.watch(modelsOf(this.state));
  }

  private get inputName(): string {
    return inputName(vscode.Uri.parse(this.state.base.input));
  }
}

/** The state of a panel on the common ground. */
function panelStateOf(state: CompareState): PanelState {
  return cellState(state, []);
}

function modelsOf(state: CompareState): readonly vscode.Uri[] {
  const along = entriesOf(state).flatMap((entry) => (entry.kind === "model" ? [entry.model] : []));
  return [...new Set(along.length ? along : [state.base.model])].map((uri) => vscode.Uri.parse(uri));
}

function methodsOf(state: CompareState): readonly string[] {
  const along = entriesOf(state).flatMap((entry) => (entry.kind === "method" ? [entry.technique] : []));
  return along.length ? along : [state.base.technique];
}

function entriesOf({ columns, rows }: CompareState): Axis["entries"] {
  return [...columns.entries, ...(rows?.entries ?? [])];
}
