import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Node } from "../model/graph.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-gates-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const numbers = (count: number, shift: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + shift));

/**
 * A squeeze-and-excitation block, its gate's activation as a node of its own or taken in by the layer before, as ONNX
 * Runtime's optimizer does.
 */
function gated(name: string, gate: readonly Node[]): string {
  return writeSmallModel(folder, `${name}.onnx`, {
    opset: 13,
    domains: { "com.microsoft": 1 },
    inputs: { x: ["float32", 1, 2, 4, 4] },
    outputs: ["y"],
    nodes: [
      node("Conv", ["x", "k"], ["c"]),
      node("Relu", ["c"], ["f"]),
      node("GlobalAveragePool", ["f"], ["s"]),
      ...gate,
      node("Mul", ["f", "g"], ["m"]),
      node("GlobalAveragePool", ["m"], ["p"]),
      node("Flatten", ["p"], ["v"]),
      node("Gemm", ["v", "o"], ["y"]),
    ],
    weights: [
      weight("k", [3, 2, 1, 1], numbers(6, 0)),
      weight("w", [3, 3, 1, 1], numbers(9, 1)),
      weight("u", [3, 3], numbers(9, 1)),
      weight("b", [3], numbers(3, 2)),
      weight("o", [3, 2], numbers(6, 3)),
      weight("square", [4], [1, 3, 1, 1], "int64"),
    ],
  });
}

const text = (value: string) => ({ type: "string" as const, value });
const floats = (...value: number[]) => ({ type: "floats" as const, value });
const alike: readonly [string, readonly Node[], readonly Node[]][] = [
  [
    "HardSigmoid in a Conv",
    [node("Conv", ["s", "w", "b"], ["a"]), node("HardSigmoid", ["a"], ["g"], { alpha: { type: "float", value: 0.3 } })],
    [
      node(
        "FusedConv",
        ["s", "w", "b"],
        ["g"],
        { activation: text("HardSigmoid"), activation_params: floats(0.3, 0.5) },
        "com.microsoft",
      ),
    ],
  ],
  [
    "Sigmoid in a Conv",
    [node("Conv", ["s", "w", "b"], ["a"]), node("Sigmoid", ["a"], ["g"])],
    [node("FusedConv", ["s", "w", "b"], ["g"], { activation: text("Sigmoid") }, "com.microsoft")],
  ],
  [
    "Sigmoid in a Gemm",
    [
      node("Flatten", ["s"], ["r"]),
      node("Gemm", ["r", "u", "b"], ["a"]),
      node("Sigmoid", ["a"], ["h"]),
      node("Reshape", ["h", "square"], ["g"]),
    ],
    [
      node("Flatten", ["s"], ["r"]),
      node("FusedGemm", ["r", "u", "b"], ["h"], { activation: text("Sigmoid"), transB: int(0) }, "com.microsoft"),
      node("Reshape", ["h", "square"], ["g"]),
    ],
  ],
];

it.each(alike)(
  "%s: relevance is that of the same gate as a node of its own, by every rule",
  async (name, plain, fused) => {
    const x = writeArray(folder, "x.npy", [1, 2, 4, 4], numbers(32, 0.5));
    const paths = [gated(`${name} plain`, plain), gated(`${name} fused`, fused)];
    for (const rule of ["epsilon", "gamma", "alpha_beta", "zplus"]) {
      const [one, other] = await Promise.all(
        paths.map((path) => runOn(models, path, x, "lrp", { target: { index: [1] }, params: { rule } })),
      );
      const largest = Math.max(...Array.from(one.arrays[0].values, Math.abs));
      expect(largest).toBeGreaterThan(0);
      one.arrays[0].values.forEach((value, at) =>
        expect(Math.abs(value - other.arrays[0].values[at])).toBeLessThan(1e-5 * largest),
      );
    }
  },
);
