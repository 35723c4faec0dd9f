import type { MaskArtifact } from "../../../../src/protocol/artifacts.ts";
import { segmentation } from "../../fake/outputs.ts";
import type { KindStates } from "./kind-states.ts";

/** One place of one class. */
const one = (): MaskArtifact => ({
  ...segmentation().main,
  values: Float32Array.of(1),
  scores: Float32Array.of(0.75),
  dims: [1, 1],
  classes: [{ index: 1, label: "cat", count: 1, channel: 1 }],
});

export const mask: KindStates<MaskArtifact> = {
  typical: () => segmentation().main,
  one,
  none: "A map has at least one place.",
};
