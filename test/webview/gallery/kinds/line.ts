import type { LineArtifact } from "../../../../src/protocol/artifacts.ts";
import { madeBy } from "../made.ts";
import type { KindStates } from "./kind-states.ts";

const ecg = madeBy("signal", "line");

export const line: KindStates<LineArtifact> = {
  typical: ecg,
  one: () => {
    const { channels: _, signal: __, ...rest } = ecg();
    return { ...rest, values: Float32Array.of(0.4), dims: [1, 1, 1] };
  },
  none: "A signal has a step at least.",
  more: {
    "channels of a layer": () => {
      const { channels: _, signal: __, ...rest } = ecg();
      const values = Float32Array.from({ length: 32 * 60 }, (_, i) => Math.sin((i % 60) / (3 + Math.floor(i / 60))));
      return { ...rest, values, dims: [1, 32, 60], quantity: "activation", x: { label: "step", start: 0, step: 1 } };
    },
  },
};
