import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LRP_RULES, lrpRules } from "../../autodiff/rules/lrp/index.ts";
import { elementCount, type DataType, type Node } from "../../model/graph.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { floatsOf, type TensorValue } from "../../runtime/ort.ts";
import { expectClose, float, smallRuns, total, unbiased, type Small } from "../../../test/support/lrp-small.ts";
import { int, ints, node, weight } from "../../../test/support/models.ts";

const models = new ModelCache({ maxModels: 4 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-lrp-structure-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const run = smallRuns(models, () => folder);

describe("what is not a weighted layer", () => {
  const one = { dims: [1, 2], x: [3, -1] };

  it("shares a sum's relevance by its terms, to both ends of a residual connection", async () => {
    const nodes = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["x", "h"], ["y"])];
    const {
      arrays: [raw],
    } = await run({ ...one, nodes, weights: [weight("w", [2, 2], [2, 0, 1, 5])] }, {});
    // h₀ = 2·3 − 1 = 5, y₀ = 8; x₀: 3 + 6, x₁: −1.
    expectClose(raw.values, [9, -1], 4);
  });

  it("shares by terms in a Gemm whose third input is data, as an optimizer may fuse a residual connection", async () => {
    const nodes = [node("Gemm", ["x", "w", "x"], ["y"], { beta: float(2), alpha: float(0.5) })];
    const {
      arrays: [raw],
    } = await run({ ...one, nodes, weights: [weight("w", [2, 2], [4, 0, 2, 10])] }, {});
    // y₀ = 0.5·(4·3 − 2) + 2·3 = 11: x₀ adds 6 + 6, x₁ −1.
    expectClose(raw.values, [12, -1], 4);
  });

  it("lets a gate be fixed, and halves what two values alike multiply", async () => {
    const gated = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["y"])];
    const sigmoid = 1 / (1 + Math.exp(-3));
    expectClose((await run({ ...one, nodes: gated }, {})).arrays[0].values, [3 * sigmoid, 0]);
    const squared = [node("Mul", ["x", "x"], ["y"])];
    expectClose((await run({ ...one, nodes: squared }, {})).arrays[0].values, [9, 0]);
    // y₀ = x₀·(x₀ + x₁) = 6: half to x₀ at once, half shared 3 : −1 by the sum of 2.
    const mixed = [node("MatMul", ["x", "w"], ["h"]), node("Mul", ["x", "h"], ["y"])];
    expectClose(
      (await run({ ...one, nodes: mixed, weights: [weight("w", [2, 2], [1, 0, 1, 0])] }, {})).arrays[0].values,
      [3 + 4.5, -1.5],
      4,
    );
  });

  it("takes squeeze and excitation's sigmoid for a gate, though it is the larger operator's first factor", async () => {
    const nodes = [
      node("GlobalAveragePool", ["x"], ["m"]),
      node("Conv", ["m", "w"], ["c"]),
      node("HardSigmoid", ["c"], ["gate"]),
      node("Mul", ["gate", "x"], ["g"]),
      node("ReduceSum", ["g", "axes"], ["y"], { keepdims: int(0) }),
    ];
    const {
      arrays: [raw],
    } = await run(
      {
        dims: [1, 1, 2, 2],
        x: [1, 2, 3, -2],
        nodes,
        weights: [weight("w", [1, 1, 1, 1], [1]), weight("axes", [3], [1, 2, 3], "int64")],
      },
      {},
    );
    // The gate: 0.2·1 + 0.5 = 0.7.
    expectClose(raw.values, [0.7, 1.4, 2.1, -1.4], 4);
  });

  it("goes back through softmax by Taylor's expansion, and halves a product of attention", async () => {
    const softmax = await run({ ...one, nodes: [node("Softmax", ["x"], ["y"])] }, { score: "output" });
    const s = [1, Math.exp(-4)].map((value) => value / (1 + Math.exp(-4)));
    // xᵢ(Rᵢ − sᵢ·ΣR), R = [s₀, 0].
    expectClose(softmax.arrays[0].values, [3 * (s[0] - s[0] * s[0]), -1 * (0 - s[1] * s[0])]);
    expect(softmax.notes.join(" ")).toContain("AttnLRP");
    // y = xᵀ·x as two operands: each gets half, so x gets y.
    const product = await run(
      {
        dims: [1, 1, 2],
        x: [3, -1],
        nodes: [
          node("Transpose", ["x"], ["t"], { perm: ints(0, 2, 1) }),
          node("MatMul", ["x", "t"], ["p"]),
          node("Flatten", ["p"], ["y"]),
        ],
      },
      {},
    );
    expectClose(product.arrays[0].values, [9, 1], 4);
  });

  it("keeps masked entries of a softmax out, −∞ or not", async () => {
    const nodes = [node("Add", ["x", "mask"], ["h"]), node("Softmax", ["h"], ["s"]), node("MatMul", ["s", "w"], ["y"])];
    for (const low of [-Infinity, -3.4e38, -1e4]) {
      const {
        arrays: [raw],
      } = await run(
        {
          dims: [1, 3],
          x: [3, -1, 2],
          nodes,
          weights: [weight("mask", [3], [0, 0, low]), weight("w", [3, 1], [1, 2, 5])],
        },
        {},
      );
      expect(raw.values.every(Number.isFinite)).toBe(true);
      expect(raw.values[2]).toBeCloseTo(0, 5);
    }
  });

  it("centres by the epsilon rule where a layer is normalised, written as one operator or as its parts", async () => {
    const weights = [
      weight("scale", [3], [1, 2, 0.5]),
      weight("bias", [3], [0.1, -0.2, 0.3]),
      weight("w", [3, 1], [1, -1, 2]),
      weight("two", [], [2]),
      weight("tiny", [], [1e-5]),
    ];
    const tail = node("MatMul", ["n", "w"], ["y"]);
    const fused = [node("LayerNormalization", ["x", "scale", "bias"], ["n"]), tail];
    const parts = [
      node("ReduceMean", ["x"], ["m"], { axes: ints(-1) }),
      node("Sub", ["x", "m"], ["c"]),
      node("Pow", ["c", "two"], ["q"]),
      node("ReduceMean", ["q"], ["v"], { axes: ints(-1) }),
      node("Add", ["v", "tiny"], ["e"]),
      node("Sqrt", ["e"], ["d"]),
      node("Div", ["c", "d"], ["u"]),
      node("Mul", ["u", "scale"], ["t"]),
      node("Add", ["t", "bias"], ["n"]),
      tail,
    ];
    const small = { dims: [1, 3], x: [3, -1, 2.5], weights };
    // Behind a layer, as in a network: a shift before any layer would count as the input's normalization.
    const behind = (nodes: readonly Node[]): Small => ({
      ...small,
      weights: [...weights, weight("eye", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1])],
      nodes: [
        node("MatMul", ["x", "eye"], ["l"]),
        ...nodes.map((one) => ({ ...one, inputs: one.inputs.map((input) => (input === "x" ? "l" : input)) })),
      ],
    });
    const [whole, split] = await Promise.all([run(behind(fused), {}), run(behind(parts), {})]);
    expectClose(whole.arrays[0].values, [...split.arrays[0].values], 4);
    // Without a bias all of the score arrives (Ali et al. 2022).
    const kept = await run(
      {
        ...behind(fused),
        weights: [...behind(fused).weights!.filter(({ name }) => name !== "bias"), weight("bias", [3], [0, 0, 0])],
      },
      {},
    );
    const score = Number(/score is ([^;]+);/.exec(kept.notes.join(" "))![1]);
    expect(total(kept.arrays[0].values)).toBeCloseTo(score, 3);
  });

  it("passes through activations, pools in proportion or to the largest, and follows what is moved", async () => {
    const average = await run(
      {
        dims: [1, 1, 2, 2],
        x: [1, 2, 3, -2],
        nodes: [node("AveragePool", ["x"], ["p"], { kernel_shape: ints(2, 2) }), node("Flatten", ["p"], ["y"])],
      },
      {},
    );
    expectClose(average.arrays[0].values, [0.25, 0.5, 0.75, -0.5]);
    const maximum = await run(
      {
        dims: [1, 1, 2, 2],
        x: [1, 2, 3, -2],
        nodes: [node("MaxPool", ["x"], ["p"], { kernel_shape: ints(2, 2) }), node("Flatten", ["p"], ["y"])],
      },
      {},
    );
    expectClose(maximum.arrays[0].values, [0, 0, 3, 0]);
    const tanh = await run({ ...one, nodes: [node("Tanh", ["x"], ["y"])] }, {});
    expectClose(tanh.arrays[0].values, [Math.tanh(3), 0]);
    const moved = await run(
      {
        ...one,
        nodes: [node("Concat", ["x", "x"], ["c"], { axis: int(1) }), node("ReduceSum", ["c", "axes"], ["y"])],
        weights: [weight("axes", [1], [1], "int64")],
      },
      {},
    );
    expectClose(moved.arrays[0].values, [6, -2]);
  });
});

