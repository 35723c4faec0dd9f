import type { OutputImageArtifact } from "../../../../src/protocol/artifacts.ts";
import { outputPicture } from "../../fake/outputs.ts";
import type { KindStates } from "./kind-states.ts";

/** One grey pixel. */
const one = (): OutputImageArtifact => ({
  ...outputPicture().main,
  width: 1,
  height: 1,
  pixels: Uint8Array.of(128, 128, 128),
  values: Float32Array.of(0.5, 0.5, 0.5),
  dims: [1, 3, 1, 1],
});

export const outputImage: KindStates<OutputImageArtifact> = {
  typical: () => outputPicture().main,
  one,
  none: "A picture has at least one pixel.",
};
