import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node, TensorRef } from "../../model/graph.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { expectClose, float, smallRuns, total, type Small } from "../../../test/support/lrp-small.ts";
import { int, ints, node, weight } from "../../../test/support/models.ts";

const models = new ModelCache({ maxModels: 4 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-deeplift-norms-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const run = smallRuns(models, () => folder);

const EPSILON = 1e-6;
type Norm = (x: string, own: (name: string) => string) => Node[];

/** x/√(mean x² + ε), as exporters and optimizers write it; its output is own("n"). */
const NORMS: Readonly<Record<string, Norm>> = {
  "a product with 1/√": (x, own) => [
    ...root(x, own),
    node("Div", ["one", own("root")], [own("inverse")]),
    node("Mul", [x, own("inverse")], [own("n")]),
  ],
  "a product with a reciprocal in front": (x, own) => [
    ...root(x, own),
    node("Reciprocal", [own("root")], [own("inverse")]),
    node("Mul", [own("inverse"), x], [own("n")]),
  ],
  "a quotient": (x, own) => [...root(x, own), node("Div", [x, own("root")], [own("n")])],
  SimplifiedLayerNormalization: (x, own) => [
    node("SimplifiedLayerNormalization", [x, "gain"], [own("n")], { axis: int(-1), epsilon: float(EPSILON) }),
  ],
};
function root(x: string, own: (name: string) => string): Node[] {
  return [
    node("Pow", [x, "two"], [own("square")]),
    node("ReduceMean", [own("square")], [own("mean")], { axes: ints(-1) }),
    node("Add", [own("mean"), "tiny"], [own("sum")]),
    node("Sqrt", [own("sum")], [own("root")]),
  ];
}
const CONSTANTS: readonly TensorRef[] = [
  weight("one", [], [1]),
  weight("two", [], [2]),
  weight("tiny", [], [EPSILON]),
  weight("gain", [2], [1, 1]),
];

function used(nodes: readonly Node[], weights: readonly TensorRef[]): readonly TensorRef[] {
  return weights.filter(({ name }) => nodes.some(({ inputs }) => inputs.includes(name)));
}

describe("DeepLIFT through a norm that is nearly zero for the baseline, as for word vectors of zero", () => {
  it.each(Object.entries(NORMS))("is the quotient's: %s", async (_, norm) => {
    const nodes = [...norm("x", (name) => name), node("MatMul", ["n", "w"], ["y"])];
    const {
      arrays: [raw],
    } = await run(
      { dims: [1, 2], x: [3, -1], nodes, weights: [...used(nodes, CONSTANTS), weight("w", [2, 1], [2, 5])] },
      {},
      {},
      "deeplift",
    );
    // u = x/n, n = √5, n′ = 0.001: wᵢ·xᵢ/n̄ − Σ w·ū · x̄ᵢ·xᵢ/(2·n̄²), with n̄ the mean of both, ū = u/2, x̄ = x/2; they
    // sum to w·u = (6 − 5)/√5.
    const [n, mean] = [Math.sqrt(5), (Math.sqrt(5) + 1e-3) / 2];
    const shared = 1 / n / 2 / (2 * mean * mean);
    expectClose(raw.values, [6 / mean - shared * 4.5, -5 / mean - shared * 0.5], 4);
    expect(total(raw.values)).toBeCloseTo(1 / n, 4);
  });

  it.each(Object.entries(NORMS))("sums to the score's difference through twelve of them: %s", async (_, norm) => {
    const { small, score } = twelve(norm);
    const {
      arrays: [raw],
    } = await run(small, {}, {}, "deeplift");
    expect(total(raw.values)).toBeCloseTo(score, 4);
  });

  it("takes the slopes of 1/b where a denominator changes its sign between both runs", async () => {
    const nodes = [
      node("Add", ["x", "shift"], ["b"]),
      node("Div", ["one", "b"], ["q"]),
      node("ReduceSum", ["q"], ["y"], { keepdims: int(0) }),
    ];
    const {
      arrays: [raw],
    } = await run(
      { dims: [1, 1], x: [3], nodes, weights: [weight("shift", [], [-1]), weight("one", [], [1])] },
      {},
      {},
      "deeplift",
    );
    // 1/2 − 1/(−1)
    expectClose(raw.values, [1.5]);
  });
});

/** Twelve residual layers x + W·norm(x), and the last entry's score. */
function twelve(norm: Norm): { small: Small; score: number } {
  const w = [
    [0.5, -0.3],
    [0.7, 0.4],
  ];
  const nodes: Node[] = [];
  let values = [0.3, -0.2];
  let x = "x";
  for (let layer = 0; layer < 12; layer++) {
    const own = (name: string): string => `l${layer}.${name}`;
    nodes.push(...norm(x, own), node("MatMul", [own("n"), "w"], [own("m")]), node("Add", [x, own("m")], [own("x")]));
    x = own("x");
    const n = Math.sqrt((values[0] ** 2 + values[1] ** 2) / 2 + EPSILON);
    values = values.map((value, at) => value + (values[0] * w[0][at] + values[1] * w[1][at]) / n);
  }
  nodes.push(node("MatMul", [x, "c"], ["y"]));
  return {
    small: {
      dims: [1, 2],
      x: [0.3, -0.2],
      nodes,
      weights: [...used(nodes, CONSTANTS), weight("w", [2, 2], w.flat()), weight("c", [2, 1], [1, 2])],
    },
    score: values[0] + 2 * values[1],
  };
}