describe("a layer quantised as it runs", () => {
  const x = [1.5, -0.5, 0.75, 2];
  const quantised = [
    node("DynamicQuantizeLinear", ["x"], ["q", "step", "zero"]),
    node("MatMulInteger", ["q", "wq", "zero", "wz"], ["i"]),
    node("Add", ["i", "bq"], ["j"]),
    node("Cast", ["j"], ["f"], { to: int(1) }),
    node("Mul", ["step", "ws"], ["s"]),
    node("Mul", ["f", "s"], ["y"]),
  ];
  const weights = [
    weight("wq", [4, 2], [10, 3, -20, 5, 7, -9, 4, 6], "int8"),
    weight("wz", [], [0], "int8"),
    weight("bq", [2], [0, 0], "int32"),
    weight("ws", [], [0.1]),
  ];

  it("shares relevance as the layer of real numbers that it stands for, its zero point being none of them", async () => {
    const {
      arrays: [raw],
    } = await run({ dims: [1, 4], x, nodes: quantised, weights }, {});
    // y₀ = 1·1.5 + 2·0.5 + 0.7·0.75 + 0.4·2, in steps of 2.5/255.
    const expected = [1.5, 1, 0.525, 0.8];
    raw.values.forEach((value, at) => expect(Math.abs(value - expected[at])).toBeLessThan(0.03));
  });

  it("has DeepLIFT's contributions from a baseline of zeros, whose scale is zero", async () => {
    const {
      arrays: [raw],
    } = await run({ dims: [1, 4], x, nodes: quantised, weights }, {}, {}, "deeplift");
    expect(raw.values.every(Number.isFinite)).toBe(true);
  });
});

