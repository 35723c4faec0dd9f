import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../../model/graph.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { int, ints, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let folder: string;
let made = 0;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-first-layer-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i * 1.7) / 2 + 0.1);

/** A convolution "c" of a picture [1, 1, 6, 6], the nodes that make "m" [1, 2, 4, 4] of it, and a dense head. */
async function picked(middle: readonly Node[], technique = "feature-maps"): Promise<string | undefined> {
  const path = writeSmallModel(folder, `m${made++}.onnx`, {
    inputs: { x: ["float32", 1, 1, 6, 6] },
    outputs: ["y"],
    opset: 15,
    weights: [
      weight("k", [2, 1, 3, 3], numbers(18)),
      weight("two", [2], [1, 2]),
      weight("v", [32, 3], numbers(96)),
      weight("low", [], [0]),
    ],
    nodes: [
      node("Conv", ["x", "k"], ["c"]),
      ...middle,
      node("Flatten", ["m"], ["f"]),
      node("MatMul", ["f", "v"], ["y"]),
    ],
  });
  const { notes } = await runOn(models, path, writeArray(folder, "x.npy", [1, 1, 6, 6], numbers(36)), technique);
  return notes.find((note) => note.startsWith("Layer chosen automatically: "));
}

const chosen = (value: string, why: string): string =>
  `Layer chosen automatically: ${value} [1×2×4×4], the first convolution${why}.`;

describe("feature maps begin with the first convolution", () => {
  it("after the activation that follows it", async () => {
    expect(await picked([node("Relu", ["c"], ["m"])])).toBe(chosen("m", ", after its activation"));
    expect(await picked([node("Clip", ["c", "low"], ["m"])])).toBe(chosen("m", ", after its activation"));
  });

  it("also where a normalization stands between them", async () => {
    const normalization = node("BatchNormalization", ["c", "two", "two", "two", "two"], ["n"]);
    expect(await picked([normalization, node("Relu", ["n"], ["m"])])).toBe(chosen("m", ", after its activation"));
  });

  it("as it is where something else follows, or several do", async () => {
    expect(await picked([node("Neg", ["c"], ["m"])])).toBe(chosen("c", ""));
    const silu = [node("Sigmoid", ["c"], ["s"]), node("Mul", ["c", "s"], ["m"])];
    expect(await picked(silu)).toBe(chosen("c", ""));
  });

  it("not one that the score does not depend on; a later convolution is not looked at", async () => {
    const second = [
      node("Conv", ["x", "k"], ["side"]),
      node("Relu", ["c"], ["r"]),
      node("Conv", ["r", "w"], ["m"], { pads: ints(1, 1, 1, 1), group: int(2) }),
    ];
    const path = writeSmallModel(folder, "side.onnx", {
      inputs: { x: ["float32", 1, 1, 6, 6] },
      outputs: ["y", "side"],
      weights: [
        weight("k", [2, 1, 3, 3], numbers(18)),
        weight("w", [2, 1, 3, 3], numbers(18)),
        weight("v", [32, 3], numbers(96)),
      ],
      nodes: [
        second[0],
        node("Conv", ["x", "k"], ["c"]),
        ...second.slice(1),
        node("Flatten", ["m"], ["f"]),
        node("MatMul", ["f", "v"], ["y"]),
      ],
    });
    const input = writeArray(folder, "x.npy", [1, 1, 6, 6], numbers(36));
    expect((await runOn(models, path, input, "feature-maps")).provenance.layer).toBe("r");
    // A layer that is named is taken, and maps that need the last one are as they were.
    expect((await runOn(models, path, input, "feature-maps", { layer: "m" })).provenance.layer).toBe("m");
    expect((await runOn(models, path, input, "eigen-cam")).provenance.layer).toBe("m");
  });
});
