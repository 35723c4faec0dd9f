import type { ImageArtifact } from "../../../../src/protocol/artifacts.ts";
import { image as cat } from "../../fake/results.ts";
import type { KindStates } from "./kind-states.ts";

export const image: KindStates<ImageArtifact> = {
  typical: () => cat,
  one: () => ({ ...cat, width: 1, height: 1, pixels: Uint8Array.of(200, 120, 40) }),
  none: "A picture has a pixel at least.",
  more: {
    wide: () => ({ ...cat, width: cat.width * 8, height: 28, pixels: cat.pixels.slice(0, 3 * cat.width * 8 * 28) }),
  },
};
