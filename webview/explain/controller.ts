import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import {
  madeFrom,
  predictionsOf,
  withValues,
  type PartialResult,
  type Provenance,
  type Result,
  type WholeResult,
} from "../../src/protocol/result.ts";
import { withRun } from "../../src/protocol/cost.ts";
import type { LayerChoice, Progress } from "../../src/protocol/engine.ts";
import type { TargetSpec } from "../../src/protocol/job.ts";
import { joinList } from "../../src/protocol/list.ts";
import { readLooks, type Looks } from "../../src/protocol/looks.ts";
import type { PanelBoot, PanelHost, PanelState } from "../../src/protocol/panel.ts";
import { lacksInput } from "../../src/protocol/panel-job.ts";
import type { Recipe } from "../../src/protocol/recipe.ts";
import type { ChangeReason, FileReason } from "../../src/protocol/session.ts";
import type { Params, ParamValue, TechniqueInfo } from "../../src/protocol/technique.ts";
import { isAbort } from "../ui/host.ts";
import type { HostLink, Memory } from "../ui/store.ts";
import type { SubjectSnapshot } from "../ui/subject-store.ts";
import { InputFormStore } from "./input-form-store.ts";
import { CheckRuns } from "./checks-runs.ts";
import { sameJob } from "./state.ts";

/** All that the panel shows, as it is now. Every change makes a new one. */
export interface Snapshot extends SubjectSnapshot<PanelBoot, PanelState> {
  /** The last result and the state that it answers. */
  readonly shown?: { readonly result: Result; readonly state: PanelState; readonly cached: boolean };
  /** The last predictions for this input: they stay when a method brings none. */
  readonly predictions?: BarsArtifact;
  /** A run is due: what was chosen last settles. */
  readonly due?: boolean;
  readonly running?: { readonly visible: boolean; readonly progress: Progress };
  /** What a job had to show before its end: shown in place of `shown` until there is another result. */
  readonly partial?: {
    readonly result: PartialResult;
    readonly state: PanelState;
    /** How far the job was, from 0 to 1. */
    readonly fraction?: number;
    /** How it ended; absent while it runs. */
    readonly ended?: "cancelled" | "failed";
  };
  /** Something on disk is no longer what the result was made from. */
  readonly stale?: FileReason;
  readonly layers?: {
    readonly layers: readonly LayerChoice[];
    readonly defaultLayer?: string;
    readonly firstLayer?: string;
  };
  /** Whether the form of the preprocessing is open. */
  readonly recipeOpen?: boolean;
}

/** A result that is saved: of a check, the state is that of the result that it checks. */
export type Saved = NonNullable<Snapshot["shown"]> & { readonly check?: string };

/** Progress is shown from this many milliseconds on: quick runs do not flicker. */
const showAfter = 300;
const settle = { params: 250, layer: 140 } as const;

/** What the panel does: runs jobs, drops answers that came too late. */
export class PanelController extends InputFormStore {
  /** The checks of the result that is shown. */
  readonly checks: CheckRuns;
  private activeRun: AbortController | undefined;
  private runTimer: ReturnType<typeof setTimeout> | undefined;
  private layersFor: string | undefined;
  /** How often files have changed under the panel. */
  private changes = 0;

  constructor(link: HostLink<PanelHost>, memory: Memory) {
    super(link, memory, {});
    this.checks = new CheckRuns(link, (state, result) => this.set({ boot: this.timed(state, result, false) }));
  }

  protected override set(part: Partial<Snapshot>): void {
    super.set(part);
    this.checks.follow(this.snapshot);
  }

  protected adopt(boot: PanelBoot, reason?: ChangeReason): void {
    if (reason === undefined || reason === "command" || reason === "trusted") {
      this.stop();
      this.show(reason === undefined ? this.withKeptLooks(boot) : boot);
      if (!boot.result) void this.run();
      this.checks.want(boot.reliability?.check);
      return;
    }
    if (reason === "selection") return this.takeColors(boot);
    this.layersFor = undefined;
    this.changes++;
    this.set({ boot, stale: reason, layers: undefined });
    void this.needLayers();
  }

