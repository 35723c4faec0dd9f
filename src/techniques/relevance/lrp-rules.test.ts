import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/job.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { expectClose, float, smallRuns, unbiased, type Small } from "../../../test/support/lrp-small.ts";
import { int, ints, node, weight } from "../../../test/support/models.ts";

const models = new ModelCache({ maxModels: 4 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-lrp-rules-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const run = smallRuns(models, () => folder);

/**
 * x = [1, −2], w = [2, 1], b = −1: y = 2 − 2 − 1 = −1; a second output, 0.5 − 1 + 3 = 2.5, whose relevance is 0. The
 * same layer as exporters write it.
 */
const x = [1, -2];
const LAYERS: Readonly<Record<string, Small>> = {
  "MatMul and Add": {
    dims: [1, 2],
    x,
    weights: [weight("w", [2, 2], [2, 0.5, 1, 0.5]), weight("b", [2], [-1, 3])],
    nodes: [node("MatMul", ["x", "w"], ["h"]), node("Add", ["b", "h"], ["y"])],
  },
  "a transposed weight": {
    dims: [1, 2],
    x,
    weights: [weight("v", [2, 2], [2, 1, 0.5, 0.5]), weight("b", [2], [1, -3])],
    nodes: [
      node("Transpose", ["v"], ["w"], { perm: ints(1, 0) }),
      node("MatMul", ["x", "w"], ["h"]),
      node("Sub", ["h", "b"], ["y"]),
    ],
  },
  "Gemm with alpha and beta": {
    dims: [1, 2],
    x,
    weights: [weight("w", [2, 2], [4, 2, 1, 1]), weight("b", [2], [-2, 6])],
    nodes: [node("Gemm", ["x", "w", "b"], ["y"], { alpha: float(0.5), beta: float(0.5), transB: int(1) })],
  },
  "Gemm and factors by output": {
    dims: [1, 2],
    x,
    weights: [weight("w", [2, 2], [1, 1, 0.5, 1]), weight("b", [2], [-0.5, 6]), weight("f", [2], [2, 0.5])],
    nodes: [node("Gemm", ["x", "w", "b"], ["h"]), node("Mul", ["h", "f"], ["y"])],
  },
  Einsum: {
    dims: [1, 2],
    x,
    weights: [weight("w", [2, 2], [2, 1, 0.5, 0.5]), weight("b", [2], [-1, 3])],
    nodes: [
      node("Einsum", ["x", "w"], ["h"], { equation: { type: "string", value: "ni,oi->no" } }),
      node("Add", ["h", "b"], ["y"]),
    ],
  },
  // Slopes of the normalization: 2 and 0.5 (its ε taken out of the variance); mean and shift make up the bias.
  "Conv and BatchNormalization": {
    dims: [1, 2, 1, 1],
    x,
    weights: [
      weight("w", [2, 2, 1, 1], [1, 0.5, 1, 1]),
      weight("c", [2], [0.5, 0]),
      weight("gain", [2], [2, 1]),
      weight("shift", [2], [0, 4]),
      weight("mean", [2], [1, 2]),
      weight("variance", [2], [1 - 1e-5, 4 - 1e-5]),
    ],
    nodes: [
      node("Conv", ["x", "w", "c"], ["h"]),
      node("BatchNormalization", ["h", "gain", "shift", "mean", "variance"], ["n"]),
      node("Flatten", ["n"], ["y"]),
    ],
  },
  "ConvTranspose and factors": {
    dims: [1, 2, 1, 1],
    x,
    weights: [
      weight("w", [2, 2, 1, 1], [1, 1, 0.5, 1]),
      weight("f", [2, 1, 1], [2, 0.5]),
      weight("b", [1, 2, 1, 1], [-1, 3]),
    ],
    nodes: [
      node("ConvTranspose", ["x", "w"], ["h"]),
      node("Mul", ["h", "f"], ["m"]),
      node("Add", ["m", "b"], ["n"]),
      node("Flatten", ["n"], ["y"]),
    ],
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
    const {
      arrays: [raw],
    } = await run(layer, { rule, ...params });
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
    expectClose((await run(convolution, params)).arrays[0].values, ofConvolution);
    // ε of 1e-6 beside y = −1.
    expectClose((await run(dense, params)).arrays[0].values, ofDense, 4);
  });

  it("take the first layer for first though a normalization of the input, a Transpose and a Pad stand before it", async () => {
    // (x − 1)/2 = [−1, 0.5] in the middle of a padded signal; the box −1 to 3 becomes −1 to 1.
    const nodes = [
      node("Sub", ["x", "one"], ["s"]),
      node("Div", ["s", "two"], ["d"]),
      node("Transpose", ["d"], ["t"], { perm: ints(0, 2, 1) }),
      node("Pad", ["t", "pads"], ["p"]),
      node("Conv", ["p", "w"], ["c"], { kernel_shape: ints(3) }),
      node("ReduceSum", ["c", "axes"], ["y"], { keepdims: int(0) }),
    ];
    const weights = [
      weight("one", [1, 1, 1], [1]),
      weight("two", [], [2]),
      weight("pads", [6], [0, 0, 1, 0, 0, 1], "int64"),
      weight("w", [1, 2, 3], [1, 1, 1, 3, 3, 3]),
      weight("axes", [1], [2], "int64"),
    ];
    const small = { dims: [1, 1, 2], x: [-1, 2], nodes, weights };
    const flat = await run(small, { rule: "flat" });
    expectClose(flat.arrays[0].values, [0.25, 0.25]); // y = −1 + 1.5 = 0.5; padding takes no part
    const box = await run(small, { rule: "zbox", low: -1, high: 3 });
    // w·(x − l) = 1·(−1 + 1) = 0 and 3·(0.5 + 1) = 4.5.
    expectClose(box.arrays[0].values, [0, 0.5]);
    const own = await run(small, { rule: "zbox" });
    expect(own.notes.join(" ")).toContain("The lowest and highest values of the box rule are those of this input.");
    // From −1 to 2: (x − 1)/2 from −1 to 0.5; 0 and 3·(0.5 + 1).
    expectClose(own.arrays[0].values, [0, 0.5]);
  });
});

