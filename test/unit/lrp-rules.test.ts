import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LRP_RULES, lrpRules } from "../../src/autodiff/rules/lrp.ts";
import { elementCount, type DataType, type Node, type TensorRef } from "../../src/model/graph.ts";
import type { Result } from "../../src/protocol/artifacts.ts";
import type { Job } from "../../src/protocol/engine.ts";
import { ModelCache } from "../../src/runtime/models.ts";
import { floatsOf, type TensorValue } from "../../src/runtime/ort.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "./models.ts";

const models = new ModelCache({ most: 4 });
let folder = "";
let count = 0;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "loupe-lrp-rules-")); });
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Small {
  readonly dims: readonly number[];
  readonly x: readonly number[];
  readonly nodes: readonly Node[];
  readonly weights?: readonly TensorRef[];
  readonly opset?: number;
}

function run({ dims, x, nodes, weights = [], opset }: Small, params: Job["params"], more: Partial<Job> = {}, technique = "lrp"): Promise<Result> {
  const name = `small-${count++}`;
  const model = writeSmallModel(folder, `${name}.onnx`, { inputs: { x: ["float32", ...dims] }, outputs: ["y"], nodes, weights, ...(opset ? { opset } : {}) });
  return runOn(models, model, writeArray(folder, `${name}.npy`, dims, x), technique, { target: { index: [0] }, params, ...more });
}

function expectClose(values: ArrayLike<number>, expected: readonly number[], digits = 5): void {
  expect(values.length).toBe(expected.length);
  expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, digits));
}

const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);
const ints = (...value: number[]): { type: "ints"; value: number[] } => ({ type: "ints", value });
const int = (value: number): { type: "int"; value: number } => ({ type: "int", value });
const float = (value: number): { type: "float"; value: number } => ({ type: "float", value });

/** x = [1, −2], w = [2, 1], b = −1: y = 2 − 2 − 1 = −1; a second output, 0.5 − 1 + 3 = 2.5, whose relevance is 0. The same layer as exporters write it. */
const x = [1, -2];
const LAYERS: Readonly<Record<string, Small>> = {
  "MatMul and Add": {
    dims: [1, 2], x, weights: [weight("w", [2, 2], [2, 0.5, 1, 0.5]), weight("b", [2], [-1, 3])],
    nodes: [node("MatMul", ["x", "w"], ["h"]), node("Add", ["b", "h"], ["y"])],
  },
  "a transposed weight": {
    dims: [1, 2], x, weights: [weight("v", [2, 2], [2, 1, 0.5, 0.5]), weight("b", [2], [1, -3])],
    nodes: [node("Transpose", ["v"], ["w"], { perm: ints(1, 0) }), node("MatMul", ["x", "w"], ["h"]), node("Sub", ["h", "b"], ["y"])],
  },
  "Gemm with alpha and beta": {
    dims: [1, 2], x, weights: [weight("w", [2, 2], [4, 2, 1, 1]), weight("b", [2], [-2, 6])],
    nodes: [node("Gemm", ["x", "w", "b"], ["y"], { alpha: float(0.5), beta: float(0.5), transB: int(1) })],
  },
  "Gemm and factors by output": {
    dims: [1, 2], x, weights: [weight("w", [2, 2], [1, 1, 0.5, 1]), weight("b", [2], [-0.5, 6]), weight("f", [2], [2, 0.5])],
    nodes: [node("Gemm", ["x", "w", "b"], ["h"]), node("Mul", ["h", "f"], ["y"])],
  },
  Einsum: {
    dims: [1, 2], x, weights: [weight("w", [2, 2], [2, 1, 0.5, 0.5]), weight("b", [2], [-1, 3])],
    nodes: [node("Einsum", ["x", "w"], ["h"], { equation: { type: "string", value: "ni,oi->no" } }), node("Add", ["h", "b"], ["y"])],
  },
  // Slopes of the normalization: 2 and 0.5 (its ε taken out of the variance); mean and shift make up the bias.
  "Conv and BatchNormalization": {
    dims: [1, 2, 1, 1], x,
    weights: [weight("w", [2, 2, 1, 1], [1, 0.5, 1, 1]), weight("c", [2], [0.5, 0]), weight("gain", [2], [2, 1]), weight("shift", [2], [0, 4]),
      weight("mean", [2], [1, 2]), weight("variance", [2], [1 - 1e-5, 4 - 1e-5])],
    nodes: [node("Conv", ["x", "w", "c"], ["h"]), node("BatchNormalization", ["h", "gain", "shift", "mean", "variance"], ["n"]), node("Flatten", ["n"], ["y"])],
  },
  "ConvTranspose and factors": {
    dims: [1, 2, 1, 1], x, weights: [weight("w", [2, 2, 1, 1], [1, 1, 0.5, 1]), weight("f", [2, 1, 1], [2, 0.5]), weight("b", [1, 2, 1, 1], [-1, 3])],
    nodes: [node("ConvTranspose", ["x", "w"], ["h"]), node("Mul", ["h", "f"], ["m"]), node("Add", ["m", "b"], ["n"]), node("Flatten", ["n"], ["y"])],
  },
};

