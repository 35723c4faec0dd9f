import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../model/graph.ts";
import type { BarsArtifact } from "../protocol/artifacts.ts";
import { predictionsOf, type WholeResult } from "../protocol/result.ts";
import { ModelCache } from "./model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-top-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

// Scores of five classes are x itself: the largest are 3, 1 and 4.
const X = [0.1, 2, -1, 3, 0.5];
const TOP = [3, 1, 4];
const P = X.map((x) => Math.exp(x) / X.reduce((sum, one) => sum + Math.exp(one), 0));
let made = 0;
const write = (nodes: readonly Node[], outputs: readonly string[]): string =>
  writeSmallModel(folder, `m${made++}.onnx`, {
    opset: 13,
    inputs: { x: ["float32", "N", 5] },
    outputs,
    nodes,
    weights: [weight("k", [1], [3], "int64")],
  });
const top = (from: string): Node => node("TopK", [from, "k"], ["values", "indices"]);
const run = (path: string, technique: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, path, writeArray(folder, "x.npy", [1, 5], X), technique, more);
const items = (result: WholeResult): BarsArtifact["items"] => predictionsOf(result)!.items;

describe("a model that ends in TopK", () => {
  it("of a softmax: probabilities with their classes' numbers, or names", async () => {
    const path = write([node("Softmax", ["x"], ["p"], { axis: int(-1) }), top("p")], ["values", "indices"]);
    const result = await run(path, "predictions");
    expect(items(result).map(({ label, target }) => [label, target])).toEqual([
      ["3", "0"],
      ["1", "1"],
      ["4", "2"],
    ]);
    items(result).forEach(({ value }, at) => expect(value).toBeCloseTo(P[TOP[at]], 5));
    expect(result.provenance.output).toMatchObject({
      kind: "probabilities",
      why: "The graph ends in TopK of Softmax.",
    });
    const named = await run(path, "predictions", {
      recipe: { version: 1, inputs: {}, classes: ["a", "b", "c", "d", "e"] },
    });
    expect(items(named).map(({ label }) => label)).toEqual(["d", "b", "e"]);
    expect(named.notes.join(" ")).not.toContain("class names for the output");
    // ∂p3/∂x: p3 (δ − p), by hand.
    const saliency = await run(path, "saliency", { params: { absolute: false } });
    X.forEach((_, k) => expect(saliency.arrays[0].values[k]).toBeCloseTo(P[3] * ((k === 3 ? 1 : 0) - P[k]), 5));
    expect(saliency.provenance.target).toMatchObject({ label: "3" });
  });

  it("of plain scores: no softmax over the largest alone", async () => {
    const path = write(
      [
        node("Mul", ["x", "x"], ["s"]),
        node("Sqrt", ["s"], ["a"]),
        top("a"),
        node("Squeeze", ["values"], ["v"]),
        node("Cast", ["indices"], ["label"], { to: int(6) }),
      ],
      ["label", "v"],
    );
    const result = await run(path, "predictions");
    expect(items(result).map(({ label }) => label)).toEqual(["3", "1", "2"]);
    expect(items(result).map(({ value }) => value)).toEqual([3, 2, 1]);
  });

  it("its indices are labels", async () => {
    const path = write([node("Softmax", ["x"], ["p"], { axis: int(-1) }), top("p")], ["values", "indices"]);
    const result = await run(path, "predictions", { target: { output: "indices" } });
    expect(result.provenance.output).toMatchObject({ kind: "label" });
    expect(
      items(result)
        .map(({ label }) => label)
        .sort(),
    ).toEqual(["1", "3", "4"]);
    await expect(run(path, "saliency", { target: { output: "indices", index: [0] } })).rejects.toThrow("is a label");
  });
});
