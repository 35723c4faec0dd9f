import type { Result } from "../../src/protocol/result.ts";
import type {
  Axis,
  AxisEntry,
  AxisKind,
  CompareBoot,
  CompareHost,
  CompareState,
  CompareView,
  ScaleSharing,
} from "../../src/protocol/compare.ts";
import type { Progress } from "../../src/protocol/engine.ts";
import type { Link } from "../../src/protocol/link.ts";
import { readLooks, type Looks } from "../../src/protocol/looks.ts";
import type { PanelState } from "../../src/protocol/panel.ts";
import type { Params } from "../../src/protocol/technique.ts";
import { isAbort, toFailure } from "../ui/host.ts";
import type { Failure } from "../ui/host.ts";
import { moved, placesOf } from "./jobs.ts";
import type { Place } from "./jobs.ts";

export type CompareLink = Pick<Link<CompareView, CompareHost>, "call">;
export type ChangeReason = Parameters<CompareView["changed"]>[0]["reason"];
export type Side = "columns" | "rows";

/** One job, and so each place that asks for it. */
export type Cell =
  | { readonly kind: "waiting" }
  | { readonly kind: "running"; readonly progress: Progress }
  | { readonly kind: "done"; readonly result: Result; readonly cached: boolean }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "stopped" };

/** All that the comparison shows, as it is now. Every change makes a new one. */
export interface Snapshot {
  readonly boot?: CompareBoot;
  readonly state?: CompareState;
  readonly places: readonly Place[];
  /** By Place.job. */
  readonly cells: ReadonlyMap<string, Cell>;
  readonly failure?: { readonly failure: Failure; readonly retry?: boolean };
  readonly notice?: string;
  /** Something on disk is no longer what the results were made from. */
  readonly stale?: Exclude<ChangeReason, "trusted">;
}

interface Memory {
  read(): unknown;
  write(state: unknown): void;
}

/** One computes, one is ready to follow: the engine runs one after another, and panels get their turn between. */
const atOnce = 2;
const settle = { params: 250, remember: 300 } as const;

/** What the comparison does: holds its state, runs each cell's job by itself. Knows nothing of the page. */
export class CompareController {
  private current: Snapshot = { places: [], cells: new Map() };
  private readonly listeners = new Set<() => void>();
  private readonly running = new Map<string, AbortController>();
  private rememberTimer: ReturnType<typeof setTimeout> | undefined;
  private paramsTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly link: CompareLink,
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

  /**
   * Asks the extension for everything, finds what was computed before and runs the rest. Does not reject: failures are
   * shown.
   */
  async start(): Promise<void> {
    try {
      const boot = await this.link.call("ready", {});
      this.set({ boot, state: { ...boot.state, looks: readLooks(boot.state.looks) }, failure: undefined });
      this.placesChanged();
    } catch (error) {
      this.set({ failure: { failure: toFailure(error), retry: true } });
    }
  }

  /** The extension says that something else holds now. */
  changed(boot: CompareBoot, reason: ChangeReason): void {
    this.set({ boot, ...(reason === "trusted" ? {} : { stale: reason }) });
    if (reason === "trusted") this.runAll();
  }

  // ---- what a person asks for ----

  setLooks(looks: Partial<Looks>): void {
    this.change((state) => ({ looks: { ...state.looks, ...looks } }));
  }

  setScale(scale: ScaleSharing): void {
    this.change(() => ({ scale }));
  }

  /** What the cells have in common, where no axis says otherwise. */
  setBase(base: Partial<CompareState["base"]>): void {
    this.change((state) => ({ base: { ...state.base, ...base } }));
  }

  /** Lets the person choose what stands along an axis; another kind of axis takes the place of the one there. */
  async chooseEntries(side: Side, kind: AxisKind): Promise<void> {
    const before = this.current.state;
    if (!before) return;
    const axis = before[side];
    const picked = await this.ask("pickEntries", (state) => ({
      state,
      kind,
      chosen: axis?.kind === kind ? axis.entries : [],
    }));
    if (!picked?.entries.length) return;
    this.setAxis(side, { kind, entries: picked.entries });
  }

