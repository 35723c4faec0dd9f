import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MaskArtifact } from "../../../protocol/artifacts.ts";
import type { ImageRecipe, Recipe } from "../../../protocol/recipe.ts";
import type { WholeResult } from "../../../protocol/result.ts";
import { areaTarget } from "../../../draw/kinds/mask.ts";
import { ModelCache } from "../../../runtime/model-cache.ts";
import {
  int,
  ints,
  node,
  runOn,
  weight,
  writeArray,
  writeSmallModel,
  type SmallModel,
} from "../../../../test/support/models.ts";
import { plainPicture } from "../../../../test/support/recipes.ts";

/** By NumPy: test/reference/outputs/make.py. */
const { segmentation: reference } = JSON.parse(
  readFileSync(new URL("../../../../test/reference/outputs/cases.json", import.meta.url), "utf8"),
) as { readonly segmentation: Record<"logits" | "labels" | "logit" | "probability" | "counts", number[]> };
const [channels, height, width] = [5, 6, 8];

let folder: string;
let models: ModelCache;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-segmentation-"));
  models = new ModelCache();
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
/** Adds the reference's logits to the mean of a black picture: what an output is, is the other nodes' to say. */
function model(nodes: SmallModel["nodes"], more: Partial<SmallModel> = {}): string {
  return writeSmallModel(folder, `m${made++}.onnx`, {
    inputs: { x: ["float32", 1, 3, height, width] },
    outputs: ["y"],
    nodes: [
      node("ReduceMean", ["x"], ["mean"], { keepdims: int(0) }),
      node("Add", ["logits.c", "mean"], ["logits"]),
      ...nodes,
    ],
    ...more,
    weights: [weight("logits.c", [1, channels, height, width], reference.logits), ...(more.weights ?? [])],
  });
}
const picture: ImageRecipe = plainPicture([height, width], { interpolation: "nearest", scale: 1 });
const recipe: Recipe = { version: 1, inputs: { x: picture } };
const black = (): string =>
  writeArray(folder, "black.npy", [1, 3, height, width], new Float32Array(3 * height * width));
const read = (path: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, path, black(), "predictions", { recipe, ...more });
const maskOf = ({ views: [first] }: WholeResult): MaskArtifact => {
  if (first.kind !== "mask") throw new Error(`The first view is ${first.kind}.`);
  return first;
};
const close = (actual: Float32Array | undefined, expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(actual![i]).toBeCloseTo(value, 5));
};

