import { describe, expect, it } from "vitest";
import { quadrature, type QuadratureRule } from "../../math/quadrature.ts";
import { runJob } from "../framework/run.ts";
import { deltaOf } from "../../../test/support/agreement-particulars.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

const { folder, models, of, run } = referenceNetworks();

function total(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0);
}

describe("input × gradient", () => {
  it("sums to the score on a network of Relu and linear layers without biases (homogeneity)", async () => {
    const model = writeSmallModel(folder, "homogeneous.onnx", {
      inputs: { x: ["float32", 1, 3] },
      outputs: ["y"],
      weights: [weight("a", [3, 2], [1, -2, 0.5, 3, -1, 1]), weight("b", [2, 2], [2, 1, -1, 0.5])],
      nodes: [node("MatMul", ["x", "a"], ["h"]), node("Relu", ["h"], ["r"]), node("MatMul", ["r", "b"], ["y"])],
    });
    const {
      arrays: [raw],
      views: artifacts,
    } = await runOn(models, model, writeArray(folder, "x.npy", [1, 3], [1, 2, -0.5]), "input-x-gradient", {
      target: { index: [0] },
    });
    const [bars] = artifacts.slice(-1);
    expect(bars.kind).toBe("bars");
    // h = [1 + 1 + 0.5, −2 + 6 − 0.5] = [2.5, 3.5]; y₀ = 2·2.5 − 3.5 = 1.5.
    expect(total(raw.values)).toBeCloseTo(1.5, 5);
    // ∂y₀/∂x = a·[2, −1] = [4, −2, −3].
    expect([...raw.values]).toEqual([4, -4, 1.5]);
  });

  it("averages noisy copies, the same for the same seed", async () => {
    const [first, second, other] = await Promise.all(
      [0, 0, 1].map((seed) => run("mlp", "input-x-gradient", { params: { samples: 5, seed } })),
    );
    expect(first.arrays[0].values).toEqual(second.arrays[0].values);
    expect(first.arrays[0].values).not.toEqual(other.arrays[0].values);
    expect(first.views[0]).toMatchObject({ caption: "input times gradient, mean of 5 noisy copies" });
  });
});

describe("integrated gradients", () => {
  it("sums to the score's difference from the baseline (completeness)", async () => {
    const {
      arrays: [raw],
      notes,
    } = await run("mlp", "integrated-gradients", { params: { steps: 2000 } });
    const { difference } = deltaOf({ notes });
    expect(Math.abs(total(raw.values) - difference)).toBeLessThan(0.01 * Math.abs(difference));
  });

  it("is exact for x³ with two Gauss–Legendre points, and takes the difference of two targets", async () => {
    const model = writeSmallModel(folder, "cube.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["xx"]), node("Mul", ["xx", "x"], ["y"])],
    });
    const input = writeArray(folder, "two.npy", [1, 2], [2, 3]);
    const options = { params: { steps: 2, baseline: 1 } };
    const one = await runOn(models, model, input, "integrated-gradients", { target: { index: [0] }, ...options });
    expect(one.arrays[0].values[0]).toBeCloseTo(2 ** 3 - 1, 5);
    expect(one.arrays[0].values[1]).toBe(0);
    const two = await runOn(models, model, input, "integrated-gradients", {
      target: { index: [1], against: [0] },
      ...options,
    });
    expect(two.arrays[0].values[1]).toBeCloseTo(3 ** 3 - 1, 4);
    expect(two.arrays[0].values[0]).toBeCloseTo(-(2 ** 3 - 1), 5);
  });

  it("says that an input equal to its baseline has nothing to share out", async () => {
    const input = writeArray(folder, "ones.npy", [1, 20], new Array(20).fill(1));
    await expect(
      runOn(models, (await of("mlp")).model, input, "integrated-gradients", { params: { baseline: 1 } }),
    ).rejects.toThrow(/equals the baseline, 1, everywhere/);
  });

  it("refuses parameters out of range, by name", async () => {
    await expect(run("mlp", "integrated-gradients", { params: { steps: 1 } })).rejects.toThrow(
      /"steps" is 1; it must be from 2/,
    );
    await expect(run("mlp", "integrated-gradients", { params: { rule: "simpson" } })).rejects.toThrow(
      /"rule" must be one of gausslegendre, riemann_left/,
    );
  });

  it("stops between steps when cancelled", async () => {
    const controller = new AbortController();
    const { model, inputs } = await of("vgg");
    let steps = 0;
    const job = runJob(
      {
        technique: "integrated-gradients",
        model,
        source: { kind: "sample", inputs },
        recipe: { version: 1, inputs: {} },
        params: { steps: 1000 },
      },
      {
        models,
        signal: controller.signal,
        progress: ({ text }) => {
          if (text.startsWith("Step") && ++steps === 3) controller.abort();
        },
      },
    );
    await expect(job).rejects.toThrow(/abort/i);
    expect(steps).toBe(3);
  });
});

