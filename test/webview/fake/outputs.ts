/** Outputs of models that are no classifiers, as predictions show them: one for each scenario's `output`. */
import type { Artifact, MaskArtifact } from "../../../src/protocol/artifacts.ts";

type Made = {
  readonly main: Artifact;
  readonly raw: { readonly dims: readonly number[]; readonly values: Float32Array };
};

const names = ["background", "cat", "window", "sill"];

/** A cat before a window, in 56×56 places: an ellipse, a half, a strip. */
function segmentation(): Made {
  const side = 56;
  const values = Float32Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    if (((y - 30) / 22) ** 2 + ((x - 29) / 19) ** 2 < 1) return 1;
    if (y > 48) return 3;
    return x > 34 && y < 30 ? 2 : 0;
  });
  const scores = Float32Array.from(values, (_, i) => 0.55 + 0.4 * Math.abs(Math.sin(i / 97)));
  const main: MaskArtifact = {
    kind: "mask",
    id: "segmentation",
    title: "Segmentation",
    values,
    scores,
    dims: [side, side],
    quantity: "probability",
    classes: names
      .map((label, index) => ({ index, label, channel: index, count: values.filter((one) => one === index).length }))
      .sort((a, b) => b.count - a.count),
    source: { output: "out", dims: [1, 4, side, side], axes: { channel: 1, height: 2, width: 3 } },
    over: "input",
    caption: "56×56, largest of 4 classes at each place, the model's own Softmax (out)",
  };
  return { main, raw: { dims: [1, 4, side, side], values: new Float32Array(4 * side * side) } };
}

const makers: Readonly<Record<string, () => Made>> = { segmentation };

/** What predictions show in this scenario; undefined where it is a classifier. */
export function outputOf(name: unknown): Made | undefined {
  return typeof name === "string" ? makers[name]?.() : undefined;
}
