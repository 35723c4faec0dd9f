/** Signals with a sampling rate: what their attributions, maps and layers are drawn along. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LineArtifact } from "../../protocol/artifacts.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { ints, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let scratch: string;
const models = new ModelCache();
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-signals-"));
});
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const waves = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));

/** [1, 2, 40], a convolution with stride 4 to [1, 3, 10], and the mean of each channel. */
function strided(): string {
  return writeSmallModel(scratch, "strided.onnx", {
    inputs: { x: ["float32", 1, 2, 40] },
    outputs: ["y"],
    weights: [weight("w", [3, 2, 4], waves(24))],
    nodes: [
      node("Conv", ["x", "w"], ["c"], { strides: ints(4) }),
      node("Relu", ["c"], ["r"]),
      node("GlobalAveragePool", ["r"], ["p"]),
      node("Flatten", ["p"], ["y"]),
    ],
  });
}

const recipe = (input: Recipe["inputs"][string]): Recipe => ({ version: 1, inputs: { x: input } });
async function lineOf(technique: string, given: Recipe, more = {}): Promise<LineArtifact> {
  const input = writeArray(scratch, "x.npy", [1, 2, 40], waves(80));
  const [view] = (await runOn(models, strided(), input, technique, { recipe: given, ...more })).views;
  if (view.kind !== "line") throw new Error(`not a line, but ${view.kind}`);
  return view;
}

describe("a signal", () => {
  it("lies along seconds where the recipe has a rate, and its channels have the recipe's names", async () => {
    const line = await lineOf("saliency", recipe({ kind: "array", rate: 20, channels: ["left", "right"] }));
    expect(line).toMatchObject({
      dims: [1, 2, 40],
      x: { label: "time", unit: "s", start: 0, step: 0.05 },
      channels: ["left", "right"],
      signal: { title: "x", dims: [1, 2, 40] },
    });
  });

  it("lies along samples where it has none; names that are too few are not used", async () => {
    const line = await lineOf("saliency", recipe({ kind: "array", channels: ["left"] }));
    expect(line.x).toEqual({ label: "sample", start: 0, step: 1 });
    expect(line).not.toHaveProperty("channels");
  });

  it("has a class activation map along the same axis, a value in the middle of its four samples, not interpolated", async () => {
    const line = await lineOf("grad-cam", recipe({ kind: "array", rate: 20 }), { layer: "r" });
    expect(line).toMatchObject({ dims: [1, 10], smooth: false, signal: { dims: [1, 2, 40] } });
    expect(line.x).toEqual({ label: "time", unit: "s", start: 1.5 / 20, step: 0.2 });
    expect((await lineOf("grad-cam", recipe({ kind: "array" }), { layer: "r" })).x).toEqual({
      label: "sample",
      start: 1.5,
      step: 4,
    });
  });

  it("has layers along the same seconds, or along their own steps", async () => {
    const rated = await lineOf("feature-maps", recipe({ kind: "array", rate: 20 }), { layer: "r" });
    expect(rated).toMatchObject({ dims: [1, 3, 10], x: { label: "time", unit: "s", start: 0.075, step: 0.2 } });
    const plain = await lineOf("feature-maps", recipe({ kind: "array" }), { layer: "r" });
    expect(plain.x).toEqual({ label: "step", start: 0, step: 1 });
  });

  it("may have no channel axis: a row with a rate is a line, without one bars", async () => {
    const model = writeSmallModel(scratch, "row.onnx", {
      inputs: { x: ["float32", 1, 12] },
      outputs: ["y"],
      weights: [weight("w", [12, 2], waves(24))],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
    });
    const input = writeArray(scratch, "row.npy", [1, 12], waves(12));
    const run = (given: Recipe): ReturnType<typeof runOn> => runOn(models, model, input, "saliency", { recipe: given });
    const rated = await run(recipe({ kind: "array", rate: 4 }));
    expect(rated.views[0]).toMatchObject({
      kind: "line",
      dims: [1, 12],
      axes: { along: 1, channel: 0 },
      x: { unit: "s", step: 0.25 },
    });
    const plain = await run(recipe({ kind: "array" }));
    expect(plain.views[0].kind).toBe("bars");
    expect([...rated.arrays[0].values]).toEqual([...plain.arrays[0].values]);
  });
});
