import type { LineArtifact } from "../../../../src/protocol/artifacts.ts";
import { madeBy } from "../made.ts";
import type { KindStates } from "./kind-states.ts";

const ecg = madeBy("signal", "line");

/** As many leads, as long. */
function channelsOf(channels: number, steps: number): LineArtifact {
  const { channels: _, ...rest } = ecg();
  const dims = [1, channels, steps];
  const values = Float32Array.from({ length: channels * steps }, (_, i) => {
    const [channel, t] = [Math.floor(i / steps), (i % steps) / steps];
    return Math.sin(20 * Math.PI * t * (1 + channel / 5)) * Math.exp(-20 * (t - 0.5) ** 2);
  });
  const wave = values.map((value, i) => value + 0.3 * Math.sin((i % steps) / 7));
  const x = { label: "time", unit: "s", start: 0, step: 2.4 / steps };
  return { ...rest, values, dims, x, signal: { title: "ecg", values: wave, dims, axes: { along: 2, channel: 1 } } };
}

export const line: KindStates<LineArtifact> = {
  typical: ecg,
  one: () => {
    const { channels: _, signal: __, ...rest } = ecg();
    return { ...rest, values: Float32Array.of(0.4), dims: [1, 1, 1] };
  },
  none: "A signal has a step at least.",
  more: {
    "one channel": () => channelsOf(1, 240),
    "12 channels": () => channelsOf(12, 240),
    "a long signal": () => channelsOf(2, 300_000),
    "many channels, as a map": () => channelsOf(96, 240),
    "a map of a layer, as a band": () => {
      const values = Float32Array.from({ length: 30 }, (_, i) => Math.max(0, Math.sin(i / 3)) * (i / 30));
      const x = { label: "time", unit: "s", start: 0.035, step: 0.08 };
      return {
        ...ecg(),
        values,
        dims: [1, 30],
        axes: { channel: 0, along: 1 },
        x,
        signed: false,
        quantity: "ReLU(Σₖ αₖAᵏ)",
      };
    },
    "channels of a layer": () => {
      const { channels: _, signal: __, ...rest } = ecg();
      const values = Float32Array.from({ length: 32 * 60 }, (_, i) => Math.sin((i % 60) / (3 + Math.floor(i / 60))));
      return { ...rest, values, dims: [1, 32, 60], quantity: "activation", x: { label: "step", start: 0, step: 1 } };
    },
  },
};
