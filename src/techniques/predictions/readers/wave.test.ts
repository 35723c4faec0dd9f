/** A wave as a model's answer: how it is found, said, compared with the input, explained by a sample or a span. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ints, node, runOn, weight, writeArray, writeSmallModel } from "../../../../test/support/models.ts";
import type { WaveArtifact } from "../../../protocol/artifacts.ts";
import type { Recipe } from "../../../protocol/recipe.ts";
import type { WholeResult } from "../../../protocol/result.ts";
import { ModelCache } from "../../../runtime/model-cache.ts";

let scratch: string;
const models = new ModelCache();
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-wave-"));
});
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const audio = resolve("test/models/window/audio");
const denoise = (outputs?: Recipe["outputs"], params = {}): Promise<WholeResult> =>
  runOn(models, join(audio, "audio.onnx"), join(audio, "noisy.npy"), "predictions", {
    recipe: { version: 1, inputs: { noisy: { kind: "array", rate: 8000 } }, ...(outputs ? { outputs } : {}) },
    params,
  });
/** The float32 numbers of a .npy file. */
function readArray(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(new Uint8Array(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
}
function waveOf({ views }: WholeResult): WaveArtifact {
  const [view] = views;
  if (view.kind !== "wave") throw new Error(`no wave, but ${view.kind}`);
  return view;
}

/** y = 2 x, all of them in one shape. */
function doubled(dims: readonly number[]): string {
  return writeSmallModel(scratch, `doubled-${dims.join("x")}.onnx`, {
    inputs: { x: ["float32", ...dims] },
    outputs: ["y"],
    weights: [weight("two", [], [2])],
    nodes: [node("Mul", ["x", "two"], ["y"])],
  });
}
const small = (dims: readonly number[]): string =>
  writeArray(
    scratch,
    `x-${dims.join("x")}.npy`,
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i + 1),
  );
const plain: Recipe = { version: 1, inputs: { x: { kind: "array" } } };

describe("a denoiser's output", () => {
  it("is a wave along the input's seconds, over the input, with their difference", async () => {
    const result = await denoise();
    const wave = waveOf(result);
    const [given, clean] = [readArray(join(audio, "noisy.npy")), readArray(join(audio, "clean.npy"))];
    expect(wave).toMatchObject({
      dims: [1, 1, 4000],
      axes: { along: 2, channel: 1 },
      x: { label: "time", unit: "s", start: 0, step: 1 / 8000 },
      source: { output: "clean", dims: [1, 1, 4000] },
      madeOf: { title: "noisy" },
      caption: "4000 samples, 0.5 s at 8000 Hz",
    });
    expect([...wave.madeOf!.values]).toEqual([...given]);
    expect(result.views[1]).toMatchObject({ kind: "line", id: "difference", dims: [1, 1, 4000], signed: true });
    const squares = given.reduce((sum, value, i) => sum + (wave.values[i] - value) ** 2, 0);
    expect(wave.compared?.rms).toBeCloseTo(Math.sqrt(squares / 4000), 5);
    // It does what it was trained for: nearer to the clean tone than what it was given.
    const far = (values: Float32Array): number => clean.reduce((sum, value, i) => sum + (values[i] - value) ** 2, 0);
    expect(far(wave.values)).toBeLessThan(far(given) / 2);
    expect(result.views[2]).toMatchObject({ kind: "bars", noun: "sample" });
  });

  it("is said to be a guess, unless the recipe says it; plain values are a word away", async () => {
    const said = 'The output "clean" is shown as wave. It has a value for each of the input\'s 4000 samples.';
    expect((await denoise()).notes.join("\n")).toContain(said);
    const told = await denoise({ clean: { kind: "regression", as: "wave" } });
    expect(waveOf(told).kind).toBe("wave");
    expect(told.notes.join("\n")).not.toContain("shown as wave");
    expect((await denoise(undefined, { as: "plain" })).views.map(({ kind }) => kind)).toEqual(["bars"]);
  });

  it("has the explained sample or span marked on the input's signal", async () => {
    const mark = async (target: object): Promise<unknown> =>
      (
        await runOn(models, join(audio, "audio.onnx"), join(audio, "noisy.npy"), "saliency", {
          recipe: { version: 1, inputs: { noisy: { kind: "array" } } },
          target,
        })
      ).context.target;
    expect(await mark({ index: [0, 1000] })).toEqual({ left: 0.25, right: 1001 / 4000, top: 0, bottom: 1 });
    expect(
      await mark({
        region: [
          [0, 1],
          [1000, 3000],
        ],
      }),
    ).toEqual({ left: 0.25, right: 0.75, top: 0, bottom: 1 });
    expect(
      await mark({
        region: [
          [0, 1],
          [0, 4000],
        ],
      }),
    ).toBeUndefined();
  });
});

describe("an output", () => {
  it("with time before channels is read the same way as its input", async () => {
    // A dense layer over the last axis says that this is where the channels are.
    const model = writeSmallModel(scratch, "last.onnx", {
      inputs: { x: ["float32", 1, 6, 2] },
      outputs: ["y"],
      weights: [weight("w", [2, 2], [2, 0, 0, 2])],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
    });
    const wave = waveOf(
      await runOn(models, model, small([1, 6, 2]), "predictions", { recipe: plain, params: { as: "wave" } }),
    );
    expect(wave.axes).toEqual({ along: 1, channel: 2 });
    expect(wave.compared).toEqual({ meanAbsolute: 6.5, rms: Math.sqrt(650 / 12) });
  });

  it("that is no signal cannot be shown as one, and says so", async () => {
    const model = doubled([1, 1, 4, 4]);
    await expect(
      runOn(models, model, small([1, 1, 4, 4]), "predictions", { recipe: plain, params: { as: "wave" } }),
    ).rejects.toThrow(
      'The output "y" [1, 1, 4, 4] cannot be shown as wave: it is no signal [N, C, T], [N, T, C] or [N, T].',
    );
  });

  it("of another length than the input has no difference, and that is said", async () => {
    const model = writeSmallModel(scratch, "strided.onnx", {
      inputs: { x: ["float32", 1, 2, 8] },
      outputs: ["y"],
      weights: [weight("w", [2, 2, 2], [1, 0, 0, 1, 0, 1, 1, 0])],
      nodes: [node("Conv", ["x", "w"], ["y"], { strides: ints(2) })],
    });
    const rated: Recipe = { version: 1, inputs: { x: { kind: "array", rate: 10 } } };
    const result = await runOn(models, model, small([1, 2, 8]), "predictions", {
      recipe: rated,
      params: { as: "wave" },
    });
    expect(waveOf(result)).not.toHaveProperty("madeOf");
    // Half as many samples in the same time.
    expect(waveOf(result).x.step).toBeCloseTo(0.2, 12);
    expect(result.notes.join("\n")).toContain(
      "The output has 4 samples of 2 channels, the input 8 of 2: there is no difference to show.",
    );
  });

  it("of a classifier of signals is none, and neither are softmax scores along a signal", async () => {
    const heartbeat = resolve("samples/heartbeat");
    const classes = await runOn(
      models,
      join(heartbeat, "heartbeat.onnx"),
      join(heartbeat, "regular.npy"),
      "predictions",
      { recipe: { version: 1, inputs: { signal: { kind: "array" } } } },
    );
    expect(classes.views.map(({ kind }) => kind)).toEqual(["bars"]);
    const scores = writeSmallModel(scratch, "softmax.onnx", {
      inputs: { x: ["float32", 1, 2, 6] },
      outputs: ["y"],
      nodes: [node("Softmax", ["x"], ["y"], { axis: { type: "int", value: 1 } })],
    });
    const result = await runOn(models, scores, small([1, 2, 6]), "predictions", { recipe: plain });
    expect(result.views.some(({ kind }) => kind === "wave")).toBe(false);
  });
});
