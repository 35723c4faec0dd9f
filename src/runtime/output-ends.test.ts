import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Attribute, Graph, Node } from "../model/graph.ts";
import type { WholeResult } from "../protocol/result.ts";
import { ModelCache } from "./model-cache.ts";
import { LOGITS, W, X, bars, softmax } from "../../test/support/linear-by-hand.ts";
import {
  int,
  ints,
  node,
  runOn,
  weight,
  writeArray,
  writeSmallModel,
  type SmallModel,
} from "../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-ends-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const column = (k: number): number[] => [0, 1, 2, 3].map((row) => W[3 * row + k]);
const constant = (name: string, value: number) => weight(name, [], [value]);

let made = 0;
function model(nodes: readonly Node[], { weights = [], ...more }: Partial<SmallModel> = {}): string {
  return writeSmallModel(folder, `m${made++}.onnx`, {
    opset: 13,
    inputs: { x: ["float32", "N", 4] },
    outputs: ["y"],
    nodes: [node("MatMul", ["x", "w"], ["z"]), ...nodes],
    weights: [weight("w", [4, 3], W), ...weights],
    ...more,
  });
}

const run = (path: string, technique: string, more: Parameters<typeof runOn>[4] = {}): Promise<WholeResult> =>
  runOn(models, path, writeArray(folder, "x.npy", [1, 4], X), technique, more);
const byIndex = (result: WholeResult): number[] =>
  [...bars(result).items].sort((a, b) => a.index - b.index).map(({ value }) => value);
const subgraph = (parts: { nodes: Node[]; inputs?: Graph["inputs"]; outputs: string[] }): Attribute => ({
  type: "graph",
  value: {
    name: "inner",
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
    inputs: parts.inputs ?? [],
    nodes: parts.nodes,
    outputs: parts.outputs.map((name) => ({ name, type: { kind: "unknown" } })),
  },
});

function expectClose(actual: ArrayLike<number>, expected: readonly number[], digits = 5): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, at) => expect(actual[at]).toBeCloseTo(value, digits));
}

/**
 * Each score by itself, and the gradient of the logit of class 2: its column of W, times what the constants before the
 * sigmoid's x make of it.
 */
async function expectSigmoid(path: string, before = "z", factor = 1): Promise<void> {
  const result = await run(path, "predictions");
  expect(result.provenance.output).toMatchObject({ kind: "independent" });
  expectClose(byIndex(result), LOGITS.map(sigmoid));
  const saliency = await run(path, "saliency", { target: { index: [2] }, params: { absolute: false } });
  expectClose(
    saliency.arrays[0].values,
    column(2).map((w) => factor * w),
  );
  expect(saliency.notes.join(" ")).toContain(`"${before}"`);
}

const [half, two, one, minus] = [constant("half", 0.5), constant("two", 2), constant("one", 1), constant("minus", -1)];

describe("a sigmoid is one however it is spelt", () => {
  it.each<[string, Node[]]>([
    [
      "½ · tanh(½ x) + ½",
      [
        node("Mul", ["z", "half"], ["a"]),
        node("Tanh", ["a"], ["t"]),
        node("Mul", ["half", "t"], ["b"]),
        node("Add", ["b", "half"], ["y"]),
      ],
    ],
    [
      "½ · (1 + tanh(x / 2))",
      [
        node("Div", ["z", "two"], ["a"]),
        node("Tanh", ["a"], ["t"]),
        node("Add", ["one", "t"], ["b"]),
        node("Mul", ["b", "half"], ["y"]),
      ],
    ],
    [
      "(tanh(x / 2) − (−1)) / 2",
      [
        node("Div", ["z", "two"], ["a"]),
        node("Tanh", ["a"], ["t"]),
        node("Sub", ["t", "minus"], ["b"]),
        node("Div", ["b", "two"], ["y"]),
      ],
    ],
    [
      "exp x / (1 + exp x)",
      [node("Exp", ["z"], ["e"]), node("Add", ["one", "e"], ["b"]), node("Div", ["e", "b"], ["y"])],
    ],
    [
      "1 / (1 + exp(−1 · x))",
      [
        node("Mul", ["minus", "z"], ["n"]),
        node("Exp", ["n"], ["e"]),
        node("Add", ["e", "one"], ["b"]),
        node("Reciprocal", ["b"], ["y"]),
      ],
    ],
    [
      "(1 + exp(−x)) ^ −1",
      [
        node("Neg", ["z"], ["n"]),
        node("Exp", ["n"], ["e"]),
        node("Add", ["e", "one"], ["b"]),
        node("Pow", ["b", "minus"], ["y"]),
      ],
    ],
    [
      "exp(−softplus(−x))",
      [node("Neg", ["z"], ["n"]), node("Softplus", ["n"], ["s"]), node("Neg", ["s"], ["l"]), node("Exp", ["l"], ["y"])],
    ],
  ])("%s", async (_, nodes) => expectSigmoid(model(nodes, { weights: [half, two, one, minus] })));

  it("½ · tanh(z) + ½, where the half is in the weights: the sigmoid of 2z", async () => {
    const path = model(
      [node("Tanh", ["z"], ["t"]), node("Mul", ["half", "t"], ["b"]), node("Add", ["b", "half"], ["y"])],
      { weights: [half] },
    );
    const result = await run(path, "predictions");
    expect(result.provenance.output).toMatchObject({ kind: "independent" });
    expectClose(
      byIndex(result),
      LOGITS.map((z) => sigmoid(2 * z)),
    );
  });

  it("−softplus(−x) is its logarithm", async () => {
    const path = model([node("Neg", ["z"], ["n"]), node("Softplus", ["n"], ["s"]), node("Neg", ["s"], ["y"])]);
    expectClose(byIndex(await run(path, "predictions")), LOGITS.map(sigmoid));
  });
});