describe("quadrature", () => {
  it.each([1, 2, 5, 20, 50, 200])("Gauss–Legendre of %i points is exact up to degree 2n − 1", (steps) => {
    const { points, weights } = quadrature("gausslegendre", steps);
    for (const degree of [0, 1, Math.min(9, 2 * steps - 1), 2 * steps - 1]) {
      expect(points.reduce((sum, point, i) => sum + weights[i] * point ** degree, 0)).toBeCloseTo(1 / (degree + 1), 12);
    }
  });

  // By Captum's definitions, four steps.
  it.each([
    ["riemann_left", [0, 0.25, 0.5, 0.75], [0.25, 0.25, 0.25, 0.25]],
    ["riemann_right", [0.25, 0.5, 0.75, 1], [0.25, 0.25, 0.25, 0.25]],
    ["riemann_middle", [0.125, 0.375, 0.625, 0.875], [0.25, 0.25, 0.25, 0.25]],
    ["riemann_trapezoid", [0, 1 / 3, 2 / 3, 1], [0.125, 0.25, 0.25, 0.125]],
  ] as const)("%s has Captum's points and weights", (rule, points, weights) => {
    const ours = quadrature(rule as QuadratureRule, 4);
    ours.points.forEach((point, i) => expect(point).toBeCloseTo(points[i], 12));
    expect(ours.weights).toEqual(weights);
  });
});

describe("guided backprop and deconvolution", () => {
  const through = (
    nodes: Parameters<typeof writeSmallModel>[2]["nodes"],
    weights: Parameters<typeof writeSmallModel>[2]["weights"] = [],
  ): string =>
    writeSmallModel(folder, `rectifier-${count++}.onnx`, {
      inputs: { x: ["float32", 1, 4] },
      outputs: ["y"],
      nodes,
      weights: [weight("w", [4, 1], [1, -1, 1, -1]), ...weights],
    });
  let count = 0;
  const zero = weight("zero", [], [0]);
  const six = weight("six", [], [6]);
  // Inputs inside, inside, below, above; what comes back from the matrix product is [1, −1, 1, −1].
  const x = (): string => writeArray(folder, "four.npy", [1, 4], [2, 3, -1, 7]);
  const product = node("MatMul", ["h", "w"], ["y"]);

  it.each([
    ["Relu", [node("Relu", ["x"], ["h"]), product], [], [1, 0, 0, 0], [1, 0, 1, 0]],
    ["Clip from 0 to 6", [node("Clip", ["x", "zero", "six"], ["h"]), product], [zero, six], [1, 0, 0, 0], [1, 0, 1, 0]],
    ["Clip from 0 up", [node("Clip", ["x", "zero"], ["h"]), product], [zero], [1, 0, 0, 0], [1, 0, 1, 0]],
    [
      "Clip from 1",
      [node("Clip", ["x", "one", "six"], ["h"]), product],
      [weight("one", [], [1]), six],
      [1, -1, 0, 0],
      [1, -1, 0, 0],
    ],
  ] as const)("%s: by hand", async (_, nodes, weights, guided, deconvolved) => {
    const model = through(nodes, weights);
    expect([...(await runOn(models, model, x(), "guided-backprop")).arrays[0].values]).toEqual(guided);
    expect([...(await runOn(models, model, x(), "deconvolution")).arrays[0].values]).toEqual(deconvolved);
  });

  it("say which activations keep their gradient, and when all do", async () => {
    const { notes } = await run("mlp", "guided-backprop");
    expect(notes.join(" ")).toMatch(
      /applies to Relu and Clip with minimum 0, 1 here; other activations keep their gradient: .*Tanh/,
    );
    const smooth = await runOn(models, through([node("Tanh", ["x"], ["h"]), product]), x(), "deconvolution");
    expect(smooth.notes.join(" ")).toContain("this is the plain gradient");
    const clipped = await run("mobilenet-v2-small", "guided-backprop");
    expect(clipped.notes.join(" ")).not.toContain("plain gradient");
  });
});

