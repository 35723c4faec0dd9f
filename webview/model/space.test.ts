import { expect, it } from "vitest";
import { mayHaveSpace } from "./space.ts";

const outputs = ["y"];

it("maps, signals and tokens may have space; vectors, pooled channels and numbers of places do not", () => {
  for (const outputDims of [
    ["N", 16, 7, 7],
    [1, 1, 28, 28],
    [1, 7, 7, 16],
    [1, 16, 100],
    [1, 197, 768],
    ["N", 16, null, null],
    undefined,
  ])
    expect(mayHaveSpace({ outputs, outputDims }), String(outputDims)).toBe(true);
  for (const outputDims of [["N", 1000], [1, 1280, 1, 1], [1, 1, 1, 64], [4], []])
    expect(mayHaveSpace({ outputs, outputDims }), String(outputDims)).toBe(false);
  expect(mayHaveSpace({ outputs: [], outputDims: undefined })).toBe(false);
});

it("integers and conditions are no activations", () => {
  const from = { kind: "layer" as const, index: 0 };
  const typed = (type: string) =>
    mayHaveSpace({ outputs, outputDims: [1, 3, 8, 8] }, { outputs: [{ name: "y", type, from }] });
  expect(["float32", "float16", "bfloat16", "float64"].map(typed)).toEqual([true, true, true, true]);
  expect(["int64", "bool", "uint8", "sequence(float32)"].map(typed)).toEqual([false, false, false, false]);
});