describe("relevance keeps its sum", () => {
  it.each([
    "epsilon",
    "gamma",
    "zplus",
    "wsquare",
    "flat",
    "zbox",
    "epsilon_plus",
    "epsilon_plus_flat",
    "epsilon_gamma_box",
    "excitation_backprop",
  ])("by %s, where nothing has a bias", async (rule) => {
    const {
      arrays: [raw],
      notes,
    } = await run(unbiased(), { rule });
    const [, sum, score] = /Relevance sums to (\S+), the score is ([^;]+);/.exec(notes.join(" "))!;
    expect(Math.abs(Number(score))).toBeGreaterThan(0.1);
    expect(Math.abs(total(raw.values) - Number(score))).toBeLessThan(1e-3 * Math.abs(Number(score)));
    expect(Number(sum)).toBeCloseTo(total(raw.values), 2);
  });

  it.each(["r", "i", "s", "p", "f"])(
    "at the value %s too: all of it where every way leads through, else a part",
    async (layer) => {
      const {
        arrays: [raw],
        notes,
      } = await run(unbiased(), { rule: "gamma" }, { layer: `value:${layer}` }, "layer-lrp");
      const score = Number(/score is ([^;]+);/.exec(notes.join(" "))![1]);
      if (layer === "i") expect(Math.abs(total(raw.values) - score)).toBeGreaterThan(0.01 * Math.abs(score));
      else expect(Math.abs(total(raw.values) - score)).toBeLessThan(1e-3 * Math.abs(score));
    },
  );

  it.each([
    ["RNN", 1],
    ["GRU", 3],
    ["LSTM", 4],
  ] as const)("through the steps of a %s, whose gates count as fixed (Arras et al. 2017)", async (cell, gates) => {
    const numbers = (count: number, seed: number): number[] =>
      Array.from({ length: count }, (_, i) => Math.sin(seed + 2.3 * i));
    const nodes = [
      node(cell, ["x", "w", "r"], ["h", "last"], { hidden_size: int(3) }),
      node("Reshape", ["last", "row"], ["f"]),
      node("MatMul", ["f", "c"], ["y"]),
    ];
    const weights = [
      weight("w", [1, gates * 3, 2], numbers(gates * 6, 1)),
      weight("r", [1, gates * 3, 3], numbers(gates * 9, 2)),
      weight("row", [2], [1, 3], "int64"),
      weight("c", [3, 2], numbers(6, 5)),
    ];
    const {
      arrays: [raw],
      notes,
    } = await run({ dims: [4, 1, 2], x: numbers(8, 4), nodes, weights }, { rule: "epsilon", epsilon: 1e-9 });
    const score = Number(/score is ([^;]+);/.exec(notes.join(" "))![1]);
    expect(Math.abs(score)).toBeGreaterThan(0.05);
    expect(Math.abs(total(raw.values) - score)).toBeLessThan(2e-3 * Math.abs(score));
    // Every step has a share.
    for (let step = 0; step < 4; step++)
      expect(Math.abs(raw.values[2 * step]) + Math.abs(raw.values[2 * step + 1])).toBeGreaterThan(0);
  });

  it("and is the difference of two targets' relevance for their difference", async () => {
    const results = await Promise.all(
      [{ index: [0] }, { index: [1] }, { index: [0], against: [1] }].map((target) =>
        run(unbiased(), { rule: "epsilon_plus" }, { target }),
      ),
    );
    const [first, second, both] = results.map(({ arrays: [raw] }) => raw.values);
    expectClose(
      both,
      [...first].map((value, i) => value - second[i]),
      4,
    );
  });
});