  /** Something else was chosen in another view: colours follow at once, the rest is offered. */
  private takeColors(boot: PanelBoot): void {
    const { state } = this.snapshot;
    const { colorMap } = boot.state.looks;
    this.set({ boot, ...(state ? { state: { ...state, looks: { ...state.looks, colorMap } } } : {}) });
  }

  /** The page may know newer display options than the extension: it went before it could tell. */
  private withKeptLooks(boot: PanelBoot): PanelBoot {
    const { state, techniques } = boot;
    const kept = this.memory.read();
    const technique = techniques.find(({ id }) => id === state.technique);
    if (boot.followed || !sameJob(kept, state, technique)) return boot;
    const { looks, reliability } = kept as PanelState;
    const { reliability: _, ...rest } = state;
    const open = Array.isArray(reliability) && reliability.every((id) => typeof id === "string");
    return { ...boot, state: { ...rest, looks: readLooks(looks), ...(open ? { reliability } : {}) } };
  }

  private show(boot: PanelBoot): void {
    const { state, result } = boot;
    const before = this.snapshot;
    const sameInput = before.state?.model === state.model && before.state.input === state.input;
    if (!sameInput) this.layersFor = undefined;
    this.set({
      boot,
      state,
      failure: undefined,
      notice: undefined,
      stale: undefined,
      ...(sameInput ? {} : { predictions: undefined, layers: undefined }),
      partial: undefined,
      shown: result ? { result, state, cached: true } : sameInput ? before.shown : undefined,
    });
    if (result) this.keepPredictions(result);
    void this.needLayers();
  }

  // ---- what a person asks for ----

  /**
   * Keeps this result, or lets the panel change again. `target`: the target as the page calls it, for the list of
   * results.
   */
  async togglePin(target?: string): Promise<void> {
    const { state } = this;
    if (state.pinned !== undefined) {
      await this.ask("unpin", { state });
      return;
    }
    const pinned = await this.ask("pin", { state, ...(target === undefined ? {} : { target }) });
    if (!pinned) return;
    this.change(pinned);
    this.notify("Pinned: this result is kept under Results, and the next one opens in a new tab.");
  }

  /** Shows what the model's other views show. */
  followElsewhere(): void {
    const { boot } = this.snapshot;
    if (!boot?.elsewhere) return;
    const { state, inputName } = boot.elsewhere;
    const { input, more, target, layer, moreLayers } = state;
    const sameInput = input === this.state.input;
    this.set({
      boot: { ...boot, elsewhere: undefined, ...(inputName === undefined ? {} : { inputName }) },
      ...(sameInput ? {} : { predictions: undefined, layers: undefined }),
    });
    if (!sameInput) this.layersFor = undefined;
    this.change({ input, more, target, layer, moreLayers });
    void this.run();
    void this.needLayers();
  }

  dismissElsewhere(): void {
    const { boot } = this.snapshot;
    if (boot) this.set({ boot: { ...boot, elsewhere: undefined } });
  }

  /**
   * A pinned result stays what it is: what would make it another opens in another panel. In others, what was offered
   * from another view is out of date by a choice here.
   */
  protected override change(part: Partial<PanelState>): void {
    const { state, technique } = this;
    const next = { ...state, ...part };
    if (next.technique === state.technique && sameJob(next, state, technique)) return super.change(part);
    if (state.pinned === undefined) {
      this.dismissElsewhere();
      return super.change(part);
    }
    // What the caller has changed beside the state is asked for again.
    void this.ask("openNext", { state: next }).then(() => this.changed("command"));
  }

  chooseTechnique(id: string): void {
    const { state } = this;
    if (state.technique === id) return;
    const dropped = this.unfitLayer(id);
    this.change({
      technique: id,
      ...(dropped === undefined ? {} : { layer: undefined, moreLayers: undefined }),
      looks: { ...state.looks, channel: undefined },
    });
    void this.run();
    if (dropped !== undefined)
      this.notify(
        `${dropped} has no height and width, which this method needs: another layer is chosen automatically.`,
      );
    void this.needLayers();
  }