describe("what only looks like a sigmoid is none", () => {
  it.each<[string, Node[], (z: number) => number]>([
    [
      "x / (1 + |x|)",
      [node("Abs", ["z"], ["a"]), node("Add", ["a", "one"], ["b"]), node("Div", ["z", "b"], ["y"])],
      (z) => z / (1 + Math.abs(z)),
    ],
    [
      "½ · softsign + ½",
      [
        node("Abs", ["z"], ["a"]),
        node("Add", ["a", "one"], ["b"]),
        node("Div", ["z", "b"], ["c"]),
        node("Mul", ["c", "half"], ["d"]),
        node("Add", ["d", "half"], ["y"]),
      ],
      (z) => (0.5 * z) / (1 + Math.abs(z)) + 0.5,
    ],
    [
      "2 / (1 + exp(−x))",
      [
        node("Neg", ["z"], ["n"]),
        node("Exp", ["n"], ["e"]),
        node("Add", ["e", "one"], ["b"]),
        node("Div", ["two", "b"], ["y"]),
      ],
      (z) => 2 * sigmoid(z),
    ],
    ["tanh", [node("Tanh", ["z"], ["y"])], Math.tanh],
    [
      "2 · tanh(x / 2) + 2",
      [
        node("Div", ["z", "two"], ["a"]),
        node("Tanh", ["a"], ["t"]),
        node("Mul", ["t", "two"], ["b"]),
        node("Add", ["b", "two"], ["y"]),
      ],
      (z) => 4 * sigmoid(z),
    ],
  ])("%s: plain values", async (_, nodes, of) => {
    const result = await run(model(nodes, { weights: [half, two, one] }), "predictions");
    expect(result.provenance.output).toMatchObject({ kind: "regression" });
    expectClose(byIndex(result), LOGITS.map(of));
  });
});

/** An If on whether x sums to more than 0, after which the branch's value is the output through `behind`. */
const either = (then: Node[], otherwise: Node[], behind: Node[] = [node("Identity", ["chosen"], ["y"])]): Node[] => [
  node("ReduceSum", ["x"], ["total"], { keepdims: int(0) }),
  node("Greater", ["total", "zero"], ["positive"]),
  node("If", ["positive"], ["chosen"], {
    then_branch: subgraph({ nodes: then, outputs: ["t"] }),
    else_branch: subgraph({ nodes: otherwise, outputs: ["e"] }),
  }),
  ...behind,
];
const zero = constant("zero", 0);

