import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeNpy } from "../../data/index.ts";
import type { Attribute } from "../../model/graph.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { node, runOn, weight, writeArray, writeSmallModel, type SmallModel } from "../../../test/support/models.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";
import { loadAgreementCases, type AgreementCase } from "../../../test/support/agreement.ts";
import { fullGradSums } from "../../../test/support/agreement-particulars.ts";

/** Of the largest value: two files of one network. */
const TOLERANCE = 1e-3;
const { folder, models, run } = referenceNetworks();
const references = loadAgreementCases().filter((one) => one.folder === "full-grad");
const reference = (network: string): AgreementCase => references.find((one) => one.network === network)!;

describe("FullGrad", () => {
  it("knows all biases of a vision transformer, and says what is not linear in it", async () => {
    const result = await run("vision-transformer", "full-grad", { target: { index: [5] } });
    expect(result.arrays[0].dims).toEqual([32, 32]);
    const sums = fullGradSums(result);
    expect(sums.layers).toBeGreaterThan(10);
    const { input, biases, score } = reference("vision-transformer");
    expect(sums.input).toBeCloseTo(input!, 3);
    expect(sums.biases).toBeCloseTo(biases!, 3);
    expect(sums.score).toBeCloseTo(score!, 3);
    expect(result.notes.join(" ")).toMatch(
      /They add up to the score in piecewise linear networks; this one has .*Softmax.*, whose implicit biases are omitted\./,
    );
  });

  // Exporters write GELU, hard-swish and LayerNorm in several nodes or in one: the numbers in them are no biases.
  it.each(["vgg", "vision-transformer", "mobilenet-v3"])(
    "has the same map for both exporters' files: %s",
    async (network) => {
      const a = await run(`${network}-torchscript`, "full-grad", { target: { index: [3] } });
      const b = await run(`${network}-dynamo`, "full-grad", { target: { index: [3] } });
      expect(fullGradSums(a).layers).toBe(fullGradSums(b).layers);
      const largest = Math.max(...a.arrays[0].values);
      a.arrays[0].values.forEach((value, i) =>
        expect(Math.abs(value - b.arrays[0].values[i])).toBeLessThan(TOLERANCE * largest),
      );
    },
  );

  it("is the same for a table row: the rescaled input × gradient, biases only in the sum", async () => {
    const {
      arrays: [raw],
      views: artifacts,
      notes,
    } = await run("mlp", "full-grad", { target: { index: [1] } });
    const plain = await run("mlp", "input-x-gradient", { target: { index: [1] } });
    const magnitudes = Array.from(plain.arrays[0].values, Math.abs);
    const [least, most] = [Math.min(...magnitudes), Math.max(...magnitudes)];
    magnitudes.forEach((value, i) => expect(raw.values[i]).toBeCloseTo((value - least) / (most - least), 4));
    expect(artifacts[0].kind).toBe("bars");
    expect(notes.join(" ")).toMatch(/Biases without a position in the input \(dense layers\) are not in the map/);
  });
});

describe("Gradients with many values from the same run", () => {
  it("are given where ONNX Runtime's optimizations lose them", async () => {
    const model = await models.get(resolve("samples/efficientnet-lite0.onnx"));
    const path = resolve("test/reference/efficientnet-cat/input.npy");
    const images = Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
    const feeds = { images: { dataType: "float32" as const, dims: [1, 3, 224, 224], data: images } };
    const clips = model.model.graph.nodes.filter(({ opType }) => opType === "Clip").map(({ outputs }) => outputs[0]);
    const seed = new Float32Array(1000);
    seed[285] = 1;
    const { values, gradients } = await model.gradients(feeds, { of: "logits", seed, wrt: ["images"], fetch: clips });
    expect(clips.length).toBe(33);
    const largest = clips.map((clip) =>
      (values.get(clip)!.data as Float32Array).reduce((most, value) => Math.max(most, value), 0),
    );
    for (const value of largest) expect(value).toBeGreaterThan(0);
    expect(Math.max(...largest)).toBe(6);
    expect((gradients.get("images")!.data as Float32Array).some((value) => value !== 0)).toBe(true);
  });
});

