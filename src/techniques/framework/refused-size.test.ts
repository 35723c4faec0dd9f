/** Models that leave a picture's size open, and do not run at the one that was guessed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../../model/graph.ts";
import { loadRecipe } from "../../data/index.ts";
import { DataError } from "../../model/errors.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { ints, node, runOn, weight, writeSmallModel } from "../../../test/support/models.ts";

const models = new ModelCache();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-size-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const cat = resolve("samples/cat.png");

const pool = (from: string, to: string, window: readonly [number, number]): Node =>
  node("MaxPool", [from], [to], { kernel_shape: ints(...window), strides: ints(...window) });
/** Pooled to a height of 1, as recognisers of text are: [N, 3, H, W] -> [N, W / 4, 4]. */
const reader = (name: string, height: number | string): string =>
  writeSmallModel(folder, name, {
    inputs: { image: ["float32", "N", 3, height, "W"] },
    outputs: ["scores"],
    nodes: [
      pool("image", "a", [16, 2]),
      pool("a", "b", [3, 2]),
      node("Squeeze", ["b", "two"], ["c"]),
      node("Transpose", ["c"], ["d"], { perm: ints(0, 2, 1) }),
      node("MatMul", ["d", "W"], ["scores"]),
    ],
    weights: [
      weight("two", [1], [2], "int64"),
      weight(
        "W",
        [3, 4],
        Array.from({ length: 12 }, (_, i) => i / 12),
      ),
    ],
  });
/** A dense layer that takes pictures of 64×64 alone. */
const dense = (): string =>
  writeSmallModel(folder, "dense.onnx", {
    inputs: { image: ["float32", "N", 3, "H", "W"] },
    outputs: ["scores"],
    nodes: [
      pool("image", "a", [16, 16]),
      node("Reshape", ["a", "shape"], ["b"]),
      node("MatMul", ["b", "W"], ["scores"]),
    ],
    weights: [
      weight("shape", [2], [-1, 48], "int64"),
      weight(
        "W",
        [48, 2],
        Array.from({ length: 96 }, (_, i) => Math.sin(i)),
      ),
    ],
  });

async function explain(path: string, size?: readonly [number, number]): Promise<unknown> {
  const { recipe } = await models.use(path, (model) => loadRecipe(model.description));
  const [[name, input]] = Object.entries(recipe.inputs);
  return runOn(models, path, cat, "saliency", {
    recipe: { ...recipe, inputs: { [name]: { ...input, ...(size ? { size } : {}) } as typeof input } },
  }).catch((error: unknown) => error);
}

describe("the error says which size was tried, and one that runs", () => {
  it.each([
    [
      "a reader of lines",
      () => reader("open.onnx", "H"),
      'It runs at 48×320. Set this size in the recipe: "size": [48, 320], and "fit": "pad" keeps a whole line of text.',
    ],
    ["a dense layer behind a fixed reshape", dense, 'It runs at 64×64. Set this size in the recipe: "size": [64, 64].'],
  ])("%s", async (_, model, hint) => {
    const error = await explain(model());
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toMatch(
      /^The model does not run on the input "image" at 224×224, the size in its recipe: .*(Squeeze|Reshape)/,
    );
    expect((error as DataError).hint).toBe(hint);
  });

  it("at which it then does run", async () => {
    expect(await explain(reader("open.onnx", "H"), [48, 320])).toMatchObject({ arrays: [{ dims: [1, 3, 48, 320] }] });
    expect(await explain(dense(), [64, 64])).toMatchObject({ arrays: [{ dims: [1, 3, 64, 64] }] });
  });

  it("or that none of the usual ones does", async () => {
    const path = writeSmallModel(folder, "odd.onnx", {
      inputs: { image: ["float32", "N", 3, "H", "W"] },
      outputs: ["y"],
      nodes: [node("Flatten", ["image"], ["f"]), node("MatMul", ["f", "W"], ["y"])],
      weights: [weight("W", [3 * 7 * 9, 1], new Float32Array(189).fill(0.1))],
    });
    const error = await explain(path);
    expect((error as DataError).hint).toBe(
      'It runs at none of the common sizes that were tried. Set another in the recipe: "size": [HEIGHT, WIDTH].',
    );
    expect(await explain(path, [7, 9])).toMatchObject({ arrays: [{ dims: [1, 3, 7, 9] }] });
  });
});

it("where the model fixes a small height and gives a sequence, a line of text is guessed, and said", async () => {
  const path = reader("fixed.onnx", 48);
  const { recipe, reasons } = await models.use(path, ({ description }) =>
    loadRecipe({ ...description, outputs: [{ ...description.outputs[0], dims: ["N", "T", 4] }] }),
  );
  expect(recipe.inputs.image).toMatchObject({ kind: "image", size: [48, 320], fit: "pad" });
  expect(reasons.join(" ")).toContain("48×320, because the model has a fixed height and outputs a sequence");
});