  /** The layer that was chosen for another method, where this one cannot take it. */
  private unfitLayer(id: string): string | undefined {
    const { boot, layers, state } = this.snapshot;
    const info = boot?.techniques.find((technique) => technique.id === id);
    if (info?.needs.layer !== "spatial" || state?.layer === undefined) return undefined;
    const asked = [state.layer, ...(state.moreLayers ?? [])];
    return asked.find((name) =>
      layers?.layers.some(({ value, node, spatial }) => !spatial && (value === name || node === name)),
    );
  }

  /** Lets the person choose among all methods. */
  async pickMethod(): Promise<void> {
    const picked = await this.ask("pickMethod", { state: this.state });
    const { boot } = this.snapshot;
    if (!picked || !boot) return;
    this.set({ boot: { ...boot, methods: picked.methods } });
    if (picked.technique !== undefined) this.chooseTechnique(picked.technique);
  }

  pickModel(): void {
    void this.ask("pickModel", { state: this.state });
  }

  /** Shows the input before or after this one. */
  async stepInput(by: 1 | -1): Promise<void> {
    const asked = this.input;
    const next = await this.ask("stepInput", { state: this.state, by });
    // Meanwhile another was chosen.
    if (this.input !== asked) return;
    if (next) this.takeInput(next);
    else if (!this.snapshot.failure) this.notify(by > 0 ? "This is the last input." : "This is the first input.");
  }

  openRecipe(recipeOpen: boolean): void {
    this.set({ recipeOpen });
  }

  /** Opens or closes "How reliable is this explanation?". */
  openReliability(open: boolean): void {
    const { boot, state } = this.snapshot;
    if (!state || open === (state.reliability !== undefined)) return;
    this.change({ reliability: open ? [] : undefined });
    if (boot?.reliability) this.reliabilityShown();
    this.rememberSoon();
  }

  /** The section that a command asked for is on the screen. */
  reliabilityShown(): void {
    const { boot } = this.snapshot;
    if (boot) this.set({ boot: { ...boot, reliability: undefined } });
  }

  /** Shows a check's picture and options, or only its numbers. */
  openCheck(id: string, open: boolean): void {
    const others = (this.state.reliability ?? []).filter((one) => one !== id);
    this.change({ reliability: open ? [...others, id] : others });
    this.rememberSoon();
  }

  /** A check's own option; the method's stay. */
  setCheckParam(id: string, name: string, value: ParamValue): void {
    this.setCheckParams(id, { ...this.state.params[id], [name]: value });
  }

  resetCheck(id: string): void {
    this.setCheckParams(id, {});
  }

  private setCheckParams(id: string, params: Params): void {
    this.change({ params: { ...this.state.params, [id]: params } });
    this.checks.optionsChanged(id);
    this.rememberSoon();
  }

  setParam(name: string, value: ParamValue): void {
    const { state } = this;
    this.change({
      params: { ...state.params, [state.technique]: { ...state.params[state.technique], [name]: value } },
    });
    this.runSoon(settle.params);
  }

  resetParams(): void {
    const { state } = this;
    this.change({ params: { ...state.params, [state.technique]: {} } });
    this.runSoon(0);
  }

  /** None: the layer that is picked by itself; several: their maps are averaged. */
  chooseLayers([layer, ...more]: readonly string[]): void {
    const { state } = this;
    const moreLayers = more.length > 0 ? more : undefined;
    if (JSON.stringify([state.layer, state.moreLayers]) === JSON.stringify([layer, moreLayers])) return;
    this.change({ layer, moreLayers, looks: { ...state.looks, channel: undefined } });
    this.runSoon(settle.layer);
  }

  /** Which of the model's inputs are explained; undefined: the usual ones. */
  setExplained(explain: readonly string[] | undefined): void {
    this.change({ explain });
    if (this.technique?.needs.target) this.runSoon(settle.params);
    else this.rememberSoon();
  }

  /** Explains what the model predicts for each input. */
  explainTop(): void {
    const { output } = this.state.target;
    this.explain(output === undefined ? {} : { output });
  }

  explain(target: TargetSpec): void {
    this.change({ target });
    if (this.technique?.needs.target) this.runSoon(0);
    else this.rememberSoon();
  }

