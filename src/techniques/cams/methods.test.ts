import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sigmoidComponent } from "../../math/kernel-component.ts";
import { resizeNearest } from "../../math/resize-nearest.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { floatsOf } from "../../runtime/ort.ts";
import { comparisonSlopes } from "./finer-cam.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let scratch = "";
const models = new ModelCache();
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-cam-methods-"));
});
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const numbers = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin((i + 1) * seed));
const input = (): string => writeArray(scratch, "x.npy", [1, 3, 6, 6], numbers(108, 0.9));

/**
 * A convolution, an activation, global average pooling, a dense layer with four classes, and what `end` makes of it.
 */
function small(
  name: string,
  activation = "Relu",
  end: readonly ReturnType<typeof node>[] = [node("Identity", ["s"], ["y"])],
): string {
  return writeSmallModel(scratch, name, {
    inputs: { x: ["float32", "N", 3, 6, 6] },
    outputs: ["y"],
    nodes: [
      node("Conv", ["x", "w"], ["c"], { pads: { type: "ints", value: [1, 1, 1, 1] } }),
      node(activation, ["c"], ["a"]),
      node("GlobalAveragePool", ["a"], ["p"]),
      node("Flatten", ["p"], ["f"]),
      node("Gemm", ["f", "d", "b"], ["s"]),
      ...end,
    ],
    weights: [
      weight("w", [5, 3, 3, 3], numbers(135, 1.7)),
      weight("d", [5, 4], numbers(20, 2.3)),
      weight("b", [4], [0.1, -0.2, 0.3, 0.4]),
    ],
  });
}

const outcome = (
  model: string,
  technique: string,
  params: Readonly<Record<string, string | number | boolean>> = {},
  target: object = { index: [2] },
) =>
  runOn(models, model, input(), technique, {
    layer: "a",
    target,
    params: { ...(technique === "guided-gradcam" ? {} : { relu: false }), ...params },
  });

describe("Finer-CAM", () => {
  it("its seed is the derivative of the weighted comparison", () => {
    const [scores, target, classes, alpha] = [[0.3, -1.2, 2, 1.4, 0.9], 2, [3, 4], 0.7];
    const compared = (at: readonly number[]): number => {
      const shares = classes.map((index) => Math.exp(at[index]));
      // Probabilities' common divisor cancels, but for the 1e-9.
      return (
        classes.reduce((sum, index, i) => sum + shares[i] * (at[target] - alpha * at[index]), 0) /
        shares.reduce((a, b) => a + b, 0)
      );
    };
    const step = 1e-5;
    const differences = scores.map((_, index) => {
      const moved = (by: number): number[] => scores.map((score, i) => (i === index ? score + by : score));
      return (compared(moved(step)) - compared(moved(-step))) / (2 * step);
    });
    comparisonSlopes(scores, target, classes, alpha).forEach((slope, i) =>
      expect(slope).toBeCloseTo(differences[i], 5),
    );
  });

  it("is Grad-CAM without a comparison, and takes the most similar classes or those named", async () => {
    const model = small("finer.onnx");
    const plain = (await outcome(model, "grad-cam")).arrays[0].values;
    const none = (await outcome(model, "finer-cam", { alpha: 0, count: 1 })).arrays[0].values;
    none.forEach((value, i) => expect(value).toBeCloseTo(plain[i], 5));
    const against = (await outcome(model, "grad-cam", {}, { index: [2], against: [0] })).arrays[0].values;
    // One class alone weighs all: the difference of two scores.
    (await outcome(model, "finer-cam", { classes: "0" })).arrays[0].values.forEach((value, i) =>
      expect(value).toBeCloseTo(against[i], 5),
    );
    expect((await outcome(model, "finer-cam", { classes: "3, 0" })).notes).toContain("Compared with 3, 0.");
    expect((await outcome(model, "finer-cam")).notes.find((note) => note.startsWith("Compared with"))).toMatch(
      /^Compared with \d, \d, \d\.$/,
    );
  });

  it("says what it cannot compare", async () => {
    const model = small("compare.onnx");
    await expect(outcome(model, "finer-cam", { classes: "2" })).rejects.toThrow("Class 2 is the target itself.");
    await expect(outcome(model, "finer-cam", { classes: "4" })).rejects.toThrow(/There is no class 4/);
    const single = small("single.onnx", "Relu", [
      node("ReduceMax", ["s"], ["y"], { axes: { type: "ints", value: [1] } }),
    ]);
    await expect(outcome(single, "finer-cam", {}, {})).rejects.toThrow(/Finer-CAM compares one class with others/);
  });
});

