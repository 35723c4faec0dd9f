import type { BarsArtifact } from "../../src/protocol/artifacts.ts";
import type { Provenance, Result } from "../../src/protocol/result.ts";
import { checkState } from "../../src/protocol/checks.ts";
import type { LayerChoice, Progress, TargetSpec } from "../../src/protocol/engine.ts";
import type { Link } from "../../src/protocol/link.ts";
import { joinList } from "../../src/protocol/list.ts";
import { readLooks, type Looks } from "../../src/protocol/looks.ts";
import type { PanelBoot, PanelHost, PanelState, PanelView } from "../../src/protocol/panel.ts";
import type { Recipe } from "../../src/protocol/recipe.ts";
import type { ParamValue, TechniqueInfo } from "../../src/protocol/technique.ts";
import { isAbort, toFailure } from "../ui/host.ts";
import type { Failure } from "../ui/host.ts";
import { sameJob } from "./state.ts";

export type PanelLink = Pick<Link<PanelView, PanelHost>, "call">;
export type ChangeReason = Parameters<PanelView["changed"]>[0]["reason"];

/** All that the panel shows, as it is now. Every change makes a new one. */
export interface Snapshot {
  readonly boot?: PanelBoot;
  readonly state?: PanelState;
  /** The last result and the state that it answers. */
  readonly shown?: { readonly result: Result; readonly state: PanelState; readonly cached: boolean };
  /** The last predictions for this input: they stay when a method brings none. */
  readonly predictions?: BarsArtifact;
  readonly running?: { readonly visible: boolean; readonly progress: Progress };
  readonly failure?: { readonly failure: Failure; readonly retry?: "start" | "run" | "layers" };
  /** One quiet line about what just happened: "Saved to ...", "Cancelled". */
  readonly notice?: string;
  /** Something on disk is no longer what the result was made from. */
  readonly stale?: Exclude<ChangeReason, "command">;
  readonly layers?: { readonly layers: readonly LayerChoice[]; readonly defaultLayer?: string };
}

interface Memory {
  read(): unknown;
  write(state: unknown): void;
}

/** Progress is shown from this many milliseconds on: quick runs do not flicker. */
const showAfter = 300;
const settle = { params: 250, layer: 140, remember: 400 } as const;

/** What the panel does: holds its state, runs jobs, drops answers that came too late. Knows nothing of the page. */
export class PanelController {
  private current: Snapshot = {};
  private readonly listeners = new Set<() => void>();
  private activeRun: AbortController | undefined;
  private runTimer: ReturnType<typeof setTimeout> | undefined;
  private rememberTimer: ReturnType<typeof setTimeout> | undefined;
  private layersFor: string | undefined;
  /** How often files have changed under the panel. */
  private changes = 0;
  /**
   * The layers that each method was last asked about: an early layer's feature maps do not decide where Grad-CAM looks.
   */
  private readonly layersOf = new Map<string, Pick<PanelState, "layer" | "moreLayers">>();

  constructor(
    readonly link: PanelLink,
    private readonly memory: Memory,
  ) {}

