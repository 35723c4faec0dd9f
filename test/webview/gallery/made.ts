import type { Artifact } from "../../../src/protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../../src/protocol/looks.ts";
import type { PanelState } from "../../../src/protocol/panel.ts";
import { resultFor } from "../fake/results.ts";

/** A panel's state with one of the fake host's techniques. */
export function stateFor(technique: string): PanelState {
  return { model: "file:///model.onnx", technique, target: {}, params: {}, looks: DEFAULT_LOOKS };
}

/** What one of the fake host's techniques shows, which is of that kind. */
export function madeBy<K extends Artifact["kind"]>(
  technique: string,
  kind: K,
): () => Extract<Artifact, { readonly kind: K }> {
  return () => {
    const view = resultFor(stateFor(technique)).views[0];
    if (view.kind !== kind) throw new Error(`"${technique}" gives ${view.kind}, not ${kind}.`);
    return view as Extract<Artifact, { readonly kind: K }>;
  };
}
