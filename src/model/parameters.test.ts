import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { node, weight, writeSmallModel } from "../../test/support/models.ts";
import { describe } from "./describe.ts";
import { openModel } from "./open.ts";
import { parametersOf } from "./parameters.ts";

const folder = new URL("../../test/reference/parameters/", import.meta.url);
const counts = JSON.parse(readFileSync(new URL("counts.json", folder), "utf8")) as Record<
  string,
  { total: number; types?: Record<string, number> }
>;

test.each(Object.entries(counts))(
  "a network has as many parameters quantised as in floats: %s",
  async (name, { total, types }) => {
    const open = await openModel(fileURLToPath(new URL(`${name}.onnx`, folder)));
    const description = describe(open);
    open.close();
    expect(description.parameters).toBe(total);
    if (types)
      expect(Object.fromEntries(description.parameterTypes.map(({ type, count }) => [type, count]))).toEqual(types);
    // Scalars and what branches and functions hold apart, the layers' own add up to it.
    if (!["function", "branch"].includes(name))
      expect(description.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(total);
  },
);

test("a weight is followed through 20,000 nodes that move it", async () => {
  const length = 20_000;
  const folder = mkdtempSync(join(tmpdir(), "loupe-parameters-"));
  try {
    const file = writeSmallModel(folder, "chain.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [
        weight("w0", [2, 3], [1, 2, 3, 4, 5, 6], "int8"),
        weight("scale", [], [0.5]),
        weight("zero", [], [0], "int8"),
      ],
      nodes: [
        ...Array.from({ length }, (_, i) => node("Identity", [`w${i}`], [`w${i + 1}`])),
        node("DequantizeLinear", [`w${length}`, "scale", "zero"], ["w"]),
        node("MatMul", ["x", "w"], ["y"]),
      ],
    });
    const open = await openModel(file);
    try {
      // The scale and the zero point are none.
      expect(parametersOf(open.model)).toMatchObject({ total: 6, types: [{ type: "int8", count: 6 }] });
    } finally {
      open.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
