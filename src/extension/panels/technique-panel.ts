import * as vscode from "vscode";
import { checksOf, checkState } from "../../protocol/checks.ts";
import { RemoteError } from "../../protocol/link.ts";
import type { CallContext, Handlers } from "../../protocol/link.ts";
import type { Result } from "../../protocol/result.ts";
import type { PanelBoot, PanelHost, PanelState } from "../../protocol/panel.ts";
import { copyAsPython, exportExplanation } from "../commands/export-explanation.ts";
import { modelViewType } from "../commands/ids.ts";
import { rememberInput } from "../commands/pick-input.ts";
import { pickMethod, unfitMethods } from "../commands/pick-method.ts";
import { pickModel } from "../commands/pick-model.ts";
import { commandId } from "../commands/ids.ts";
import { stepInput } from "../commands/step-input.ts";
import { copyText } from "../copied.ts";
import { inputName, nameOf, stem } from "../files.ts";
import { confirmSaved } from "../saved.ts";
import type { Services } from "../services.ts";
import { blockedReason } from "../trust.ts";
import { ModelWatcher } from "../watch.ts";
import { loupeIcon, pinnedIcon, WebviewSession } from "../webview-session.ts";
import { classNameHandlers, scoresOf } from "./class-names.ts";
import { inputFormHandlers } from "./input-form.ts";
import { SharedRun } from "./shared-run.ts";
import { checkedPanelState } from "./state.ts";
import { subjectBoot, subjectHandlers } from "./subject.ts";

/** One panel: a model, an input, and the methods that look at them. */
export class TechniquePanel extends WebviewSession<PanelHost> {
  private readonly sharedRun = new SharedRun<{ result: Result; cached: boolean }>();
  private readonly watcher: ModelWatcher;
  /** Its state was changed by another view while its page was away. */
  private followed = false;
  /** What a command asked for, and the page does not know of yet. */
  private asked: PanelBoot["reliability"];
  private last: { readonly key: string; readonly result: Result } | undefined;

  constructor(
    services: Services,
    panel: vscode.WebviewPanel,
    private state: PanelState,
    private readonly onNext: (state: PanelState) => Promise<void>,
  ) {
    super(services, panel);
    this.register({ dispose: () => this.sharedRun.abort() });
    this.watcher = this.register(
      new ModelWatcher((model, reason) => {
        services.log.info(`${nameOf(model)}: ${reason}`);
        void this.notifyWebview(reason);
      }),
    );
    this.watcher.watch([this.model]);
    this.register(services.results.onDidChange(() => void this.onResults()));
    this.register(services.selections.onDidChange(({ model, by }) => void this.onSelection(model, by)));
    this.showTitle();
    this.open("explain", panel.title, this.handlers());
  }

  get model(): vscode.Uri {
    return vscode.Uri.parse(this.state.model);
  }

  /** What it shows now. */
  get current(): PanelState {
    return this.state;
  }

  /** Shows this method (and layer, input, target where given) in this panel, and brings it to the front. */
  async show(
    change: Partial<Pick<PanelState, "technique" | "layer" | "moreLayers" | "input" | "target" | "params" | "form">>,
  ): Promise<void> {
    // Another method finds its layer by itself: an early layer's feature maps do not decide where Grad-CAM looks.
    const { layer, moreLayers, ...rest } = this.state;
    const another = change.technique !== undefined && change.technique !== this.state.technique;
    this.state = {
      ...rest,
      ...(another || layer === undefined ? {} : { layer }),
      ...(another || moreLayers === undefined || change.layer !== undefined ? {} : { moreLayers }),
      ...change,
    };
    this.services.selections.take(this.state, this);
    this.showTitle();
    this.panel.reveal(undefined, false);
    await this.notifyWebview("command");
  }

  /** Opens "How reliable is this explanation?" under the result, and runs a check of it where one is named. */
  async showReliability(check?: string): Promise<void> {
    const opened = check === undefined ? [] : [check];
    this.asked = check === undefined ? {} : { check };
    this.state = { ...this.state, reliability: [...new Set([...(this.state.reliability ?? []), ...opened])] };
    this.panel.reveal(undefined, false);
    await this.notifyWebview("command");
  }