  /** Draws anew, and nothing more: the extension is told later, for the next reload. */
  setLooks(looks: Partial<Looks>): void {
    const { state } = this;
    this.change({ looks: { ...state.looks, ...looks } });
    this.rememberSoon();
  }

  protected get input(): string | undefined {
    return this.state.input;
  }

  protected setInput(input: string): void {
    this.layersFor = undefined;
    const { output, ...target } = this.state.target;
    // A class that was fixed is the same for every input; a box, a token or a region is of one alone.
    const stays = target.region === undefined && (target.index?.length ?? 1) === 1;
    this.set({ predictions: undefined, layers: undefined });
    this.change({ input, more: undefined, target: stays ? this.state.target : output === undefined ? {} : { output } });
    void this.run();
    void this.needLayers();
    if (!stays) this.notify("The target was a place in the input before. Explaining the top prediction.");
  }

  protected setTarget(target: TargetSpec): void {
    this.explain(target);
  }

  /** Explains the mean over the input and others that the person picks. */
  async addSamples(): Promise<void> {
    const picked = await this.ask("pickFiles", { state: this.state, many: true, title: "Samples to explain together" });
    if (picked?.inputs.length) this.setSamples(picked.inputs);
  }

  setSamples(more: readonly string[] | undefined): void {
    const { state } = this;
    const others = more?.filter((input) => input !== state.input);
    if (!others?.length && !state.more) return;
    this.change({ more: others?.length ? others : undefined });
    void this.run();
  }

  /** Lets the person pick a file for an option. */
  async pickFile(name: string, title: string): Promise<void> {
    const path = await this.pickPath(title);
    if (path !== undefined) this.setParam(name, joinList([path]));
  }

  /** Writes the explanation as one ONNX model. */
  async exportModel(): Promise<void> {
    await this.ask("exportModel", { state: this.state });
  }

  /** Puts a table of values between tabs on the clipboard. */
  async copyTable(text: string): Promise<void> {
    await this.ask("copy", { text, what: "the table" });
  }

  async copyPython(provenance: Provenance): Promise<void> {
    await this.ask("copyPython", { provenance });
  }

  compare(): void {
    void this.ask("compare", { state: this.state });
  }

  openModel(): void {
    void this.ask("openModel", { state: this.state });
  }

  /** Runs with this recipe, without saving it; undefined goes back to the one beside the model, or guessed. */
  useRecipe(recipe: Recipe | undefined): void {
    this.layersFor = undefined;
    this.change({ recipe });
    void this.run();
    void this.needLayers();
  }

  async saveRecipe(recipe: Recipe): Promise<void> {
    const report = await this.ask("saveRecipe", { state: this.state, recipe });
    const { boot } = this.snapshot;
    if (!report || !boot) return;
    this.set({ boot: { ...boot, recipe: report } });
    this.useRecipe(undefined);
  }

  /** Lets the person choose a file of class names; nothing when they left it, or it cannot be used. */
  browseClasses(): Promise<{ readonly file: string } | undefined> {
    return this.ask("browseClasses", {});
  }

  imagenetNames(): Promise<{ readonly names: readonly string[] } | undefined> {
    return this.ask("imagenetNames", {});
  }

  /** A shown result with its numbers: those that no view holds are fetched. */
  withNumbers({ result, state, check }: Saved): Promise<WholeResult> {
    const from = madeFrom(result.provenance);
    return withValues(
      result,
      async (index) =>
        (await this.link.call("array", { state, index, from, ...(check === undefined ? {} : { check }) })).values,
    );
  }

  // ---- running ----