describe("a model as optimizers and quantizers write it", () => {
  interface Stored {
    readonly name: string;
    readonly target: number;
    readonly wrt: string;
    readonly inputs: readonly {
      readonly name: string;
      readonly dataType: DataType;
      readonly dims: readonly number[];
      readonly values: readonly number[];
    }[];
  }
  const stored = JSON.parse(readFileSync("test/reference/fused/cases.json", "utf8")) as readonly Stored[];

  async function relevance(name: string, rule: string): Promise<Float32Array> {
    const { inputs, target, wrt } = stored.find((one) => one.name === name)!;
    const model = await models.get(resolve(`test/reference/fused/${name}.onnx`));
    const data = (dataType: DataType, values: readonly number[]): TensorValue["data"] =>
      dataType === "int64"
        ? BigInt64Array.from(values, BigInt)
        : dataType === "int32"
          ? Int32Array.from(values)
          : Float32Array.from(values);
    const feeds = Object.fromEntries(
      inputs.map(({ name: input, dataType, dims, values }) => [
        input,
        { dataType, dims, data: data(dataType, values) },
      ]),
    );
    const [{ name: output }] = model.description.outputs;
    const size = elementCount((await model.forward(feeds, [output])).get(output)!.dims);
    const rules = lrpRules(LRP_RULES[rule]({ epsilon: 1e-6, gamma: 0.25, alpha: 2, beta: 1, box: { input: wrt } }));
    const { gradients } = await model.gradients(feeds, {
      of: output,
      seed: Float32Array.from({ length: size }, (_, i) => (i === target ? 1 : 0)),
      wrt: [wrt],
      rules,
    });
    return floatsOf(gradients.get(wrt)!);
  }

  it.each([
    ["conv-extended", "conv-external", "epsilon", 1e-4],
    ["conv-extended", "conv-external", "gamma", 1e-4],
    ["conv-extended", "conv-external", "wsquare", 1e-4],
    ["qdq-extended", "qdq", "epsilon_plus", 1e-4],
    ["bert-embed", "bert-fused", "epsilon", 1e-3],
  ] as const)("%s has the relevance of %s, by %s", async (one, other, rule, tolerance) => {
    const [a, b] = [await relevance(one, rule), await relevance(other, rule)];
    const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeGreaterThan(0);
    expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / largest).toBeLessThan(tolerance);
  });
});
