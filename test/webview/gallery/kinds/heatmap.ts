import type { HeatmapArtifact } from "../../../../src/protocol/artifacts.ts";
import { madeBy } from "../made.ts";
import type { KindStates } from "./kind-states.ts";

const cam = madeBy("grad-cam", "heatmap");

export const heatmap: KindStates<HeatmapArtifact> = {
  typical: cam,
  one: () => ({ ...cam(), values: Float32Array.of(0.7), dims: [1, 1, 1, 1] }),
  none: "A map has a place at least.",
  more: {
    "signed, over no picture": () => ({ ...madeBy("dense", "heatmap")(), over: undefined }),
    wide: () => ({
      ...cam(),
      values: Float32Array.from({ length: 400 }, (_, index) => Math.sin(index / 20)),
      dims: [1, 1, 2, 200],
      signed: true,
      smooth: false,
      over: undefined,
    }),
  },
};
