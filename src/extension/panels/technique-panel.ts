import * as vscode from "vscode";
import { checkState } from "../../protocol/checks.ts";
import { Link, RemoteError } from "../../protocol/link.ts";
import type { CallContext, Handlers } from "../../protocol/link.ts";
import type { Result } from "../../protocol/result.ts";
import type { PanelBoot, PanelHost, PanelState, PanelView } from "../../protocol/panel.ts";
import { copyAsPython, exportExplanation } from "../commands/export-explanation.ts";
import { back } from "../commands/pick.ts";
import { browseFiles, pickInput, rememberInput } from "../commands/pick-input.ts";
import { pickTarget } from "../commands/pick-target.ts";
import { usualOutput } from "../../protocol/target.ts";
import { inputName, inputPath, nameOf, stem } from "../files.ts";
import { modelStamp, recipeStamp } from "../stamps.ts";
import { webviewPage } from "../html.ts";
import type { Facts } from "../model-facts.ts";
import type { Services } from "../services.ts";
import { blockedReason } from "../trust.ts";
import { watchFile, watchModel } from "../watch.ts";
import { webviewWire } from "../webview-wire.ts";
import { saveBytes } from "./save.ts";
import { saveRecipe, recipeFile } from "./save-recipe.ts";
import { SharedRun } from "./shared-run.ts";
import { checkedPanelState } from "./state.ts";

/** One panel: a model, an input, and the methods that look at them. Its webview may come and go; this stays. */
export class TechniquePanel {
  private readonly link: Link<PanelHost, PanelView>;
  private readonly disposables: vscode.Disposable[] = [];
  private readonly run: SharedRun<{ result: Result; cached: boolean }>;
  private loaded = false;
  private facts: Facts | undefined;
  private last: { readonly key: string; readonly result: Result } | undefined;
  /** What the files were when the webview was last told. */
  private seen = { model: "", recipe: "" };