describe.each(Object.entries(LAYERS))("a layer as %s", (_, layer) => {
  // By hand from each rule's equation; zennit's stabilizer of 1e-6 is within the digits.
  it.each([
    ["epsilon", { epsilon: 0 }, [2, -2]], // x·w·R/y = [2, −2]·(−1)/(−1)
    ["epsilon", { epsilon: 1 }, [1, -1]], // y − ε = −2
    ["zplus", {}, [-1, 0]], // what adds: 1·2 + (−2)·0 = 2
    ["alpha_beta", { alpha: 2, beta: 1 }, [-2, 2 / 3]], // what takes: −2·1 − 1 = −3
    ["alpha_beta", { alpha: 1, beta: 0 }, [-1, 0]],
    ["gamma", { gamma: 1 }, [0.5, -1]], // y < 0: 1·(2 + 0) − 2·(1 + 1) − (1 + 1) = −4
    ["wsquare", {}, [-4 / 6, -1 / 6]], // 2² + 1² + b² = 6
    ["flat", {}, [-0.5, -0.5]],
    ["zbox", { low: -2, high: 2 }, [-1, 0]], // 2·(1 + 2) and 1·(−2 + 2)
    ["zbox", { low: "-2, -3", high: 2 }, [-6 / 7, -1 / 7]], // 6 and 1·(−2 + 3)
    ["excitation_backprop", {}, [-1, 0]],
  ] as const)("by %s, %o", async (rule, params, expected) => {
    const { raw } = await run(layer, { rule, ...params });
    expectClose(raw.values, expected);
  });
});

