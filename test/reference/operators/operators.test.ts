import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { loadCases } from "./load.ts";
import type { CaseArray } from "./load.ts";

// What make.py asserts of Python's ONNX Runtime, again for the one that we run.
const TOLERANCE = 1e-4;

describe("operator references", () => {
  const cases = loadCases();

  it("have a gradient of every float input for a seed on every float output, in matching dims", () => {
    for (const one of cases) {
      const floats = one.inputs.filter((input) => input.dataType === "float32");
      expect(
        one.gradients.map(({ name, dims }) => ({ name, dims })),
        one.name,
      ).toEqual(floats.map(({ name, dims }) => ({ name, dims })));
      const outputs = one.outputs.filter((output) => output.dataType.startsWith("float"));
      expect(
        one.seeds.map(({ name, dims }) => ({ name, dims })),
        one.name,
      ).toEqual(outputs.map(({ name, dims }) => ({ name, dims })));
      for (const array of [...one.inputs, ...one.outputs, ...one.seeds, ...one.gradients]) {
        expect(array.data.length, `${one.name}: ${array.name}`).toBe(
          array.dims.reduce((product, dim) => product * dim, 1),
        );
      }
    }
  });

  it.each(cases)("$name computes what ONNX Runtime computes", async (one) => {
    const session = await InferenceSession.create(one.model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const results = await session.run(Object.fromEntries(one.inputs.map((input) => [input.name, feed(input)])));
    for (const output of one.outputs) {
      expect(results[output.name].dims).toEqual(output.dims);
      const ours = Array.from(results[output.name].data as Float32Array, Number);
      const theirs = Array.from(output.data as Float64Array, Number);
      const largest = Math.max(1, ...theirs.map(Math.abs));
      for (const [i, value] of theirs.entries()) {
        expect(Math.abs(ours[i] - value) / largest, `${output.name}[${i}]`).toBeLessThan(TOLERANCE);
      }
    }
    await session.release();
  });
});

function feed({ dataType, data, dims }: CaseArray): Tensor {
  if (dataType === "float16") {
    throw new Error("No case has a float16 input.");
  }
  return new Tensor(dataType, data as Float32Array, dims);
}
