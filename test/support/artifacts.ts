import type { BarsArtifact, HeatmapArtifact, ImageArtifact, TilesArtifact } from "../../src/protocol/artifacts.ts";
import type { Provenance, WholeResult } from "../../src/protocol/result.ts";

/** A small result with one artifact of each kind, for tests. */
export const picture: ImageArtifact = {
  kind: "image",
  id: "input",
  title: "Input",
  width: 4,
  height: 2,
  caption: "4×2",
  pixels: Uint8Array.from({ length: 24 }, (_, i) => i * 10),
};

export const heatmap: HeatmapArtifact = {
  kind: "heatmap",
  id: "map",
  title: "Saliency",
  dims: [1, 3, 2, 4],
  axes: { channel: 1, height: 2, width: 3 },
  quantity: "∂y/∂x",
  signed: true,
  over: "input",
  smooth: false,
  caption: "of 285",
  values: Float32Array.from({ length: 24 }, (_, i) => (i - 12) / 7),
};

export const tiles: TilesArtifact = {
  kind: "tiles",
  id: "tiles",
  title: "Feature maps",
  value: "conv",
  dims: [1, 3, 2, 2],
  axes: { channel: 1, height: 2, width: 3 },
  count: 3,
  min: Float32Array.of(0, 2, 0),
  max: Float32Array.of(3, 6, 0),
  mean: Float32Array.of(1, 4, 0),
  strength: Float32Array.of(1, 4, 0),
  sent: 2,
  tileHeight: 2,
  tileWidth: 2,
  tiles: Float32Array.of(0, 1, 2, 3, 2, 3, 5, 6),
  caption: "3 channels",
};

export const bars: BarsArtifact = {
  kind: "bars",
  id: "bars",
  title: "Predictions",
  quantity: "probability",
  share: true,
  selected: 1,
  caption: "",
  dims: [1, 3],
  items: [
    { label: 'cat, "Egyptian"', value: 0.75, index: 1 },
    { label: "dog", value: 0.25, index: 2 },
  ],
  values: Float32Array.of(0, 0.75, 0.25),
};

export const provenance: Provenance = {
  technique: "saliency",
  model: { name: "m.onnx", hash: "ab" },
  input: { name: "cat.png", hash: "cd" },
  recipe: {},
  target: { output: "y", index: [285], label: "Egyptian cat" },
  params: { noise: 0.15 },
  versions: { neuralLoupe: "0.1.0", onnxruntime: "1.30.0" },
  threads: 2,
};

export const result: WholeResult = {
  arrays: [{ dims: [1, 3, 2, 4], type: "float32", values: heatmap.values, view: heatmap.id }],
  views: [heatmap, tiles],
  context: { pictures: [picture], predictions: bars },
  notes: ["a note"],
  provenance,
  time: { run: 1, total: 2 },
};