describe("composites", () => {
  const convolution = LAYERS["Conv and BatchNormalization"];
  const dense = LAYERS["MatMul and Add"];
  it.each([
    ["epsilon_plus", [-1, 0], [2, -2]],
    ["epsilon_plus_flat", [-0.5, -0.5], [-0.5, -0.5]],
    ["epsilon_alpha2_beta1", [-2, 2 / 3], [2, -2]],
    ["epsilon_alpha2_beta1_flat", [-0.5, -0.5], [-0.5, -0.5]],
    ["epsilon_gamma_box", [-1, 0], [2, -2]],
  ] as const)("%s has one rule for convolutions and one for dense layers", async (rule, ofConvolution, ofDense) => {
    const params = { rule, low: -2, high: 2 };
    expectClose((await run(convolution, params)).raw.values, ofConvolution);
    // ε of 1e-6 beside y = −1.
    expectClose((await run(dense, params)).raw.values, ofDense, 4);
  });

  it("take the first layer for first though a normalization of the input, a Transpose and a Pad stand before it", async () => {
    // (x − 1)/2 = [−1, 0.5] in the middle of a padded signal; the box −1 to 3 becomes −1 to 1.
    const nodes = [
      node("Sub", ["x", "one"], ["s"]), node("Div", ["s", "two"], ["d"]), node("Transpose", ["d"], ["t"], { perm: ints(0, 2, 1) }),
      node("Pad", ["t", "pads"], ["p"]), node("Conv", ["p", "w"], ["c"], { kernel_shape: ints(3) }), node("ReduceSum", ["c", "axes"], ["y"], { keepdims: int(0) }),
    ];
    const weights = [weight("one", [1, 1, 1], [1]), weight("two", [], [2]), weight("pads", [6], [0, 0, 1, 0, 0, 1], "int64"), weight("w", [1, 2, 3], [1, 1, 1, 3, 3, 3]), weight("axes", [1], [2], "int64")];
    const small = { dims: [1, 1, 2], x: [-1, 2], nodes, weights };
    const flat = await run(small, { rule: "flat" });
    expectClose(flat.raw.values, [0.25, 0.25]); // y = −1 + 1.5 = 0.5; padding takes no part
    const box = await run(small, { rule: "zbox", low: -1, high: 3 });
    // w·(x − l) = 1·(−1 + 1) = 0 and 3·(0.5 + 1) = 4.5.
    expectClose(box.raw.values, [0, 0.5]);
    const own = await run(small, { rule: "zbox" });
    expect(own.notes.join(" ")).toContain("The box's lowest and highest values are this input's own.");
    // From −1 to 2: (x − 1)/2 from −1 to 0.5; 0 and 3·(0.5 + 1).
    expectClose(own.raw.values, [0, 0.5]);
  });
});

