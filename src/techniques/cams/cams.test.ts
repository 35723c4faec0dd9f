import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstComponent } from "../../math/principal-component.ts";
import { resizeAligned } from "../../math/resize-aligned.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { openPartialModel } from "../../runtime/partial-model.ts";
import { runJob } from "../framework/run.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-cams-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("on a convolution, a global average pool and a dense layer", () => {
  const models = new ModelCache();
  afterAll(() => models.dispose());
  const numbers = (count: number, seed: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.sin((i + 1) * seed));
  const small = (name: string, batch: number | string, rest: { reshape?: readonly number[] } = {}): string =>
    writeSmallModel(scratch, name, {
      inputs: { x: ["float32", batch, 3, 6, 6] },
      outputs: ["y"],
      nodes: [
        node("Conv", ["x", "w"], ["c"], { pads: { type: "ints", value: [1, 1, 1, 1] } }),
        node("Relu", ["c"], ["a"]),
        node("GlobalAveragePool", ["a"], ["p"]),
        node("Reshape", ["p", "shape"], ["f"]),
        node("Gemm", ["f", "d", "b"], ["y"]),
      ],
      weights: [
        weight("w", [5, 3, 3, 3], numbers(135, 1.7)),
        weight("d", [5, 4], numbers(20, 2.3)),
        weight("b", [4], [0.1, -0.2, 0.3, 0.4]),
        weight("shape", [2], rest.reshape ?? [-1, 5], "int64"),
      ],
    });
  const input = (): string => writeArray(scratch, "x.npy", [1, 3, 6, 6], numbers(108, 0.9));
  const outcome = async (model: string, technique: string) =>
    runOn(models, model, input(), technique, { layer: "a", target: { index: [2] }, params: { relu: false } });
  const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

  it("HiResCAM sums up to the score without the bias, and so does Ablation-CAM's weight by the channel's part", async () => {
    const model = small("gap.onnx", "N");
    const loaded = await models.get(model);
    const feeds = {
      x: { dataType: "float32" as const, dims: [1, 3, 6, 6], data: Float32Array.from(numbers(108, 0.9)) },
    };
    const values = await loaded.forward(feeds, ["y", "p"]);
    const [score, pooled] = [(values.get("y")!.data as Float32Array)[2], values.get("p")!.data as Float32Array];
    expect(sum((await outcome(model, "hires-cam")).arrays[0].values)).toBeCloseTo(score - 0.3, 4);
    // By hand: without channel k the score drops by d[k][2] times its mean.
    const dense = numbers(20, 2.3);
    const activations = (await runOn(models, model, input(), "feature-maps", { layer: "a" })).arrays[0].values;
    const expected = Float32Array.from({ length: 36 }, (_, i) =>
      sum(Array.from(pooled, (mean, k) => ((dense[k * 4 + 2] * mean) / score) * activations[k * 36 + i])),
    );
    expect(difference((await outcome(model, "ablation-cam")).arrays[0].values, expected)).toBeLessThan(1e-4);
  });

  it.each(["ablation-cam", "score-cam"])(
    "%s is the same whether copies run in batches, one at a time, or the batch axis only seems open",
    async (technique) => {
      const open = await outcome(small("open.onnx", "N"), technique);
      expect(
        difference((await outcome(small("fixed.onnx", 1), technique)).arrays[0].values, open.arrays[0].values),
      ).toBeLessThan(1e-5);
      expect(
        difference(
          (await outcome(small("seems-open.onnx", "N", { reshape: [1, 5] }), technique)).arrays[0].values,
          open.arrays[0].values,
        ),
      ).toBeLessThan(1e-5);
    },
  );

  it("runs only what follows the layer, in batches where the model takes them", async () => {
    const feeds = {
      x: { dataType: "float32" as const, dims: [1, 3, 6, 6], data: Float32Array.from(numbers(108, 0.9)) },
    };
    const tail = async (model: string) =>
      (await openPartialModel(await models.get(model), feeds, { from: "a", to: "y", batch: 8 }))!;
    const [open, fixed, seems] = [
      await tail(small("open.onnx", "N")),
      await tail(small("fixed.onnx", 1)),
      await tail(small("seems.onnx", "N", { reshape: [1, 5] })),
    ];
    expect([open.batch, fixed.batch, seems.batch]).toEqual([8, 1, 1]);
    expect(open.dims).toEqual([1, 5, 6, 6]);
    const silent = await open.run([new Float32Array(180), open.values]);
    expect(Array.from(silent[0])).toEqual([Math.fround(0.1), Math.fround(-0.2), Math.fround(0.3), Math.fround(0.4)]);
    expect(silent.length).toBe(2);
    expect(
      await openPartialModel(await models.get(small("open.onnx", "N")), feeds, { from: "f", to: "a", batch: 8 }),
    ).toBeUndefined();
    await Promise.all([open.release(), fixed.release(), seems.release()]);
  });

  it("Eigen-CAM is the same for every target, and correlates with the mean activation", async () => {
    const model = small("eigen.onnx", "N");
    const maps = await Promise.all(
      [0, 3].map((target) =>
        runOn(models, model, input(), "eigen-cam", {
          layer: "a",
          target: { index: [target] },
          params: { relu: false },
        }),
      ),
    );
    expect(maps[0].arrays[0].values).toEqual(maps[1].arrays[0].values);
    const activations = (await runOn(models, model, input(), "feature-maps", { layer: "a" })).arrays[0].values;
    const means = Array.from({ length: 36 }, (_, i) => sum([0, 1, 2, 3, 4].map((k) => activations[k * 36 + i])) / 5);
    expect(sum(maps[0].arrays[0].values.map((value, i) => value * means[i]))).toBeGreaterThan(0);
  });

  it.each(["hires-cam", "eigen-cam", "score-cam", "ablation-cam"])(
    "%s says why a layer without space will not do",
    async (technique) => {
      await expect(runOn(models, small("gap.onnx", "N"), input(), technique, { layer: "f" })).rejects.toThrow(
        /no height and width larger than 1×1/,
      );
    },
  );

  it.each(["score-cam", "ablation-cam"])("%s stops between runs when it is cancelled", async (technique) => {
    const stop = new AbortController();
    const seen: string[] = [];
    const job = {
      technique,
      model: small("fixed.onnx", 1),
      source: { kind: "sample" as const, inputs: { "": input() } },
      recipe: { version: 1 as const, inputs: {} },
      params: {},
      layer: "a",
    };
    const progress = ({ text }: { text: string }): void => {
      seen.push(text);
      if (text.startsWith("Channel 2")) stop.abort();
    };
    await expect(runJob(job, { models, progress, signal: stop.signal })).rejects.toThrow();
    expect(seen.at(-1)).toMatch(/^Channel 2 of [345]$/);
  });
});