  get snapshot(): Snapshot {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Asks the extension for everything, then draws what came along or runs. Does not reject: failures are shown. */
  async start(): Promise<void> {
    try {
      const boot = await this.link.call("ready", {});
      // The page may know newer looks than the extension: it went before it could tell.
      const kept = this.memory.read();
      const looks = readLooks(
        sameJob(
          kept,
          boot.state,
          boot.techniques.find((one) => one.id === boot.state.technique),
        )
          ? (kept as PanelState).looks
          : boot.state.looks,
      );
      this.adopt({ ...boot, state: { ...boot.state, looks } });
      if (!boot.result) void this.run();
    } catch (error) {
      this.set({ failure: { failure: toFailure(error), retry: "start" } });
    }
  }

  /** The extension says that something else holds now. */
  changed(boot: PanelBoot, reason: ChangeReason): void {
    const { looks } = this.current.state ?? boot.state;
    if (reason === "command") {
      this.stop();
      this.adopt({ ...boot, state: { ...boot.state, looks: readLooks(boot.state.looks) } });
      if (!boot.result) void this.run();
      return;
    }
    this.layersFor = undefined;
    this.changes++;
    this.set({ boot, state: { ...boot.state, looks }, stale: reason, layers: undefined });
    void this.needLayers();
  }

  private adopt(boot: PanelBoot): void {
    const sameInput = this.current.state?.input === boot.state.input && this.current.state.model === boot.state.model;
    if (!sameInput) this.layersFor = undefined;
    this.layersOf.set(boot.state.technique, layersIn(boot.state));
    this.set({
      boot,
      state: boot.state,
      failure: undefined,
      notice: undefined,
      stale: undefined,
      ...(sameInput ? {} : { predictions: undefined, layers: undefined }),
      shown: boot.result
        ? { result: boot.result, state: boot.state, cached: true }
        : sameInput
          ? this.current.shown
          : undefined,
    });
    if (boot.result) this.takePredictions(boot.result);
    void this.needLayers();
  }

  // ---- what a person asks for ----

  chooseTechnique(id: string): void {
    const { state } = this.current;
    if (!state || state.technique === id) return;
    this.layersOf.set(state.technique, layersIn(state));
    this.change({
      technique: id,
      layer: undefined,
      moreLayers: undefined,
      ...this.layersOf.get(id),
      looks: { ...state.looks, channel: undefined },
    });
    void this.run();
    void this.needLayers();
  }

  /** Shows a check of the shown method as a method of its own, with all of its options. */
  openCheck(id: string): void {
    const { state, boot } = this.current;
    const checked = state && boot && checkState(state, id, boot.techniques);
    if (!checked) return;
    this.layersOf.set(state.technique, layersIn(state));
    this.change({ ...checked, looks: { ...state.looks, channel: undefined } });
    void this.run();
    void this.needLayers();
  }

  setParam(name: string, value: ParamValue): void {
    const { state } = this.current;
    if (!state) return;
    this.change({
      params: { ...state.params, [state.technique]: { ...state.params[state.technique], [name]: value } },
    });
    this.runSoon(settle.params);
  }

  resetParams(): void {
    const { state } = this.current;
    if (!state) return;
    this.change({ params: { ...state.params, [state.technique]: {} } });
    this.runSoon(0);
  }

  /** None: the layer that is picked by itself; several: their maps are averaged. */
  chooseLayers([layer, ...more]: readonly string[]): void {
    const { state } = this.current;
    const moreLayers = more.length > 0 ? more : undefined;
    if (!state || JSON.stringify([state.layer, state.moreLayers]) === JSON.stringify([layer, moreLayers])) return;
    this.change({ layer, moreLayers, looks: { ...state.looks, channel: undefined } });
    this.runSoon(settle.layer);
  }

  /** Which of the model's inputs are explained; undefined: the usual ones. */
  setExplained(explain: readonly string[] | undefined): void {
    if (!this.current.state) return;
    this.change({ explain });
    if (this.technique?.needs.target) this.runSoon(settle.params);
    else this.rememberSoon();
  }

  explain(target: TargetSpec): void {
    if (!this.current.state) return;
    this.change({ target });
    if (this.technique?.needs.target) this.runSoon(0);
    else this.rememberSoon();
  }

  /** Draws anew, and nothing more: the extension is told later, for the next reload. */
  setLooks(looks: Partial<Looks>): void {
    const { state } = this.current;
    if (!state) return;
    this.change({ looks: { ...state.looks, ...looks } });
    this.rememberSoon();
  }

  async pickInput(): Promise<void> {
    const picked = await this.ask("pickInput", (state) => ({ state }));
    const { boot, state } = this.current;
    if (!picked || !boot || !state || picked.input === state.input) return;
    this.layersFor = undefined;
    // Another picture is another question: what the model sees in it, unless told otherwise.
    const { output } = state.target;
    this.set({ boot: { ...boot, inputName: picked.name }, predictions: undefined, layers: undefined });
    this.change({ input: picked.input, more: undefined, target: output === undefined ? {} : { output } });
    void this.run();
    void this.needLayers();
  }

  /** Explains the mean over the input and others that the person picks. */
  async addSamples(): Promise<void> {
    const picked = await this.ask("pickFiles", (state) => ({
      state,
      many: true,
      title: "Samples to explain together",
    }));
    if (picked?.inputs.length) this.setSamples(picked.inputs);
  }

  setSamples(more: readonly string[] | undefined): void {
    const { state } = this.current;
    const others = more?.filter((input) => input !== state?.input);
    if (!state || (!others?.length && !state.more)) return;
    this.change({ more: others?.length ? others : undefined });
    void this.run();
  }

  /** Lets the person pick a file for an option. */
  async pickFile(name: string, title: string): Promise<void> {
    const picked = await this.ask("pickFiles", (state) => ({ state, many: false, title }));
    if (picked?.paths.length) this.setParam(name, joinList([picked.paths[0]]));
  }

  async pickTarget(): Promise<void> {
    const picked = await this.ask("pickTarget", (state) => ({ state }));
    if (picked) this.explain(picked.target);
  }

  /** Writes the explanation as one ONNX model. */
  async exportModel(): Promise<void> {
    const written = await this.ask("exportModel", (state) => ({ state }));
    if (written?.path) this.notify(`Written to ${written.path}`);
  }

  async copyPython(provenance: Provenance): Promise<void> {
    const copied = await this.ask("copyPython", () => ({ provenance }));
    if (copied) this.notify(copied.notice);
  }

  compare(): void {
    void this.ask("compare", (state) => ({ state }));
  }

  openModel(): void {
    void this.ask("openModel", (state) => ({ state }));
  }

  /** Runs with this recipe, without saving it; undefined goes back to the one beside the model, or guessed. */
  useRecipe(recipe: Recipe | undefined): void {
    this.layersFor = undefined;
    this.change({ recipe });
    void this.run();
    void this.needLayers();
  }

  async saveRecipe(recipe: Recipe): Promise<void> {
    const report = await this.ask("saveRecipe", (state) => ({ state, recipe }));
    const { boot } = this.current;
    if (!report || !boot) return;
    this.set({
      boot: { ...boot, recipe: report },
      notice: report.file ? `Saved as ${report.file} beside the model.` : "Saved beside the model.",
    });
    this.useRecipe(undefined);
  }

  /** Hands a file to the extension, which asks where it should go. */
  async save(suggestedName: string, bytes: Uint8Array): Promise<void> {
    const saved = await this.ask("save", () => ({ suggestedName, bytes }));
    if (saved?.saved) this.notify(saved.path ? `Saved to ${saved.path}` : "Saved.");
  }

  notify(notice: string | undefined): void {
    this.set({ notice });
  }

  fail(error: unknown): void {
    this.set({ failure: { failure: toFailure(error) } });
  }

  dismissFailure(): void {
    this.set({ failure: undefined });
  }

  retry(): void {
    const retry = this.current.failure?.retry;
    this.set({ failure: undefined });
    if (retry === "start") void this.start();
    else if (retry === "layers") void this.needLayers();
    else void this.run();
  }

  // ---- running ----

  /** Runs what the state describes. An earlier run is cancelled, and what it still answers is dropped. */
  async run(): Promise<void> {
    const { state, boot } = this.current;
    if (!state || !boot || boot.blocked !== undefined) return;
    this.stop();
    const run = (this.activeRun = new AbortController());
    const mine = (): boolean => this.activeRun === run;
    // What changes while the run goes on is news to its result, too.
    const { changes } = this;
    this.set({ running: { visible: false, progress: { text: "Running" } }, failure: undefined, notice: undefined });
    const timer = setTimeout(() => {
      if (mine() && this.current.running) this.set({ running: { ...this.current.running, visible: true } });
    }, showAfter);
    try {
      const { result, cached } = await this.link.call(
        "run",
        { state },
        {
          signal: run.signal,
          onProgress: (progress) => {
            if (mine() && this.current.running) this.set({ running: { ...this.current.running, progress } });
          },
        },
      );
      if (!mine()) return;
      this.set({
        shown: { result, state, cached },
        running: undefined,
        ...(this.changes === changes ? { stale: undefined } : {}),
      });
      this.takePredictions(result);
    } catch (error) {
      if (!mine()) return;
      this.set({
        running: undefined,
        ...(isAbort(error) ? { notice: "Cancelled." } : { failure: { failure: toFailure(error), retry: "run" } }),
      });
    } finally {
      clearTimeout(timer);
      if (mine()) this.activeRun = undefined;
    }
  }

  /** Stops the run that goes on; the last picture stays. */
  cancel(): void {
    this.activeRun?.abort();
  }

  private stop(): void {
    clearTimeout(this.runTimer);
    const before = this.activeRun;
    this.activeRun = undefined;
    before?.abort();
  }

  private runSoon(delay: number): void {
    clearTimeout(this.runTimer);
    this.runTimer = setTimeout(() => void this.run(), delay);
  }

  /** The layers to choose from, when the method wants one and they are not here yet. */
  private async needLayers(): Promise<void> {
    const { state, boot } = this.current;
    if (!state || !boot || boot.blocked !== undefined || (this.technique?.needs.layer ?? "none") === "none") return;
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
      if (!this.current.failure) this.set({ failure: { failure: toFailure(error), retry: "layers" } });
    }
  }

