import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseRegion } from "../../cli/arguments.ts";
import { parseSampleSpecs } from "../../data/index.ts";
import type { TokensArtifact } from "../../protocol/artifacts.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

/** What is explained: token vectors, regions, losses; of how many samples; and compared with which baselines. */
const models = new ModelCache({ maxModels: 20 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-explained-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const table = Array.from({ length: 15 }, (_, i) => (i % 7) - 3);

const last = weight("last", [1], [2], "int64");

describe("models of token numbers", () => {
  /** y = mean over tokens of (vector²) · w: the gradient by a vector is 2·vector·w / T. */
  const model = (): string =>
    writeSmallModel(folder, "tokens.onnx", {
      inputs: { ids: ["int64", "N", "T"], mask: ["int64", "N", "T"] },
      outputs: ["y"],
      weights: [weight("table", [5, 3], table), weight("w", [3, 2], [1, 2, 3, 4, 5, 6]), last],
      nodes: [
        node("Gather", ["table", "ids"], ["vectors"]),
        node("Mul", ["vectors", "vectors"], ["squares"]),
        node("Cast", ["mask"], ["kept"], { to: int(1) }),
        node("Unsqueeze", ["kept", "last"], ["column"]),
        node("Mul", ["squares", "column"], ["masked"]),
        node("ReduceMean", ["masked"], ["mean"], { axes: { type: "ints", value: [1] }, keepdims: int(0) }),
        node("MatMul", ["mean", "w"], ["y"]),
      ],
    });
  const inputs = (ids: number[] = [3, 1]): Record<string, string> => ({
    ids: writeArray(folder, `ids-${ids.join("-")}.npy`, [1, ids.length], ids, "int64"),
    mask: writeArray(
      folder,
      `mask-${ids.length}.npy`,
      [1, ids.length],
      ids.map(() => 1),
      "int64",
    ),
  });
  /** 2·vector·w₁ / 2 for each of the two tokens. */
  const gradient = (ids: number[]): number[] =>
    ids.flatMap((id) => [2, 4, 6].map((w, i) => (2 * table[id * 3 + i] * w) / ids.length));

  it("are explained by what they look up: the gradient by the vectors, in their shape", async () => {
    const {
      arrays: [raw],
      views: artifacts,
    } = await runOn(models, model(), inputs(), "saliency", { target: { index: [1] }, params: { absolute: false } });
    expect(raw.dims).toEqual([1, 2, 3]);
    expect([...raw.values]).toEqual(gradient([3, 1]));
    const [shown] = artifacts as [TokensArtifact];
    expect(shown).toMatchObject({ kind: "tokens", tokens: ["3", "1"], signed: true });
    expect([...shown.values]).toEqual(
      [0, 1].map((t) =>
        gradient([3, 1])
          .slice(t * 3, t * 3 + 3)
          .reduce((a, b) => a + b),
      ),
    );
  });

  it("have Integrated Gradients that sum to the score's difference, from zero vectors or from other tokens", async () => {
    const ids = [3, 4];
    const square = (list: number[]): number =>
      list.flatMap((id) => [2, 4, 6].map((w, i) => (table[id * 3 + i] ** 2 * w) / list.length)).reduce((a, b) => a + b);
    const zero = await runOn(models, model(), inputs(ids), "integrated-gradients", { target: { index: [1] } });
    expect(zero.arrays[0].values.reduce((a, b) => a + b)).toBeCloseTo(square(ids), 3);
    const baseline = writeArray(folder, "padding.npy", [1, 2], [0, 0], "int64");
    const other = await runOn(models, model(), inputs(ids), "integrated-gradients", {
      target: { index: [1] },
      params: { baseline },
    });
    expect(other.arrays[0].values.reduce((a, b) => a + b)).toBeCloseTo(square(ids) - square([0, 0]), 3);
  });

  it("are hidden token by token", async () => {
    const {
      arrays: [raw],
    } = await runOn(models, model(), inputs(), "feature-ablation", { target: { index: [1] }, params: { grid: 1 } });
    const fall = (id: number): number =>
      [2, 4, 6].map((w, i) => (table[id * 3 + i] ** 2 * w) / 2).reduce((a, b) => a + b);
    expect([...raw.values]).toEqual([fall(3), fall(3), fall(3), fall(1), fall(1), fall(1)]);
  });
});

describe("regions of a dense output", () => {
  const model = (): string =>
    writeSmallModel(folder, "dense.onnx", {
      inputs: { x: ["float32", 1, 1, 4, 4] },
      outputs: ["y"],
      weights: [weight("w", [2, 1, 1, 1], [2, -3])],
      nodes: [node("Conv", ["x", "w"], ["y"])],
    });
  const input = (): string =>
    writeArray(
      folder,
      "map.npy",
      [1, 1, 4, 4],
      Array.from({ length: 16 }, (_, i) => i),
    );

  it("are summed: the gradient is the weight inside and zero outside", async () => {
    const {
      arrays: [raw],
      provenance,
    } = await runOn(models, model(), input(), "saliency", {
      target: {
        region: [
          [1, 2],
          [1, 3],
          [2, 4],
        ],
      },
      params: { absolute: false },
    });
    expect([...raw.values]).toEqual([0, 0, 0, 0, 0, 0, -3, -3, 0, 0, -3, -3, 0, 0, 0, 0]);
    expect(provenance.target).toMatchObject({
      region: [
        [1, 2],
        [1, 3],
        [2, 4],
      ],
      label: "sum over 1, 1:3, 2:4 (4 values)",
    });
    const occluded = await runOn(models, model(), input(), "feature-ablation", {
      target: {
        region: [
          [0, 1],
          [0, 4],
          [0, 4],
        ],
      },
      params: { grid: 2 },
    });
    expect(occluded.arrays[0].values[0]).toBe(2 * (0 + 1 + 4 + 5));
  });

  it("are refused where they are empty or outside, with the output's shape", async () => {
    await expect(
      runOn(models, model(), input(), "saliency", {
        target: {
          region: [
            [0, 1],
            [3, 3],
            [0, 2],
          ],
        },
      }),
    ).rejects.toThrow(/region 0, 3:3, 0:2 is empty|out of range/);
    await expect(
      runOn(models, model(), input(), "saliency", {
        target: {
          region: [
            [0, 1],
            [0, 5],
            [0, 2],
          ],
        },
      }),
    ).rejects.toThrow(/4 entries along axis 2/);
    await expect(runOn(models, model(), input(), "saliency", { target: { region: [[0, 1]] } })).rejects.toThrow(
      /needs 3, without the batch axis/,
    );
  });

  it("are read from a command line, open ends by the model's shape", () => {
    expect(parseRegion("1,2:4,:", [1, 5, 8, 9])).toEqual([
      [1, 2],
      [2, 4],
      [0, 9],
    ]);
    expect(parseRegion("3:,:2", [1, 5, 8])).toEqual([
      [3, 5],
      [0, 2],
    ]);
    expect(() => parseRegion("1,a:4", [1, 5, 8])).toThrow(/such as 15,10:20,5:9/);
    expect(() => parseRegion("1,2:", [1, 5, "height"])).toThrow(/the length of axis 2 is not known/);
  });
});

describe("losses", () => {
  const w = [1, -1, 0.5, 2, 0.25, -0.5];
  const model = (ending: "none" | "Softmax" | "Sigmoid", opset: number): string =>
    writeSmallModel(folder, `loss-${ending}-${opset}.onnx`, {
      opset,
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [weight("w", [2, 3], w)],
      nodes:
        ending === "none"
          ? [node("MatMul", ["x", "w"], ["y"])]
          : [node("MatMul", ["x", "w"], ["z"]), node(ending, ["z"], ["y"])],
    });
  const x = [0.3, -0.7];
  const logits = [0, 1, 2].map((k) => x[0] * w[k] + x[1] * w[k + 3]);
  const input = (): string => writeArray(folder, "x.npy", [1, 2], x);

  it.each([
    ["none", 13],
    ["none", 18],
    ["Softmax", 13],
    ["Softmax", 11],
  ] as const)("cross-entropy of a model ending in %s, opset %i: w·(softmax − one-hot)", async (ending, opset) => {
    const {
      arrays: [raw],
      notes,
      provenance,
    } = await runOn(models, model(ending, opset), input(), "saliency", {
      target: { index: [2] },
      params: { absolute: false, score: "loss" },
    });
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    const slopes = logits.map((z, k) => Math.exp(z) / total - (k === 2 ? 1 : 0));
    [0, 1].forEach((i) =>
      expect(raw.values[i]).toBeCloseTo(
        slopes.reduce((sum, slope, k) => sum + slope * w[i * 3 + k], 0),
        5,
      ),
    );
    expect(provenance.score?.kind).toBe("loss");
    expect(notes.join(" ")).toContain("cross-entropy loss of 2");
  });

  it("binary cross-entropy where the model ends in Sigmoid", async () => {
    const {
      arrays: [raw],
    } = await runOn(models, model("Sigmoid", 13), input(), "saliency", {
      target: { index: [0] },
      params: { absolute: false, score: "loss" },
    });
    const slope = 1 / (1 + Math.exp(-logits[0])) - 1;
    [0, 1].forEach((i) => expect(raw.values[i]).toBeCloseTo(slope * w[i * 3], 5));
  });

  it("are complete: Integrated Gradients of a loss sum to its difference", async () => {
    const {
      arrays: [raw],
    } = await runOn(models, model("none", 17), input(), "integrated-gradients", {
      target: { index: [1] },
      params: { score: "loss" },
    });
    const loss = Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - logits[1];
    expect(raw.values[0] + raw.values[1]).toBeCloseTo(loss - Math.log(3), 5);
  });
});

describe("several samples", () => {
  const square = (batch: string | number): string =>
    writeSmallModel(folder, `square-${batch}.onnx`, {
      inputs: { x: ["float32", batch, 3] },
      outputs: ["y"],
      weights: [weight("w", [3, 2], [1, 2, 3, 4, 5, 6])],
      nodes: [node("Mul", ["x", "x"], ["xx"]), node("MatMul", ["xx", "w"], ["y"])],
    });
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
    [-1, 0, 2],
  ];
  const gradient = (row: number[]): number[] => row.map((value, i) => 2 * value * [1, 3, 5][i]);

  it("files: the mean over them", async () => {
    const [first, ...more] = rows.map((row, index) => ({ "": writeArray(folder, `row-${index}.npy`, [1, 3], row) }));
    const {
      arrays: [raw],
      notes,
      views: artifacts,
    } = await runOn(models, square(1), first, "saliency", {
      more,
      target: { index: [0] },
      params: { absolute: false },
    });
    expect([...raw.values]).toEqual(
      [0, 1, 2].map((i) => Math.fround(rows.reduce((sum, row) => sum + gradient(row)[i], 0) / 3)),
    );
    expect(notes.join(" ")).toContain("Mean over 3 samples");
    expect(artifacts[0]).toMatchObject({ kind: "bars", caption: "gradient; mean over 3 samples" });
  });

  it("a batch: each entry's own numbers, whatever the model's other entries", async () => {
    const input = writeArray(folder, "batch.npy", [3, 3], rows.flat());
    const {
      arrays: [raw],
      notes,
    } = await runOn(models, square("N"), input, "saliency", { target: { index: [0] }, params: { absolute: false } });
    expect(raw.dims).toEqual([3, 3]);
    expect([...raw.values]).toEqual(rows.flatMap(gradient));
    expect(notes.join(" ")).toContain("batch of 3");
    const fixed = await runOn(models, square(3), input, "saliency", {
      target: { index: [0] },
      params: { absolute: false },
    });
    expect(Array.from(fixed.arrays[0].values, (value) => value + 0)).toEqual([...gradient(rows[0]), 0, 0, 0, 0, 0, 0]);
    expect(fixed.notes.join(" ")).toContain("fixed at 3");
  });

  it("are refused where their shapes differ", async () => {
    const model = writeSmallModel(folder, "any.onnx", {
      inputs: { x: ["float32", "N", "T"] },
      outputs: ["y"],
      nodes: [node("ReduceSum", ["x"], ["y"], { keepdims: int(1) })],
    });
    const [first, second] = [
      [1, 2],
      [1, 2, 3],
    ].map((row) => ({ "": writeArray(folder, `ragged-${row.length}.npy`, [1, row.length], row) }));
    await expect(runOn(models, model, first, "saliency", { more: [second] })).rejects.toThrow(
      /Sample 2's result has shape \[1, 3\], the first one's \[1, 2\]/,
    );
  });

  it("on a command line: a file each, others shared by all", () => {
    expect(parseSampleSpecs(["a.png", "b.png"], ["x"])).toEqual([{ "": "a.png" }, { "": "b.png" }]);
    expect(parseSampleSpecs(["x=a.npy", "x=b.npy", "m=m.npy"], ["x", "m"])).toEqual([
      { x: "a.npy", m: "m.npy" },
      { x: "b.npy", m: "m.npy" },
    ]);
    expect(() => parseSampleSpecs(["x=a", "x=b", "x=c", "m=1", "m=2"], ["x", "m"])).toThrow(
      /"m" was given 2 times, another one 3 times/,
    );
    expect(() => parseSampleSpecs(["a.npy", "b.npy"], ["x", "m"])).toThrow(/without a name/);
  });
});

describe("baselines", () => {
  const model = (): string =>
    writeSmallModel(folder, "cubes.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["xx"]), node("Mul", ["xx", "x"], ["y"])],
    });
  const input = (): string => writeArray(folder, "two.npy", [1, 2], [2, 3]);

  it("may be a file like the input", async () => {
    const baseline = writeArray(folder, "base.npy", [1, 2], [1, 2]);
    const {
      arrays: [raw],
      views: artifacts,
    } = await runOn(models, model(), input(), "integrated-gradients", {
      target: { index: [0] },
      params: { baseline, steps: 2 },
    });
    expect(raw.values[0]).toBeCloseTo(7, 5);
    expect(artifacts[0].caption).toContain("from base.npy");
  });

  it("are refused where they have another shape, are missing, or are several for a method that takes one", async () => {
    const wrong = writeArray(folder, "wide.npy", [1, 3], [1, 2, 3]);
    await expect(
      runOn(models, model(), input(), "integrated-gradients", { params: { baseline: wrong } }),
    ).rejects.toThrow(/wide\.npy|3.*2/);
    await expect(
      runOn(models, model(), input(), "integrated-gradients", { params: { baseline: "black.npy" } }),
    ).rejects.toThrow(/does not exist/);
    await expect(
      runOn(models, model(), input(), "integrated-gradients", { params: { baseline: "0, 1" } }),
    ).rejects.toThrow(/2 baselines were given; this method takes one/);
  });
});