describe("FullGrad of tokens", () => {
  it("has one number for each, where pytorch-grad-cam takes pictures alone", async () => {
    expect(reference("bert").undefined).toContain("Only 2D or 3D images are supported");
    const result = await run("bert", "full-grad");
    expect(result.arrays[0].dims).toEqual([12]);
    expect(result.views[0]).toMatchObject({ kind: "tokens", dims: [12], signed: false });
    // The last two are padding, which nothing looks at.
    expect([...result.arrays[0].values].map((value) => value > 0)).toEqual([...new Array(10).fill(true), false, false]);
  });
});

describe("FullGrad's biases", () => {
  let count = 0;
  const float = (value: number): Attribute => ({ type: "float", value });
  const explain = (
    small: Pick<SmallModel, "nodes" | "weights" | "domains">,
    x: readonly number[],
  ): Promise<WholeResult> => {
    const path = writeSmallModel(folder, `bias-${count++}.onnx`, {
      inputs: { x: ["float32", 1, 1, 2, 2] },
      outputs: ["y"],
      opset: 17,
      ...small,
    });
    return runOn(models, path, writeArray(folder, `bias-${count}.npy`, [1, 1, 2, 2], x), "full-grad");
  };
  const sum = node("ReduceSum", ["h"], ["y"], { keepdims: { type: "int", value: 0 } });

  it.each<
    [string, Pick<SmallModel, "nodes" | "weights" | "domains">, { biases: number; input: number; lids?: number }]
  >([
    // x = [1, −2, 3, 4], summed: 6. Each case's terms by hand.
    [
      "a convolution's",
      {
        nodes: [node("Conv", ["x", "w", "b"], ["h"]), sum],
        weights: [weight("w", [1, 1, 1, 1], [2]), weight("b", [1], [0.5])],
      },
      { input: 12, biases: 2 },
    ],
    [
      "a constant that is added",
      { nodes: [node("Add", ["x", "c"], ["h"]), sum], weights: [weight("c", [2], [1, 10])] },
      { input: 6, biases: 22 },
    ],
    [
      "a constant that is taken away",
      { nodes: [node("Sub", ["x", "c"], ["h"]), sum], weights: [weight("c", [], [3])] },
      { input: 6, biases: -12 },
    ],
    [
      "what a value is taken away from",
      { nodes: [node("Sub", ["c", "x"], ["h"]), sum], weights: [weight("c", [], [3])] },
      { input: -6, biases: 12 },
    ],
    [
      "BatchNormalization's implied one",
      {
        nodes: [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["h"], { epsilon: float(0) }), sum],
        weights: [weight("s", [1], [4]), weight("b", [1], [1]), weight("m", [1], [3]), weight("v", [1], [4])],
      },
      { input: 12, biases: 4 * (1 - 6) },
    ],
    [
      "one behind a Relu that is shut there",
      { nodes: [node("Add", ["x", "c"], ["s"]), node("Relu", ["s"], ["h"]), sum], weights: [weight("c", [], [1])] },
      { input: 8, biases: 3 },
    ],
    [
      "a Clip's lid",
      {
        nodes: [node("Clip", ["x", "low", "high"], ["h"]), sum],
        weights: [weight("low", [], [0]), weight("high", [], [3.5])],
      },
      { input: 4, biases: 0, lids: 3.5 },
    ],
    [
      "a fused convolution's, by the derivative of its activation",
      {
        domains: { "com.microsoft": 1 },
        weights: [weight("w", [1, 1, 1, 1], [2]), weight("b", [1], [0.5])],
        nodes: [
          node("FusedConv", ["x", "w", "b"], ["h"], { activation: { type: "string", value: "Relu" } }, "com.microsoft"),
          sum,
        ],
      },
      { input: 16, biases: 1.5 },
    ],
  ])("are found: %s", async (_, small, expected) => {
    const result = await explain(small, [1, -2, 3, 4]);
    const sums = fullGradSums(result);
    expect(sums).toMatchObject({ input: expected.input, biases: expected.biases, lids: expected.lids ?? 0 });
    expect(sums.together).toBeCloseTo(sums.score, 3);
    expect(result.notes.join(" ")).not.toContain("piecewise linear networks; this one has");
  });

  // The score is the sum of the terms exactly where all operators are piecewise linear and each bias is found.
  // x = [1, −2, 3, 4], c = 0.5 added to each of four elements. Each case's terms by hand.
  const half = weight("c", [], [0.5]);
  const behind = (...nodes: SmallModel["nodes"]): SmallModel["nodes"] => [
    node("Add", ["x", "c"], ["s"]),
    ...nodes,
    sum,
  ];
  const equation = (text: string): Record<string, Attribute> => ({ equation: { type: "string", value: text } });

  it.each<[string, Pick<SmallModel, "nodes" | "weights">, { input: number; biases: number }]>([
    [
      "an Einsum with constant weights",
      {
        nodes: behind(node("Einsum", ["s", "w"], ["h"], equation("nchw,wk->nchk"))),
        weights: [half, weight("w", [2, 2], [1, 5, 2, 7])],
      },
      // An element of s counts as often as its row of w sums to, 6 or 9: 6·(1 + 3) + 9·(−2 + 4), and 0.5·2·(6 + 9).
      { input: 42, biases: 15 },
    ],
    ["Dropout", { nodes: behind(node("Dropout", ["s"], ["h"])), weights: [half] }, { input: 6, biases: 2 }],
    [
      "CastLike",
      { nodes: behind(node("CastLike", ["s", "t"], ["h"])), weights: [half, weight("t", [1], [0])] },
      { input: 6, biases: 2 },
    ],
  ])("add up to the score through %s", async (_, small, expected) => {
    const result = await explain(small, [1, -2, 3, 4]);
    const sums = fullGradSums(result);
    expect(sums).toMatchObject(expected);
    expect(sums.together).toBeCloseTo(sums.score, 3);
    expect(sums.score).toBeCloseTo(expected.input + expected.biases, 3);
    expect(result.notes.join(" ")).not.toContain("piecewise linear networks; this one has");
  });

  it.each([
    ["PRelu", node("PRelu", ["s", "s"], ["h"])],
    [
      "ScatterElements",
      node("ScatterElements", ["s", "i", "s"], ["h"], { reduction: { type: "string", value: "mul" } }),
    ],
  ])(
    "do not add up to the score through %s of two values that depend on the input, which is said",
    async (name, made) => {
      const places = weight("i", [1, 1, 2, 2], [0, 0, 0, 0], "int64");
      const result = await explain({ nodes: behind(made), weights: [half, places] }, [1, -2, 3, 4]);
      const { together, score } = fullGradSums(result);
      expect(Math.abs(together - score)).toBeGreaterThan(1);
      expect(result.notes.join(" ")).toContain(`piecewise linear networks; this one has ${name}`);
    },
  );

  it("add up to the score through a Gemm whose sum depends on the input as well", async () => {
    const nodes = behind(node("Reshape", ["s", "shape"], ["r"]), node("Gemm", ["r", "w", "r"], ["h"]));
    const weights = [half, weight("shape", [2], [2, 2], "int64"), weight("w", [2, 2], [1, 5, 2, 7])];
    const result = await explain({ nodes, weights }, [1, -2, 3, 4]);
    const { together, score } = fullGradSums(result);
    expect(together).toBeCloseTo(score, 3);
    expect(result.notes.join(" ")).not.toContain("piecewise linear networks; this one has");
  });

  it.each<[string, Pick<SmallModel, "nodes" | "weights">, { input: number; biases: number; score: number }]>([
    [
      // A row of 2 above s and one below it: what is padded adds 8.
      "Pad",
      {
        nodes: behind(node("Pad", ["s", "p", "two"], ["h"])),
        weights: [half, weight("p", [8], [0, 0, 1, 0, 0, 0, 1, 0], "int64"), weight("two", [], [2])],
      },
      { input: 6, biases: 2, score: 16 },
    ],
    [
      // s = [1.5, −1.5, 3.5, 4.5]: 3 stands in place of the first two.
      "Max",
      { nodes: behind(node("Max", ["s", "three"], ["h"])), weights: [half, weight("three", [1], [3])] },
      { input: 7, biases: 1, score: 14 },
    ],
    [
      // s > 2 chooses 3.5 and 4.5, and 3 in place of the first two: the comparison itself adds nothing.
      "Where",
      {
        nodes: behind(node("Greater", ["s", "at"], ["m"]), node("Where", ["m", "s", "three"], ["h"])),
        weights: [half, weight("at", [1], [2]), weight("three", [1], [3])],
      },
      { input: 7, biases: 1, score: 14 },
    ],
  ])(
    "do not add up to the score where constants stand beside the input's values, by %s, which is said",
    async (name, small, expected) => {
      const result = await explain(small, [1, -2, 3, 4]);
      expect(fullGradSums(result)).toMatchObject(expected);
      expect(result.notes.join(" ")).toContain(
        `They do not add up to the score here: constants that ${name} put beside the input's values are in no bias.`,
      );
      // Where they are zero, or chosen nowhere, there is nothing to say.
      const zero = await explain(
        {
          ...small,
          weights: small.weights!.map((one) =>
            one.name === "two" || one.name === "three" ? weight(one.name, one.dims, [name === "Max" ? -9 : 0]) : one,
          ),
        },
        [1, -2, 3, 4],
      );
      expect(zero.notes.join(" ")).not.toContain("do not add up");
    },
  );

  it("add up to the score through a Mean with a constant, which is a part of it", async () => {
    const mean = node("Mean", ["s", "six", "s"], ["h"]);
    const result = await explain({ nodes: behind(mean), weights: [half, weight("six", [1], [6])] }, [1, -2, 3, 4]);
    // s = [1.5, −1.5, 3.5, 4.5]: 2/3 of it, and 2 for each of the four.
    const { input, biases, together, score } = fullGradSums(result);
    expect(input).toBeCloseTo(4, 4);
    expect(biases).toBeCloseTo(8 + 4 / 3, 3);
    expect(together).toBeCloseTo(score, 3);
    expect(result.notes.join(" ")).not.toMatch(/do not add up|piecewise linear networks; this one has/);
  });

  it("do not add up to the score through a quotient of a constant by what depends on the input, which is said", async () => {
    const quotient = node("Div", ["six", "s"], ["h"]);
    const result = await explain({ nodes: behind(quotient), weights: [half, weight("six", [1], [6])] }, [1, -2, 3, 4]);
    expect(result.notes.join(" ")).toContain("piecewise linear networks; this one has Div");
  });

  it("do not add up to the score through an Einsum of two values that depend on the input, which is said", async () => {
    const product = node("Einsum", ["s", "s"], ["h"], equation("nchw,nchw->nchw"));
    const result = await explain({ nodes: behind(product), weights: [half] }, [1, -2, 3, 4]);
    const sums = fullGradSums(result);
    // s = [1.5, −1.5, 3.5, 4.5], the gradient 2·s: 2·(1.5 + 3 + 10.5 + 18), 2·0.5·8, and Σ s² = 37.
    expect(sums).toMatchObject({ input: 66, biases: 8, score: 37 });
    expect(result.notes.join(" ")).toContain("piecewise linear networks; this one has Einsum");
  });

  it("have their magnitudes rescaled in each channel: by hand", async () => {
    // |x·gradient| = [1, 2, 3, 4] becomes [0, 1/3, 2/3, 1]; the constant's part [1, 10, 1, 10] becomes [0, 1, 0, 1].
    const {
      arrays: [raw],
    } = await explain(
      { nodes: [node("Add", ["x", "c"], ["h"]), sum], weights: [weight("c", [2], [1, 10])] },
      [1, -2, 3, 4],
    );
    [0, 4 / 3, 2 / 3, 2].forEach((expected, i) => expect(raw.values[i]).toBeCloseTo(expected, 5));
  });
});
