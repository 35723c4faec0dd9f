import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decodeNpy, loadRecipe } from "../data/index.ts";
import type { Job } from "../protocol/job.ts";
import type { WholeResult } from "../protocol/result.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { runJob } from "./framework/run.ts";
import reference from "../../test/reference/efficientnet-cat/reference.json" with { type: "json" };

/** PyTorch's numbers for EfficientNet-Lite0 on the cat, made by test/reference/efficientnet-cat/make.py in float64. */
const folder = resolve("test/reference/efficientnet-cat");
const model = resolve("samples/efficientnet-lite0.onnx");
const models = new ModelCache();
afterAll(() => models.dispose());

const npy = (file: string): Float32Array => {
  const path = join(folder, file);
  return Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
};

async function run(technique: string, more: Partial<Job> = {}): Promise<WholeResult> {
  const { recipe } = await loadRecipe((await models.get(model)).description);
  const job: Job = {
    technique,
    model,
    source: { kind: "sample", inputs: { "": join(folder, "input.npy") } },
    recipe,
    target: { index: [285] },
    params: {},
    ...more,
  };
  return runJob(job, { models, progress: () => undefined, signal: new AbortController().signal });
}

/** Largest difference over the largest expected value; absolute where all expected values are zero (a dead channel). */
function difference(ours: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(ours.length).toBe(expected.length);
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(ours[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return largest === 0 ? worst : worst / largest;
}

describe("EfficientNet-Lite0 on the cat, against PyTorch", () => {
  it("has its magnitude as the absolute saliency", async () => {
    const {
      arrays: [raw],
    } = await run("saliency");
    expect(difference(raw.values, npy(reference.gradient).map(Math.abs))).toBeLessThan(1e-3);
  });

  it("takes the head's ReLU6 for Grad-CAM by itself", async () => {
    const {
      arrays: [raw],
      provenance,
    } = await run("grad-cam");
    expect(provenance.layer).toBe(reference.gradCam[0].value);
    expect(difference(raw.values, npy(reference.gradCam[0].file))).toBeLessThan(1e-3);
  });

  it("has the dense weights' class activation map", async () => {
    const {
      arrays: [raw],
    } = await run("cam");
    expect(
      difference(
        raw.values,
        npy(reference.cam.file).map((value) => Math.max(0, value)),
      ),
    ).toBeLessThan(1e-3);
  });

  it("says Egyptian cat with a probability of 0.37 to 0.43 through its own preprocessing", async () => {
    const { views: artifacts } = await run("predictions", {
      source: { kind: "sample", inputs: { "": resolve("samples/cat.png") } },
    });
    const bars = artifacts[0];
    if (bars.kind !== "bars") throw new Error("no bars");
    expect(bars.items[0]).toMatchObject({ index: 285, label: "Egyptian cat" });
    expect(bars.items[0].value).toBeGreaterThan(0.37);
    expect(bars.items[0].value).toBeLessThan(0.43);
  });

  it("averages noisy copies as SmoothGrad does, the same for the same seed", async () => {
    const params = { absolute: false, samples: 4, noise: 0.1, seed: 7 };
    const [a, b, other] = [
      await run("saliency", { params }),
      await run("saliency", { params }),
      await run("saliency", { params: { ...params, seed: 8 } }),
    ];
    expect(a.arrays[0].values).toEqual(b.arrays[0].values);
    expect(difference(other.arrays[0].values, a.arrays[0].values)).toBeGreaterThan(0.01);
    const squares = await run("saliency", { params: { ...params, noise_type: "smoothgrad_sq" } });
    const variance = await run("saliency", { params: { ...params, noise_type: "vargrad" } });
    expect(
      difference(
        variance.arrays[0].values,
        squares.arrays[0].values.map((value, i) => value - a.arrays[0].values[i] ** 2),
      ),
    ).toBeLessThan(1e-4);
  });
});
