import { describe, expect, it } from "vitest";
import { result as base } from "../../../test/support/artifacts.ts";
import type { WaveArtifact } from "../../protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { saveResult } from "../encode/save.ts";
import type { LinePart } from "../scene/parts.ts";
import { kindOf } from "./index.ts";
import { comparedWave, sampleTarget, samplesOfTarget, waveLines } from "./wave.ts";

/** [1, 3, 2], samples first: two channels of three samples, made of zeros and ones. */
const wave: WaveArtifact = {
  kind: "wave",
  id: "output",
  title: "Output y",
  values: Float32Array.of(1, -1, 2, -2, 3, -3),
  dims: [1, 3, 2],
  axes: { along: 1, channel: 2 },
  x: { label: "time", unit: "s", start: 0, step: 0.5 },
  channels: ["left", "right"],
  source: { output: "y", dims: [1, 3, 2] },
  madeOf: { title: "x", values: Float32Array.of(0, 0, 0, 1, 1, 1), dims: [1, 2, 3], axes: { along: 2, channel: 1 } },
  compared: { meanAbsolute: 2.5, rms: 2.75 },
  caption: "3 samples",
};
const save = (format: "csv" | "json" | "svg"): string =>
  new TextDecoder().decode(saveResult({ ...base, views: [wave] }, DEFAULT_LOOKS, format));

describe("a wave", () => {
  it("is channels of samples, the input's beside them, whichever axis comes first", () => {
    const { output, input, difference } = waveLines(wave);
    expect([...output.values]).toEqual([1, 2, 3, -1, -2, -3]);
    expect([...input!.values]).toEqual([0, 0, 0, 1, 1, 1]);
    expect([...difference!]).toEqual([1, 2, 3, -2, -3, -4]);
  });

  it("is a row for each sample as CSV, with the input and the difference; NPY and JSON have the model's own array", () => {
    expect(save("csv").trim().split("\r\n").slice(0, 5)).toEqual([
      "channel,x,time (s),value,input,difference",
      "0,0,0,1,0,1",
      "0,1,0.5,2,0,2",
      "0,2,1,3,0,3",
      "1,0,0,-1,1,-2",
    ]);
    expect(kindOf(wave).numbers(wave)).toEqual({ dims: [1, 3, 2], values: wave.values });
    expect(JSON.parse(save("json"))).toMatchObject({ wave: { rate: 2, meanAbsolute: 2.5, rms: 2.75 } });
  });

  it("is drawn over its input in one range, with the difference below it", () => {
    const strokes = kindOf(wave)
      .layout(wave, { pictures: [], looks: DEFAULT_LOOKS })
      .parts.filter((part): part is LinePart => part.kind === "line");
    // The input's grey behind the output's blue, then the difference, for each channel.
    expect(strokes.map(({ color }) => color)).toEqual([5, 0, 0, 5, 0, 0]);
    const [input, output] = strokes.map(({ points }) => points.filter((_, i) => i % 2 === 1));
    // 0 to 3: what the input has throughout is the output's end below.
    expect(input.every((y) => y > output[0] && y === input[0])).toBe(true);
    expect(save("svg")).toContain("mean absolute difference 2.5, RMS 2.75");
    expect(comparedWave({ ...wave, compared: undefined })).toBeUndefined();
  });

  it("has samples and spans of a channel as targets, and finds them again", () => {
    expect(sampleTarget(wave, 1, 2, 3)).toEqual({ output: "y", index: [2, 1] });
    const span = sampleTarget(wave, 0, 1, 3);
    expect(span).toEqual({
      output: "y",
      region: [
        [1, 3],
        [0, 1],
      ],
    });
    expect(samplesOfTarget(wave, span, 0)).toEqual([1, 3]);
    expect(samplesOfTarget(wave, span, 1)).toBeUndefined();
    expect(samplesOfTarget(wave, { ...span, output: "z" }, 0)).toBeUndefined();
    expect(samplesOfTarget(wave, {}, 0)).toBeUndefined();
    // Without a channel axis: [N, T].
    const flat: WaveArtifact = {
      ...wave,
      dims: [1, 6],
      axes: { along: 1, channel: 0 },
      source: { output: "y", dims: [1, 6] },
    };
    expect(sampleTarget(flat, 0, 4, 5)).toEqual({ output: "y", index: [4] });
    expect(samplesOfTarget(flat, { index: [4] }, 0)).toEqual([4, 5]);
  });
});