describe("expected gradients", () => {
  it("sums to the score less the baselines' mean, within the error it says", async () => {
    const { notes } = await run("mlp", "expected-gradients", { params: { samples: 300, baseline: "0, 1" } });
    const [, delta, error] = /^Convergence delta (\S+) \(standard error (\S+)\)/.exec(
      notes.find((text) => text.startsWith("Convergence"))!,
    )!;
    expect(Number(error)).toBeGreaterThan(0);
    expect(Math.abs(Number(delta))).toBeLessThan(4 * Number(error));
  });

  it("draws the same for the same seed, else not", async () => {
    const [first, second, other] = await Promise.all(
      [3, 3, 4].map((seed) => run("mlp", "expected-gradients", { params: { samples: 5, seed } })),
    );
    expect(first.arrays[0].values).toEqual(second.arrays[0].values);
    expect(first.arrays[0].values).not.toEqual(other.arrays[0].values);
  });

  it("takes baselines from files, and says where there is no such file", async () => {
    const file = writeArray(folder, "half.npy", [1, 20], new Array(20).fill(0.5));
    const [number, read] = await Promise.all(
      ["0.5", file].map((baseline) => run("mlp", "expected-gradients", { params: { samples: 5, baseline } })),
    );
    expect(read.arrays[0].values).toEqual(number.arrays[0].values);
    expect(read.views[0]).toMatchObject({ caption: "mean of 5 samples, baseline half.npy" });
    await expect(run("mlp", "expected-gradients", { params: { baseline: "black" } })).rejects.toThrow(/takes an array/);
  });
});

describe("occlusion", () => {
  const sum = (): string =>
    writeSmallModel(folder, "sum.onnx", {
      inputs: { x: ["float32", 1, 1, 4, 4] },
      outputs: ["y"],
      nodes: [node("ReduceSum", ["x"], ["y"], { keepdims: { type: "int", value: 0 } })],
    });
  const ramp = (): string =>
    writeArray(
      folder,
      "ramp.npy",
      [1, 1, 4, 4],
      Array.from({ length: 16 }, (_, i) => i),
    );

  it("averages over the boxes that cover an element: by hand", async () => {
    // Rows 0 to 2 and 2 to 4 (over the edge: row 2 and 3), and so for columns: the fall is the sum under each box.
    const {
      arrays: [raw],
    } = await runOn(models, sum(), ramp(), "occlusion", { params: { window: "3", stride: "2" } });
    const corner = [0, 1, 2, 4, 5, 6, 8, 9, 10].reduce((a, b) => a + b);
    const right = [2, 3, 6, 7, 10, 11].reduce((a, b) => a + b);
    expect(raw.values[0]).toBe(corner);
    expect(raw.values[2]).toBe((corner + right) / 2);
    expect(raw.values[15]).toBe(10 + 11 + 14 + 15);
  });

  it.each([
    [{ window: "5" }, /window is 5 along axis 2, where the input "x" \[1, 1, 4, 4\] has 4/],
    [{ window: "2", stride: "3" }, /stride is 3 along axis 2, more than the window's 2/],
    [{ window: "2,2" }, /"window" has 2 numbers; the input "x" \[1, 1, 4, 4\] has 3 axes without the batch/],
    [{ window: "0" }, /"window" cannot be "0"/],
  ])("says what does not fit: %o", async (params, message) => {
    await expect(runOn(models, sum(), ramp(), "occlusion", { params })).rejects.toThrow(message);
  });

  it("says when nothing that is hidden matters", async () => {
    const constant = writeSmallModel(folder, "constant.onnx", {
      inputs: { x: ["float32", 1, 1, 4, 4] },
      outputs: ["y"],
      weights: [weight("zero", [], [0])],
      nodes: [
        node("Mul", ["x", "zero"], ["m"]),
        node("ReduceSum", ["m"], ["y"], { keepdims: { type: "int", value: 0 } }),
      ],
    });
    const { notes } = await runOn(models, constant, ramp(), "feature-ablation", { params: { grid: 2 } });
    expect(notes).toContain("The score stays the same whatever part of the input is hidden.");
  });

  it("works where an operator has no gradient", async () => {
    const model = writeSmallModel(folder, "hard.onnx", {
      inputs: { x: ["float32", 1, 1, 4, 4] },
      outputs: ["y"],
      nodes: [node("Round", ["x"], ["r"]), node("ReduceSum", ["r"], ["y"], { keepdims: { type: "int", value: 0 } })],
    });
    const {
      arrays: [raw],
    } = await runOn(models, model, ramp(), "feature-ablation", { params: { grid: 4 } });
    expect([...raw.values]).toEqual(new Array(16).fill(120));
  });
});
