import type { LayerDetails, ModelDescription, TensorSummary } from "./model.ts";

/** The columns of the layer table, in their order. */
export const LAYER_COLUMNS = ["order", "name", "operator", "shape", "parameters"] as const;
export type LayerColumn = (typeof LAYER_COLUMNS)[number];

/** The model editor's small state, kept by the webview across reloads. */
export interface EditorState {
  readonly search: string;
  readonly sort: { readonly by: LayerColumn; readonly descending: boolean };
  /** Whether nodes that only compute shapes and constants are listed, too. */
  readonly plumbing: boolean;
  /** Widths that the person gave to columns, in CSS pixels. */
  readonly widths: Readonly<Partial<Record<LayerColumn, number>>>;
  readonly selected?: number;
  readonly tab: "layers" | "problems" | "about";
}

export interface EditorTechnique {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  /** Why it cannot work for this model. */
  readonly reason?: string;
}

export type EditorBoot =
  | {
      readonly kind: "model";
      readonly model: ModelDescription;
      readonly techniques: readonly EditorTechnique[];
      /** The ids of those that are pinned or were used last, by place. */
      readonly quick: readonly string[];
      readonly blocked?: string;
    }
  /** The file cannot be shown: what, where, and what the person can do. */
  | {
      readonly kind: "error";
      readonly name: string;
      readonly message: string;
      readonly where?: string;
      readonly hint?: string;
    };

export interface EditorHost {
  ready(request: Record<string, never>): EditorBoot;
  layer(request: { readonly index: number }): LayerDetails;
  tensor(request: { readonly name: string }): TensorSummary;
  /** Runs a technique's command on this model, as the palette would. */
  visualize(request: { readonly technique: string; readonly layer?: string }): void;
  /** Lets the person choose among all techniques (quick pick), and runs the one chosen on this model. */
  explainWith(request: Record<string, never>): void;
  /** Reads the file again. */
  reload(request: Record<string, never>): EditorBoot;
  reopenAsText(request: Record<string, never>): void;
  /** Puts a text on the clipboard, and says what it is ("the name") in a notification. */
  copy(request: { readonly text: string; readonly what: string }): void;
  /** Another layer is selected in this page, or none: the tree of models follows. */
  selected(request: { readonly index?: number }): void;
  /** Nodes that only compute shapes or constants are listed from now on, or no longer: in other views, too. */
  plumbing(request: { readonly shown: boolean }): void;
  /**
   * The layer that was chosen elsewhere since the page asked last: it selects that one; and whether all views list
   * plumbing.
   */
  selection(request: Record<string, never>): { readonly index?: number; readonly plumbing?: boolean };
}