describe("an end that only a run shows", () => {
  it("a sigmoid in both branches, nested, squeezed, and a mean of one element behind them (as Silero's voice activity models have it)", async () => {
    const nested = node("If", ["positive"], ["t0"], {
      then_branch: subgraph({
        nodes: [node("Sigmoid", ["row"], ["s1"]), node("Identity", ["s1"], ["i1"])],
        outputs: ["i1"],
      }),
      else_branch: subgraph({ nodes: [node("Sigmoid", ["row"], ["s2"])], outputs: ["s2"] }),
    });
    const path = model(
      [
        node("Unsqueeze", ["z", "last"], ["row"]),
        ...either(
          [nested, node("Identity", ["t0"], ["t"])],
          [node("Sigmoid", ["row"], ["e"])],
          [
            node("ReduceMean", ["chosen"], ["mean"], { axes: ints(-1), keepdims: int(0) }),
            node("Identity", ["mean"], ["y"]),
          ],
        ),
      ],
      { weights: [zero, weight("last", [1], [-1], "int64")] },
    );
    await expectSigmoid(path, "row");
  });

  it("one score has two classes", async () => {
    const path = model(
      [node("MatMul", ["x", "v"], ["s"]), ...either([node("Sigmoid", ["s"], ["t"])], [node("Sigmoid", ["s"], ["e"])])],
      { weights: [zero, weight("v", [4, 1], [0.1, 0.2, -0.3, 0.05])] },
    );
    const logit = 0.1 + 0.4 - 0.9 + 0.2;
    const { items } = bars(await run(path, "predictions"));
    expect(items.map(({ target }) => target)).toEqual(["not:0", "0"]);
    expectClose(
      items.map(({ value }) => value),
      [1 - sigmoid(logit), sigmoid(logit)],
    );
    const gradient = async (score: string): Promise<number[]> => [
      ...(await run(path, "saliency", { target: { index: [0], not: true }, params: { absolute: false, score } }))
        .arrays[0].values,
    ];
    expectClose(await gradient("logit"), [-0.1, -0.2, 0.3, -0.05]);
    // −log(1 − σ(s)) by s is σ(s).
    expectClose(
      await gradient("loss"),
      [0.1, 0.2, -0.3, 0.05].map((v) => sigmoid(logit) * v),
    );
  });

  it("a softmax in both branches", async () => {
    const path = model(
      either([node("Softmax", ["z"], ["t"], { axis: int(-1) })], [node("Softmax", ["z"], ["e"], { axis: int(-1) })]),
      { weights: [zero] },
    );
    const result = await run(path, "predictions");
    expect(result.provenance.output).toMatchObject({ kind: "probabilities", why: "The graph ends in Softmax." });
    expectClose(byIndex(result), softmax(LOGITS));
    expectClose(
      (await run(path, "saliency", { target: { index: [1] }, params: { absolute: false } })).arrays[0].values,
      column(1),
    );
  });

  it("a branch that ends in another way is what it is", async () => {
    const path = model(either([node("Identity", ["z"], ["t"])], [node("Sigmoid", ["z"], ["e"])]), { weights: [zero] });
    expect((await run(path, "predictions")).provenance.output).toMatchObject({ kind: "logits" });
  });

  it.each<[string, Node[]]>([
    ["Sigmoid", [node("Sigmoid", ["step"], ["p"])]],
    [
      "Sigmoid, reshaped",
      [node("Sigmoid", ["step"], ["p0"]), node("Squeeze", ["p0"], ["p1"]), node("Identity", ["p1"], ["p"])],
    ],
  ])("%s at the end of a Scan's body: the scores of each step", async (_, nodes) => {
    const body = subgraph({
      inputs: [{ name: "step", type: { kind: "tensor", dataType: "float32", dims: [3] } }],
      nodes,
      outputs: ["p"],
    });
    await expectSigmoid(model([node("Scan", ["z"], ["y"], { body, num_scan_inputs: int(1) })]), "y.scores");
  });

  it("a Softmax at the end of a Loop's body", async () => {
    const body = subgraph({
      inputs: [
        { name: "i", type: { kind: "tensor", dataType: "int64", dims: [] } },
        { name: "on", type: { kind: "tensor", dataType: "bool", dims: [] } },
      ],
      nodes: [node("Identity", ["on"], ["again"]), node("Softmax", ["z"], ["p"], { axis: int(-1) })],
      outputs: ["again", "p"],
    });
    const path = model([node("Loop", ["trips", ""], ["y"], { body })], {
      weights: [weight("trips", [], [2], "int64")],
    });
    const result = await run(path, "predictions");
    expect(result.provenance.output).toMatchObject({ kind: "probabilities" });
    expectClose(
      (await run(path, "saliency", { target: { output: "y", index: [1, 0, 2] }, params: { absolute: false } }))
        .arrays[0].values,
      column(2),
    );
  });

  it("the mean of several scores is a score, which has no logit", async () => {
    const path = model([
      node("Sigmoid", ["z"], ["s"]),
      node("ReduceMean", ["s"], ["y"], { axes: ints(1), keepdims: int(1) }),
    ]);
    const result = await run(path, "predictions");
    expect(result.provenance.output).toMatchObject({
      kind: "independent",
      why: "The graph takes ReduceMean of the scores of Sigmoid.",
    });
    const mean = LOGITS.reduce((sum, z) => sum + sigmoid(z) / 3, 0);
    expectClose(
      bars(result).items.map(({ value }) => value),
      [mean, 1 - mean].sort((a, b) => b - a),
    );
    expect((await run(path, "saliency")).notes.join(" ")).toContain("no logits were found");
  });
});