describe("Shapley-CAM", () => {
  it("is Grad-CAM where the score is linear in the layer, and says so", async () => {
    const model = small("linear.onnx");
    const {
      arrays: [raw],
      notes,
    } = await outcome(model, "shapley-cam");
    expect(raw.values).toEqual((await outcome(model, "grad-cam")).arrays[0].values);
    expect(notes.join(" ")).toContain("Shapley-CAM equals Grad-CAM here");
  });

  it("of a score that is squared takes off half the curve: by hand", async () => {
    const model = small("squared.onnx", "Relu", [node("Mul", ["s", "s"], ["y"])]);
    const {
      arrays: [raw],
      notes,
    } = await outcome(model, "shapley-cam");
    expect(notes.join(" ")).not.toContain("is Grad-CAM here");
    // y = s²: g = 2 s ∂s, H A = 2 ∂s (∂s·A) and ∂s·A = s − b, so g − H A / 2 = (2 s − (s − b)) ∂s = (s + b) ∂s.
    const linear = small("plain.onnx");
    const feeds = {
      x: { dataType: "float32" as const, dims: [1, 3, 6, 6], data: Float32Array.from(numbers(108, 0.9)) },
    };
    const score = floatsOf((await (await models.get(linear)).forward(feeds, ["s"])).get("s")!)[2];
    const plain = (await outcome(linear, "grad-cam")).arrays[0].values;
    raw.values.forEach((value, i) => expect(value).toBeCloseTo((score + 0.3) * plain[i], 4));
  });
});

describe("Guided Grad-CAM", () => {
  it("is Guided Backprop times Grad-CAM's map where their places are the same", async () => {
    const model = small("guided.onnx");
    const [guided, map] = [
      (await runOn(models, model, input(), "guided-backprop", { target: { index: [2] } })).arrays[0].values,
      (await outcome(model, "grad-cam", { relu: true })).arrays[0].values,
    ];
    for (const interpolation of ["nearest", "linear"]) {
      const {
        arrays: [raw],
        views: artifacts,
      } = await outcome(model, "guided-gradcam", { interpolation });
      expect(raw.dims).toEqual([1, 3, 6, 6]);
      raw.values.forEach((value, i) => expect(value).toBeCloseTo(guided[i] * map[i % 36], 6));
      expect(artifacts[0]).toMatchObject({ kind: "heatmap", dims: [1, 3, 6, 6] });
    }
  });

  it("says which activations it left alone, and of which layer it cannot make a map", async () => {
    expect((await outcome(small("smooth.onnx", "Sigmoid"), "guided-gradcam")).notes.join(" ")).toContain(
      "this is the plain gradient",
    );
    await expect(runOn(models, small("guided.onnx"), input(), "guided-gradcam", { layer: "f" })).rejects.toThrow(
      /no height and width/,
    );
  });
});

describe("the kernels of these maps", () => {
  it("two points' kernel component is half the root of what sets them apart: by hand", () => {
    // Points ±x with x·x = 3, γ = 1/2: K = [[a, b], [b, a]], a = tanh(2.5), b = tanh(−0.5); centred, its eigenvalue is
    // a − b, its vector (1, −1)/√2.
    const found = sigmoidComponent([1, Math.SQRT2, -1, -Math.SQRT2], 2, 2);
    const expected = Math.sqrt((Math.tanh(2.5) - Math.tanh(-0.5)) / 2);
    expect(Math.abs(found[0])).toBeCloseTo(expected, 6);
    expect(found[1]).toBeCloseTo(-found[0], 9);
  });

  it("is zero where all points are equal, and has the projections' length where eigenvalues are of both signs", () => {
    expect(Array.from(sigmoidComponent(new Float64Array(12).fill(0.5), 4, 3))).toEqual([0, 0, 0, 0]);
    const [rows, columns] = [30, 4];
    const points = Float64Array.from({ length: rows * columns }, (_, i) => 2 * Math.sin(i * i * 0.37));
    const found = sigmoidComponent(points, rows, columns);
    const kernel = Array.from({ length: rows }, (_, a) =>
      Array.from({ length: rows }, (_, b) =>
        Math.tanh(
          1 +
            points
              .subarray(a * columns, (a + 1) * columns)
              .reduce((sum, value, i) => sum + value * points[b * columns + i], 0) /
              columns,
        ),
      ),
    );
    const centred = (vector: readonly number[]): number[] =>
      vector.map((value) => value - vector.reduce((a, b) => a + b, 0) / rows);
    const image = centred(
      kernel.map((row) => centred(Array.from(found)).reduce((sum, value, i) => sum + value * row[i], 0)),
    );
    // An eigenvector whose squared length is its eigenvalue.
    const value = found.reduce((sum, one) => sum + one * one, 0);
    image.forEach((one, i) => expect(one).toBeCloseTo(value * found[i], 4));
    expect(value).toBeGreaterThan(1);
  });

  it("KPCA-CAM refuses more places than its kernel's matrix may have", async () => {
    const model = writeSmallModel(scratch, "fine.onnx", {
      inputs: { x: ["float32", 1, 1, 90, 90] },
      outputs: ["y"],
      nodes: [node("Relu", ["x"], ["a"]), node("GlobalAveragePool", ["a"], ["p"]), node("Flatten", ["p"], ["y"])],
    });
    await expect(
      runOn(models, model, writeArray(scratch, "fine.npy", [1, 1, 90, 90], numbers(8100, 0.1)), "kpca-cam", {
        layer: "a",
      }),
    ).rejects.toThrow(/90×90 = 8100 positions, and at most 6400 are supported/);
  });

  it("resizes to the nearest place, to the numbers of PyTorch's interpolate", () => {
    expect(Array.from(resizeNearest(Float32Array.from([0, 1, 2, 3]), [2, 2], [3, 3]))).toEqual([
      0, 0, 1, 0, 0, 1, 2, 2, 3,
    ]);
    expect(Array.from(resizeNearest(Float32Array.from([5, 6, 7]), [3], [2]))).toEqual([5, 6]);
  });
});
