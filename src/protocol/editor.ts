import type { LayerDetails, ModelDescription, TensorSummary } from "./model.ts";

/** The model editor's small state, kept by the webview across reloads. */
export interface EditorState {
  readonly search: string;
  readonly sort: { readonly by: "order" | "name" | "operator" | "shape" | "parameters"; readonly descending: boolean };
  readonly selected?: number;
  readonly tab: "layers" | "problems" | "about";
}

export type EditorBoot =
  | {
      readonly kind: "model";
      readonly model: ModelDescription;
      readonly techniques: readonly {
        readonly id: string;
        readonly title: string;
        readonly command: string;
        readonly summary: string;
      }[];
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
  /** Reads the file again. */
  reload(request: Record<string, never>): EditorBoot;
  reopenAsText(request: Record<string, never>): void;
  copy(request: { readonly text: string }): void;
}