  /** The method that is chosen. */
  get technique(): TechniqueInfo | undefined {
    const { boot, state } = this.current;
    return boot?.techniques.find((technique) => technique.id === state?.technique);
  }

  private takePredictions(result: Result): void {
    const bars = result.views.find((artifact) => artifact.kind === "bars" && artifact.id === "predictions");
    if (bars?.kind === "bars") this.set({ predictions: bars });
  }

  // ---- telling ----

  /** Tells the extension now what waits to be told. */
  flush(): void {
    if (this.rememberTimer === undefined || !this.current.state) return;
    clearTimeout(this.rememberTimer);
    this.rememberTimer = undefined;
    this.link.call("remember", { state: this.current.state }).catch((error: unknown) => this.fail(error));
  }

  private rememberSoon(): void {
    clearTimeout(this.rememberTimer);
    this.rememberTimer = setTimeout(() => this.flush(), settle.remember);
  }

  /** One question to the extension; a failure is shown and gives undefined. */
  private async ask<K extends keyof PanelHost>(
    method: K,
    request: (state: PanelState) => Parameters<PanelHost[K]>[0],
  ): Promise<ReturnType<PanelHost[K]> | undefined> {
    if (!this.current.state) return undefined;
    try {
      return await this.link.call(method, request(this.current.state));
    } catch (error) {
      if (!isAbort(error)) this.fail(error);
      return undefined;
    }
  }

  private change(part: Partial<PanelState>): void {
    if (this.current.state) this.set({ state: { ...this.current.state, ...part } });
  }

  private set(part: Partial<Snapshot>): void {
    const before = this.current.state;
    this.current = { ...this.current, ...part };
    if (this.current.state && this.current.state !== before) this.memory.write(this.current.state);
    for (const listener of [...this.listeners]) listener();
  }
}

function layersIn({ layer, moreLayers }: PanelState): Pick<PanelState, "layer" | "moreLayers"> {
  return { layer, moreLayers };
}