describe("the kernels of class activation maps", () => {
  it("the first principal component of points on a line is their place on it", () => {
    // Along (3, 4)/5, at −2, 0 and 2 of its length; a third coordinate that is always 7.
    const found = firstComponent([-1.2, -1.6, 7, 0, 0, 7, 1.2, 1.6, 7], 3, 3);
    expect(Array.from(found, Math.abs).map((value) => Number(value.toFixed(9)))).toEqual([2, 0, 2]);
    expect(found[0]).toBeCloseTo(-found[2], 9);
  });

  it("is what repeated multiplication finds, for more points than coordinates and for fewer", () => {
    for (const [rows, columns] of [
      [40, 7],
      [7, 40],
    ]) {
      const data = Float64Array.from(
        { length: rows * columns },
        (_, i) => Math.sin(i * i * 0.37) + (i % columns === 2 ? Math.cos(Math.floor(i / columns)) : 0),
      );
      const found = firstComponent(data, rows, columns);
      const means = Array.from(
        { length: columns },
        (_, column) =>
          Array.from({ length: rows }, (_, row) => data[row * columns + column]).reduce((a, b) => a + b, 0) / rows,
      );
      let direction = Float64Array.from({ length: columns }, () => 1);
      let projection = new Float64Array(rows);
      for (let round = 0; round < 2000; round++) {
        const length = Math.hypot(...direction);
        direction = direction.map((value) => value / length);
        projection = projection.map((_, row) =>
          direction.reduce((total, value, column) => total + value * (data[row * columns + column] - means[column]), 0),
        );
        direction = direction.map((_, column) =>
          projection.reduce((total, value, row) => total + value * (data[row * columns + column] - means[column]), 0),
        );
      }
      const sign = Math.sign(found[0] * projection[0]);
      expect(
        Math.max(...found.map((value, i) => Math.abs(sign * value - projection[i]))) /
          Math.max(...projection.map(Math.abs)),
      ).toBeLessThan(1e-7);
    }
  });

  it("is zero where all points are equal", () => {
    expect(Array.from(firstComponent(new Float64Array(12).fill(3), 4, 3))).toEqual([0, 0, 0, 0]);
  });

  it("resizes with aligned corners, to the numbers of PyTorch's interpolate(align_corners=True)", () => {
    expect(Array.from(resizeAligned(Float32Array.from([0, 1, 2, 3]), [2, 2], [3, 3]))).toEqual([
      0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3,
    ]);
    expect(Array.from(resizeAligned(Float32Array.from([0, 3]), [2], [4]))).toEqual([0, 1, 2, 3]);
    expect(Array.from(resizeAligned(Float32Array.from([5]), [1], [3]))).toEqual([5, 5, 5]);
  });
});

/** Largest difference over the largest expected value. */
function difference(ours: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(ours.length).toBe(expected.length);
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(ours[i])) return NaN;
    worst = Math.max(worst, Math.abs(ours[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return worst / largest;
}
