import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Attribute } from "../../model/graph.ts";
import type { Job } from "../../protocol/job.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { node, runOn, weight, writeArray, writeSmallModel, type SmallModel } from "../../../test/support/models.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";
import { deltaOf } from "../../../test/support/agreement-particulars.ts";

interface KnownNetwork {
  readonly input: readonly number[];
  readonly baseline: number;
  readonly target: number;
  readonly layers: readonly { readonly weight: readonly (readonly number[])[]; readonly bias: readonly number[] }[];
  readonly activations: readonly string[];
  readonly logit: readonly number[];
  readonly output: readonly number[];
}

/** Of the largest value: float32 against PyTorch's float64; and for sums, of the score's difference. */
const TOLERANCE = 1e-3;

const { folder, models, of, run } = referenceNetworks();
function total(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0);
}

describe("DeepLIFT of other networks", () => {
  // Squeeze-and-excitation with HardSwish, LayerNorm over channels, channel shuffles, dense blocks, instance norm with
  // SiLU and PReLU, transposed and resized maps, shifted windows.
  it.each([
    "mobilenet-v3-torchscript",
    "convnext-dynamo",
    "shufflenet-v2-small-torchscript",
    "densenet-small-dynamo",
    "cnn-3d-torchscript",
    "autoencoder-dynamo",
    "swin-torchscript",
  ])("sums to the score's difference: %s", async (name) => {
    const result = await run(name, "deeplift");
    const { delta, difference } = deltaOf(result);
    expect(Math.abs(difference)).toBeGreaterThan(1e-3);
    expect(Math.abs(delta)).toBeLessThan(1e-4 * Math.abs(difference));
    expect(result.notes.join(" ")).not.toContain("has no rule");
  });
});

describe("DeepLIFT of optimised, quantised and other-precision files", () => {
  interface FusedCase {
    readonly name: string;
    readonly inputs: readonly {
      readonly name: string;
      readonly dataType: string;
      readonly dims: readonly number[];
      readonly values: readonly number[];
    }[];
  }
  const fused = JSON.parse(readFileSync(resolve("test/reference/fused/cases.json"), "utf8")) as FusedCase[];

  it.each(fused.map((one) => [one.name, one] as const))(
    "sums to the score's difference, but for what is rounded to integers: %s",
    async (name, one) => {
      const inputs = Object.fromEntries(
        one.inputs.map(({ name: input, dataType, dims, values }) => [
          input,
          writeArray(folder, `${name}.${input}.npy`, dims, values, dataType === "int64" ? "int64" : "float32"),
        ]),
      );
      const result = await runOn(models, resolve(`test/reference/fused/${name}.onnx`), inputs, "deeplift");
      const { delta, difference } = deltaOf(result);
      expect(Math.abs(difference)).toBeGreaterThan(1e-4);
      expect(Math.abs(delta)).toBeLessThan((name.startsWith("qdq") ? 0.02 : 1e-4) * Math.abs(difference));
      expect(result.notes.join(" ")).not.toContain("has no rule");
    },
  );
});

