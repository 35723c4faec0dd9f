import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadRecipe } from "../../data/index.ts";
import { NO_RECIPE } from "../../protocol/recipe.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { int, ints, node, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";
import { layersOf } from "../activations/layer-views.ts";

const folder = mkdtempSync(join(tmpdir(), "loupe-count-"));
const models = new ModelCache();
const env = { models, progress: () => undefined, signal: new AbortController().signal };
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it("says why there are fewer layers than nodes", async () => {
  const model = writeSmallModel(folder, "shapes.onnx", {
    inputs: { x: ["float32", 1, 2, 3] },
    outputs: ["y", "best", "mean"],
    weights: [weight("w", [3, 4], new Float32Array(12).fill(0.5))],
    nodes: [
      node("Shape", ["x"], ["s"]),
      node("Cast", ["s"], ["t"], { to: int(7) }),
      node("Reshape", ["x", "t"], ["r"]),
      node("MatMul", ["r", "w"], ["h"]),
      node("Relu", ["h"], ["y"]),
      node("ArgMax", ["y"], ["best"], { axis: int(-1) }),
      node("ReduceMean", ["y"], ["mean"], { axes: ints(0, 1, 2), keepdims: int(0) }),
    ],
  });
  const input = writeArray(folder, "x.npy", [1, 2, 3], [1, 2, 3, 4, 5, 6]);
  const { layers, count } = await layersOf({ model, recipe: NO_RECIPE, inputs: { "": input } }, env);
  expect(layers.map(({ value }) => value)).toEqual(["r", "h", "y"]);
  expect(count).toBe(
    "3 layers of 7 nodes: 2 only compute shapes or constants, 1 gives no floating-point values, 1 gives a single number.",
  );
});

it("says nothing where every node is a layer", async () => {
  const model = writeSmallModel(folder, "plain.onnx", {
    inputs: { x: ["float32", 1, 3] },
    outputs: ["y"],
    weights: [weight("w", [3, 4], new Float32Array(12).fill(0.5))],
    nodes: [node("MatMul", ["x", "w"], ["h"]), node("Relu", ["h"], ["y"])],
  });
  const input = writeArray(folder, "row.npy", [1, 3], [1, 2, 3]);
  const { layers, count } = await layersOf({ model, recipe: NO_RECIPE, inputs: { "": input } }, env);
  expect([layers.length, count]).toEqual([2, undefined]);
});

it("there are as many as the model's editor lists without plumbing", async () => {
  const request = { model: resolve("samples/efficientnet-lite0.onnx"), inputs: { "": resolve("samples/cat.png") } };
  const { recipe, listed } = await models.use(request.model, async ({ description, readConstant }) => ({
    recipe: (await loadRecipe(description, readConstant)).recipe,
    listed: description.layers.filter(({ plumbing }) => !plumbing).length,
  }));
  const { layers, count } = await layersOf({ ...request, recipe }, env);
  expect([layers.length, count]).toEqual([
    listed,
    `${listed} layers of 234 nodes: ${234 - listed} only compute shapes or constants.`,
  ]);
});
