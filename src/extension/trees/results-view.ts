import { stat } from "node:fs/promises";
import * as vscode from "vscode";
import type { AxisEntry } from "../../protocol/compare.ts";
import { copyText } from "../copied.ts";
import { plural } from "../../protocol/format.ts";
import { regionText, targetText } from "../../protocol/target.ts";
import { takesInput, type TechniqueInfo } from "../../protocol/technique.ts";
import { Disposable } from "../disposable.ts";
import { inputName, nameOf, stem } from "../files.ts";
import type { Comparisons } from "../panels/comparisons.ts";
import type { Panels } from "../panels/panels.ts";
import type { KeptEntry } from "../results-store.ts";
import type { Services } from "../services.ts";

/** The view's name in package.json. */
const resultsView = "neuralLoupe.results";

/** "Results" in the activity bar's container: pinned results and comparisons, the newest first. */
export class ResultsView extends Disposable implements vscode.TreeDataProvider<KeptEntry> {
  private readonly changed = this.register(new vscode.EventEmitter<undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<KeptEntry>;

  constructor(
    private readonly services: Services,
    private readonly panels: Panels,
    private readonly comparisons: Comparisons,
  ) {
    super();
    this.view = this.register(vscode.window.createTreeView(resultsView, { treeDataProvider: this }));
    this.register(services.results.onDidChange(() => this.changed.fire(undefined)));
    // Files may have come or gone while nobody looked.
    this.register(this.view.onDidChangeVisibility(({ visible }) => visible && this.changed.fire(undefined)));
    const commands: Record<string, (entry: KeptEntry) => unknown> = {
      "neuralLoupe.openResult": (entry) => this.open(entry),
      "neuralLoupe.renameResult": (entry) => this.rename(entry),
      "neuralLoupe.removeResult": (entry) => this.remove(entry),
      "neuralLoupe.copyResult": async (entry) =>
        copyText(resultFacts(entry, services.techniques).lines.join("\n"), "how the result was made"),
    };
    for (const [id, run] of Object.entries(commands))
      this.register(
        // From a key there is no row: the one that is selected is meant.
        vscode.commands.registerCommand(id, (given?: unknown) => {
          const entry = services.results.of(idOf(given) ?? this.view.selection.at(0)?.id);
          return entry && run(entry);
        }),
      );
    this.register(vscode.commands.registerCommand("neuralLoupe.removeAllResults", () => this.removeAll()));
  }

  getChildren(entry?: KeptEntry): KeptEntry[] {
    return entry ? [] : [...this.services.results.all];
  }

  async getTreeItem(entry: KeptEntry): Promise<vscode.TreeItem> {
    const { label, description, lines, icon } = resultFacts(entry, this.services.techniques);
    const missing = await missingFiles(entry);
    const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.None);
    return Object.assign(item, {
      id: entry.id,
      description: [missing, description].filter(Boolean).join(" · "),
      tooltip: [...lines, ...(missing ? [`${missing}: what was computed is shown while it is in the cache`] : [])].join(
        "\n",
      ),
      iconPath: missing
        ? new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"))
        : new vscode.ThemeIcon(icon),
      contextValue: entry.kind,
      accessibilityInformation: { label: [label, missing, description].filter(Boolean).join(", ") },
      command: { command: "neuralLoupe.openResult", title: "Open", arguments: [{ id: entry.id }] },
    });
  }

  private open(entry: KeptEntry): void {
    if (entry.kind === "result") this.panels.showPinned({ ...entry.state, pinned: entry.id });
    else this.comparisons.showKept({ ...entry.state, kept: entry.id });
  }

  private async rename(entry: KeptEntry): Promise<void> {
    const { usual, label } = resultFacts(entry, this.services.techniques);
    const name = await vscode.window.showInputBox({
      title: `Rename ${label}`,
      value: entry.name ?? usual,
      prompt: `Its name under Results and on its tab. Empty: ${usual}`,
    });
    if (name !== undefined) this.services.results.rename(entry.id, name === usual ? "" : name);
  }

  private async remove(entry: KeptEntry): Promise<void> {
    const { label } = resultFacts(entry, this.services.techniques);
    const undo = this.services.results.remove(entry.id);
    if (!undo) return;
    const answer = await vscode.window.showInformationMessage(`Removed "${label}" from the results.`, "Undo");
    if (answer === "Undo") undo();
  }

