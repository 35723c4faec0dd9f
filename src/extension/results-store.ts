import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import type { CompareState } from "../protocol/compare.ts";
import type { PanelState } from "../protocol/panel.ts";
import type { TechniqueInfo } from "../protocol/technique.ts";
import { Disposable } from "./disposable.ts";
import { readCompareState } from "./panels/compare-state.ts";
import { isResultId, readPanelState } from "./panels/state.ts";

interface Kept {
  readonly id: string;
  /** What the person calls it. */
  readonly name?: string;
  /** Milliseconds since 1970. */
  readonly made: number;
}

interface KeptResult extends Kept {
  readonly kind: "result";
  readonly state: PanelState;
  /** What its panel called the target. */
  readonly target?: string;
}

interface KeptComparison extends Kept {
  readonly kind: "comparison";
  readonly state: CompareState;
}

export type KeptEntry = KeptResult | KeptComparison;

const key = "keptResults";
/** More than anyone keeps by hand: what is kept has to be read at once. */
export const MOST_RESULTS = 500;
const MOST_LETTERS = 200;

/**
 * Pinned results and comparisons of this workspace: what was asked, not the numbers, which are in the cache on disk or
 * computed again. They survive reloads.
 */
export class ResultsStore extends Disposable {
  private entries: readonly KeptEntry[];
  private readonly changed = this.register(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly memory: vscode.Memento,
    techniques: readonly TechniqueInfo[],
    log: (line: string) => void,
  ) {
    super();
    const kept = memory.get<unknown>(key);
    const all = Array.isArray(kept) ? kept.slice(0, MOST_RESULTS) : [];
    this.entries = all.flatMap((one) => readEntry(one, techniques) ?? []);
    if (this.entries.length < all.length)
      log(`results: ${all.length - this.entries.length} entries could not be read and are not listed`);
  }

  /** Newest first. */
  get all(): readonly KeptEntry[] {
    return this.entries;
  }

  of(id: string | undefined): KeptEntry | undefined {
    return id === undefined ? undefined : this.entries.find((entry) => entry.id === id);
  }

  /** Keeps a panel's result: the state that the panel has from now on. */
  pin(state: PanelState, target?: string): PanelState & { readonly pinned: string } {
    const id = this.newId();
    const pinned = { ...state, pinned: id };
    const named = target ? { target: target.slice(0, MOST_LETTERS) } : {};
    this.set([{ kind: "result", id, made: Date.now(), state: pinned, ...named }, ...this.entries]);
    return pinned;
  }

  keep(state: CompareState): CompareState & { readonly kept: string } {
    const id = this.newId();
    const kept = { ...state, kept: id };
    this.set([{ kind: "comparison", id, made: Date.now(), state: kept }, ...this.entries]);
    return kept;
  }

  /** What an entry shows now; nothing where it was removed. */
  update(id: string | undefined, state: PanelState | CompareState): void {
    const entry = this.of(id);
    if (!entry || JSON.stringify(entry.state) === JSON.stringify(state)) return;
    this.replace(entry, { ...entry, state } as KeptEntry);
  }

  rename(id: string, name: string): void {
    const entry = this.of(id);
    if (!entry) return;
    const { name: _, ...rest } = entry;
    const short = name.trim().slice(0, MOST_LETTERS);
    this.replace(entry, short ? { ...rest, name: short } : rest);
  }

  /** Takes an entry off the list, and gives what brings it back to its place. */
  remove(id: string): (() => void) | undefined {
    const before = this.entries;
    const entry = this.of(id);
    if (!entry) return undefined;
    this.set(before.filter((one) => one !== entry));
    return () => {
      if (this.of(id)) return;
      const after = before.slice(before.indexOf(entry) + 1).map((one) => one.id);
      const place = this.entries.findIndex((one) => after.includes(one.id));
      this.set(place < 0 ? [...this.entries, entry] : this.entries.toSpliced(place, 0, entry));
    };
  }

  clear(): void {
    this.set([]);
  }

  /** Whether there is room for another. */
  get isFull(): boolean {
    return this.entries.length >= MOST_RESULTS;
  }

  private newId(): string {
    return randomUUID();
  }

  private replace(entry: KeptEntry, by: KeptEntry): void {
    this.set(this.entries.map((one) => (one === entry ? by : one)));
  }

  private set(entries: readonly KeptEntry[]): void {
    this.entries = entries;
    void this.memory.update(key, entries);
    this.changed.fire();
  }
}

/** An entry as it came back from VS Code's storage, of this version or an earlier one; undefined where it is none. */
function readEntry(data: unknown, techniques: readonly TechniqueInfo[]): KeptEntry | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { id, kind, name, made, state, target } = data as Record<string, unknown>;
  if (!isResultId(id)) return undefined;
  const common = {
    id,
    made: typeof made === "number" && made >= 0 && made <= 8.64e15 ? made : 0,
    ...(isShort(name) ? { name } : {}),
  };
  if (kind === "comparison") {
    const sound = readCompareState(state, techniques);
    return sound && { ...common, kind, state: { ...sound, kept: id } };
  }
  // A result of a method that there is no more is none.
  if (kind !== "result" || !techniques.some((info) => info.id === (state as { technique?: unknown } | null)?.technique))
    return undefined;
  const sound = readPanelState(state, techniques);
  return sound && { ...common, kind, state: { ...sound, pinned: id }, ...(isShort(target) ? { target } : {}) };
}

function isShort(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MOST_LETTERS;
}
