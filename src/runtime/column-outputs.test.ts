import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../model/graph.ts";
import type { WholeResult } from "../protocol/result.ts";
import { ModelCache } from "./model-cache.ts";
import { LOGITS, W, X, bars, softmax } from "../../test/support/linear-by-hand.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel, type SmallModel } from "../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-columns-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const P = softmax(LOGITS);
const places = [0, 1, 2, 3].map((value) => weight(`at${value}`, [1], [value], "int64"));
let made = 0;
const write = (nodes: readonly Node[], outputs: readonly string[], weights: SmallModel["weights"] = []): string =>
  writeSmallModel(folder, `m${made++}.onnx`, {
    opset: 13,
    inputs: { x: ["float32", "N", 4] },
    outputs,
    nodes: [node("MatMul", ["x", "w"], ["z"]), ...nodes],
    weights: [weight("w", [4, 3], W), weight("flat", [1], [-1], "int64"), ...places, ...weights],
  });
const run = (path: string, technique: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, path, writeArray(folder, "x.npy", [1, 4], X), technique, more);
const labels = (result: WholeResult): string[] => bars(result).items.map(({ label }) => label);

/** As skl2onnx writes zipmap: "columns": a slice of each class, reshaped to [N]. */
const columns = (names: readonly string[], shaped = true): Node[] =>
  names.flatMap((name, at) => [
    node("Slice", ["p", `at${at}`, `at${at + 1}`, "at1"], [shaped ? `${name}1` : name]),
    ...(shaped ? [node("Reshape", [`${name}1`, "flat"], [name])] : []),
  ]);

describe("outputs that are a class each are one table", () => {
  it.each([
    ["[N]", true],
    ["[N, 1]", false],
  ] as const)("of %s: all classes with their names, their logits explained", async (_, shaped) => {
    const names = ["ssetosa", "sversicolor", "svirginica"];
    const path = write([node("Softmax", ["z"], ["p"], { axis: int(-1) }), ...columns(names, shaped)], names);
    const result = await run(path, "predictions");
    const order = [0, 1, 2].sort((a, b) => P[b] - P[a]);
    expect(labels(result)).toEqual(order.map((k) => names[k].slice(1)));
    bars(result).items.forEach(({ value }, at) => expect(value).toBeCloseTo(P[order[at]], 5));
    expect(result.notes.join(" ")).not.toContain("The model also has");
    // The gradient of a logit is its column of W.
    const saliency = await run(path, "saliency", { target: { index: [2] }, params: { absolute: false } });
    [0, 1, 2, 3].forEach((row) => expect(saliency.arrays[0].values[row]).toBeCloseTo(W[3 * row + 2], 5));
    expect(labels(await run(path, "predictions", { target: { output: "p" } }))).toEqual(labels(result));
  });

  it("one that is asked for is one class and what it is not", async () => {
    const path = write(
      [node("Softmax", ["z"], ["p"], { axis: int(-1) }), ...columns(["i0", "i1", "i2"])],
      ["i0", "i1", "i2"],
    );
    const { items } = bars(await run(path, "predictions", { target: { output: "i2" } }));
    expect(items.map(({ label, target }) => [label, target])).toEqual(
      P[2] > 0.5
        ? [
            ["2", "0"],
            ["not 2", "not:0"],
          ]
        : [
            ["not 2", "not:0"],
            ["2", "0"],
          ],
    );
    expect(items.find(({ label }) => label === "2")!.value).toBeCloseTo(P[2], 5);
  });

  it("columns of no probabilities, or not all of them, stay outputs of their own", async () => {
    const values = write([node("Identity", ["z"], ["p"]), ...columns(["x0", "y0", "x1"])], ["x0", "y0", "x1"]);
    expect(bars(await run(values, "predictions")).items).toHaveLength(1);
    const some = write([node("Softmax", ["z"], ["p"], { axis: int(-1) }), ...columns(["a", "b", "c"])], ["b", "c"]);
    expect(bars(await run(some, "predictions")).items.length).toBeLessThan(3);
  });
});

describe("of distances the nearest is the target", () => {
  const one = weight("k", [1], [3], "int64");
  it.each<[string, Node[], string[]]>([
    [
      "ArgMin, the root beside it (k-means)",
      [
        node("Abs", ["z"], ["d2"]),
        node("ArgMin", ["d2"], ["label"], { axis: int(1) }),
        node("Sqrt", ["d2"], ["scores"]),
      ],
      ["label", "scores"],
    ],
    [
      "ArgMax of the negative",
      [
        node("Abs", ["z"], ["scores"]),
        node("Neg", ["scores"], ["n"]),
        node("ArgMax", ["n"], ["label"], { axis: int(1) }),
      ],
      ["scores", "label"],
    ],
    [
      "TopK of the smallest",
      [node("Abs", ["z"], ["d"]), node("TopK", ["d", "k"], ["scores", "label"], { axis: int(1), largest: int(0) })],
      ["scores", "label"],
    ],
    [
      "the negative of TopK of the negative",
      [
        node("Abs", ["z"], ["d"]),
        node("Neg", ["d"], ["n"]),
        node("TopK", ["n", "k"], ["m", "label"], { axis: int(1) }),
        node("Neg", ["m"], ["scores"]),
      ],
      ["scores", "label"],
    ],
  ])("%s", async (_, nodes, outputs) => {
    const result = await run(write(nodes, outputs, [one]), "saliency");
    const shown = bars(result);
    const smallest = Math.min(...shown.items.map(({ value }) => value));
    expect(shown.items[0].value).toBe(smallest);
    expect(shown.selected).toBe(shown.items[0].index);
    expect(result.notes.join(" ")).toContain("The target is the smallest value");
    expect(result.provenance.output).toMatchObject({ kind: "regression" });
  });

  it("scores whose largest is the label are none", async () => {
    const result = await run(
      write(
        [node("ArgMax", ["z"], ["label"], { axis: int(1) }), node("Identity", ["z"], ["scores"])],
        ["scores", "label"],
      ),
      "saliency",
    );
    expect(bars(result).selected).toBe(LOGITS.indexOf(Math.max(...LOGITS)));
  });
});

it("other outputs are named where they are something else to explain", async () => {
  const path = write(
    [
      node("Softmax", ["z"], ["y"]),
      node("Identity", ["y"], ["again"]),
      node("ArgMax", ["y"], ["label"], { axis: int(1) }),
      node("Sigmoid", ["z"], ["tags"]),
    ],
    ["y", "again", "label", "tags"],
  );
  const notes = (await run(path, "predictions")).notes.join(" ");
  expect(notes).toContain('The model also has "tags".');
  expect(notes).not.toContain('"again"');
});