describe("other questions than a class", () => {
  it.each(["output", "loss"])("the %s", async (score) => {
    const {
      arrays: [raw],
    } = await run(unbiased(), { rule: "epsilon", score });
    expect(raw.values.every(Number.isFinite)).toBe(true);
    expect(raw.values.some((value) => value !== 0)).toBe(true);
  });

  it("the sum over a region: the sum of its parts' relevance", async () => {
    const dense = {
      dims: [1, 1, 2, 2],
      x: [1, -2, 3, 0.5],
      nodes: [node("Conv", ["x", "w"], ["y"], { pads: ints(1, 1, 1, 1) })],
      weights: [weight("w", [1, 1, 3, 3], [1, -1, 2, 0.5, 1, 1, -1, 2, 1])],
    };
    const at = (from: number, before: number): Partial<Job> => ({
      target: {
        region: [
          [0, 1],
          [0, 1],
          [from, before],
        ],
      },
    });
    const [left, right, both] = (
      await Promise.all([at(0, 1), at(1, 2), at(0, 2)].map((more) => run(dense, {}, more)))
    ).map(({ arrays: [raw] }) => raw.values);
    expectClose(
      both,
      [...left].map((value, i) => value + right[i]),
      4,
    );
  });

  it("noisy copies, averaged, the same for the same seed", async () => {
    const [first, second, plain] = await Promise.all(
      [4, 4, 0].map((samples) => run(unbiased(), { rule: "epsilon_plus", samples, seed: 1 })),
    );
    expect(first.arrays[0].values).toEqual(second.arrays[0].values);
    expect(first.arrays[0].values).not.toEqual(plain.arrays[0].values);
    expect(first.views[0]).toMatchObject({ caption: "relevance by epsilon-plus, mean of 4 noisy copies" });
  });
});

describe("what cannot be done is said", () => {
  it("an operator without a rule, with the methods that work", async () => {
    const nodes = [
      node("Reshape", ["x", "shape"], ["m"]),
      node("Det", ["m"], ["d"]),
      node("Reshape", ["d", "row"], ["y"]),
    ];
    const weights = [weight("shape", [3], [1, 2, 2], "int64"), weight("row", [2], [1, 1], "int64")];
    await expect(run({ dims: [1, 4], x: [1, 2, 3, 4], nodes, weights }, {})).rejects.toMatchObject({
      message: 'There is no LRP rule for Det, at node "Det_d".',
      hint: "Its gradient is known: saliency, Integrated Gradients and DeepLIFT work on this model.",
    });
  });

  it("an alpha and a beta that do not belong together, and bounds that are not the channels'", async () => {
    await expect(run(LAYERS.Einsum, { rule: "alpha_beta", alpha: 2, beta: 0.5 })).rejects.toThrow(
      "alpha − beta is 1.5; it must be 1, so that relevance is conserved.",
    );
    await expect(run(LAYERS.Einsum, { rule: "zbox", low: "0, 1, 2" })).rejects.toThrow(
      '"low" has 3 numbers, the input "x" [1, 2] has 2 channels.',
    );
    await expect(run(LAYERS.Einsum, { rule: "zbox", low: "dark" })).rejects.toMatchObject({
      hint: "A number, or one per channel separated by commas, such as -2.1,-2,-1.8.",
    });
  });

  it("a layer that is only a gate", async () => {
    const nodes = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["y"])];
    await expect(run({ dims: [1, 2], x: [3, -1], nodes }, {}, { layer: "value:s" }, "layer-lrp")).rejects.toThrow(
      'No relevance reaches "s": it is used only as a gate or a scale, which are treated as constants.',
    );
  });
});
