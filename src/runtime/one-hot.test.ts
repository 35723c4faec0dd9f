import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Node } from "../model/graph.ts";
import type { BarsArtifact } from "../protocol/artifacts.ts";
import { predictionsOf, type WholeResult } from "../protocol/result.ts";
import { ModelCache } from "./model-cache.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

const folder = mkdtempSync(join(tmpdir(), "one-hot-"));
const models = new ModelCache();
afterAll(() => {
  models.dispose();
});

// The scores are the first four elements of the input times two: by hand.
const X = [0.1, 2, -1, 0.5, 9];
const Z = X.slice(0, 4).map((x) => 2 * x);
const W = Array.from({ length: 20 }, (_, at) => (at >> 2 === at % 4 ? 2 : 0));
const P = Z.map((z) => Math.exp(z) / Z.reduce((sum, one) => sum + Math.exp(one), 0));
let made = 0;
const write = (nodes: readonly Node[], outputs: readonly string[] = ["y"]): string =>
  writeSmallModel(folder, `m${made++}.onnx`, {
    opset: 13,
    inputs: { x: ["float32", 1, 5] },
    outputs,
    nodes: [node("MatMul", ["x", "w"], ["z"]), ...nodes],
    weights: [
      weight("w", [5, 4], W),
      weight("depth", [1], [4], "int64"),
      weight("depthf", [1], [4]),
      weight("values", [2], [0, 1]),
      weight("zeros", [1, 4], [0, 0, 0, 0]),
      weight("ones", [1, 1], [1]),
      weight("zero", [], [0]),
      weight("one", [], [1]),
    ],
  });
const run = (path: string, technique: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, path, writeArray(folder, "x.npy", [1, 5], X), technique, more);
const bars = (result: WholeResult): BarsArtifact => predictionsOf(result)!;

const largest = (keep: number): Node => node("ArgMax", ["z"], ["a"], { axis: int(-1), keepdims: int(keep) });
const FORMS: Readonly<Record<string, readonly Node[]>> = {
  "ArgMax and OneHot": [largest(0), node("OneHot", ["a", "depth", "values"], ["y"], { axis: int(-1) })],
  "ArgMax as floats and OneHot": [
    largest(0),
    node("Cast", ["a"], ["f"], { to: int(1) }),
    node("OneHot", ["f", "depthf", "values"], ["h"], { axis: int(-1) }),
    node("Identity", ["h"], ["y"]),
  ],
  "ArgMax and ScatterElements": [largest(1), node("ScatterElements", ["zeros", "a", "ones"], ["y"], { axis: int(-1) })],
  Hardmax: [node("Hardmax", ["z"], ["y"], { axis: int(-1) })],
  "Equal to ReduceMax": [
    node("ReduceMax", ["z"], ["m"], { keepdims: int(1) }),
    node("Equal", ["z", "m"], ["e"]),
    node("Cast", ["e"], ["y"], { to: int(1) }),
  ],
  "Where it is ReduceMax": [
    node("ReduceMax", ["z"], ["m"], { keepdims: int(1) }),
    node("Equal", ["m", "z"], ["e"]),
    node("Where", ["e", "one", "zero"], ["y"]),
  ],
};

describe("a label that is 1 at its class and 0 elsewhere", () => {
  it.each(Object.entries(FORMS))("%s: the scores stand for it, and that is said", async (_, nodes) => {
    const path = write(nodes);
    const result = await run(path, "predictions");
    [...bars(result).items]
      .sort((a, b) => a.index - b.index)
      .forEach(({ value }, at) => expect(value).toBeCloseTo(P[at], 5));
    expect(result.notes.join(" ")).toContain('Instead of the output "y", this uses "z", the scores whose largest is');
    // ∂z₁/∂x = 2 at element 1.
    expect(Array.from((await run(path, "saliency", { params: { absolute: false } })).arrays[0].values)).toEqual([
      0, 2, 0, 0, 0,
    ]);
  });

  it("beside its scores: those are the output, and the label that is asked for has plain values", async () => {
    const path = write(
      [
        node("Softmax", ["z"], ["p"], { axis: int(-1) }),
        largest(0),
        node("OneHot", ["a", "depth", "values"], ["y"], { axis: int(-1) }),
      ],
      ["y", "p"],
    );
    const result = await run(path, "predictions");
    expect(bars(result).items[0].value).toBeCloseTo(P[1], 5);
    expect(result.notes).toContainEqual(expect.stringMatching(/^The output is "p": "y" \(.*\) is a label\.$/));
    const asked = await run(path, "predictions", { target: { output: "y" } });
    expect(bars(asked)).toMatchObject({ share: false });
    expect(bars(asked).items[0]).toMatchObject({ index: 1, value: 1 });
    expect(asked.provenance.output).toMatchObject({
      kind: "regression",
      why: "The graph sets the chosen element to 1 (OneHot): a label, not probabilities.",
    });
  });

  it("a class that comes in as a number is no choice", async () => {
    const path = write([
      node("Cast", ["z"], ["i"], { to: int(7) }),
      node("OneHot", ["i", "depth", "values"], ["h"], { axis: int(-1) }),
      node("ReduceMax", ["h"], ["r"], { axes: { type: "ints", value: [1] }, keepdims: int(0) }),
      node("Add", ["r", "z"], ["y"]),
    ]);
    expect((await run(path, "predictions")).notes.join(" ")).not.toContain("stands");
  });
});
