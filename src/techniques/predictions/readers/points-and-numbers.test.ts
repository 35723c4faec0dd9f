/** Keypoints, numbers and feature vectors; the reference is NumPy's: test/reference/outputs/make.py. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { saveResult } from "../../../draw/encode/save.ts";
import { exactText } from "../../../draw/kinds/numbers.ts";
import { targetOfDimension } from "../../../draw/kinds/vector.ts";
import type { Artifact } from "../../../protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../../../protocol/looks.ts";
import type { ImageRecipe, OutputRecipe, Recipe } from "../../../protocol/recipe.ts";
import type { WholeResult } from "../../../protocol/result.ts";
import type { Params } from "../../../protocol/technique.ts";
import { ModelCache } from "../../../runtime/model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../../../test/support/models.ts";
import { plainPicture } from "../../../../test/support/recipes.ts";

interface Point {
  readonly x: number;
  readonly y: number;
  readonly row: number;
  readonly column: number;
  readonly score: number;
}
const reference = JSON.parse(
  readFileSync(new URL("../../../../test/reference/outputs/cases.json", import.meta.url), "utf8"),
) as {
  readonly keypoints: { readonly dims: number[]; readonly maps: number[]; readonly points: readonly Point[] };
  readonly vector: Record<"norm" | "min" | "max" | "mean", number> & { readonly values: number[] };
};
const [, count, height, width] = reference.keypoints.dims;

let folder: string;
let models: ModelCache;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-points-"));
  models = new ModelCache();
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const picture: ImageRecipe = plainPicture([2 * height, 2 * width], {
  interpolation: "nearest",
  channels: "gray",
  scale: 1,
});

let made = 0;
/** A model whose output is these numbers for a black picture; its slope by each pixel is 1 over their number. */
async function read(
  name: string,
  dims: readonly number[],
  values: readonly number[],
  said: OutputRecipe = {},
  more: { readonly classes?: string[]; readonly params?: Params } = {},
): Promise<WholeResult> {
  const model = writeSmallModel(folder, `m${made++}.onnx`, {
    inputs: { x: ["float32", 1, 1, 2 * height, 2 * width] },
    outputs: [name],
    weights: [weight("c", dims, values)],
    nodes: [node("ReduceMean", ["x"], ["mean"], { keepdims: int(0) }), node("Add", ["c", "mean"], [name])],
  });
  const black = writeArray(folder, "black.npy", [1, 1, 2 * height, 2 * width], new Float32Array(4 * height * width));
  const recipe: Recipe = {
    version: 1,
    inputs: { x: picture },
    ...(more.classes ? { classes: more.classes } : {}),
    outputs: { [name]: said },
  };
  return runOn(models, model, black, "predictions", { recipe, params: more.params ?? {} });
}

function first<K extends Artifact["kind"]>({ views: [view] }: WholeResult, kind: K): Extract<Artifact, { kind: K }> {
  if (view.kind !== kind) throw new Error(`The first view is ${view.kind}.`);
  return view as Extract<Artifact, { kind: K }>;
}

const json = (result: WholeResult): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "json"))) as Record<string, unknown>;