describe("a segmentation", () => {
  test("of logits [N, K, H, W]: the largest class at each place and its logit, as NumPy's argmax; a guess that is said", async () => {
    const result = await read(model([node("Identity", ["logits"], ["y"])]));
    const mask = maskOf(result);
    expect(Array.from(mask.values)).toEqual(reference.labels);
    close(mask.scores, reference.logit);
    expect(mask).toMatchObject({ quantity: "logit", dims: [height, width] });
    expect(result.notes.join(" ")).toContain('"Show as" changes this');
    expect(result.views.map(({ kind }) => kind)).toEqual(["mask", "bars"]);
  });

  test("of a softmax: probabilities, and nothing is assumed", async () => {
    const result = await read(model([node("Softmax", ["logits"], ["y"], { axis: int(1) })]));
    const mask = maskOf(result);
    expect(Array.from(mask.values)).toEqual(reference.labels);
    close(mask.scores, reference.probability);
    expect(mask.quantity).toBe("probability");
    expect(result.notes.join(" ")).not.toContain("Show as");
  });

  test("of logits [N, H, W, K]: the same mask, its axes as the output has them", async () => {
    const path = model([node("Transpose", ["logits"], ["y"], { perm: ints(0, 2, 3, 1) })]);
    const mask = maskOf(await read(path));
    expect(Array.from(mask.values)).toEqual(reference.labels);
    close(mask.scores, reference.logit);
    expect(mask.source).toEqual({
      output: "y",
      dims: [1, height, width, channels],
      axes: { channel: 3, height: 1, width: 2 },
    });
  });

  test("of a softmax [N, H, W, K]: probabilities along the last axis", async () => {
    const path = model([
      node("Transpose", ["logits"], ["turned"], { perm: ints(0, 2, 3, 1) }),
      node("Softmax", ["turned"], ["y"], { axis: int(3) }),
    ]);
    const mask = maskOf(await read(path));
    close(mask.scores, reference.probability);
  });

  test.each([
    ["[N, H, W]", [1, height, width]],
    ["[N, 1, H, W]", [1, 1, height, width]],
  ])("of integers %s: labels, which have no score to explain", async (_, dims) => {
    const mask = maskOf(
      await read(
        model(
          [
            node("Size", ["x"], ["size"]),
            node("Sub", ["size", "size"], ["zero"]),
            node("Add", ["labels", "zero"], ["y"]),
          ],
          { weights: [weight("labels", dims, reference.labels, "int64")] },
        ),
      ),
    );
    expect(Array.from(mask.values)).toEqual(reference.labels);
    expect(mask).not.toHaveProperty("scores");
    expect(mask).not.toHaveProperty("source");
  });

  test("of an ArgMax: the scores behind it, which can be explained", async () => {
    const mask = maskOf(await read(model([node("ArgMax", ["logits"], ["y"], { axis: int(1), keepdims: int(0) })])));
    expect(Array.from(mask.values)).toEqual(reference.labels);
    close(mask.scores, reference.logit);
  });

  test("of one sigmoid: over a half is the class, under it the background, which has no score of its own", async () => {
    const path = model([node("Slice", ["logits", "from", "to", "axis"], ["one"]), node("Sigmoid", ["one"], ["y"])], {
      weights: [weight("from", [1], [2], "int64"), weight("to", [1], [3], "int64"), weight("axis", [1], [1], "int64")],
    });
    const mask = maskOf(await read(path, { recipe: { ...recipe, classes: ["lesion"] } }));
    const third = reference.logits.slice(2 * height * width, 3 * height * width);
    expect(Array.from(mask.values)).toEqual(third.map((logit) => (logit > 0 ? 1 : 0)));
    expect(mask.classes.find(({ index }) => index === 1)).toMatchObject({ label: "lesion", channel: 0 });
    expect(mask.classes.find(({ index }) => index === 0)).not.toHaveProperty("channel");
  });

  test("its legend counts places, with names where there are as many", async () => {
    const classes = ["road", "sky", "car", "tree", "wall"];
    const mask = maskOf(await read(model([node("Identity", ["logits"], ["y"])]), { recipe: { ...recipe, classes } }));
    const counted = Object.fromEntries(mask.classes.map(({ label, count }) => [label, count]));
    classes.forEach((name, index) => expect(counted[name] ?? 0).toBe(reference.counts[index]));
    expect(mask.classes[0].label).toBe("car");
  });

  test("a class of the legend is a target: the sum of its logits", async () => {
    const path = model([node("Identity", ["logits"], ["y"])]);
    const mask = maskOf(await read(path));
    const target = areaTarget(mask, 2, { rows: [1, 4], columns: [2, 6] });
    const result = await runOn(models, path, black(), "saliency", { recipe, target });
    expect(result.provenance.target).toMatchObject({
      output: "y",
      region: [
        [2, 3],
        [1, 4],
        [2, 6],
      ],
    });
    // Rows 1 to 3 of 6, columns 2 to 5 of 8: drawn on the picture of every method.
    expect(result.context.target).toEqual({ left: 2 / 8, top: 1 / 6, right: 6 / 8, bottom: 4 / 6 });
    const whole = await runOn(models, path, black(), "saliency", { recipe, target: areaTarget(mask, 2) });
    expect(whole.context).not.toHaveProperty("target");
    // 12 logits, each with a gradient of 1/144 by every value of the input.
    expect(result.arrays[0].values[0]).toBeCloseTo(12 / 144, 6);
  });
});

test("what an item is called follows what the output is", async () => {
  const noun = async (path: string, input: string, more: Parameters<typeof read>[1] = {}): Promise<unknown> => {
    const { views } = await runOn(models, path, input, "predictions", more);
    return views.find((view) => view.kind === "bars")?.noun;
  };
  expect(await noun(model([node("Identity", ["logits"], ["y"])]), black(), { recipe })).toBe("pixel");
  const vector = (output: string): string =>
    writeSmallModel(folder, `${output}.onnx`, {
      inputs: { x: ["float32", 1, 4] },
      outputs: [output],
      nodes: [node("Identity", ["x"], [output])],
    });
  const four = writeArray(folder, "four.npy", [1, 4], [3, 1, -2, 8]);
  expect(await noun(vector("logits"), four)).toBe("class");
  expect(await noun(vector("embedding"), four)).toBe("dimension");
  expect(await noun(vector("regression"), four)).toBe("element");
});

describe("how an output is shown", () => {
  test("plain values, where that is asked for by the option or by the recipe", async () => {
    const path = model([node("Identity", ["logits"], ["y"])]);
    const kinds = async (more: Parameters<typeof read>[1]): Promise<string[]> =>
      (await read(path, more)).views.map(({ kind }) => kind);
    expect(await kinds({ params: { as: "plain" } })).toEqual(["bars"]);
    expect(await kinds({ recipe: { ...recipe, outputs: { y: { as: "plain" } } } })).toEqual(["bars"]);
    expect(await kinds({ params: { as: "map" } })).toEqual(["heatmap", "bars"]);
  });

  test("a form that does not fit is refused with its reason", async () => {
    const path = writeSmallModel(folder, "vector.onnx", {
      inputs: { x: ["float32", 1, 4] },
      outputs: ["y"],
      nodes: [node("Identity", ["x"], ["y"])],
    });
    const input = writeArray(folder, "vector.npy", [1, 4], [1, 2, 3, 4]);
    await expect(runOn(models, path, input, "predictions", { params: { as: "segmentation" } })).rejects.toThrow(
      'The output "y" [1, 4] cannot be shown as segmentation: it has no height and width over an input image.',
    );
  });
});