describe("DeepLIFT's rules", () => {
  let count = 0;
  type Small = Pick<SmallModel, "nodes" | "weights" | "domains">;
  const model = (small: Small, dims: readonly number[] = [1, 3]): string =>
    writeSmallModel(folder, `rule-${count++}.onnx`, {
      inputs: { x: ["float32", ...dims] },
      outputs: ["y"],
      opset: 20,
      ...small,
    });
  const explain = (
    path: string,
    x: readonly number[],
    baseline: string | number,
    more: Partial<Job> = {},
    dims: readonly number[] = [1, 3],
  ): Promise<WholeResult> =>
    runOn(models, path, writeArray(folder, `x-${count++}.npy`, dims, x), "deeplift", {
      target: { index: [0] },
      ...more,
      params: { baseline, ...more.params },
    });
  const float = (value: number): Attribute => ({ type: "float", value });
  const int = (value: number): Attribute => ({ type: "int", value });

  it("are Captum's for every activation it knows, and for the Softmax that is explained", async () => {
    const known = JSON.parse(readFileSync("test/reference/deeplift/known.json", "utf8")) as KnownNetwork;
    const operators = {
      ReLU: ["Relu"],
      ELU: ["Elu", 0.7],
      LeakyReLU: ["LeakyRelu", 0.2],
      Sigmoid: ["Sigmoid"],
      Softplus: ["Softplus"],
      Tanh: ["Tanh"],
    } as const;
    const weights = known.layers.flatMap((layer, i) => [
      weight(`w${i}`, [layer.weight.length, layer.bias.length], layer.weight.flat()),
      weight(`b${i}`, [layer.bias.length], layer.bias),
    ]);
    const last = known.layers.length - 1;
    const nodes = known.layers.flatMap((_, i) => {
      const dense = node("Gemm", [i === 0 ? "x" : `a${i - 1}`, `w${i}`, `b${i}`], [i === last ? "z" : `h${i}`]);
      if (i === last) return [dense];
      const [opType, alpha] = operators[known.activations[i] as keyof typeof operators] as readonly [string, number?];
      return [dense, node(opType, [`h${i}`], [`a${i}`], alpha === undefined ? {} : { alpha: float(alpha) })];
    });
    const path = writeSmallModel(folder, "known.onnx", {
      inputs: { x: ["float32", 1, known.input.length] },
      outputs: ["y"],
      weights,
      nodes: [...nodes, node("Softmax", ["z"], ["y"], { axis: int(1) })],
    });
    for (const score of ["logit", "output"] as const) {
      const {
        arrays: [raw],
        notes,
      } = await explain(path, known.input, known.baseline, { target: { index: [known.target] }, params: { score } }, [
        1,
        known.input.length,
      ]);
      const largest = Math.max(...known[score].map(Math.abs));
      known[score].forEach((expected, i) =>
        expect(Math.abs(raw.values[i] - expected)).toBeLessThan(TOLERANCE * largest),
      );
      expect(notes.join(" ").includes("The explained Softmax uses Captum's rule")).toBe(score === "output");
    }
  });

  it("share a saturated unit's difference, where the gradient is zero", async () => {
    // Shrikumar et al. 2017, figure 1: y = 1 − relu(1 − x₀ − x₁) is 1 as soon as x₀ + x₁ > 1. From 0 to (1, 1, ·) it
    // rises by 1, half due to each.
    const path = model({
      weights: [weight("w", [3, 1], [-1, -1, 0]), weight("one", [1], [1])],
      nodes: [node("Gemm", ["x", "w", "one"], ["h"]), node("Relu", ["h"], ["r"]), node("Sub", ["one", "r"], ["y"])],
    });
    const {
      arrays: [raw],
    } = await explain(path, [1, 1, 5], 0);
    expect([...raw.values]).toEqual([0.5, 0.5, 0]);
  });

  it("share a product evenly, and say so", async () => {
    const path = model({
      nodes: [
        node("Split", ["x"], ["a", "b", "c"], { axis: int(1), num_outputs: int(3) }),
        node("Mul", ["a", "b"], ["ab"]),
        node("Add", ["ab", "c"], ["y"]),
      ],
    });
    const {
      arrays: [raw],
      notes,
    } = await explain(path, [3, 5, 7], 1);
    // Δ(ab) = 14: of a (3 − 1)·(5 + 1)/2 = 6, of b (5 − 1)·(3 + 1)/2 = 8; of c 6.
    expect([...raw.values]).toEqual([6, 8, 6]);
    expect(notes.join(" ")).toContain(
      "Products of two input-dependent values are split evenly between both factors, so that the attributions add up: Mul.",
    );
  });

  it("give a maximum's rise to the place that is largest now, and its fall to the one that was", async () => {
    const path = model(
      { nodes: [node("MaxPool", ["x"], ["y"], { kernel_shape: { type: "ints", value: [3] } })] },
      [1, 1, 3],
    );
    const rise = await explain(path, [1, 9, 2], 4, { target: { index: [0, 0] } }, [1, 1, 3]);
    expect([...rise.arrays[0].values]).toEqual([0, 5, 0]);
    const fall = await explain(
      path,
      [1, 3, 2],
      writeBaseline([7, 0, 1], [1, 1, 3]),
      { target: { index: [0, 0] } },
      [1, 1, 3],
    );
    expect([...fall.arrays[0].values]).toEqual([-4, 0, 0]);
  });

  function writeBaseline(values: readonly number[], dims: readonly number[] = [1, 3]): string {
    return writeArray(folder, `baseline-${count++}.npy`, dims, values);
  }

  const unary = (
    opType: string,
    attributes: Readonly<Record<string, Attribute>> = {},
    more: readonly string[] = [],
    weights: SmallModel["weights"] = [],
  ): Small => ({ nodes: [node(opType, ["x", ...more], ["h"], attributes), node("ReduceSum", ["h"], ["y"])], weights });
  const two = (opType: string): Small => ({
    nodes: [node("Exp", ["x"], ["e"]), node(opType, ["x", "e"], ["h"]), node("ReduceSum", ["h"], ["y"])],
  });
  const along = (opType: string): Small => ({
    nodes: [node(opType, ["x", "axes"], ["h"]), node("ReduceSum", ["h"], ["y"])],
    weights: [weight("axes", [1], [1], "int64")],
  });
  const weighted = (opType: string, attributes: Readonly<Record<string, Attribute>> = {}): Small => ({
    nodes: [node(opType, ["x"], ["h"], attributes), node("MatMul", ["h", "w"], ["y"])],
    weights: [weight("w", [3, 1], [1, -2, 0.5])],
  });

  it.each<[string, Small]>([
    ...[
      "Relu",
      "Sigmoid",
      "Tanh",
      "Softplus",
      "Softsign",
      "Mish",
      "Gelu",
      "HardSwish",
      "HardSigmoid",
      "Erf",
      "Exp",
      "Sin",
      "Cos",
      "Sinh",
      "Atan",
      "Asinh",
      "Abs",
      "Selu",
      "Celu",
      "Elu",
      "Floor",
    ].map((opType): [string, Small] => [opType, unary(opType)]),
    ...["Sqrt", "Log", "Reciprocal"].map((opType): [string, Small] => [
      `${opType} of positive values`,
      { nodes: [node("Exp", ["x"], ["e"]), node(opType, ["e"], ["h"]), node("ReduceSum", ["h"], ["y"])] },
    ]),
    ["LeakyRelu", unary("LeakyRelu", { alpha: float(0.1) })],
    ["PRelu", unary("PRelu", {}, ["slope"], [weight("slope", [1], [0.3])])],
    ["Clip", unary("Clip", {}, ["low", "high"], [weight("low", [], [-0.5]), weight("high", [], [1.25])])],
    ["Pow with a constant", unary("Pow", {}, ["three"], [weight("three", [], [3])])],
    ...["Mul", "Div", "Max", "Min"].map((opType): [string, Small] => [
      `${opType} of two that depend on the input`,
      two(opType),
    ]),
    [
      "Pow of two that depend on the input",
      { nodes: [node("Exp", ["x"], ["e"]), node("Pow", ["e", "x"], ["h"]), node("ReduceSum", ["h"], ["y"])] },
    ],
    [
      "MatMul of two that depend on the input",
      {
        nodes: [
          node("Tanh", ["x"], ["t"]),
          node("Transpose", ["x"], ["xt"]),
          node("MatMul", ["t", "xt"], ["h"]),
          node("ReduceSum", ["h"], ["y"]),
        ],
      },
    ],
    [
      "Einsum of two that depend on the input",
      {
        nodes: [
          node("Tanh", ["x"], ["t"]),
          node("Einsum", ["x", "t"], ["y"], { equation: { type: "string", value: "bi,bi->b" } }),
        ],
      },
    ],
    ["Max of one with a constant", unary("Max", {}, ["half"], [weight("half", [], [0.5])])],
    [
      "Max of three",
      {
        nodes: [
          node("Exp", ["x"], ["e"]),
          node("Tanh", ["x"], ["t"]),
          node("Max", ["x", "e", "t"], ["h"]),
          node("ReduceSum", ["h"], ["y"]),
        ],
      },
    ],
    ...["Softmax", "LogSoftmax", "LpNormalization"].map((opType): [string, Small] => [
      opType,
      weighted(opType, { axis: int(1) }),
    ]),
    ["LpNormalization by the sum", weighted("LpNormalization", { axis: int(1), p: int(1) })],
    [
      "LayerNormalization",
      {
        nodes: [
          node("LayerNormalization", ["x", "scale", "bias"], ["h"], { axis: int(-1) }),
          node("MatMul", ["h", "w"], ["y"]),
        ],
        weights: [
          weight("scale", [3], [1, 2, -1]),
          weight("bias", [3], [0.5, 0, 1]),
          weight("w", [3, 1], [1, -2, 0.5]),
        ],
      },
    ],
    ...["ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"].map(
      (opType): [string, Small] => [opType, along(opType)],
    ),
    [
      "LSTM",
      {
        nodes: [
          node("Transpose", ["x"], ["xt"]),
          node("Unsqueeze", ["xt", "last"], ["sequence"]),
          node("LSTM", ["sequence", "w", "r"], ["", "state"], { hidden_size: int(2) }),
          node("ReduceSum", ["state"], ["y"], { keepdims: int(0) }),
        ],
        weights: [
          weight("last", [1], [2], "int64"),
          weight("w", [1, 8, 1], [0.5, -1, 1.5, 0.25, -0.75, 2, 1, -0.5]),
          weight(
            "r",
            [1, 8, 2],
            Array.from({ length: 16 }, (_, i) => Math.sin(i)),
          ),
        ],
      },
    ],
    [
      "FusedGemm with an activation",
      {
        domains: { "com.microsoft": 1 },
        weights: [weight("w", [3, 1], [1, -2, 0.5]), weight("b", [1], [0.25])],
        nodes: [
          node(
            "FusedGemm",
            ["x", "w", "b"],
            ["y"],
            { activation: { type: "string", value: "LeakyRelu" }, activation_alpha: float(0.1) },
            "com.microsoft",
          ),
        ],
      },
    ],
  ])("sum up exactly: %s", async (_, small) => {
    const path = model(small);
    // Signs that change and that stay, a value that stays, a pair of near ones, and one of far ones.
    for (const [x, baseline] of [
      [
        [0.7, -1.3, 2],
        [-0.4, -0.2, 2],
      ],
      [
        [1.5, 0.3, -2.5],
        [1.5002, 0.2999, 1.5],
      ],
    ]) {
      const {
        arrays: [raw],
        notes,
      } = await explain(path, x, writeBaseline(baseline));
      const { delta, difference } = deltaOf({ notes });
      expect(Math.abs(delta)).toBeLessThan(1e-4 * (1 + Math.abs(difference)));
      expect(notes.join(" ")).not.toContain("has no rule");
      // A value that stays has no part in the difference.
      if (x[2] === baseline[2]) expect(raw.values[2]).toBeCloseTo(0, 6);
    }
  });

  it("are those of standard operators for ONNX Runtime's fused convolution", async () => {
    const weights = [weight("w", [2, 1, 2], [1, -1, 0.5, 2]), weight("b", [2], [0.1, -0.2])];
    const sum = node("ReduceSum", ["h"], ["y"]);
    const fused = model(
      {
        domains: { "com.microsoft": 1 },
        weights,
        nodes: [
          node("FusedConv", ["x", "w", "b"], ["h"], { activation: { type: "string", value: "Relu" } }, "com.microsoft"),
          sum,
        ],
      },
      [1, 1, 3],
    );
    const plain = model(
      { weights, nodes: [node("Conv", ["x", "w", "b"], ["c"]), node("Relu", ["c"], ["h"]), sum] },
      [1, 1, 3],
    );
    const [a, b] = await Promise.all(
      [fused, plain].map((path) => explain(path, [0.5, 2, -1], 0.3, { target: { index: [0, 0] } }, [1, 1, 3])),
    );
    expect([...a.arrays[0].values]).toEqual([...b.arrays[0].values]);
    expect(total(a.arrays[0].values)).not.toBe(0);
  });

  it("say which operators keep their gradient", async () => {
    const path = model({
      nodes: [node("TopK", ["x", "k"], ["h", "i"], { axis: int(1) }), node("ReduceSum", ["h"], ["y"])],
      weights: [weight("k", [1], [1], "int64")],
    });
    const { notes } = await explain(path, [3, 1, 2], 0);
    expect(notes).toContain(
      "DeepLIFT has no rule for TopK: the gradient is used there, so the sum can differ from the score's difference.",
    );
  });
});