  private handlers(): Omit<Handlers<PanelHost>, "ready"> {
    const { services } = this;
    const { engine, runner } = services;
    return {
      ...subjectHandlers<PanelState>(
        services,
        (state) => this.validateState(state),
        () => this.state,
        { hasForm: true },
      ),
      ...inputFormHandlers(services, (state) => this.validateState(state)),
      run: async ({ state }, context) => this.run(this.acceptState(state), context),
      check: ({ state, check }, { signal, progress }) =>
        runner.run(this.checked(state, check), { signal, onProgress: progress }),
      knownChecks: ({ state }) => this.knownChecks(this.validateState(state)),
      remember: ({ state }) => void this.acceptState(state),
      layers: ({ state }, { signal, progress }) =>
        runner.layers(this.validateState(state), { signal, onProgress: progress }),
      channel: ({ state, channel }, { signal, progress }) =>
        runner.channel(this.validateState(state), channel, { signal, onProgress: progress }),
      tiles: ({ state, from, to }, { signal, progress }) =>
        runner.tiles(this.validateState(state), from, to, { signal, onProgress: progress }),
      array: ({ state, check, ...of }, { signal, progress }) =>
        runner.array(check === undefined ? this.validateState(state) : this.checked(state, check), of, {
          signal,
          onProgress: progress,
        }),
      preview: async ({ state, recipe }, { signal, progress }) =>
        runner.preview(this.validateState(state), recipe, { signal, onProgress: progress }),
      saveRecipe: async ({ recipe }) => {
        const report = await engine.call("saveRecipe", { model: this.model.fsPath, recipe });
        // What the panel wrote itself is no news.
        await this.watcher.refreshStamps();
        if (report.file !== undefined) void confirmSaved(vscode.Uri.joinPath(this.model, "..", report.file));
        return report;
      },
      ...classNameHandlers(services, this.model),
      compare: ({ state }) =>
        void vscode.commands.executeCommand("neuralLoupe.compare", this.model, { state: this.validateState(state) }),
      exportModel: async ({ state }) => ({
        saved: (await exportExplanation(services, this.acceptState(state))) !== undefined,
      }),
      copyPython: ({ provenance }) => copyAsPython(provenance),
      copy: ({ text, what }) => copyText(String(text), String(what).slice(0, 100)),
      pin: ({ state, target }) => this.pin(this.acceptState(state), target),
      unpin: ({ state }) => {
        this.acceptState(state);
        if (this.state.pinned !== undefined) services.results.remove(this.state.pinned);
      },
      openNext: async ({ state }) => {
        const { pinned: _, ...next } = this.validateState(state);
        await this.onNext(next);
      },
      pickMethod: ({ state }) => this.pickMethod(this.validateState(state)),
      pickModel: async ({ state }) => {
        const { technique } = this.validateState(state);
        const model = await pickModel(`Explain another model: ${nameOf(this.model)} stays open`);
        if (model) await vscode.commands.executeCommand(commandId(technique), model);
      },
      stepInput: async ({ state, by }) => {
        const { input, model, recipe } = this.validateState(state);
        if (by !== 1 && by !== -1) throw new RemoteError("UsageError", "An input is stepped to by 1 or -1.");
        const next =
          input === undefined
            ? undefined
            : await stepInput(vscode.Uri.parse(input), by, rowsOf(services, model, recipe));
        return next && { input: next.toString(), name: inputName(next) };
      },
      openModel: () => void vscode.commands.executeCommand("vscode.openWith", this.model, modelViewType),
    };
  }

  protected async boot(): Promise<PanelBoot> {
    const { services, state } = this;
    const subject = await subjectBoot(services, state);
    const result = await this.knownResult();
    await this.watcher.refreshStamps();
    const blocked = blockedReason(this.model);
    const facts = await services.facts.lastOf(this.model.fsPath);
    const { asked } = this;
    this.asked = undefined;
    const elsewhere = state.pinned === undefined ? services.selections.differing(state) : undefined;
    return {
      state,
      ...(this.followed ? { followed: true as const } : {}),
      ...(asked ? { reliability: asked } : {}),
      ...(elsewhere
        ? { elsewhere: { state: elsewhere, ...(elsewhere.input ? { inputName: nameOfInput(elsewhere.input) } : {}) } }
        : {}),
      techniques: services.techniques,
      methods: services.methods.current,
      unfit: unfitMethods(facts, services.techniques),
      scores: scoresOf(facts.model),
      speeds: services.times.of(state.model),
      modelName: nameOf(this.model),
      ...(state.input === undefined ? {} : { inputName: inputName(vscode.Uri.parse(state.input)) }),
      ...subject,
      ...(result ? { result } : {}),
      ...(blocked ? { blocked } : {}),
    };
  }

  private async pickMethod({ model, params, technique }: PanelState): Promise<ReturnType<PanelHost["pickMethod"]>> {
    const chosen = await pickMethod(this.services, {
      model,
      facts: await this.services.facts.lastOf(this.model.fsPath),
      params,
      title: `Method for ${nameOf(this.model)}`,
      current: technique,
    });
    return { ...(chosen === undefined ? {} : { technique: chosen }), methods: this.services.methods.current };
  }