describe("noise over methods without gradients", () => {
  const model = (): string =>
    writeSmallModel(folder, "squares.onnx", {
      inputs: { x: ["float32", 1, 3] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["xx"]), node("ReduceSum", ["xx"], ["y"], { keepdims: int(1) })],
    });
  const input = (): string => writeArray(folder, "three.npy", [1, 3], [1, 2, 3]);
  const ablated = (params: Record<string, number | string>): ReturnType<typeof runOn> =>
    runOn(models, model(), input(), "feature-ablation", { target: { index: [0] }, params: { grid: 1, ...params } });

  it("averages, squares and varies over the same copies: variance is the mean of squares less the mean's square", async () => {
    const noise = { samples: 40, noise: 0.1, seed: 5 };
    const [mean, squares, variance] = await Promise.all(
      ["smoothgrad", "smoothgrad_sq", "vargrad"].map((noise_type) => ablated({ ...noise, noise_type })),
    );
    // Hiding xᵢ takes (xᵢ + ε)² off: its mean is xᵢ² + σ², σ = 0.1 · (3 − 1).
    [1, 4, 9].forEach((square, i) =>
      expect(Math.abs(mean.arrays[0].values[i] - square - 0.04)).toBeLessThan(
        4 * Math.sqrt((4 * square * 0.04 + 2 * 0.04 ** 2) / 40),
      ),
    );
    variance.arrays[0].values.forEach((value, i) =>
      expect(value).toBeCloseTo(squares.arrays[0].values[i] - mean.arrays[0].values[i] ** 2, 2),
    );
    expect(mean.views[0].caption).toContain("mean of 40 noisy copies");
    expect((await ablated({ ...noise })).arrays[0].values).toEqual(mean.arrays[0].values);
    expect((await ablated({ ...noise, seed: 6 })).arrays[0].values).not.toEqual(mean.arrays[0].values);
  });
});
