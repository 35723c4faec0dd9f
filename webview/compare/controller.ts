import type { SavedFigure } from "../../src/draw/figure/figure-files.ts";
import type { FigureCell } from "../../src/draw/figure/figure.ts";
import { madeFrom, withValues, type PartialResult, type Result, type WholeResult } from "../../src/protocol/result.ts";
import type {
  Axis,
  AxisEntry,
  AxisKind,
  CompareBoot,
  CompareHost,
  CompareState,
  ScaleSharing,
} from "../../src/protocol/compare.ts";
import { withEntry } from "../../src/protocol/compare.ts";
import type { Progress } from "../../src/protocol/engine.ts";
import type { TargetSpec } from "../../src/protocol/job.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import type { PanelState } from "../../src/protocol/panel.ts";
import type { ChangeReason, FileReason } from "../../src/protocol/session.ts";
import type { Params } from "../../src/protocol/technique.ts";
import { isAbort, toFailure } from "../ui/host.ts";
import type { Failure } from "../ui/host.ts";
import type { HostLink, Memory } from "../ui/store.ts";
import { SubjectStore } from "../ui/subject-store.ts";
import type { SubjectSnapshot } from "../ui/subject-store.ts";
import { moved, placesOf } from "./jobs.ts";
import type { Place } from "./jobs.ts";

export type Side = "columns" | "rows";

/** One job, and so each place that asks for it. */
export type Cell =
  | { readonly kind: "waiting" }
  | { readonly kind: "running"; readonly progress: Progress }
  | { readonly kind: "done"; readonly result: Result; readonly cached: boolean }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "stopped" };

/** What a cell has to show: its result, or of a job that runs the views so far. */
export function shownIn(cell: Cell | undefined): PartialResult | undefined {
  return cell?.kind === "done" ? cell.result : cell?.kind === "running" ? cell.progress.partial : undefined;
}

/** All that the comparison shows, as it is now. Every change makes a new one. */
export interface Snapshot extends SubjectSnapshot<CompareBoot, CompareState> {
  readonly places: readonly Place[];
  /** By Place.job. */
  readonly cells: ReadonlyMap<string, Cell>;
  /** Something on disk is no longer what the results were made from. */
  readonly stale?: FileReason;
}

/** One computes, one is ready to follow: the engine runs one after another, and panels get their turn between. */
const atOnce = 2;
/** Options are run once they have stayed the same for this many milliseconds. */
const settle = 250;

/** What the comparison does: runs each cell's job by itself. */
export class CompareController extends SubjectStore<CompareBoot, CompareState, CompareHost, Snapshot> {
  private readonly running = new Map<string, AbortController>();
  private paramsTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(link: HostLink<CompareHost>, memory: Memory) {
    super(link, memory, { places: [], cells: new Map() });
  }

  /** Finds what was computed before and runs the rest; what changed on disk is run when the person asks for it. */
  protected adopt(boot: CompareBoot, reason?: ChangeReason): void {
    if (reason === undefined) {
      this.set({ boot, state: boot.state, failure: undefined });
      this.placesChanged();
    } else if (reason === "command" || reason === "trusted") {
      this.set({ boot });
      this.runAll();
    } else if (reason !== "selection") {
      // A comparison keeps its own input, target and layers, whatever is chosen elsewhere.
      this.set({ boot, stale: reason });
    }
  }

  // ---- what a person asks for ----

  setLooks(looks: Partial<Looks>): void {
    this.update({ looks: { ...this.state.looks, ...looks } });
  }

  setScale(scale: ScaleSharing): void {
    this.update({ scale });
  }

  /** What the cells have in common, where no axis says otherwise. */
  setBase(base: Partial<CompareState["base"]>): void {
    this.update({ base: { ...this.state.base, ...base } });
  }

  /** Lets the person choose what stands along an axis; another kind of axis takes the place of the one there. */
  async chooseEntries(side: Side, kind: AxisKind): Promise<void> {
    const { state } = this;
    const axis = state[side];
    const picked = await this.ask("pickEntries", { state, kind, chosen: axis?.kind === kind ? axis.entries : [] });
    if (!picked?.entries.length) return;
    this.setAxis(side, { kind, entries: picked.entries });
  }

