import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Node } from "../model/graph.ts";
import { ModelCache } from "./model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

const folder = mkdtempSync(join(tmpdir(), "joined-"));
const models = new ModelCache();
afterAll(() => {
  models.dispose();
});

// Two boxes' numbers and their scores, as YOLO joins them: b = x·w, s = σ(x·v), by hand.
const X = [1, -2, 0.5];
const V = [0.5, -1, 1, 0, 2, 1];
let made = 0;
const write = (nodes: readonly Node[], end: string): string =>
  writeSmallModel(folder, `m${made++}.onnx`, {
    opset: 13,
    inputs: { x: ["float32", 1, 3] },
    outputs: [end],
    nodes: [
      node("MatMul", ["x", "w"], ["b"]),
      node("MatMul", ["x", "v"], ["l"]),
      node("Sigmoid", ["l"], ["s"]),
      ...nodes,
    ],
    weights: [
      weight(
        "w",
        [3, 4],
        Array.from({ length: 12 }, (_, at) => at - 4),
      ),
      weight("v", [3, 2], V),
      weight("to-b", [3], [1, 2, 2], "int64"),
      weight("to-s", [3], [1, 1, 2], "int64"),
    ],
  });
const table = [node("Reshape", ["b", "to-b"], ["bb"]), node("Reshape", ["s", "to-s"], ["ss"])];
const saliency = (path: string, index: readonly number[], score = "logit") =>
  runOn(models, path, writeArray(folder, "x.npy", [1, 3], X), "saliency", {
    target: { index },
    params: { absolute: false, score },
  });

describe("a score that an output joins with other values", () => {
  it.each([
    ["the last rows", [...table, node("Concat", ["bb", "ss"], ["y"], { axis: int(1) })], [2, 1], [0, 0]],
    [
      "by an axis counted from behind",
      [...table, node("Concat", ["ss", "bb"], ["y"], { axis: int(-2) })],
      [0, 1],
      [1, 0],
    ],
    [
      "turned",
      [
        ...table,
        node("Concat", ["bb", "ss"], ["c"], { axis: int(1) }),
        node("Transpose", ["c"], ["y"], { perm: { type: "ints", value: [0, 2, 1] } }),
      ],
      [1, 2],
      [1, 1],
    ],
  ] as const)(
    "%s: the note says that the score after its sigmoid is explained, of a box's number nothing",
    async (_, nodes, ofScore, ofBox) => {
      const path = write(nodes, "y");
      const result = await saliency(path, ofScore);
      expect(result.notes.join(" ")).toContain(
        'Explains the score itself, after its Sigmoid: the output "y" joins scores with other values, so the value before it, "l", does not cover all of them.',
      );
      // ∂σ/∂x = σ (1 − σ) v, of the second score.
      const logit = X.reduce((sum, x, row) => sum + x * V[2 * row + 1], 0);
      const slope = Math.exp(-logit) / (1 + Math.exp(-logit)) ** 2;
      [V[1], V[3], V[5]].forEach((v, at) => expect(result.arrays[0].values[at]).toBeCloseTo(slope * v, 5));
      expect((await saliency(path, ofBox)).notes.join(" ")).not.toContain("Explains the score itself");
      expect((await saliency(path, ofScore, "output")).notes.join(" ")).not.toContain("Explains the score itself");
    },
  );
});
