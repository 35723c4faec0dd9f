import type { NumbersArtifact } from "../../../../src/protocol/artifacts.ts";
import { severalNumbers, singleNumber } from "../../fake/outputs.ts";
import type { KindStates } from "./kind-states.ts";

export const numbers: KindStates<NumbersArtifact> = {
  typical: () => severalNumbers().main,
  one: () => singleNumber().main,
  none: () => ({ ...severalNumbers().main, items: [], values: new Float32Array(0), dims: [1, 0] }),
};