describe("keypoints of heat maps", () => {
  const heatmaps = (said: OutputRecipe = {}, more: Parameters<typeof read>[4] = {}): Promise<WholeResult> =>
    read("heatmaps", reference.keypoints.dims, reference.keypoints.maps, said, more);

  test("lie where NumPy puts them: the largest place, a quarter towards the larger neighbour, not at the edge", async () => {
    const result = await heatmaps();
    const { points } = first(result, "keypoints");
    expect(points).toHaveLength(count);
    points.forEach((point, place) => {
      const expected = reference.keypoints.points[place];
      expect([point.row, point.column]).toEqual([expected.row, expected.column]);
      expect(point.score).toBeCloseTo(expected.score, 6);
      // The picture has two pixels a place; a place's middle is at a half.
      expect(point.x).toBeCloseTo(2 * (expected.x + 0.5), 6);
      expect(point.y).toBeCloseTo(2 * (expected.y + 0.5), 6);
      expect(point.target).toBe(`${place},${expected.row},${expected.column}`);
    });
    expect(result.notes.join(" ")).toContain("suggests a heat map for each of 4 points");
  });

  test("have the recipe's names and skeleton; pairs of no points are named and left out", async () => {
    const result = await heatmaps(
      {
        as: "keypoints",
        classes: ["head", "hand", "hip", "foot"],
        skeleton: [
          [0, 2],
          [2, 9],
        ],
      },
      {},
    );
    const artifact = first(result, "keypoints");
    expect(artifact.points.map(({ name }) => name)).toEqual(["head", "hand", "hip", "foot"]);
    expect(artifact.skeleton).toEqual([[0, 2]]);
    expect(result.notes.join(" ")).toContain("2–9");
    const svg = new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "svg"));
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg).toContain(">hip<");
  });

  test("are a table, an array and JSON", async () => {
    const result = await heatmaps();
    const [head, row] = new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "csv")).split("\r\n");
    expect(head).toBe("point,x,y,score,row,column,target");
    expect(row).toContain("point 0,");
    expect(json(result).keypoints).toMatchObject({ pixels: "model input", points: [{ name: "point 0" }, {}, {}, {}] });
    expect(first(result, "keypoints").dims).toEqual([4, 3]);
  });

  test("are a choice: other channels over the image are asked for, and what has no height and width is refused", async () => {
    const other = await read("y", reference.keypoints.dims, reference.keypoints.maps);
    expect(other.views[0].kind).not.toBe("keypoints");
    const asked = await read(
      "y",
      reference.keypoints.dims,
      reference.keypoints.maps,
      {},
      { params: { as: "keypoints" } },
    );
    expect(asked.views[0].kind).toBe("keypoints");
    await expect(read("y", [1, 5], [1, 2, 3, 4, 5], {}, { params: { as: "keypoints" } })).rejects.toThrow(
      "no height and width",
    );
  });
});

describe("numbers", () => {
  test("one that is no probability stands alone, with the recipe's unit and all its digits", async () => {
    const result = await read("radius", [1, 1], [20.1234567], { kind: "regression", unit: "mm" });
    const { items } = first(result, "numbers");
    expect(items).toMatchObject([{ label: "radius", unit: "mm", target: "0" }]);
    expect(exactText(items[0])).toBe("20.123457 mm");
    expect(json(result).numbers).toMatchObject([{ label: "radius", unit: "mm" }]);
    expect(new TextDecoder().decode(saveResult(result, DEFAULT_LOOKS, "csv"))).toMatch(/radius,20\.12345\d+,mm,0/);
  });

  test("several have the recipe's names; without names they are plain values unless they are asked for", async () => {
    const pose = { kind: "regression", classes: ["yaw", "pitch", "roll"] } as const;
    expect(first(await read("pose", [1, 3], [1, -2, 3], pose), "numbers").items.map(({ label }) => label)).toEqual(
      pose.classes,
    );
    const plain = await read("pose", [1, 3], [1, -2, 3], { kind: "regression" });
    expect(plain.views[0].kind).toBe("bars");
    const asked = await read("pose", [1, 3], [1, -2, 3], { as: "number" });
    expect(first(asked, "numbers").items.map(({ label }) => label)).toEqual(["pose 0", "pose 1", "pose 2"]);
  });
});

describe("an embedding", () => {
  const { values, norm, min, max, mean } = reference.vector;

  test("has NumPy's norm, ends and mean, and a target for each dimension", async () => {
    const result = await read("features", [1, 24, 1, 1], values);
    const artifact = first(result, "vector");
    expect(artifact.norm).toBeCloseTo(norm, 6);
    expect(artifact.least).toBeCloseTo(min, 6);
    expect(artifact.most).toBeCloseTo(max, 6);
    expect(artifact.average).toBeCloseTo(mean, 6);
    expect(targetOfDimension(artifact, 7)).toEqual({ output: "features", index: [7, 0, 0] });
    expect(result.views[1]).toMatchObject({ kind: "bars", noun: "dimension" });
    expect(json(result).embedding).toMatchObject({ dimensions: 24 });
  });

  test("is taken for one by its length where neither name nor classes say otherwise, and that is said", async () => {
    const result = await read("y", [1, 24], values);
    expect(first(result, "vector").values).toHaveLength(24);
    expect(result.notes.join(" ")).toContain("shown as embedding. Its vector has length 1.");
    const longer = await read(
      "y",
      [1, 24],
      values.map((value) => 3 * value),
    );
    expect(longer.views[0].kind).toBe("bars");
  });
});