  private async removeAll(): Promise<void> {
    const { results } = this.services;
    if (!results.all.length) return;
    const remove = "Remove All";
    const answer = await vscode.window.showWarningMessage(
      `Remove ${plural(results.all.length, "result")} from the list?`,
      { modal: true, detail: "Open tabs stay, without their pins. Files are not touched." },
      remove,
    );
    if (answer === remove) results.clear();
  }
}

/** What is told of an entry: model, method, input, target, when. */
export function resultFacts(
  entry: KeptEntry,
  techniques: readonly TechniqueInfo[],
): {
  readonly label: string;
  /** Its label unless the person gave it a name. */
  readonly usual: string;
  readonly description: string;
  readonly lines: readonly string[];
  readonly icon: string;
} {
  const state = entry.kind === "result" ? entry.state : entry.state.base;
  const model = vscode.Uri.parse(state.model);
  const info = techniques.find(({ id }) => id === state.technique);
  const titleOf = (id: string): string => techniques.find((one) => one.id === id)?.title ?? id;
  const input =
    state.input === undefined || (entry.kind === "result" && info && !takesInput(info))
      ? undefined
      : inputName(vscode.Uri.parse(state.input)) + (state.more?.length ? ` and ${state.more.length} more` : "");
  const target = targetOf(entry, info);
  const when =
    entry.made > 0 ? new Date(entry.made).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "";
  const axes = entry.kind === "result" ? [] : [entry.state.columns, ...(entry.state.rows ? [entry.state.rows] : [])];
  const compared = axes.map(({ kind, entries }) => plural(entries.length, kind)).join(" × ");
  const usual = entry.kind === "result" ? (info?.title ?? state.technique) : `Comparison of ${compared}`;
  return {
    usual,
    label: entry.name ?? usual,
    description: [entry.name === undefined ? undefined : usual, input, target, stem(model), when]
      .filter(Boolean)
      .join(" · "),
    lines: [
      ...(entry.name === undefined ? [] : [entry.name]),
      `Model: ${model.fsPath}`,
      entry.kind === "result" ? `Method: ${usual}` : usual,
      ...axes.map(
        ({ kind, entries }) => `${capital(kind)}s: ${entries.map((one) => entryText(one, titleOf)).join(", ")}`,
      ),
      ...(input === undefined ? [] : [`Input: ${input}`]),
      ...(target === undefined ? [] : [`Target: ${target}`]),
      ...(state.layer === undefined ? [] : [`Layer: ${[state.layer, ...(state.moreLayers ?? [])].join(", ")}`]),
      ...(when ? [`${entry.kind === "result" ? "Pinned" : "Made"}: ${when}`] : []),
    ],
    icon: entry.kind === "result" ? "pinned" : "split-horizontal",
  };
}

function targetOf(entry: KeptEntry, info: TechniqueInfo | undefined): string | undefined {
  const { target, ...state } = entry.kind === "result" ? entry.state : entry.state.base;
  if (entry.kind === "result" && (info?.needs.target !== true || entry.target !== undefined)) return entry.target;
  if (entry.kind === "comparison" && entry.state.columns.kind === "target") return undefined;
  if (entry.kind === "comparison" && entry.state.rows?.kind === "target") return undefined;
  if (!info && state.technique === "") return undefined;
  if (target.region) return regionText(target.region);
  return target.index ? targetText({ ...target, index: target.index }) : "top prediction";
}

function entryText(entry: AxisEntry, titleOf: (id: string) => string): string {
  switch (entry.kind) {
    case "method":
      return titleOf(entry.technique);
    case "target":
      return entry.label;
    case "layer":
      return entry.layer ?? "automatic";
    case "model":
      return nameOf(vscode.Uri.parse(entry.model));
  }
}

/** "The model is gone", "the input is gone": what is no longer on disk; undefined where all is there. */
async function missingFiles(entry: KeptEntry): Promise<string | undefined> {
  const { model, input } = entry.kind === "result" ? entry.state : entry.state.base;
  const isGone = async (uri: string | undefined): Promise<boolean> => {
    if (uri === undefined) return false;
    const { scheme, fsPath } = vscode.Uri.parse(uri);
    return (
      scheme === "file" &&
      (await stat(fsPath).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === "ENOENT",
      ))
    );
  };
  const [modelGone, inputGone] = await Promise.all([isGone(model), isGone(input)]);
  if (modelGone) return inputGone ? "Model and input are gone" : "The model is gone";
  return inputGone ? "The input is gone" : undefined;
}

function idOf(given: unknown): string | undefined {
  const id = typeof given === "object" && given !== null ? (given as { id?: unknown }).id : undefined;
  return typeof id === "string" ? id : undefined;
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