describe("DeepLIFT's baselines", () => {
  it("may be a file, and several for deeplift-shap alone", async () => {
    const baseline = writeArray(
      folder,
      "row.npy",
      [1, 20],
      Array.from({ length: 20 }, (_, i) => Math.sin(i)),
    );
    const [zero, file, both] = await Promise.all(
      [
        ["deeplift", "0"],
        ["deeplift", baseline],
        ["deeplift-shap", `0, ${baseline}`],
      ].map(([technique, given]) => run("mlp", technique, { target: { index: [1] }, params: { baseline: given } })),
    );
    both.arrays[0].values.forEach((value, i) =>
      expect(value).toBeCloseTo((zero.arrays[0].values[i] + file.arrays[0].values[i]) / 2, 5),
    );
    await expect(run("mlp", "deeplift", { params: { baseline: `0, ${baseline}` } })).rejects.toThrow(
      "2 baselines were given; this method takes one.",
    );
  });

  it("say that one is no distribution", async () => {
    const { notes } = await run("mlp", "deeplift-shap");
    expect(notes.join(" ")).toContain("With a single baseline this is DeepLIFT.");
  });

  it("must differ from the input", async () => {
    const input = writeArray(folder, "ones.npy", [1, 20], new Array(20).fill(1));
    await expect(
      runOn(models, (await of("mlp")).model, input, "deeplift", { params: { baseline: 1 } }),
    ).rejects.toThrow(/equals the baseline, 1, everywhere/);
  });

  it("must take the same path through the model", async () => {
    const model = writeSmallModel(folder, "counted.onnx", {
      inputs: { x: ["float32", 4] },
      outputs: ["y"],
      opset: 17,
      weights: [weight("zero", [], [0])],
      nodes: [
        node("Greater", ["x", "zero"], ["positive"]),
        node("Compress", ["x", "positive"], ["taken"], { axis: { type: "int", value: 0 } }),
        node("ReduceSum", ["taken"], ["y"], { keepdims: { type: "int", value: 0 } }),
      ],
    });
    await expect(
      runOn(models, model, writeArray(folder, "counted.npy", [4], [1, -2, 3, 4]), "deeplift", {
        params: { baseline: -1 },
      }),
    ).rejects.toThrow("The model takes a different path for the baseline than for the input");
  });

  it("average noisy copies of the input, the same for the same seed", async () => {
    const [first, second, other] = await Promise.all(
      [0, 0, 1].map((seed) => run("mlp", "deeplift", { params: { samples: 3, seed } })),
    );
    expect(first.arrays[0].values).toEqual(second.arrays[0].values);
    expect(first.arrays[0].values).not.toEqual(other.arrays[0].values);
    expect(first.views[0]).toMatchObject({ kind: "bars", caption: "differences from 0, mean of 3 noisy copies" });
  });
});

