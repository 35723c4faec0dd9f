import type { Result } from "./result.ts";
import type { TargetSpec } from "./job.ts";
import type { Looks } from "./looks.ts";
import type { PanelState } from "./panel.ts";
import type { RecipeReport } from "./recipe.ts";
import type { SubjectHost } from "./session.ts";
import type { Params, TechniqueInfo } from "./technique.ts";

/** What the cells along an axis of a comparison differ by. */
export type AxisKind = "method" | "target" | "layer" | "model";

export type AxisEntry =
  /** A technique's id; `params` where it has options of its own: the same method may stand there twice. */
  | { readonly kind: "method"; readonly technique: string; readonly params?: Params }
  | { readonly kind: "target"; readonly target: TargetSpec; readonly label: string }
  /** A value's name; undefined: the layer that each method picks by itself. */
  | { readonly kind: "layer"; readonly layer?: string }
  /** A URI string. */
  | { readonly kind: "model"; readonly model: string };

export interface Axis {
  readonly kind: AxisKind;
  /** All of this kind. */
  readonly entries: readonly AxisEntry[];
}

/** Which cells have one colour scale: each its own, those of the same method, or all. */
export type ScaleSharing = "own" | "method" | "all";

/** A comparison's small state: enough to show the same again after a reload. Validated when it comes back. */
export interface CompareState {
  /** What all cells have in common, wherever no axis says otherwise. */
  readonly base: Omit<PanelState, "looks" | "pinned"> & { readonly input: string };
  readonly columns: Axis;
  /** Of another kind than the columns; absent: the cells flow. */
  readonly rows?: Axis;
  /** Cells taken out of a grid of two axes, as cellKey() names them. */
  readonly removed: readonly string[];
  readonly looks: Looks;
  readonly scale: ScaleSharing;
  /** Its entry's id among the kept results. Only the extension sets it. */
  readonly kept?: string;
}

/** What one cell shows: the state a technique's panel would have, and so the same job and the same cached result. */
export function cellState(
  { base, looks }: Pick<CompareState, "base" | "looks">,
  entries: readonly (AxisEntry | undefined)[],
): PanelState {
  let state = { ...base, looks };
  for (const entry of entries) if (entry) state = withEntry(state, entry);
  // A layer, a recipe and inputs' names belong to the model they were chosen for.
  if (state.model === base.model) return state;
  const { layer: _, moreLayers: __, recipe: ___, explain: ____, ...rest } = state;
  const own = entries.find((entry) => entry?.kind === "layer");
  return own?.kind === "layer" && own.layer !== undefined ? { ...rest, layer: own.layer } : rest;
}

/** What is asked where this entry stands along an axis. */
export function withEntry<State extends CompareState["base"]>(state: State, entry: AxisEntry): State {
  switch (entry.kind) {
    case "method":
      return {
        ...state,
        technique: entry.technique,
        ...(entry.params ? { params: { ...state.params, [entry.technique]: entry.params } } : {}),
      };
    case "target":
      return { ...state, target: entry.target };
    case "layer":
      return { ...state, layer: entry.layer, moreLayers: undefined };
    case "model":
      return { ...state, model: entry.model };
  }
}

/** A cell's name among those of its comparison, whatever the order of the axes' entries. */
export function cellKey(column: AxisEntry, row: AxisEntry | undefined): string {
  return JSON.stringify([row ?? null, column]);
}

/** A method's title with the options that are not its defaults: "Saliency (samples 25)". */
export function methodLabel(info: TechniqueInfo | undefined, id: string, params: Params | undefined): string {
  const changed = (info?.params ?? []).filter(
    ({ name, default: usual }) => params?.[name] !== undefined && params[name] !== usual,
  );
  return [
    info?.title ?? id,
    changed.length ? `(${changed.map(({ name }) => `${name} ${String(params?.[name])}`).join(", ")})` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/**
 * Whether a method gives something to compare on an input: not a list of predictions, a layer's tiles, or a judgement
 * of another result.
 */
export function isComparable({ id, group, needs }: TechniqueInfo): boolean {
  return needs.input === "one" && !["predictions", "checks"].includes(group) && id !== "feature-maps";
}

/** What the comparison's webview may ask of the extension. A `cell` is the state that cellState() made. */
export interface CompareHost extends SubjectHost<CompareState, CompareBoot> {
  /** The cell's result if it was computed before; never runs anything. */
  find(request: { readonly cell: PanelState }): { readonly result?: Result };
  /** Runs one cell's job. Progress events while it runs; aborting cancels it and no other. */
  run(request: { readonly cell: PanelState }): { readonly result: Result; readonly cached: boolean };
  /** The numbers of an array of a cell's result that no view holds. `from`: madeFrom() of its provenance. */
  array(request: { readonly cell: PanelState; readonly index: number; readonly from: string }): {
    readonly values: Float32Array;
  };
  /** Lets the person choose an axis' entries, those of `chosen` ticked; undefined when they left it. */
  pickEntries(request: {
    readonly state: CompareState;
    readonly kind: AxisKind;
    readonly chosen: readonly AxisEntry[];
  }): { readonly entries: readonly AxisEntry[] } | undefined;
  /** Shows one cell in a technique's panel. */
  openPanel(request: { readonly cell: PanelState }): void;
}

export interface CompareBoot {
  readonly state: CompareState;
  /** Those that can be compared. */
  readonly techniques: readonly TechniqueInfo[];
  readonly inputName: string;
  /** Of the base model. */
  readonly recipe: RecipeReport;
  readonly outputs: readonly string[];
  /** Why nothing can be run (untrusted workspace, no file path ...), as a sentence. */
  readonly blocked?: string;
}