  /** Runs what the state describes. An earlier run is cancelled, and what it still answers is dropped. */
  override async run(): Promise<void> {
    const { state, boot } = this.snapshot;
    if (!state || !boot || boot.blocked !== undefined) return;
    this.stop();
    if (this.lacksInput) {
      this.set({ running: undefined, failure: undefined, notice: undefined });
      this.rememberSoon();
      return;
    }
    const run = (this.activeRun = new AbortController());
    const mine = (): boolean => this.activeRun === run;
    // What changes while the run goes on is news to its result, too.
    const { changes } = this;
    this.set({ running: { visible: false, progress: { text: "Running" } }, failure: undefined, notice: undefined });
    const timer = setTimeout(() => {
      if (mine() && this.snapshot.running) this.set({ running: { ...this.snapshot.running, visible: true } });
    }, showAfter);
    try {
      const { result, cached } = await this.link.call(
        "run",
        { state },
        {
          signal: run.signal,
          onProgress: ({ partial, ...progress }) => {
            if (!mine()) return;
            if (this.snapshot.running) this.set({ running: { ...this.snapshot.running, progress } });
            if (!partial) return;
            this.set({ partial: { result: partial, state, fraction: progress.fraction } });
            this.keepPredictions(partial);
          },
        },
      );
      if (!mine()) return;
      this.set({
        shown: { result, state, cached },
        running: undefined,
        partial: undefined,
        boot: this.timed(state, result, cached),
        ...(this.changes === changes ? { stale: undefined } : {}),
      });
      this.keepPredictions(result);
    } catch (error) {
      if (mine()) this.endEarly(state, error);
    } finally {
      clearTimeout(timer);
      if (mine()) this.activeRun = undefined;
    }
  }

  /** What is known of the model's speed after a run. */
  private timed({ technique, params }: PanelState, { time }: Result, cached: boolean): PanelBoot | undefined {
    const { boot } = this.snapshot;
    const info = boot?.techniques.find(({ id }) => id === technique);
    if (!boot || !info || cached) return boot;
    return { ...boot, speeds: withRun(boot.speeds, info, params[technique], time.total) };
  }

  /** A run was cancelled or failed: what it had to show stays, and is called what it is. */
  private endEarly(state: PanelState, error: unknown): void {
    const { partial } = this.snapshot;
    const own = partial?.state === state ? partial : undefined;
    this.set({
      running: undefined,
      ...(own ? { partial: { ...own, ended: isAbort(error) ? "cancelled" : "failed" } } : {}),
      ...(isAbort(error) && !own ? { notice: "Cancelled." } : {}),
    });
    if (!isAbort(error)) this.fail(error, () => this.run());
  }

  /** Stops the run that goes on; what is shown stays. */
  cancel(): void {
    this.activeRun?.abort();
  }

  private stop(): void {
    clearTimeout(this.runTimer);
    if (this.snapshot.due) this.set({ due: undefined });
    const before = this.activeRun;
    this.activeRun = undefined;
    before?.abort();
    const { partial } = this.snapshot;
    if (before && partial && !partial.ended) this.set({ partial: { ...partial, ended: "cancelled" } });
  }

  private runSoon(delay: number): void {
    clearTimeout(this.runTimer);
    if (this.snapshot.boot?.blocked === undefined) this.set({ due: true });
    this.runTimer = setTimeout(() => void this.run(), delay);
  }

  /** The layers to choose from, when the method wants one and they are not here yet. */
  private async needLayers(): Promise<void> {
    const { state, boot } = this.snapshot;
    if (!state || !boot || boot.blocked !== undefined || (this.technique?.needs.layer ?? "none") === "none") return;
    if (this.lacksInput) return;
    const key = JSON.stringify([state.model, state.input, state.recipe]);
    if (this.layersFor === key) return;
    this.layersFor = key;
    try {
      const layers = await this.link.call("layers", { state });
      if (this.layersFor === key) this.set({ layers });
    } catch (error) {
      if (this.layersFor !== key) return;
      this.layersFor = undefined;
      // A run that failed says why by itself.
      if (!this.snapshot.failure) this.fail(error, () => this.needLayers());
    }
  }

  /** The method that is chosen. */
  get technique(): TechniqueInfo | undefined {
    const { boot, state } = this.snapshot;
    return boot?.techniques.find((technique) => technique.id === state?.technique);
  }

  /** Whether the method that is chosen waits for the person to choose an input. */
  get lacksInput(): boolean {
    const { technique } = this;
    return technique !== undefined && lacksInput(this.state, technique);
  }

  private keepPredictions(result: PartialResult): void {
    const predictions = predictionsOf(result);
    if (predictions) this.set({ predictions });
  }
}
