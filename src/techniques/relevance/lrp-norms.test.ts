// Relevance through norms, however they are written: what divides counts as fixed, in a quotient as in a product with
// an inverse, with attention and without.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { Node, TensorRef } from "../../model/graph.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { expectClose, float, smallRuns } from "../../../test/support/lrp-small.ts";
import { int, ints, node, weight } from "../../../test/support/models.ts";

const models = new ModelCache({ maxModels: 4 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-lrp-norms-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const run = smallRuns(models, () => folder);

const [TOKENS, WIDTH, EPSILON] = [3, 4, 1e-6];
const X = Array.from({ length: TOKENS * WIDTH }, (_, i) => Math.sin(1.3 * i + 0.5) + 0.2);
const GAIN = [0.7, 1.2, 0.9, 1.5];
const HEAD = [1, -0.6, 0.8, 0.4];
const WEIGHTS: readonly TensorRef[] = [
  weight("one", [], [1]),
  weight("two", [], [2]),
  weight("zero", [], [0]),
  weight("tiny", [], [EPSILON]),
  weight("large", [], [1e6]),
  weight("-half", [], [-0.5]),
  weight("half", [], [0.5]),
  weight("-one", [], [-1]),
  weight("gain", [WIDTH], GAIN),
  weight("none", [WIDTH], [0, 0, 0, 0]),
  weight("head", [WIDTH, 1], HEAD),
  weight(
    "wq",
    [WIDTH, WIDTH],
    Array.from({ length: 16 }, (_, i) => Math.cos(i) * 0.6),
  ),
  weight(
    "wk",
    [WIDTH, WIDTH],
    Array.from({ length: 16 }, (_, i) => Math.sin(2 * i) * 0.6),
  ),
  weight("eye", [WIDTH, WIDTH], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
];
function used(nodes: readonly Node[]): readonly TensorRef[] {
  return WEIGHTS.filter(({ name }) => nodes.some(({ inputs }) => inputs.includes(name)));
}

/** v = mean a² + ε. */
const SQUARE = [
  node("Pow", ["a", "two"], ["square"]),
  node("ReduceMean", ["square"], ["mean"], { axes: ints(-1) }),
  node("Add", ["mean", "tiny"], ["v"]),
];
const ROOT = [...SQUARE, node("Sqrt", ["v"], ["root"])];
const scaled = (factors: readonly string[]): Node[] => [node("Mul", factors, ["u"]), node("Mul", ["u", "gain"], ["n"])];

/** n = gain·a/√(mean a² + ε). */
const RMS: Readonly<Record<string, readonly Node[]>> = {
  "a quotient": [...ROOT, node("Div", ["a", "root"], ["u"]), node("Mul", ["gain", "u"], ["n"])],
  SimplifiedLayerNormalization: [
    node("SimplifiedLayerNormalization", ["a", "gain"], ["n"], { axis: int(-1), epsilon: float(EPSILON) }),
  ],
  "a·(1/√v)": [...ROOT, node("Div", ["one", "root"], ["q"]), ...scaled(["a", "q"])],
  "(1/√v)·a, a·a as the square": [
    node("Mul", ["a", "a"], ["square"]),
    ...ROOT.slice(1),
    node("Reciprocal", ["root"], ["q"]),
    ...scaled(["q", "a"]),
  ],
  "a·v^-½": [...SQUARE, node("Pow", ["v", "-half"], ["q"]), ...scaled(["a", "q"])],
  "a·(√v)^-1": [...ROOT, node("Pow", ["root", "-one"], ["q"]), ...scaled(["a", "q"])],
  "a·√(1/v)": [...SQUARE, node("Reciprocal", ["v"], ["p"]), node("Sqrt", ["p"], ["q"]), ...scaled(["a", "q"])],
  "a·(1/v)^½": [...SQUARE, node("Div", ["one", "v"], ["p"]), node("Pow", ["p", "half"], ["q"]), ...scaled(["a", "q"])],
  "a·(gain·1/√v)": [
    ...ROOT,
    node("Reciprocal", ["root"], ["p"]),
    node("Mul", ["gain", "p"], ["q"]),
    node("Mul", ["a", "q"], ["n"]),
  ],
  "(gain/√v)·a": [...ROOT, node("Div", ["gain", "root"], ["q"]), node("Mul", ["q", "a"], ["n"])],
  "casts between": [
    node("Cast", ["a"], ["c"], { to: int(1) }),
    node("Pow", ["c", "two"], ["square"]),
    ...ROOT.slice(1),
    node("Div", ["one", "root"], ["p"]),
    node("Cast", ["p"], ["q"], { to: int(1) }),
    ...scaled(["c", "q"]),
  ],
  "(2/‖a‖)·a": [
    node("ReduceL2", ["a"], ["l"], { axes: ints(-1) }),
    node("Div", ["two", "l"], ["q"]),
    ...scaled(["q", "a"]),
  ],
  "an inverse within bounds": [
    ...ROOT,
    node("Reciprocal", ["root"], ["p"]),
    node("Clip", ["p", "tiny", "large"], ["o"]),
    node("Max", ["o", "tiny"], ["q"]),
    ...scaled(["a", "q"]),
  ],
};

const CENTRED = [
  node("ReduceMean", ["a"], ["m"], { axes: ints(-1) }),
  node("Sub", ["a", "m"], ["c"]),
  node("Mul", ["c", "c"], ["square"]),
  ...ROOT.slice(1),
];
/** n = gain·(a − mean a)/√(var a + ε). */
const LAYER_NORM: Readonly<Record<string, readonly Node[]>> = {
  "a quotient": [...CENTRED, node("Div", ["c", "root"], ["u"]), node("Mul", ["gain", "u"], ["n"])],
  LayerNormalization: [
    node("LayerNormalization", ["a", "gain", "none"], ["n"], { axis: int(-1), epsilon: float(EPSILON) }),
  ],
  "(a − mean)·(1/deviation)": [...CENTRED, node("Reciprocal", ["root"], ["q"]), ...scaled(["c", "q"])],
  "(a − mean)·variance^-½": [...CENTRED, node("Pow", ["v", "-half"], ["q"]), ...scaled(["q", "c"])],
  // As TensorFlow writes it.
  "a·q + (0 − mean·q)": [
    ...CENTRED,
    node("Div", ["one", "root"], ["p"]),
    node("Mul", ["p", "gain"], ["q"]),
    node("Mul", ["a", "q"], ["s"]),
    node("Mul", ["m", "q"], ["t"]),
    node("Sub", ["zero", "t"], ["o"]),
    node("Add", ["s", "o"], ["n"]),
  ],
};

const ATTENTION = [
  node("MatMul", ["x", "wq"], ["query"]),
  node("MatMul", ["x", "wk"], ["key"]),
  node("Transpose", ["key"], ["turned"], { perm: ints(0, 2, 1) }),
  node("MatMul", ["query", "turned"], ["scores"]),
  node("Softmax", ["scores"], ["weights"], { axis: int(-1) }),
  node("MatMul", ["weights", "x"], ["mixed"]),
  node("Add", ["mixed", "x"], ["a"]),
];
const FRONTS: Readonly<Record<string, readonly Node[]>> = {
  "behind attention": ATTENTION,
  "without attention": [node("MatMul", ["x", "wq"], ["a"])],
};

/** Relevance at "a" of y = mean over tokens of n·head: aᵢ·∂y/∂aᵢ with the deviation fixed. */
function byHand(a: readonly number[], isCentred: boolean): number[] {
  return Array.from({ length: TOKENS }, (_, token) => a.slice(token * WIDTH, (token + 1) * WIDTH)).flatMap((row) => {
    const mean = isCentred ? average(row) : 0;
    const deviation = Math.sqrt(average(row.map((value) => (value - mean) ** 2)) + EPSILON);
    const slopes = row.map((_, i) => (GAIN[i] * HEAD[i]) / deviation / TOKENS);
    return row.map((value, i) => value * (slopes[i] - (isCentred ? average(slopes) : 0)));
  });
}
const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const SPELLINGS = Object.entries(FRONTS).flatMap(([front, before]) => [
  ...Object.entries(RMS).map(([spelling, norm]) => ({
    of: `RMSNorm ${front}: ${spelling}`,
    before,
    norm,
    isCentred: false,
  })),
  ...Object.entries(LAYER_NORM).map(([spelling, norm]) => ({
    of: `LayerNorm ${front}: ${spelling}`,
    before,
    norm,
    isCentred: true,
  })),
]);

describe("a deviation is fixed", () => {
  it.each(SPELLINGS)("$of", async ({ before, norm, isCentred }) => {
    const nodes = [
      ...before,
      ...norm,
      node("MatMul", ["n", "head"], ["h"]),
      node("ReduceMean", ["h"], ["y"], { axes: ints(1), keepdims: int(0) }),
    ];
    const small = { dims: [1, TOKENS, WIDTH], x: X, nodes, weights: used(nodes) };
    const a = (await run(small, {}, { layer: "a" }, "feature-maps")).arrays[0].values;
    expectClose((await run(small, {}, { layer: "a" }, "layer-lrp")).arrays[0].values, byHand([...a], isCentred), 4);
  });
});

describe("what else multiplies", () => {
  const one = { dims: [1, 2], x: [3, -1] };
  const s = [1, Math.exp(-4)].map((value) => value / (1 + Math.exp(-4)));

  it("a softmax is one whole, with a quotient and with a product, and as a gate it counts as fixed", async () => {
    const product = [
      node("Exp", ["x"], ["e"]),
      node("ReduceSum", ["e", "axis"], ["t"]),
      node("Reciprocal", ["t"], ["q"]),
      node("Mul", ["e", "q"], ["y"]),
    ];
    // xᵢ(Rᵢ − sᵢ·ΣR), R = [s₀, 0] (AttnLRP, proposition 3.1).
    expectClose(
      (await run({ ...one, nodes: product, weights: [weight("axis", [1], [1], "int64")] }, { score: "output" }))
        .arrays[0].values,
      [3 * (s[0] - s[0] * s[0]), s[1] * s[0]],
    );
    const gate = [node("Softmax", ["x"], ["g"]), node("MatMul", ["x", "w"], ["h"]), node("Mul", ["g", "h"], ["y"])];
    // h₀ = 2·3 − 1 = 5, and relevance goes by it alone.
    expectClose(
      (await run({ ...one, nodes: gate, weights: [weight("w", [2, 2], [2, 0, 1, 5])] }, { score: "output" })).arrays[0]
        .values,
      [6 * s[0], -s[0]],
      4,
    );
  });

  it("a cosine's two norms are fixed, as factors together and each by itself", async () => {
    const norms = [
      node("MatMul", ["x", "w"], ["k"]),
      node("Mul", ["x", "k"], ["p"]),
      node("ReduceSum", ["p", "axis"], ["d"]),
      node("ReduceL2", ["x"], ["nx"], { axes: ints(-1) }),
      node("ReduceL2", ["k"], ["nk"], { axes: ints(-1) }),
      node("Reciprocal", ["nx"], ["ix"]),
      node("Div", ["one", "nk"], ["ik"]),
    ];
    const weights = [weight("w", [2, 2], [1, 0, 1, 1]), weight("axis", [1], [1], "int64"), weight("one", [], [1])];
    const rows = { dims: [2, 2], x: [3, -1, 1, 2] };
    // k = [x₀ + x₁, x₁] = [2, -1]: p = [6, 1], half of each to x itself and half by k: 3 + 3·(3 : −1 of 2) and 0.5 +
    // 0.5, over √10·√5.
    const over = Math.sqrt(50);
    for (const nodes of [
      [...norms, node("Mul", ["ix", "ik"], ["i"]), node("Mul", ["d", "i"], ["y"])],
      [...norms, node("Mul", ["ix", "d"], ["i"]), node("Mul", ["i", "ik"], ["y"])],
    ]) {
      const {
        arrays: [raw],
      } = await run({ ...rows, nodes, weights }, {}, { target: { index: [0] } });
      expectClose([...raw.values].slice(0, 2), [(3 + 4.5) / over, (-1.5 + 1) / over], 4);
    }
  });

  it("of two single numbers the sigmoid is the gate", async () => {
    const nodes = [node("MatMul", ["x", "w"], ["h"]), node("Sigmoid", ["h"], ["g"]), node("Mul", ["h", "g"], ["y"])];
    // h = 3·1 − 1·2 = 1.
    const sigmoid = 1 / (1 + Math.exp(-1));
    expectClose(
      (await run({ ...one, nodes, weights: [weight("w", [2, 1], [1, 2])] }, { score: "output" })).arrays[0].values,
      [3 * sigmoid, -2 * sigmoid],
      4,
    );
  });

  it("two alike share still, though both are reduced", async () => {
    const nodes = [
      node("MatMul", ["x", "w"], ["h"]),
      node("ReduceMean", ["h"], ["m"], { axes: ints(-1) }),
      node("Mul", ["h", "m"], ["y"]),
    ];
    // h = [[5, 1], [2, 4]] by rows, m = [3, 3]: y₀₀ = 15; half to h₀₀ at once, half by m to 5 : 1.
    const {
      arrays: [raw],
    } = await run(
      { dims: [2, 2], x: [5, 1, 2, 4], nodes, weights: [weight("w", [2, 2], [1, 0, 0, 1])] },
      { score: "output" },
    );
    expectClose([...raw.values].slice(0, 2), [7.5 + 6.25, 1.25], 4);
  });
});