  private async run(state: PanelState, context: CallContext): Promise<{ result: Result; cached: boolean }> {
    const { runner } = this.services;
    const key = await runner.keyOf(state);
    const reply = await this.sharedRun.join(key, context, (options) => runner.run(state, options));
    this.last = { key, result: reply.result };
    return reply;
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

  /** The state of a check of the result that a state shows. */
  private checked(state: PanelState, check: string): PanelState {
    const checked = checkState(this.validateState(state), check, this.services.techniques);
    if (!checked) throw new RemoteError("UsageError", `"${check}" does not check ${state.technique}.`);
    return checked;
  }

  /** Of a model or an input that is gone there is nothing. */
  private async knownChecks(state: PanelState): Promise<Readonly<Record<string, Result>>> {
    const { runner, techniques } = this.services;
    const method = techniques.find(({ id }) => id === state.technique);
    const found = await Promise.all(
      (method ? checksOf(method, techniques) : []).map(async ({ id }) => {
        const checked = checkState(state, id, techniques);
        const result = checked && (await runner.find(checked).catch(() => undefined));
        return result ? ([[id, result]] as const) : [];
      }),
    );
    return Object.fromEntries(found.flat());
  }

  private pin(state: PanelState, target: unknown): ReturnType<PanelHost["pin"]> {
    const { results } = this.services;
    if (state.pinned !== undefined) return { pinned: state.pinned };
    if (results.isFull)
      throw new RemoteError(
        "UsageError",
        "The list of results is full.",
        undefined,
        "Remove some under Results in the activity bar's Neural Loupe.",
      );
    this.state = results.pin(state, typeof target === "string" ? target : undefined);
    this.showTitle();
    return { pinned: this.state.pinned ?? "" };
  }

  /** A pinned result was renamed, or taken off the list: then the panel may change again. */
  private async onResults(): Promise<void> {
    const { pinned, ...rest } = this.state;
    if (pinned !== undefined && !this.services.results.of(pinned)) {
      this.state = rest;
      await this.notifyWebview("command");
    }
    this.showTitle();
  }

  /**
   * Something else was chosen in another view of the model. Colours follow at once. What would have to be computed waits
   * until the person asks for it, or looks at this tab again: two views never run by one click.
   */
  private async onSelection(model: string, by: unknown): Promise<void> {
    if (by === this || model !== this.state.model || this.state.pinned !== undefined) return;
    const followed = this.services.selections.applied(this.state);
    this.followed = !this.panel.visible;
    this.state = this.followed ? followed : { ...this.state, looks: followed.looks };
    this.showTitle();
    await this.notifyWebview("selection");
  }

  /** A state from the webview, checked; the model and the pin are this panel's whatever it says. */
  private validateState(state: unknown): PanelState {
    const { pinned: _, ...checked } = checkedPanelState(state, this.services.techniques);
    const { model, pinned } = this.state;
    return { ...checked, model, ...(pinned === undefined ? {} : { pinned }) };
  }

  private acceptState(state: unknown): PanelState {
    const accepted = this.validateState(state);
    if (accepted.input !== undefined && accepted.input !== this.state.input)
      void rememberInput(this.services.context, accepted.model, vscode.Uri.parse(accepted.input));
    const info = this.services.techniques.find(({ id }) => id === accepted.technique);
    if (info && accepted.technique !== this.state.technique) void this.services.methods.use(info);
    const before = this.state;
    this.state = accepted;
    this.followed = false;
    if (accepted.pinned === undefined) {
      // Other display options are no choice of an input.
      const { selections } = this.services;
      if (selections.isOther(before, accepted)) selections.take(accepted, this);
    } else this.services.results.update(accepted.pinned, accepted);
    this.showTitle();
    return accepted;
  }

  private showTitle(): void {
    const info = this.services.techniques.find(({ id }) => id === this.state.technique);
    const { pinned } = this.state;
    const title = this.services.results.of(pinned)?.name ?? `${info?.title ?? "Neural Loupe"}: ${stem(this.model)}`;
    if (pinned === undefined) this.entitle(title, loupeIcon(this.services));
    else this.entitle(`${title} (pinned)`, pinnedIcon(this.services));
  }
}

/** How many rows a table has by the recipe in use; where it cannot be read, the run says why. */
function rowsOf(
  { engine, facts }: Services,
  model: string,
  changed: PanelState["recipe"],
): (file: string) => Promise<number> {
  return async (file) => {
    const recipe = changed ?? (await facts.of(vscode.Uri.parse(model).fsPath)).recipe.recipe;
    return engine.call("rowCount", { file, recipe }).catch(() => Infinity);
  };
}

function nameOfInput(input: string): string {
  return inputName(vscode.Uri.parse(input));
}