  setAxis(side: Side, axis: Axis): void {
    this.change((state) => {
      const here = state[side];
      const other = side === "columns" ? state.rows : state.columns;
      // One kind stands along one axis only: the other one takes what was here.
      if (other?.kind === axis.kind && here)
        return side === "columns" ? { columns: axis, rows: here } : { columns: here, rows: axis };
      if (other?.kind === axis.kind) return { columns: axis };
      return { [side]: axis, base: here && here.kind !== axis.kind ? common(state.base, here.entries[0]) : state.base };
    });
  }

  /** One axis only: the cells flow. */
  removeRows(): void {
    this.change((state) =>
      state.rows ? { rows: undefined, removed: [], base: common(state.base, state.rows.entries[0]) } : {},
    );
  }

  moveEntry(side: Side, from: number, to: number): void {
    this.changeEntries(side, (entries) => moved(entries, from, to));
  }

  /** Takes an entry out; an axis keeps its last one. */
  removeEntry(side: Side, index: number): void {
    this.changeEntries(side, (entries) =>
      entries.length > 1 ? entries.filter((_, place) => place !== index) : entries,
    );
  }

  /** The same method again, to be given other options. */
  duplicateEntry(side: Side, index: number): void {
    this.changeEntries(side, (entries) => [
      ...entries.slice(0, index + 1),
      entries[index],
      ...entries.slice(index + 1),
    ]);
  }

  /** A method's own options at one place of an axis. Runs once they have stayed the same for a moment. */
  setEntryParams(side: Side, index: number, params: Params): void {
    const { state } = this.current;
    const axis = state?.[side];
    if (!state || !axis) return;
    clearTimeout(this.paramsTimer);
    this.set({
      state: {
        ...state,
        [side]: {
          ...axis,
          entries: axis.entries.map((entry, place) =>
            place === index && entry.kind === "method" ? { ...entry, params } : entry,
          ),
        },
      },
    });
    this.paramsTimer = setTimeout(() => this.placesChanged(), settle.params);
  }

  /** Takes a cell out of the grid, or puts it back. */
  setRemoved(key: string, removed: boolean): void {
    this.change((state) => ({
      removed: removed ? [...state.removed, key] : state.removed.filter((one) => one !== key),
    }));
  }

  async pickInput(): Promise<void> {
    const picked = await this.ask("pickInput", (state) => ({ state }));
    const { boot, state } = this.current;
    if (!picked || !boot || !state || picked.input === state.base.input) return;
    this.set({ boot: { ...boot, inputName: picked.name } });
    this.setBase({ input: picked.input });
  }

  async pickTarget(): Promise<void> {
    const picked = await this.ask("pickTarget", (state) => ({ state }));
    if (picked) this.setBase({ target: picked.target });
  }

  /** Lets the person pick a file for an option. */
  async pickFile(title: string): Promise<string | undefined> {
    return (await this.ask("pickFile", (state) => ({ state, title })))?.path;
  }

