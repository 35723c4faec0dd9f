import * as vscode from "vscode";
import type { Result } from "../../protocol/result.ts";
import type { Axis, CompareBoot, CompareHost, CompareState, CompareView } from "../../protocol/compare.ts";
import { cellState, isComparable } from "../../protocol/compare.ts";
import { Link, RemoteError } from "../../protocol/link.ts";
import type { Handlers } from "../../protocol/link.ts";
import type { PanelState } from "../../protocol/panel.ts";
import { back } from "../commands/pick.ts";
import { pickEntries } from "../commands/pick-entries.ts";
import { browseFiles, pickInput, rememberInput } from "../commands/pick-input.ts";
import { pickTarget } from "../commands/pick-target.ts";
import { inputName, inputPath, nameOf } from "../files.ts";
import { modelStamp, recipeStamp } from "../stamps.ts";
import { webviewPage } from "../html.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { blockedReason } from "../trust.ts";
import { watchFile, watchModel } from "../watch.ts";
import { webviewWire } from "../webview-wire.ts";
import { readCompareState } from "./compare-state.ts";
import { saveBytes } from "./save.ts";
import { recipeFile } from "./save-recipe.ts";
import { SharedRuns } from "./shared-run.ts";
import { checkedPanelState, refuseChanges } from "./state.ts";

/** One comparison. Its webview may come and go; this stays. Each cell is a job of its own, the same as a panel's. */
export class ComparePanel {
  private readonly link: Link<CompareHost, CompareView>;
  private readonly disposables: vscode.Disposable[] = [];
  private readonly runs = new SharedRuns<{ readonly result: Result; readonly cached: boolean }>();
  private loaded = false;
  private facts: Facts | undefined;
  /** By model URI: its watchers, and what its files were when the webview was last told. */
  private readonly watched = new Map<string, { readonly watching: vscode.Disposable; model: string; recipe: string }>();