describe("what is not a weighted layer", () => {
  const one = { dims: [1, 2], x: [3, -1] };

  it("shares a sum's relevance by its terms, to both ends of a residual connection", async () => {
    const nodes = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["x", "h"], ["y"])];
    const { raw } = await run({ ...one, nodes, weights: [weight("w", [2, 2], [2, 0, 1, 5])] }, {});
    // h₀ = 2·3 − 1 = 5, y₀ = 8; x₀: 3 + 6, x₁: −1.
    expectClose(raw.values, [9, -1], 4);
  });

  it("lets a gate be fixed, and halves what two values alike multiply", async () => {
    const gated = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["y"])];
    const sigmoid = 1 / (1 + Math.exp(-3));
    expectClose((await run({ ...one, nodes: gated }, {})).raw.values, [3 * sigmoid, 0]);
    const squared = [node("Mul", ["x", "x"], ["y"])];
    expectClose((await run({ ...one, nodes: squared }, {})).raw.values, [9, 0]);
    // y₀ = x₀·(x₀ + x₁) = 6: half to x₀ at once, half shared 3 : −1 by the sum of 2.
    const mixed = [node("MatMul", ["x", "w"], ["h"]), node("Mul", ["x", "h"], ["y"])];
    expectClose((await run({ ...one, nodes: mixed, weights: [weight("w", [2, 2], [1, 0, 1, 0])] }, {})).raw.values, [3 + 4.5, -1.5], 4);
  });

  it("takes squeeze and excitation's sigmoid for a gate, though it is the larger operator's first factor", async () => {
    const nodes = [
      node("GlobalAveragePool", ["x"], ["m"]), node("Conv", ["m", "w"], ["c"]), node("HardSigmoid", ["c"], ["gate"]), node("Mul", ["gate", "x"], ["g"]),
      node("ReduceSum", ["g", "axes"], ["y"], { keepdims: int(0) }),
    ];
    const { raw } = await run({ dims: [1, 1, 2, 2], x: [1, 2, 3, -2], nodes, weights: [weight("w", [1, 1, 1, 1], [1]), weight("axes", [3], [1, 2, 3], "int64")] }, {});
    // The gate: 0.2·1 + 0.5 = 0.7.
    expectClose(raw.values, [0.7, 1.4, 2.1, -1.4], 4);
  });

  it("goes back through softmax by Taylor's expansion, and halves a product of attention", async () => {
    const softmax = await run({ ...one, nodes: [node("Softmax", ["x"], ["y"])] }, { score: "output" });
    const s = [1, Math.exp(-4)].map((value) => value / (1 + Math.exp(-4)));
    // xᵢ(Rᵢ − sᵢ·ΣR), R = [s₀, 0].
    expectClose(softmax.raw.values, [3 * (s[0] - s[0] * s[0]), -1 * (0 - s[1] * s[0])]);
    expect(softmax.notes.join(" ")).toContain("AttnLRP");
    // y = xᵀ·x as two operands: each gets half, so x gets y.
    const product = await run({ dims: [1, 1, 2], x: [3, -1], nodes: [node("Transpose", ["x"], ["t"], { perm: ints(0, 2, 1) }), node("MatMul", ["x", "t"], ["p"]), node("Flatten", ["p"], ["y"])] }, {});
    expectClose(product.raw.values, [9, 1], 4);
  });

  it("keeps masked entries of a softmax out, −∞ or not", async () => {
    const nodes = [node("Add", ["x", "mask"], ["h"]), node("Softmax", ["h"], ["s"]), node("MatMul", ["s", "w"], ["y"])];
    for (const low of [-Infinity, -3.4e38, -1e4]) {
      const { raw } = await run({ dims: [1, 3], x: [3, -1, 2], nodes, weights: [weight("mask", [3], [0, 0, low]), weight("w", [3, 1], [1, 2, 5])] }, {});
      expect(raw.values.every(Number.isFinite)).toBe(true);
      expect(raw.values[2]).toBeCloseTo(0, 5);
    }
  });

  it("centres by the epsilon rule where a layer is normalised, written as one operator or as its parts", async () => {
    const weights = [weight("scale", [3], [1, 2, 0.5]), weight("bias", [3], [0.1, -0.2, 0.3]), weight("w", [3, 1], [1, -1, 2]), weight("two", [], [2]), weight("tiny", [], [1e-5])];
    const tail = node("MatMul", ["n", "w"], ["y"]);
    const fused = [node("LayerNormalization", ["x", "scale", "bias"], ["n"]), tail];
    const parts = [
      node("ReduceMean", ["x"], ["m"], { axes: ints(-1) }), node("Sub", ["x", "m"], ["c"]), node("Pow", ["c", "two"], ["q"]), node("ReduceMean", ["q"], ["v"], { axes: ints(-1) }),
      node("Add", ["v", "tiny"], ["e"]), node("Sqrt", ["e"], ["d"]), node("Div", ["c", "d"], ["u"]), node("Mul", ["u", "scale"], ["t"]), node("Add", ["t", "bias"], ["n"]), tail,
    ];
    const small = { dims: [1, 3], x: [3, -1, 2.5], weights };
    // Behind a layer, as in a network: a shift before any layer would count as the input's normalization.
    const behind = (nodes: readonly Node[]): Small => ({
      ...small, weights: [...weights, weight("eye", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1])],
      nodes: [node("MatMul", ["x", "eye"], ["l"]), ...nodes.map((one) => ({ ...one, inputs: one.inputs.map((input) => (input === "x" ? "l" : input)) }))],
    });
    const [whole, split] = await Promise.all([run(behind(fused), {}), run(behind(parts), {})]);
    expectClose(whole.raw.values, [...split.raw.values], 4);
    // Without a bias all of the score arrives (Ali et al. 2022).
    const kept = await run({ ...behind(fused), weights: [...behind(fused).weights!.filter(({ name }) => name !== "bias"), weight("bias", [3], [0, 0, 0])] }, {});
    const score = Number(/score is ([^;]+);/.exec(kept.notes.join(" "))![1]);
    expect(total(kept.raw.values)).toBeCloseTo(score, 3);
  });

  it("passes through activations, pools in proportion or to the largest, and follows what is moved", async () => {
    const average = await run({ dims: [1, 1, 2, 2], x: [1, 2, 3, -2], nodes: [node("AveragePool", ["x"], ["p"], { kernel_shape: ints(2, 2) }), node("Flatten", ["p"], ["y"])] }, {});
    expectClose(average.raw.values, [0.25, 0.5, 0.75, -0.5]);
    const maximum = await run({ dims: [1, 1, 2, 2], x: [1, 2, 3, -2], nodes: [node("MaxPool", ["x"], ["p"], { kernel_shape: ints(2, 2) }), node("Flatten", ["p"], ["y"])] }, {});
    expectClose(maximum.raw.values, [0, 0, 3, 0]);
    const tanh = await run({ ...one, nodes: [node("Tanh", ["x"], ["y"])] }, {});
    expectClose(tanh.raw.values, [Math.tanh(3), 0]);
    const moved = await run({ ...one, nodes: [node("Concat", ["x", "x"], ["c"], { axis: int(1) }), node("ReduceSum", ["c", "axes"], ["y"])], weights: [weight("axes", [1], [1], "int64")] }, {});
    expectClose(moved.raw.values, [6, -2]);
  });
});

