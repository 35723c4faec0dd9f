import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadArchitectures } from "./load.ts";
import type { ReferenceTensor } from "./load.ts";
import { materialise } from "./materialise.ts";
import { seededNumbers } from "./prng.ts";

// Of the largest value: float32 against PyTorch's float64; its own float32 stays under 3e-6 on these.
const TOLERANCE = 1e-4;

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "architectures-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe("networks kept without their weights", () => {
  it("seeds make the numbers that Python makes", () => {
    // prng.py: Spec(4294967294, 0.5, 2.0).values(4), which passes 2^32.
    expect([...seededNumbers({ seed: 4294967294, mean: 0.5, scale: 2 }, 4)]).toEqual([
      0.8692030906677246, 0.1157536506652832, -1.5, 0.13339614868164063,
    ]);
  });

  const cases = loadArchitectures();
  it("come from both exporters", () => {
    const both = (exporter: string) => cases.filter((one) => one.exporter === exporter).map((one) => one.network);
    expect(both("torchscript").length).toBeGreaterThanOrEqual(20);
    expect(both("dynamo")).toEqual(both("torchscript"));
  });

  it.each(cases)("$name gives PyTorch's logits once its weights are made", async (one) => {
    const path = await materialise(one.name, directory);
    const session = await InferenceSession.create(path);
    try {
      const { logits } = await session.run({ input: new Tensor("float32", one.input.data, one.input.dims) });
      expect(difference({ dims: logits.dims, data: logits.data as Float32Array }, one.logits)).toBeLessThan(TOLERANCE);
      expect(indexOfLargest(one.logits)).toBe(one.target);
    } finally {
      await session.release();
      await rm(path);
      await rm(join(directory, `${one.name}.weights`), { force: true });
    }
  });

  it("say which export does not exist", async () => {
    await expect(materialise("resnet18-keras", directory)).rejects.toThrow(/no exported network "resnet18-keras"/);
  });
});

function difference({ data }: ReferenceTensor, expected: Float64Array): number {
  expect(data.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - data[i]))) / largest;
}

function indexOfLargest(values: Float64Array): number {
  return values.indexOf(Math.max(...values));
}