  constructor(
    private readonly services: Services,
    readonly panel: vscode.WebviewPanel,
    private state: CompareState,
    private readonly onOpenPanel: (state: PanelState) => Promise<void>,
  ) {
    const { context, engine } = services;
    const { webview } = panel;
    const bundle = vscode.Uri.joinPath(context.extensionUri, "dist", "webview");
    const media = vscode.Uri.joinPath(context.extensionUri, "media");
    webview.options = { enableScripts: true, localResourceRoots: [bundle, media] };
    panel.iconPath = {
      light: vscode.Uri.joinPath(media, "loupe-light.svg"),
      dark: vscode.Uri.joinPath(media, "loupe-dark.svg"),
    };
    this.showTitle();
    this.link = new Link<CompareHost, CompareView>(webviewWire(webview), this.handlers());
    webview.html = webviewPage({
      cspSource: webview.cspSource,
      title: panel.title,
      script: String(webview.asWebviewUri(vscode.Uri.joinPath(bundle, "compare.js"))),
      style: String(webview.asWebviewUri(vscode.Uri.joinPath(bundle, "compare.css"))),
    });
    this.watch();
    this.disposables.push(
      engine.hold(),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.tell("trusted")),
    );
    panel.onDidChangeViewState(
      () => {
        if (!panel.visible) this.loaded = false;
      },
      undefined,
      this.disposables,
    );
    panel.onDidDispose(() => {
      // Closing the link cancels the cells that run.
      this.link.close("The comparison was closed.");
      for (const { watching } of this.watched.values()) watching.dispose();
      for (const disposable of this.disposables) disposable.dispose();
    });
  }

  private handlers(): Handlers<CompareHost> {
    const { services } = this;
    return {
      ready: async () => {
        const boot = await this.boot();
        this.loaded = true;
        return boot;
      },
      find: async ({ cell }) => {
        const result = await services.runner.find(this.cell(cell));
        return result ? { result } : {};
      },
      // A page that was hidden and is shown again joins what it began.
      run: async ({ cell }, context) => {
        const state = this.cell(cell);
        return this.runs.join(await services.runner.keyOf(state), context, (options) =>
          services.runner.run(state, options),
        );
      },
      remember: ({ state }) => {
        this.take(state);
      },
      pickEntries: async ({ state, kind, chosen }) => {
        const taken = this.take(state);
        const facts = await services.facts.of(vscode.Uri.parse(taken.base.model).fsPath);
        const entries = await pickEntries(services, {
          state: panelStateOf(taken),
          facts,
          kind,
          chosen,
          methods: methodsOf(taken),
        });
        return entries && { entries };
      },
      pickInput: async ({ state }) => {
        const { base } = this.take(state);
        const model = vscode.Uri.parse(base.model);
        const facts = await services.facts.of(model.fsPath);
        const input = await pickInput(services.context, model, facts.recipe, {
          title: "Input of the comparison",
          current: vscode.Uri.parse(base.input),
        });
        if (!input || input === back) return undefined;
        await rememberInput(services.context, input);
        return { input: input.toString(), name: inputName(input) };
      },
      pickTarget: async ({ state }) => {
        const taken = this.take(state);
        const model = vscode.Uri.parse(taken.base.model);
        const facts = await services.facts.of(model.fsPath);
        const chosen = await pickTarget(services, panelStateOf(taken), facts, { title: `Class of ${nameOf(model)}` });
        return !chosen || chosen === back ? undefined : chosen;
      },
      pickFile: async ({ state, title }) => {
        const model = vscode.Uri.parse(this.take(state).base.model);
        const { recipe } = await services.facts.of(model.fsPath);
        const [file] = (await browseFiles(title, recipe, model, false)) ?? [];
        return file && { path: inputPath(file) };
      },
      save: async ({ suggestedName, bytes }) => {
        const saved = await saveBytes(suggestedName, bytes, vscode.Uri.parse(this.state.base.input));
        return saved ? { saved: true, path: saved.fsPath } : { saved: false };
      },
      openPanel: async ({ cell }) => this.onOpenPanel(this.cell(cell)),
    };
  }

  /** All that a webview needs to draw. Where the model is gone, what was known of it. */
  private async boot(): Promise<CompareBoot> {
    const { services, state } = this;
    try {
      this.facts = await services.facts.of(vscode.Uri.parse(state.base.model).fsPath);
    } catch (error) {
      if (!this.facts) throw error;
    }
    const { model, recipe } = this.facts;
    const blocked = modelsOf(state)
      .map((uri) => blockedReason(vscode.Uri.parse(uri)))
      .find((reason) => reason !== undefined);
    await this.look();
    return {
      state,
      techniques: services.techniques.filter(isComparable),
      inputName: inputName(vscode.Uri.parse(state.base.input)),
      recipe,
      outputs: model.outputs.map(({ name }) => name),
      ...(blocked ? { blocked } : {}),
    };
  }

  /** A cell from the webview, checked. */
  private cell(cell: unknown): PanelState {
    return checkedPanelState(cell, this.services.techniques.filter(isComparable));
  }

  private take(state: unknown): CompareState {
    const sound = readCompareState(state, this.services.techniques);
    if (!sound)
      throw new RemoteError("UsageError", "This does not say what is compared.", undefined, "Reload the comparison.");
    refuseChanges(state, sound);
    this.state = sound;
    this.showTitle();
    this.watch();
    return this.state;
  }

  private showTitle(): void {
    this.panel.title = `Compare: ${inputName(vscode.Uri.parse(this.state.base.input))}`;
  }

  /** Watches the models that are compared now, and no others. */
  private watch(): void {
    const wanted = new Set(modelsOf(this.state).filter((uri) => uri.startsWith("file:")));
    for (const [uri, { watching }] of this.watched) {
      if (wanted.has(uri)) continue;
      watching.dispose();
      this.watched.delete(uri);
    }
    for (const uri of wanted) {
      if (this.watched.has(uri)) continue;
      const model = vscode.Uri.parse(uri);
      const watching = vscode.Disposable.from(
        watchModel(model, (change) => void this.onFile(uri, change === "deleted" ? "model-deleted" : "model-changed")),
        watchFile(recipeFile(model), () => void this.onFile(uri, "recipe")),
      );
      this.watched.set(uri, { watching, model: "", recipe: "" });
      void this.look();
    }
  }

  private async look(): Promise<void> {
    await Promise.all([...this.watched].map(async ([uri, seen]) => Object.assign(seen, await stampsOf(uri))));
  }

  private async onFile(uri: string, reason: "model-changed" | "model-deleted" | "recipe"): Promise<void> {
    const seen = this.watched.get(uri);
    if (!seen) return;
    const now = await stampsOf(uri);
    const which = reason === "recipe" ? "recipe" : "model";
    if (now[which] === seen[which]) return;
    this.services.log.info(`${nameOf(vscode.Uri.parse(uri))}: ${reason}`);
    await this.tell(reason);
  }

  /** Tells the webview, while there is one that listens; others ask when they are ready. */
  private async tell(reason: Parameters<CompareView["changed"]>[0]["reason"]): Promise<void> {
    if (!this.loaded || !this.panel.visible) return;
    try {
      await this.link.call("changed", { boot: await this.boot(), reason });
    } catch (error) {
      // A panel that was closed or hidden meanwhile has nothing to be told.
      this.services.log.warn(`${this.panel.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function stampsOf(uri: string): Promise<{ readonly model: string; readonly recipe: string }> {
  const gone = (): string => "gone";
  const { fsPath } = vscode.Uri.parse(uri);
  const [model, recipe] = await Promise.all([modelStamp(fsPath).catch(gone), recipeStamp(fsPath).catch(gone)]);
  return { model, recipe };
}

/** The state of a panel on the common ground. */
function panelStateOf(state: CompareState): PanelState {
  return cellState(state, []);
}

function axesOf({ columns, rows }: CompareState): readonly Axis[] {
  return rows ? [columns, rows] : [columns];
}

function modelsOf(state: CompareState): readonly string[] {
  const along = axesOf(state).flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.kind === "model" ? [entry.model] : [])),
  );
  return along.length ? [...new Set(along)] : [state.base.model];
}

function methodsOf(state: CompareState): readonly string[] {
  const along = axesOf(state).flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.kind === "method" ? [entry.technique] : [])),
  );
  return along.length ? along : [state.base.technique];
}
