import type { EditorBoot, EditorHost, EditorState } from "../../src/protocol/editor.ts";
import type { ChangeReason } from "../../src/protocol/session.ts";
import { Store } from "../ui/store.ts";
import type { HostLink, Memory, PageSnapshot } from "../ui/store.ts";
import { findLayers } from "./search.ts";
import { reviveState } from "./state.ts";

export interface Snapshot extends PageSnapshot<EditorBoot, EditorState> {
  /** What happened to the file since it was read. */
  readonly stale?: "model-changed" | "model-deleted";
}

/** What the model editor does. */
export class EditorController extends Store<EditorHost, Snapshot> {
  /** The selection that the extension was told last. */
  private told: { readonly index: number | undefined } | undefined;

  constructor(link: HostLink<EditorHost>, memory: Memory) {
    super(link, memory, {});
  }

  /** A changed file is read again when the person asks for it. */
  override async changed(reason: ChangeReason): Promise<void> {
    if (reason === "model-changed" || reason === "model-deleted") this.set({ stale: reason });
    else if (reason === "selection") await this.followSelection();
    else await super.changed(reason);
  }

  protected adopt(boot: EditorBoot): void {
    const kept = this.snapshot.state ?? this.memory.read();
    this.set({
      boot,
      stale: undefined,
      failure: undefined,
      ...(boot.kind === "model" ? { state: reviveState(kept, boot.model.layers.length) } : {}),
    });
    if (boot.kind === "model") void this.followSelection().then(() => this.tellSelected());
  }

  /** Selects the layer that was chosen elsewhere, and shows it whatever the search or the tab hid. */
  private async followSelection(): Promise<void> {
    const { index, plumbing } = (await this.ask("selection", {})) ?? {};
    const { boot } = this.snapshot;
    if (plumbing !== undefined && this.snapshot.state) this.change({ plumbing });
    const { state } = this.snapshot;
    const layer = boot?.kind === "model" && index !== undefined ? boot.model.layers[index] : undefined;
    if (!state || !layer) return;
    const search = findLayers([layer], state.search).length > 0 ? state.search : "";
    this.show({ selected: index, tab: "layers", search });
  }

  private tellSelected(): void {
    const { state } = this.snapshot;
    if (!state || (this.told && this.told.index === state.selected)) return;
    this.told = { index: state.selected };
    void this.ask("selected", state.selected === undefined ? {} : { index: state.selected });
  }

  async reload(): Promise<void> {
    const boot = await this.ask("reload", {});
    if (boot) this.adopt(boot);
  }

  /** Another search, order, selection or tab. */
  show(part: Partial<EditorState>): void {
    const { plumbing } = part;
    if (plumbing !== undefined && plumbing !== this.snapshot.state?.plumbing)
      void this.ask("plumbing", { shown: plumbing });
    this.change(part);
    this.tellSelected();
  }

  dismissStale(): void {
    this.set({ stale: undefined });
  }

  visualize(technique: string, layer?: string): void {
    void this.ask("visualize", { technique, ...(layer === undefined ? {} : { layer }) });
  }

  explainWith(): void {
    void this.ask("explainWith", {});
  }

  reopenAsText(): void {
    void this.ask("reopenAsText", {});
  }

  copy(text: string, what: string): void {
    void this.ask("copy", { text, what });
  }
}