describe("Layer DeepLIFT", () => {
  it("draws a transformer's tokens in their grid", async () => {
    const { provenance } = await run("vision-transformer", "grad-cam");
    const {
      arrays: [raw],
      views: artifacts,
    } = await run("vision-transformer", "layer-deeplift", { layer: provenance.layer });
    // 16 patches of 8×8 in a picture of 32×32, and the class token.
    expect(raw.dims).toEqual([1, 17, 32]);
    expect(artifacts[0]).toMatchObject({
      kind: "heatmap",
      dims: [1, 32, 4, 4],
      axes: { channel: 1, height: 2, width: 3 },
    });
    const [heatmap] = artifacts;
    // Channel 3 in the second row's third patch.
    if (heatmap.kind === "heatmap") expect(heatmap.values[3 * 16 + 6]).toBe(raw.values[(1 + 6) * 32 + 3]);
  });

  it("takes any value: a vector's units as bars", async () => {
    const {
      arrays: [raw],
      views: artifacts,
      notes,
    } = await run("mlp", "layer-deeplift", { target: { index: [2] } });
    expect(raw.dims).toEqual([1, 32]);
    expect(artifacts[0]).toMatchObject({ id: "layer-deeplift", kind: "bars" });
    expect(notes.join(" ")).toMatch(/Layer chosen automatically/);
    const { delta, difference } = deltaOf({ notes });
    expect(Math.abs(delta)).toBeLessThan(TOLERANCE * Math.abs(difference));
  });
});
