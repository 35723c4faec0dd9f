// Methods that only run the model forward need no trace of it: a trace costs a run with a shape for every value.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { LoadedModel } from "../../runtime/models.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const folder = mkdtempSync(join(tmpdir(), "loupe-forward-"));
const models = new ModelCache();
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => vi.restoreAllMocks());

/** Three scores of four numbers: softmax(x · W). */
const model = writeSmallModel(folder, "softmax.onnx", {
  inputs: { x: ["float32", 1, 4] },
  outputs: ["y"],
  weights: [weight("w", [4, 3], [1, 0, 2, 0, 1, 0, -1, 0, 1, 3, 1, 0])],
  nodes: [node("MatMul", ["x", "w"], ["z"]), node("Softmax", ["z"], ["y"])],
});
const input = writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]);

describe("what runs forward only", () => {
  test.each(["occlusion", "feature-ablation"])("%s explains the logit, without a trace", async (technique) => {
    const traced = vi.spyOn(LoadedModel.prototype, "traced");
    const result = await runOn(models, model, input, technique, { target: { index: [0] } });
    expect(result.provenance.score).toEqual({ kind: "logit", value: "z" });
    // By hand, baseline 0: x · W's first column, element by element.
    expect(Array.from(result.arrays[0].values)).toEqual([1, 0, -3, 12]);
    expect(traced).not.toHaveBeenCalled();
  });

  test("a gradient traces", async () => {
    const traced = vi.spyOn(LoadedModel.prototype, "traced");
    await runOn(models, model, input, "saliency", { target: { index: [0] } });
    expect(traced).toHaveBeenCalled();
  });
});