  constructor(
    private readonly services: Services,
    readonly panel: vscode.WebviewPanel,
    private state: PanelState,
    onDispose: () => void,
  ) {
    const { context, engine } = services;
    const { webview } = panel;
    const bundle = vscode.Uri.joinPath(context.extensionUri, "dist", "webview");
    const media = vscode.Uri.joinPath(context.extensionUri, "media");
    this.run = new SharedRun();
    webview.options = { enableScripts: true, localResourceRoots: [bundle, media] };
    panel.iconPath = {
      light: vscode.Uri.joinPath(media, "loupe-light.svg"),
      dark: vscode.Uri.joinPath(media, "loupe-dark.svg"),
    };
    this.showTitle();
    this.link = new Link<PanelHost, PanelView>(webviewWire(webview), this.handlers());
    webview.html = webviewPage({
      cspSource: webview.cspSource,
      title: panel.title,
      script: String(webview.asWebviewUri(vscode.Uri.joinPath(bundle, "explain.js"))),
      style: String(webview.asWebviewUri(vscode.Uri.joinPath(bundle, "explain.css"))),
    });
    this.disposables.push(
      engine.hold(),
      watchModel(this.model, (change) => void this.onFile(change === "deleted" ? "model-deleted" : "model-changed")),
      watchFile(recipeFile(this.model), () => void this.onFile("recipe")),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.tell("command")),
    );
    panel.onDidChangeViewState(
      () => {
        if (!panel.visible) this.loaded = false;
      },
      undefined,
      this.disposables,
    );
    panel.onDidDispose(() => {
      this.link.close("The panel was closed.");
      this.run.abort();
      for (const disposable of this.disposables) disposable.dispose();
      onDispose();
    });
  }

  get model(): vscode.Uri {
    return vscode.Uri.parse(this.state.model);
  }

  /** What it shows now. */
  get current(): PanelState {
    return this.state;
  }

  /** Shows this method (and layer, input, target where given) in this panel, and brings it to the front. */
  async show(change: Partial<Pick<PanelState, "technique" | "layer" | "input" | "target">>): Promise<void> {
    // Another method finds its layer by itself: an early layer's feature maps do not decide where Grad-CAM looks.
    const { layer, moreLayers, ...rest } = this.state;
    const another = change.technique !== undefined && change.technique !== this.state.technique;
    this.state = {
      ...rest,
      ...(another || layer === undefined ? {} : { layer }),
      ...(another || moreLayers === undefined || change.layer !== undefined ? {} : { moreLayers }),
      ...change,
    };
    this.showTitle();
    this.panel.reveal(undefined, false);
    await this.tell("command");
  }

  private handlers(): Handlers<PanelHost> {
    const { services } = this;
    return {
      ready: async () => {
        for (;;) {
          const { state } = this;
          const boot = await this.boot();
          // A command may have chosen something else meanwhile: then that is what the page begins with.
          if (state !== this.state) continue;
          this.loaded = true;
          return boot;
        }
      },
      run: async ({ state }, context) => this.runState(this.take(state), context),
      check: async ({ state, check }, { signal, progress }) => {
        const checked = checkState(this.read(state), check, services.techniques);
        if (!checked) throw new RemoteError("UsageError", `"${check}" does not check ${state.technique}.`);
        return services.runner.run(checked, { signal, onProgress: progress });
      },
      remember: ({ state }) => {
        this.take(state);
      },
      layers: ({ state }, { signal, progress }) =>
        services.runner.layers(this.read(state), { signal, onProgress: progress }),
      channel: ({ state, channel }, { signal, progress }) =>
        services.runner.channel(this.read(state), channel, { signal, onProgress: progress }),
      tiles: ({ state, from, to }, { signal, progress }) =>
        services.runner.tiles(this.read(state), from, to, { signal, onProgress: progress }),
      preview: ({ state, recipe }, { signal, progress }) =>
        services.engine.call(
          "preview",
          { model: this.model.fsPath, recipe, input: inputPath(vscode.Uri.parse(this.read(state).input)) },
          { signal, onProgress: progress },
        ),
      saveRecipe: async ({ recipe }) => {
        const report = await saveRecipe(services, this.model, recipe);
        this.seen.recipe = await recipeStamp(this.model.fsPath);
        return report;
      },
      pickInput: async ({ state }) => {
        const facts = await services.facts.of(this.model.fsPath);
        const current = vscode.Uri.parse(this.read(state).input);
        const input = await pickInput(services.context, this.model, facts.recipe, {
          title: `Input of ${nameOf(this.model)}`,
          current,
        });
        return !input || input === back ? undefined : { input: input.toString(), name: inputName(input) };
      },
      pickFiles: async ({ many, title }) => {
        const { recipe } = await this.services.facts.of(this.model.fsPath);
        const files = await browseFiles(title, recipe, this.model, many);
        return files && { inputs: files.map(String), paths: files.map((file) => inputPath(file)) };
      },
      pickTarget: async ({ state }) => {
        const facts = await services.facts.of(this.model.fsPath);
        const chosen = await pickTarget(services, this.read(state), facts, { title: `Class of ${nameOf(this.model)}` });
        return !chosen || chosen === back ? undefined : chosen;
      },
      save: async ({ suggestedName, bytes }) => {
        const saved = await saveBytes(suggestedName, bytes, vscode.Uri.parse(this.state.input));
        return saved ? { saved: true, path: saved.fsPath } : { saved: false };
      },
      compare: ({ state }) =>
        void vscode.commands.executeCommand("neuralLoupe.compare", this.model, { state: this.read(state) }),
      exportModel: async ({ state }) => {
        const file = await exportExplanation(services, this.take(state));
        return file === undefined ? {} : { path: file };
      },
      copyPython: async ({ provenance }) => ({ notice: await copyAsPython(provenance) }),
      openModel: () => void vscode.commands.executeCommand("vscode.openWith", this.model, "neuralLoupe.model"),
    };
  }

  private async runState(state: PanelState, context: CallContext): Promise<{ result: Result; cached: boolean }> {
    const { runner } = this.services;
    const key = await runner.keyOf(state);
    const reply = await this.run.join(key, context, (options) => runner.run(state, options));
    this.last = { key, result: reply.result };
    return reply;
  }

  /** All that a webview needs to draw. Where the model is gone, what was known of it. */
  private async boot(): Promise<PanelBoot> {
    const { services, state } = this;
    try {
      this.facts = await services.facts.of(this.model.fsPath);
    } catch (error) {
      if (!this.facts) throw error;
    }
    const { model, recipe } = this.facts;
    const input = vscode.Uri.parse(state.input);
    const blocked = blockedReason(this.model);
    const result = await this.knownResult();
    await this.look();
    return {
      state,
      techniques: services.techniques,
      modelName: nameOf(this.model),
      inputName: inputName(input),
      recipe,
      outputs: model.outputs.map(({ name }) => name),
      defaultOutput: usualOutput(model),
      ...(result ? { result } : {}),
      ...(blocked ? { blocked } : {}),
    };
  }

  private async knownResult(): Promise<Result | undefined> {
    try {
      const key = await this.services.runner.keyOf(this.state);
      return this.last?.key === key ? this.last.result : await this.services.runner.find(this.state);
    } catch {
      // The model or the input is not there any more: the last picture is better than none.
      return this.last?.result;
    }
  }

  private async onFile(reason: "model-changed" | "model-deleted" | "recipe"): Promise<void> {
    const before = this.seen;
    await this.look();
    const which = reason === "recipe" ? "recipe" : "model";
    if (this.seen[which] === before[which]) return;
    this.services.log.info(`${nameOf(this.model)}: ${reason}`);
    await this.tell(reason);
  }

  private async look(): Promise<void> {
    const gone = (): string => "gone";
    const [model, recipe] = await Promise.all([
      modelStamp(this.model.fsPath).catch(gone),
      recipeStamp(this.model.fsPath).catch(gone),
    ]);
    this.seen = { model, recipe };
  }

  /** Tells the webview, while there is one that listens; others ask when they are ready. */
  private async tell(reason: "model-changed" | "model-deleted" | "command" | "recipe"): Promise<void> {
    if (!this.loaded || !this.panel.visible) return;
    try {
      await this.link.call("changed", { boot: await this.boot(), reason });
    } catch (error) {
      // A panel that was closed or hidden meanwhile has nothing to be told.
      this.services.log.warn(`panel ${this.panel.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** A state from the webview, checked; the model is this panel's whatever it says. */
  private read(state: unknown): PanelState {
    return { ...checkedPanelState(state, this.services.techniques), model: this.state.model };
  }

  private take(state: unknown): PanelState {
    const taken = this.read(state);
    if (taken.input !== this.state.input) void rememberInput(this.services.context, vscode.Uri.parse(taken.input));
    this.state = taken;
    this.showTitle();
    return taken;
  }

  private showTitle(): void {
    const info = this.services.techniques.find(({ id }) => id === this.state.technique);
    this.panel.title = `${info?.title ?? "Neural Loupe"}: ${stem(this.model)}`;
  }
}