  openPanel(cell: PanelState): void {
    void this.ask("openPanel", () => ({ cell }));
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

  // ---- running ----

  /** Asks for all cells again: what is on disk as before, the rest anew. */
  runAll(): void {
    this.stopAll();
    this.set({ cells: new Map(), stale: undefined, failure: undefined });
    this.placesChanged();
  }

  retry(job: string): void {
    this.setCell(job, { kind: "waiting" });
    this.pump();
  }

  cancel(job: string): void {
    this.running.get(job)?.abort();
    this.running.delete(job);
    this.setCell(job, { kind: "stopped" });
    this.pump();
  }

  cancelAll(): void {
    this.stopAll();
    const cells = new Map(this.current.cells);
    for (const [job, { kind }] of cells)
      if (kind === "waiting" || kind === "running") cells.set(job, { kind: "stopped" });
    this.set({ cells });
  }

  private stopAll(): void {
    for (const abort of this.running.values()) abort.abort();
    this.running.clear();
  }

  /**
   * New places: jobs that nobody asks for any more are stopped, others are looked up on disk, and run where they are
   * not there.
   */
  private placesChanged(): void {
    const { state, boot } = this.current;
    if (!state || !boot) return;
    const places = placesOf(state, boot.techniques);
    const wanted = new Map(places.filter(({ removed }) => !removed).map((place) => [place.job, place]));
    for (const [job, abort] of this.running) {
      if (wanted.has(job)) continue;
      abort.abort();
      this.running.delete(job);
    }
    const known = this.current.cells;
    // Results of places that are gone are kept for a while: methods come and go as a person looks.
    const kept = [
      ...[...known].filter(([job, { kind }]) => !wanted.has(job) && kind === "done").slice(-24),
      ...[...known].filter(([job]) => wanted.has(job)),
    ];
    const fresh = [...wanted.values()].filter(({ job }) => !known.has(job));
    this.set({
      places,
      cells: new Map([...kept, ...fresh.map(({ job }) => [job, { kind: "waiting" } as const] as const)]),
    });
    void this.findThenRun(fresh);
  }

  private async findThenRun(places: readonly Place[]): Promise<void> {
    await Promise.all(
      places.map(async ({ job, state }) => {
        try {
          const { result } = await this.link.call("find", { cell: state });
          if (result && this.current.cells.get(job)?.kind === "waiting")
            this.setCell(job, { kind: "done", result, cached: true });
        } catch {
          // Running it says why.
        }
      }),
    );
    this.pump();
  }

  /** Starts jobs that wait, in the grid's order. */
  private pump(): void {
    const { boot, places, cells } = this.current;
    if (!boot || boot.blocked !== undefined) return;
    for (const { job, state, removed } of places) {
      if (this.running.size >= atOnce) return;
      if (!removed && cells.get(job)?.kind === "waiting" && !this.running.has(job)) void this.run(job, state);
    }
  }

  private async run(job: string, cell: PanelState): Promise<void> {
    const abort = new AbortController();
    this.running.set(job, abort);
    const mine = (): boolean => this.running.get(job) === abort;
    try {
      const { result, cached } = await this.link.call(
        "run",
        { cell },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            if (mine()) this.setCell(job, { kind: "running", progress });
          },
        },
      );
      if (mine()) this.setCell(job, { kind: "done", result, cached });
    } catch (error) {
      if (mine())
        this.setCell(job, isAbort(error) ? { kind: "stopped" } : { kind: "failed", failure: toFailure(error) });
    } finally {
      if (mine()) this.running.delete(job);
      this.pump();
    }
  }

  private setCell(job: string, cell: Cell): void {
    this.set({ cells: new Map(this.current.cells).set(job, cell) });
  }

  // ---- telling ----

  /** Tells the extension now what waits to be told. */
  flush(): void {
    if (this.rememberTimer === undefined || !this.current.state) return;
    clearTimeout(this.rememberTimer);
    this.rememberTimer = undefined;
    this.link.call("remember", { state: this.current.state }).catch((error: unknown) => this.fail(error));
  }

  /** One question to the extension; a failure is shown and gives undefined. */
  private async ask<K extends keyof CompareHost>(
    method: K,
    request: (state: CompareState) => Parameters<CompareHost[K]>[0],
  ): Promise<ReturnType<CompareHost[K]> | undefined> {
    if (!this.current.state) return undefined;
    try {
      return await this.link.call(method, request(this.current.state));
    } catch (error) {
      if (!isAbort(error)) this.fail(error);
      return undefined;
    }
  }

  private changeEntries(side: Side, change: (entries: readonly AxisEntry[]) => readonly AxisEntry[]): void {
    this.change((state) => {
      const axis = state[side];
      return axis ? { [side]: { ...axis, entries: change(axis.entries) } } : {};
    });
  }

  private change(part: (state: CompareState) => Partial<CompareState>): void {
    const { state } = this.current;
    if (!state) return;
    this.set({ state: { ...state, ...part(state) } });
    this.placesChanged();
  }

  private set(part: Partial<Snapshot>): void {
    const before = this.current.state;
    this.current = { ...this.current, ...part };
    if (this.current.state && this.current.state !== before) {
      this.memory.write(this.current.state);
      clearTimeout(this.rememberTimer);
      this.rememberTimer = setTimeout(() => this.flush(), settle.remember);
    }
    for (const listener of [...this.listeners]) listener();
  }
}

/** What all cells have in common once an axis is gone: what stood first along it. */
function common(base: CompareState["base"], entry: AxisEntry): CompareState["base"] {
  switch (entry.kind) {
    case "method":
      return {
        ...base,
        technique: entry.technique,
        ...(entry.params ? { params: { ...base.params, [entry.technique]: entry.params } } : {}),
      };
    case "target":
      return { ...base, target: entry.target };
    case "layer":
      return { ...base, layer: entry.layer, moreLayers: undefined };
    case "model":
      return { ...base, model: entry.model };
  }
}