  setAxis(side: Side, axis: Axis): void {
    const { columns, rows, base } = this.state;
    const [here, other] = side === "columns" ? [columns, rows] : [rows, columns];
    // One kind stands along one axis only: the other one takes what was here. What an axis that goes had first stays
    // what the cells have in common.
    if (other?.kind === axis.kind && here)
      this.update(side === "columns" ? { columns: axis, rows: here } : { columns: here, rows: axis });
    else if (other?.kind === axis.kind) this.update({ columns: axis });
    else this.update({ [side]: axis, base: here && here.kind !== axis.kind ? withEntry(base, here.entries[0]) : base });
  }

  /** One axis only: the cells flow. */
  removeRows(): void {
    const { base, rows } = this.state;
    if (rows) this.update({ rows: undefined, removed: [], base: withEntry(base, rows.entries[0]) });
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
    const axis = this.state[side];
    if (!axis) return;
    clearTimeout(this.paramsTimer);
    const entries = axis.entries.map((entry, place) =>
      place === index && entry.kind === "method" ? { ...entry, params } : entry,
    );
    this.change({ [side]: { ...axis, entries } });
    this.rememberSoon();
    this.paramsTimer = setTimeout(() => this.placesChanged(), settle);
  }

  /** Takes a cell out of the grid, or puts it back. */
  setRemoved(key: string, removed: boolean): void {
    const others = this.state.removed.filter((one) => one !== key);
    this.update({ removed: removed ? [...others, key] : others });
  }

  protected get input(): string {
    return this.state.base.input;
  }

  protected setInput(input: string): void {
    this.setBase({ input });
  }

  protected setTarget(target: TargetSpec): void {
    this.setBase({ target });
  }

  /** Lets the person pick a file for an option. */
  pickFile(title: string): Promise<string | undefined> {
    return this.pickPath(title);
  }

  openPanel(cell: PanelState): void {
    void this.ask("openPanel", { cell });
  }

  /** A figure of cells with their numbers: those that no view holds are fetched. */
  async withNumbers(figure: SavedFigure): Promise<SavedFigure<WholeResult>> {
    const cells = figure.cells.map((row) => Promise.all(row.map((cell) => this.cellWithNumbers(cell))));
    return { ...figure, cells: await Promise.all(cells) };
  }

  private async cellWithNumbers(cell: FigureCell | undefined): Promise<FigureCell<WholeResult> | undefined> {
    if (!cell?.result) return cell && { group: cell.group, ...(cell.failure ? { failure: cell.failure } : {}) };
    const { places, cells } = this.snapshot;
    const { result } = cell;
    const place = places.find(({ job }) => {
      const one = cells.get(job);
      return one?.kind === "done" && one.result === result;
    });
    if (!place) throw new Error("The comparison has changed in the meantime. Save it again.");
    const from = madeFrom(result.provenance);
    const fetch = async (index: number): Promise<Float32Array> =>
      (await this.link.call("array", { cell: place.state, index, from })).values;
    return { ...cell, result: await withValues(result, fetch) };
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
    const cells = new Map(this.snapshot.cells);
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
    const { state, boot } = this.snapshot;
    if (!state || !boot) return;
    const places = placesOf(state, boot.techniques);
    const wanted = new Map(places.filter(({ removed }) => !removed).map((place) => [place.job, place]));
    for (const [job, abort] of this.running) {
      if (wanted.has(job)) continue;
      abort.abort();
      this.running.delete(job);
    }
    const known = this.snapshot.cells;
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
          if (result && this.snapshot.cells.get(job)?.kind === "waiting")
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
    const { boot, places, cells } = this.snapshot;
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
            if (!mine()) return;
            const before = this.snapshot.cells.get(job);
            const partial = before?.kind === "running" ? before.progress.partial : undefined;
            this.setCell(job, { kind: "running", progress: { partial, ...progress } });
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
    this.set({ cells: new Map(this.snapshot.cells).set(job, cell) });
  }

  private changeEntries(side: Side, change: (entries: readonly AxisEntry[]) => readonly AxisEntry[]): void {
    const axis = this.state[side];
    if (axis) this.update({ [side]: { ...axis, entries: change(axis.entries) } });
  }

  /** A change that may make other cells, which the extension remembers. */
  private update(part: Partial<CompareState>): void {
    this.change(part);
    this.rememberSoon();
    this.placesChanged();
  }
}