/** Two convolutions with a residual sum, pooling and a dense layer, without biases: then every rule but alpha-beta keeps the sum. */
function unbiased(): Small {
  const numbers = (count: number, seed: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i) * 0.8 + 0.15);
  return {
    dims: [1, 2, 6, 6], x: numbers(72, 3).map((value) => 2 * value),
    weights: [weight("a", [3, 2, 3, 3], numbers(54, 1)), weight("b", [3, 3, 3, 3], numbers(81, 2)), weight("c", [3, 2], [1, -0.5, 0.7, 1, -0.4, 0.3])],
    nodes: [
      node("Conv", ["x", "a"], ["h"], { pads: ints(1, 1, 1, 1) }), node("Relu", ["h"], ["r"]), node("Conv", ["r", "b"], ["i"], { pads: ints(1, 1, 1, 1) }),
      node("Add", ["i", "r"], ["s"]), node("Relu", ["s"], ["t"]), node("MaxPool", ["t"], ["p"], { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
      node("GlobalAveragePool", ["p"], ["q"]), node("Flatten", ["q"], ["f"]), node("Gemm", ["f", "c"], ["y"]),
    ],
  };
}

describe("relevance keeps its sum", () => {
  it.each(["epsilon", "gamma", "zplus", "wsquare", "flat", "zbox", "epsilon_plus", "epsilon_plus_flat", "epsilon_gamma_box", "excitation_backprop"])("by %s, where nothing has a bias", async (rule) => {
    const { raw, notes } = await run(unbiased(), { rule });
    const [, sum, score] = /Relevance sums to (\S+), the score is ([^;]+);/.exec(notes.join(" "))!;
    expect(Math.abs(Number(score))).toBeGreaterThan(0.1);
    expect(Math.abs(total(raw.values) - Number(score))).toBeLessThan(1e-3 * Math.abs(Number(score)));
    expect(Number(sum)).toBeCloseTo(total(raw.values), 2);
  });

  it.each(["r", "i", "s", "p", "f"])("at the value %s too: all of it where every way leads through, else a part", async (layer) => {
    const { raw, notes } = await run(unbiased(), { rule: "gamma" }, { layer: `value:${layer}` }, "layer-lrp");
    const score = Number(/score is ([^;]+);/.exec(notes.join(" "))![1]);
    if (layer === "i") expect(Math.abs(total(raw.values) - score)).toBeGreaterThan(0.01 * Math.abs(score));
    else expect(Math.abs(total(raw.values) - score)).toBeLessThan(1e-3 * Math.abs(score));
  });

  it("and is the difference of two targets' relevance for their difference", async () => {
    const results = await Promise.all([{ index: [0] }, { index: [1] }, { index: [0], against: [1] }].map((target) => run(unbiased(), { rule: "epsilon_plus" }, { target })));
    const [first, second, both] = results.map(({ raw }) => raw.values);
    expectClose(both, [...first].map((value, i) => value - second[i]), 4);
  });
});

describe("a model as optimizers and quantizers write it", () => {
  interface Stored {
    readonly name: string;
    readonly target: number;
    readonly wrt: string;
    readonly inputs: readonly { readonly name: string; readonly dataType: DataType; readonly dims: readonly number[]; readonly values: readonly number[] }[];
  }
  const stored = JSON.parse(readFileSync("test/reference/fused/cases.json", "utf8")) as readonly Stored[];

  async function relevance(name: string, rule: string): Promise<Float32Array> {
    const { inputs, target, wrt } = stored.find((one) => one.name === name)!;
    const model = await models.get(resolve(`test/reference/fused/${name}.onnx`));
    const data = (dataType: DataType, values: readonly number[]): TensorValue["data"] => (
      dataType === "int64" ? BigInt64Array.from(values, BigInt) : dataType === "int32" ? Int32Array.from(values) : Float32Array.from(values));
    const feeds = Object.fromEntries(inputs.map(({ name: input, dataType, dims, values }) => [input, { dataType, dims, data: data(dataType, values) }]));
    const [{ name: output }] = model.description.outputs;
    const size = elementCount((await model.forward(feeds, [output])).get(output)!.dims);
    const rules = lrpRules(LRP_RULES[rule]({ epsilon: 1e-6, gamma: 0.25, alpha: 2, beta: 1, box: { input: wrt } }));
    const { gradients } = await model.gradients(feeds, { of: output, seed: Float32Array.from({ length: size }, (_, i) => (i === target ? 1 : 0)), wrt: [wrt], rules });
    return floatsOf(gradients.get(wrt)!);
  }

  it.each([
    ["conv-extended", "conv-external", "epsilon", 1e-4], ["conv-extended", "conv-external", "gamma", 1e-4], ["conv-extended", "conv-external", "wsquare", 1e-4],
    ["qdq-extended", "qdq", "epsilon_plus", 1e-4],
    ["bert-embed", "bert-fused", "epsilon", 1e-3],
  ] as const)("%s has the relevance of %s, by %s", async (one, other, rule, tolerance) => {
    const [a, b] = [await relevance(one, rule), await relevance(other, rule)];
    const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeGreaterThan(0);
    expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / largest).toBeLessThan(tolerance);
  });
});

