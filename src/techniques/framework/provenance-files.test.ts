// A result says which files made it: a baseline or a mask that is changed makes another result.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const models = new ModelCache();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-provenance-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

test("the provenance has the hashes of baselines and masks", async () => {
  const model = writeSmallModel(folder, "m.onnx", {
    inputs: { x: ["float32", 1, 4] },
    outputs: ["y"],
    nodes: [node("Mul", ["x", "x"], ["y"])],
  });
  const input = writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]);
  const [baseline, mask] = [
    writeArray(folder, "baseline.npy", [1, 4], [1, 1, 1, 1]),
    writeArray(folder, "mask.npy", [1, 4], [0, 0, 1, 1], "int64"),
  ];
  const filesOf = async (technique: string, params: Record<string, string | number>) =>
    (await runOn(models, model, input, technique, { target: { index: [2] }, params })).provenance.files;
  expect(await filesOf("saliency", {})).toBeUndefined();
  expect(await filesOf("integrated-gradients", { steps: 3, baseline: `0.5` })).toBeUndefined();
  expect(await filesOf("integrated-gradients", { steps: 3, baseline })).toEqual([
    { name: "baseline.npy", hash: hashOf(baseline) },
  ]);
  expect(await filesOf("feature-ablation", { mask, baseline })).toEqual(
    expect.arrayContaining([
      { name: "mask.npy", hash: hashOf(mask) },
      { name: "baseline.npy", hash: hashOf(baseline) },
    ]),
  );
});
