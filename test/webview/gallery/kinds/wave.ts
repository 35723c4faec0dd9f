import type { WaveArtifact } from "../../../../src/protocol/artifacts.ts";
import { outputWave } from "../../fake/outputs.ts";
import type { KindStates } from "./kind-states.ts";

const typical = (): WaveArtifact => outputWave().main;

export const wave: KindStates<WaveArtifact> = {
  typical,
  one: () => {
    const { madeOf: _, compared: __, ...rest } = typical();
    return { ...rest, values: Float32Array.of(0.4), dims: [1, 1, 1], source: { output: "clean", dims: [1, 1, 1] } };
  },
  none: "A wave has a sample at least.",
  more: {
    "12 channels": () => outputWave(12).main,
    "a long wave, made of nothing": () => {
      const { madeOf: _, compared: __, ...rest } = outputWave(1, 200_000).main;
      return rest;
    },
  },
};
