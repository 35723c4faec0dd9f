import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WholeResult } from "../../protocol/result.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { int, ints, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

interface Layer {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}
/**
 * A CNN by ONNX Runtime's quantiser; layers by ONNX Runtime, the CAM by NumPy: test/reference/quantised-layers/make.py.
 */
const reference = JSON.parse(readFileSync("test/reference/quantised-layers/reference.json", "utf8")) as {
  x: number[];
  target: number;
  y: number[];
  last: Layer;
  first: Layer;
  cam: number[];
};
const MODEL = "test/reference/quantised-layers/model.onnx";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-qlayers-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const run = (technique: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, MODEL, writeArray(folder, "x.npy", [1, 3, 12, 12], reference.x), technique, more);
function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, at) => expect(Math.abs(actual[at] - value)).toBeLessThan(tolerance));
}
const real = (name: string): string => name.replace(/_quantized$/, "");

describe("a network whose layers are of integers has layers of the real numbers they stand for", () => {
  it("predictions are ONNX Runtime's", async () => {
    const { values } = (
      await run("predictions", { recipe: { version: 1, inputs: {}, outputs: { y: { kind: "regression" } } } })
    ).arrays[0];
    expectClose(values, reference.y);
  });

  it("feature maps take the last one with space by themselves: dequantised as ONNX Runtime's is", async () => {
    const {
      arrays: [raw],
      notes,
    } = await run("feature-maps");
    expect(notes.join(" ")).toContain(`Layer chosen automatically: ${real(reference.last.name)} [1×8×6×6]`);
    expect(raw.dims).toEqual(reference.last.dims);
    expectClose(raw.values, reference.last.values);
  });

  it("Grad-CAM's map, and Score-CAM and Eigen-CAM's layer", async () => {
    const {
      arrays: [raw],
      notes,
    } = await run("grad-cam");
    expect(notes.join(" ")).toContain(`Layer chosen automatically: ${real(reference.last.name)}`);
    expectClose(raw.values, reference.cam);
    for (const technique of ["score-cam", "eigen-cam", "ablation-cam"])
      expect((await run(technique)).notes.join(" ")).toContain(
        `Layer chosen automatically: ${real(reference.last.name)}`,
      );
  });

  it("by name, the real numbers and the integers; the last layer by itself is no copy of the scores", async () => {
    const first = await run("layer-activation", { layer: real(reference.first.name) });
    expectClose(first.arrays[0].values.slice(0, 288), reference.first.values);
    expectClose(
      (await run("layer-activation", { layer: "/a/Conv_quant" })).arrays[0].values.slice(0, 288),
      reference.first.values,
    );
    const integers = await run("feature-maps", { layer: reference.first.name });
    expect(integers.arrays[0].values.every((value) => Number.isInteger(value))).toBe(true);
    const {
      arrays: [raw],
    } = await run("layer-activation");
    expect(raw.dims).toEqual([1, 8]);
  });

  it("what is in between changes no gradient", async () => {
    // By the sum over the layer of gradient times change: along the path of integers as along that of real numbers.
    const gradient = await run("layer-gradient-x-activation", {
      layer: real(reference.last.name),
      target: { index: [reference.target] },
    });
    expectClose(
      Array.from({ length: 36 }, (_, place) =>
        Math.max(
          0,
          Array.from({ length: 8 }, (_, channel) => gradient.arrays[0].values[36 * channel + place]).reduce(
            (sum, value) => sum + value,
            0,
          ),
        ),
      ),
      reference.cam,
    );
  });

  it("QLinearMatMul over steps, and pooled integers", async () => {
    const q = (name: string, value: number, zero: number) => [
      weight(`${name}.s`, [], [value]),
      weight(`${name}.z`, [], [zero], "uint8"),
    ];
    const path = writeSmallModel(folder, "matmul.onnx", {
      opset: 13,
      inputs: { x: ["float32", 1, 4, 3] },
      outputs: ["y"],
      nodes: [
        node("QuantizeLinear", ["x", "x.s", "x.z"], ["qx"]),
        node("QLinearMatMul", ["qx", "x.s", "x.z", "w", "w.s", "w.z", "h.s", "h.z"], ["h"]),
        node("Transpose", ["h"], ["t"], { perm: ints(0, 2, 1) }),
        node("MaxPool", ["t"], ["p"], { kernel_shape: ints(2), strides: ints(2) }),
        node("DequantizeLinear", ["p", "h.s", "h.z"], ["d"]),
        node("ReduceMean", ["d"], ["m"], { axes: ints(2), keepdims: int(0) }),
        node("Mul", ["m", "two"], ["y"]),
      ],
      weights: [
        ...q("x", 0.01, 128),
        ...q("w", 0.01, 128),
        ...q("h", 0.02, 100),
        weight("w", [3, 2], [150, 100, 90, 200, 128, 60], "uint8"),
        weight("two", [], [2]),
      ],
    });
    const x = [0.5, -0.3, 0.2, 0.1, 0.9, -0.7, -0.2, 0.4, 0.6, 1, -1, 0.25];
    const W = [22, -28, -38, 72, 0, -68].map((value) => value / 100);
    // h = x·W to the nearest multiple of its scale, by hand.
    const expected = [0, 1, 2, 3].flatMap((row) =>
      [0, 1].map(
        (column) => 0.02 * Math.round([0, 1, 2].reduce((sum, k) => sum + x[3 * row + k] * W[2 * k + column], 0) / 0.02),
      ),
    );
    const result = await runOn(models, path, writeArray(folder, "steps.npy", [1, 4, 3], x), "layer-activation", {
      layer: "h.dequantised",
    });
    expectClose(result.arrays[0].values, expected);
    const maps = await runOn(models, path, writeArray(folder, "steps.npy", [1, 4, 3], x), "grad-cam", {
      target: { index: [0] },
    });
    expect(maps.notes.find((note) => note.startsWith("Layer chosen automatically"))).toMatch(
      /: (d|t\.dequantised) \[1×2×[24]\], the last with steps/,
    );
  });
});
