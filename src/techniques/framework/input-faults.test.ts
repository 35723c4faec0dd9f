import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelCache } from "../../runtime/model-cache.ts";
import { inputFault } from "./input-faults.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const models = new ModelCache({});
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "faults-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const linear = (): string =>
  writeSmallModel(folder, "m.onnx", {
    inputs: { x: ["float32", "N", 3] },
    outputs: ["y"],
    weights: [weight("w", [3, 2], [1, 0, 2, 0, 1, 1])],
    nodes: [node("MatMul", ["x", "w"], ["z"]), node("Tanh", ["z"], ["y"])],
  });

describe("what is not finite in the input is said to be the input's", () => {
  it("by the result's notes, with its place", async () => {
    const { notes } = await runOn(
      models,
      linear(),
      writeArray(folder, "nan.npy", [1, 3], [1, NaN, NaN]),
      "predictions",
    );
    expect(notes).toContain('The input "x" has NaN at [0, 1], and 1 more values that are NaN or infinite.');
  });
  it.each([
    ["saliency", NaN, /has NaN at \[0, 2\]/],
    ["input-x-gradient", Infinity, /has infinity at \[0, 2\]/],
    ["integrated-gradients", -Infinity, /has minus infinity at \[0, 2\]/],
  ])("by %s's error, which blames no weight and no layer", async (technique, value, said) => {
    const error = await runOn(models, linear(), writeArray(folder, "v.npy", [1, 3], [1, 2, value]), technique).then(
      () => undefined,
      (thrown: unknown) => thrown as Error & { hint?: string },
    );
    expect(error?.message).toMatch(said);
    expect(`${error?.message} ${error?.hint}`).not.toMatch(/weight|layer/i);
  });
  it("of several inputs by the name of the one, in its own shape", async () => {
    const two = writeSmallModel(folder, "two.onnx", {
      inputs: { a: ["float32", 1, 2], b: ["float32", 1, 2] },
      outputs: ["y"],
      nodes: [node("Mul", ["a", "b"], ["p"]), node("Tanh", ["p"], ["y"])],
    });
    const files = { a: writeArray(folder, "a.npy", [1, 2], [1, 2]), b: writeArray(folder, "b.npy", [1, 2], [1, NaN]) };
    expect((await runOn(models, two, files, "predictions")).notes).toContain('The input "b" has NaN at [0, 1].');
    await expect(runOn(models, two, files, "saliency", { target: { index: [1] } })).rejects.toThrow(
      'The input "b" has NaN at [0, 1].',
    );
  });
  it("but a weight that is not finite is still the weight", async () => {
    const broken = writeSmallModel(folder, "b.onnx", {
      inputs: { x: ["float32", "N", 2] },
      outputs: ["y"],
      weights: [weight("w", [2, 2], [1, NaN, 2, 0])],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
    });
    await expect(
      runOn(models, broken, writeArray(folder, "two.npy", [1, 2], [1, 2]), "saliency", { target: { index: [1] } }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/its weight "w" holds NaN/) as string });
  });
  it("with its column's name, in any float type; integers have none", () => {
    expect(
      inputFault({
        x: { dataType: "float64", dims: [1, 3], data: Float64Array.of(0, 0, NaN), labels: ["a", "b", "c"] },
      }),
    ).toBe('The input "x" has NaN at [0, 2], column "c".');
    // 0x7e00 is half a NaN, 0x7c00 infinity.
    expect(inputFault({ x: { dataType: "float16", dims: [2, 2], data: Uint16Array.of(0, 0, 0x7c00, 0x7e00) } })).toBe(
      'The input "x" has infinity at [1, 0], and 1 more values that are NaN or infinite.',
    );
    expect(
      inputFault({
        x: { dataType: "int64", dims: [1], data: BigInt64Array.of(1n) },
        y: { dataType: "float32", dims: [], data: Float32Array.of(1) },
      }),
    ).toBeUndefined();
  });
});

describe("types are said for what they are", () => {
  const ofType = (type: "float64" | "float16" | "bfloat16"): string =>
    writeSmallModel(folder, `${type}.onnx`, {
      inputs: { x: [type, 1, 1, 2, 2] },
      outputs: ["y"],
      nodes: [
        node("Cast", ["x"], ["c"], { to: { type: "int", value: 1 } }),
        node("GlobalAveragePool", ["c"], ["g"]),
        node("Flatten", ["g"], ["y"]),
      ],
    });
  it("float16 that a number is too large for", async () => {
    await expect(
      runOn(models, ofType("float16"), writeArray(folder, "big.npy", [1, 1, 2, 2], [1, 2, 1e5, 3]), "predictions"),
    ).rejects.toThrow(
      "The array is float32 but the model takes float16, whose largest value is 65504: the value 100000 at position 2 would be infinite.",
    );
  });
  it("bfloat16 that cannot be given", async () => {
    await expect(
      runOn(models, ofType("bfloat16"), writeArray(folder, "four.npy", [1, 1, 2, 2], [1, 2, 3, 4]), "predictions"),
    ).rejects.toMatchObject({
      message: 'The input "x" takes bfloat16, which ONNX Runtime for Node.js does not accept.',
      hint: expect.stringContaining("float32 inputs") as string,
    });
  });
  it("float64 that an operator has no code for", async () => {
    const double = writeSmallModel(folder, "d.onnx", {
      inputs: { x: ["float64", 1, 1, 2, 2] },
      outputs: ["y"],
      weights: [weight("w", [1, 1, 1, 1], [1], "float64")],
      nodes: [node("Conv", ["x", "w"], ["y"])],
    });
    await expect(
      runOn(models, double, writeArray(folder, "four.npy", [1, 1, 2, 2], [1, 2, 3, 4]), "predictions"),
    ).rejects.toMatchObject({ hint: expect.stringContaining("Convert the model to float32") as string });
  });
});