describe("what cannot be done is said", () => {
  it("an operator without a rule, with the methods that work", async () => {
    const nodes = [node("Reshape", ["x", "shape"], ["m"]), node("Det", ["m"], ["d"]), node("Reshape", ["d", "row"], ["y"])];
    const weights = [weight("shape", [3], [1, 2, 2], "int64"), weight("row", [2], [1, 1], "int64")];
    await expect(run({ dims: [1, 4], x: [1, 2, 3, 4], nodes, weights }, {})).rejects.toMatchObject({
      message: 'There is no LRP rule for Det, at node "Det_d".', hint: "Its gradient is known: saliency, Integrated Gradients and DeepLIFT work on this model.",
    });
  });

  it("an alpha and a beta that do not belong together, and bounds that are not the channels'", async () => {
    await expect(run(LAYERS.Einsum, { rule: "alpha_beta", alpha: 2, beta: 0.5 })).rejects.toThrow("alpha − beta is 1.5; it must be 1, so that relevance keeps its sum.");
    await expect(run(LAYERS.Einsum, { rule: "zbox", low: "0, 1, 2" })).rejects.toThrow('"low" has 3 numbers, the input "x" [1, 2] has 2 channels.');
    await expect(run(LAYERS.Einsum, { rule: "zbox", low: "dark" })).rejects.toMatchObject({ hint: "A number, or one for each channel by commas, such as -2.1,-2,-1.8." });
  });

  it("a layer that is only a gate", async () => {
    const nodes = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["y"])];
    await expect(run({ dims: [1, 2], x: [3, -1], nodes }, {}, { layer: "value:s" }, "layer-lrp")).rejects.toThrow('No relevance reaches "s": it is used only as a gate or a scale, which count as fixed.');
  });
});
