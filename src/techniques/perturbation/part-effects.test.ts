import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCsv } from "../../draw/encode/csv.ts";
import type { BarsArtifact, CurvesArtifact, TokensArtifact } from "../../protocol/artifacts.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const models = new ModelCache({ maxModels: 8 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-parts-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * y = Σ over tokens of the sum of their vectors, [1]: a token's effect is the sum of its vector, whatever the others
 * are.
 */
const SUMS = [0, 6, 15, -4];
function tokens(): { model: string; ids: string } {
  const table = [0, 0, 0, 1, 2, 3, 4, 5, 6, -1, -1, -2];
  const model = writeSmallModel(folder, "tokens.onnx", {
    inputs: { ids: ["int64", "N", "T"] },
    outputs: ["y"],
    weights: [weight("table", [4, 3], table), weight("axes", [2], [1, 2], "int64"), weight("one", [1], [1], "int64")],
    nodes: [
      node("Gather", ["table", "ids"], ["v"]),
      node("ReduceSum", ["v", "axes"], ["s"], { keepdims: { type: "int", value: 0 } }),
      node("Unsqueeze", ["s", "one"], ["y"]),
    ],
  });
  return { model, ids: writeArray(folder, "ids.npy", [1, 4], [2, 1, 1, 3], "int64") };
}
const EFFECTS = [2, 1, 1, 3].map((id) => SUMS[id]);

/** y = Σ w·x over a row, [N, 1]. */
function row(): { model: string; x: string } {
  const model = writeSmallModel(folder, "row.onnx", {
    inputs: { x: ["float32", "N", 4] },
    outputs: ["y"],
    weights: [weight("w", [4, 1], [1, 2, 3, 4])],
    nodes: [node("MatMul", ["x", "w"], ["y"])],
  });
  return { model, x: writeArray(folder, "x.npy", [1, 4], [1, 1, 1, 1]) };
}

const rows = (csv: string): string[][] =>
  csv
    .trim()
    .split("\r\n")
    .slice(1)
    .map((line) => line.match(/("[^"]*"|[^,]+)/g)!.map((field) => field.replaceAll('"', "")));

describe("a part's effect is the score's change, however many elements the part has", () => {
  it.each(["feature-ablation", "occlusion"])(
    "%s of tokens: every element of the array, each token once",
    async (technique) => {
      const { model, ids } = tokens();
      const {
        arrays: [raw],
        views: [artifact],
      } = await runOn(models, model, ids, technique);
      expect(raw.dims).toEqual([1, 4, 3]);
      expect([...raw.values]).toEqual(EFFECTS.flatMap((effect) => [effect, effect, effect]));
      expect(artifact).toMatchObject({ kind: "tokens", quantity: "y(x) − y(hidden)" });
      expect([...(artifact as TokensArtifact).values]).toEqual(EFFECTS);
      expect(rows(encodeCsv(artifact)).map((fields) => Number(fields.at(-1)))).toEqual(EFFECTS);
    },
  );

  it("tokens that a mask takes together are one row, and all have its effect", async () => {
    const { model, ids } = tokens();
    const mask = writeArray(folder, "pairs.npy", [1, 4, 1], [7, 7, 9, 9], "int64");
    const {
      views: [artifact],
    } = await runOn(models, model, ids, "feature-ablation", { params: { mask } });
    expect([...(artifact as TokensArtifact).values]).toEqual([21, 21, 2, 2]);
    expect(rows(encodeCsv(artifact))).toEqual([
      ["0", "7", "21"],
      ["1", "9", "2"],
    ]);
  });

  it("boxes over tokens that overlap: a row for each, and tokens with the mean", async () => {
    const { model, ids } = tokens();
    const {
      views: [artifact],
    } = await runOn(models, model, ids, "occlusion", { params: { window: "2", stride: "1" } });
    expect(rows(encodeCsv(artifact))).toEqual([
      ["0", "0:2", "21"],
      ["1", "1:3", "12"],
      ["2", "2:4", "2"],
    ]);
    expect([...(artifact as TokensArtifact).values]).toEqual([21, 16.5, 7, 2]);
  });

  it("columns that a mask takes together are one bar", async () => {
    const { model, x } = row();
    const mask = writeArray(folder, "columns.npy", [1, 4], [0, 1, 1, 0], "int64");
    const {
      arrays: [raw],
      views: [artifact],
    } = await runOn(models, model, x, "feature-ablation", { params: { mask } });
    expect([...raw.values]).toEqual([5, 5, 5, 5]);
    expect((artifact as BarsArtifact).items).toMatchObject([
      { label: "x[0], x[3]", value: 5 },
      { label: "x[1], x[2]", value: 5 },
    ]);
    expect(rows(encodeCsv(artifact))).toHaveLength(2);
  });

  it("a row per cell of a picture, in .csv", async () => {
    const model = writeSmallModel(folder, "picture.onnx", {
      inputs: { x: ["float32", "N", 3, 4, 4] },
      outputs: ["y"],
      weights: [weight("axes", [3], [1, 2, 3], "int64"), weight("one", [1], [1], "int64")],
      nodes: [
        node("ReduceSum", ["x", "axes"], ["s"], { keepdims: { type: "int", value: 0 } }),
        node("Unsqueeze", ["s", "one"], ["y"]),
      ],
    });
    const x = writeArray(folder, "picture.npy", [1, 3, 4, 4], new Array<number>(48).fill(1));
    const {
      arrays: [raw],
      views: [artifact],
    } = await runOn(models, model, x, "feature-ablation", { params: { grid: 2 } });
    expect(raw.values.every((value) => value === 12)).toBe(true);
    expect(rows(encodeCsv(artifact))).toEqual(
      ["0:2, 0:2", "0:2, 2:4", "2:4, 0:2", "2:4, 2:4"].map((label, index) => [String(index), label, "12"]),
    );
  });

  it("the mean over samples keeps the parts", async () => {
    const { model, ids } = tokens();
    const mask = writeArray(folder, "halves.npy", [1, 4, 1], [3, 3, 4, 4], "int64");
    const other = writeArray(folder, "other.npy", [1, 4], [1, 1, 1, 1], "int64");
    const {
      views: [artifact],
    } = await runOn(models, model, ids, "feature-ablation", { more: [{ "": other }], params: { mask } });
    expect(rows(encodeCsv(artifact))).toEqual([
      ["0", "3", "16.5"],
      ["1", "4", "7"],
    ]);
  });
});

describe("checks take a part's effect once", () => {
  it("infidelity: a linear model does exactly what its tokens' effects predict", async () => {
    const { model, ids } = tokens();
    const {
      views: [artifact],
    } = await runOn(models, model, ids, "infidelity", {
      params: { method: "feature-ablation", perturbation: "remove", samples: 20 },
    });
    const { numbers } = artifact as CurvesArtifact;
    expect(numbers.find(({ id }) => id === "infidelity")!.value).toBeCloseTo(0, 8);
  });

  it("sparseness is that of the parts: one of two carries everything", async () => {
    const { model } = row();
    const x = writeArray(folder, "one.npy", [1, 4], [1, 0, 0, 0]);
    const mask = writeArray(folder, "uneven.npy", [1, 4], [0, 1, 1, 1], "int64");
    const {
      arrays: [raw],
    } = await runOn(models, model, x, "sparseness", {
      params: { method: "feature-ablation", options: `mask=${mask}` },
    });
    // Gini of (0, 1): Σ (2i − n − 1)·x / (n·Σx) with i from 1: (2·2 − 3)·1 / (2·1).
    expect(raw.values[0]).toBeCloseTo(0.5, 6);
  });
});
