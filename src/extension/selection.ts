import * as vscode from "vscode";
import { stateKey } from "../protocol/panel-job.ts";
import type { PanelState } from "../protocol/panel.ts";
import { DEFAULT_LOOKS } from "../protocol/looks.ts";
import type { TechniqueInfo } from "../protocol/technique.ts";
import { Disposable } from "./disposable.ts";
import { readPanelState } from "./panels/state.ts";

/** What all views of a model share. */
export type Selection = Pick<PanelState, "input" | "more" | "target" | "layer" | "moreLayers"> & {
  readonly colorMap: PanelState["looks"]["colorMap"];
};

const key = "selections";
/** Models whose selection is kept, those used last. */
const MOST_MODELS = 200;

/**
 * The current input, target, layer and colour map of each model, for all of its views: a view that is opened begins
 * with them, and one that is open follows, unless it is pinned. Kept in the workspace.
 */
export class Selections extends Disposable {
  /** By the model's URI; the one used last is the last. */
  private readonly known: Map<string, Selection>;
  /** Models that were looked at since the window was loaded. */
  private readonly used = new Set<string>();
  private readonly changed = this.register(new vscode.EventEmitter<{ readonly model: string; readonly by: unknown }>());
  /** `by`: the view in which it was chosen. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly memory: vscode.Memento,
    private readonly techniques: readonly TechniqueInfo[],
  ) {
    super();
    const kept = memory.get<unknown>(key);
    this.known = new Map(
      (Array.isArray(kept) ? kept.slice(-MOST_MODELS) : []).flatMap((entry: unknown) => {
        const sound = readSelection(entry, techniques);
        return sound ? [sound] : [];
      }),
    );
  }

  of(model: string): Selection | undefined {
    return this.known.get(model);
  }

  /** Whether a person has looked at the model in this window: then what is current needs no question. */
  isCurrent(model: string): boolean {
    return this.used.has(model) && this.known.has(model);
  }

  /** The model that was looked at last. */
  get latest(): string | undefined {
    return [...this.known.keys()].at(-1);
  }

  /** A view of the model is open again: what was kept is current, or what it shows where nothing was kept. */
  resume(state: PanelState): void {
    if (this.known.has(state.model)) this.used.add(state.model);
    else this.take(state, undefined);
  }

  /** What a view shows from now on is the model's selection. What the view has no say in stays. */
  take(state: PanelState, by: unknown): void {
    const { model } = state;
    const before = this.known.get(model);
    const now = { ...(state.input === undefined && before ? before : {}), ...selectionOf(state) };
    this.used.add(model);
    if (JSON.stringify(before) === JSON.stringify(now) && this.latest === model) return;
    this.known.delete(model);
    this.known.set(model, now);
    for (const oldest of [...this.known.keys()].slice(0, -MOST_MODELS)) this.known.delete(oldest);
    void this.memory.update(key, [...this.known]);
    this.changed.fire({ model, by });
  }

  /** Another input for all views of the model. */
  setInput(model: string, input: string): void {
    const { more: _, ...before } = this.known.get(model) ?? { target: {}, colorMap: DEFAULT_LOOKS.colorMap };
    this.used.add(model);
    this.known.delete(model);
    this.known.set(model, { ...before, input });
    void this.memory.update(key, [...this.known]);
    this.changed.fire({ model, by: undefined });
  }

  /** Whether a view that goes from one state to another makes another selection by it. */
  isOther(before: PanelState, after: PanelState): boolean {
    return JSON.stringify(selectionOf(before)) !== JSON.stringify(selectionOf(after));
  }

  /** The state that a view would have if it followed. */
  applied(state: PanelState): PanelState {
    const selection = this.known.get(state.model);
    if (!selection) return state;
    const { colorMap, ...shared } = selection;
    const { input, more: _, target: __, layer: ___, moreLayers: ____, ...rest } = state;
    return { ...rest, ...(input === undefined ? {} : { input }), ...shared, looks: { ...state.looks, colorMap } };
  }

  /** What a new view begins with: what is shared, and the setting's colour map where nobody chose one. */
  startingFrom(state: PanelState): PanelState {
    const followed = this.applied(state);
    const { looks } = followed;
    return looks.colorMap === "auto" ? { ...followed, looks: { ...looks, colorMap: state.looks.colorMap } } : followed;
  }

  /** That state, where the view would show another result by it; undefined where it shows the same. */
  differing(state: PanelState): PanelState | undefined {
    const followed = this.applied(state);
    const info = this.techniques.find(({ id }) => id === state.technique);
    return stateKey(followed, info) === stateKey(state, info) ? undefined : followed;
  }
}

function selectionOf({ input, more, target, layer, moreLayers, looks }: PanelState): Selection {
  return {
    ...(input === undefined ? {} : { input }),
    ...(more === undefined ? {} : { more }),
    target,
    ...(layer === undefined ? {} : { layer }),
    ...(moreLayers === undefined ? {} : { moreLayers }),
    colorMap: looks.colorMap,
  };
}

/** An entry as it came back from VS Code's storage, as far as it is sound. */
function readSelection(entry: unknown, techniques: readonly TechniqueInfo[]): readonly [string, Selection] | undefined {
  if (!Array.isArray(entry) || typeof entry[1] !== "object" || entry[1] === null) return undefined;
  const [model, data] = entry as [unknown, Record<string, unknown>];
  const state = readPanelState({ ...data, model, looks: { colorMap: data.colorMap } }, techniques);
  return state && [state.model, selectionOf(state)];
}
