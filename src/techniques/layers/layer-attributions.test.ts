import { describe, expect, it } from "vitest";
import type { HeatmapArtifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";

const { folder, models, run } = referenceNetworks();

function total(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0);
}

describe("a chain of two layers, by hand", () => {
  // h = Relu(x·A), y = h·b, with x = [1, 2]: x·A = [5, −3, 1], h = [5, 0, 1], y = 2·5 + 1·0 − 3·1 = 7.
  const chain = (): string =>
    writeSmallModel(folder, "chain.onnx", {
      inputs: { x: ["float32", "N", 2] },
      outputs: ["y"],
      weights: [weight("A", [2, 3], [1, 1, -1, 2, -2, 1]), weight("b", [3, 1], [2, 1, -3])],
      nodes: [node("MatMul", ["x", "A"], ["z"]), node("Relu", ["z"], ["h"]), node("MatMul", ["h", "b"], ["y"])],
    });
  const x = (): string => writeArray(folder, "chain.npy", [1, 2], [1, 2]);
  const at = (technique: string, layer: string, params = {}): Promise<WholeResult> =>
    runOn(models, chain(), x(), technique, { layer, params });

  it("gives activations, gradient × activation, and conductance that sums to the score's difference", async () => {
    expect([...(await at("layer-activation", "h")).arrays[0].values]).toEqual([5, 0, 1]);
    const {
      arrays: [raw],
      views: artifacts,
    } = await at("layer-gradient-x-activation", "h");
    expect([...raw.values]).toEqual([10, 0, -3]);
    expect(artifacts[0]).toMatchObject({
      kind: "bars",
      items: [{ label: "h[0]", value: 10 }, { label: "h[2]", value: -3 }, { label: "h[1]" }],
    });
    // Along the way from 0 the gradient by h is b all the time. With the points of the right Riemann sum of 11 the last
    // 10/11 of the way are gone.
    const conductance = await at("layer-conductance", "h", { rule: "riemann_right", steps: 10 });
    for (const [i, expected] of [10, 0, -3].entries())
      expect(conductance.arrays[0].values[i]).toBeCloseTo((expected * 10) / 11, 5);
    expect(conductance.notes.join(" ")).toMatch(/the score differs from the baseline's by 7\.$/);
    const integrated = await at("layer-integrated-gradients", "h");
    for (const [i, expected] of [10, 0, -3].entries()) expect(integrated.arrays[0].values[i]).toBeCloseTo(expected, 4);
    expect([...(await at("internal-influence", "z", { rule: "riemann_right", steps: 4 })).arrays[0].values]).toEqual([
      2, 0, -3,
    ]);
  });

  it("explains one neuron: its gradient, its difference to the baseline, the score through it", async () => {
    expect([...(await at("neuron-gradient", "z", { neuron: "1" })).arrays[0].values]).toEqual([1, -2]);
    const picked = await at("neuron-gradient", "h");
    expect([...picked.arrays[0].values]).toEqual([1, 2]);
    expect(picked.notes).toContain('Neuron chosen automatically, the most active of "h": 0.');
    const integrated = await at("neuron-integrated-gradients", "z", { neuron: "1" });
    expect(total(integrated.arrays[0].values)).toBeCloseTo(-3, 5);
    expect(integrated.notes.join(" ")).toMatch(/the neuron differs from the baseline's by -3\.$/);
    // ∂y/∂h₂ · ∂h₂/∂x · x = −3 · [−1, 1] · [1, 2]
    const conductance = await at("neuron-conductance", "h", { neuron: "2", rule: "gausslegendre" });
    expect(conductance.arrays[0].values[0]).toBeCloseTo(3, 5);
    expect(conductance.arrays[0].values[1]).toBeCloseTo(-6, 5);
    // Guided, nothing negative comes back through Relu; the neuron's own Relu lets its 1 through.
    expect([...(await at("neuron-guided-backprop", "h", { neuron: "2" })).arrays[0].values]).toEqual([-1, 1]);
  });

  it("takes the model's input for a layer", async () => {
    const [layer, input] = await Promise.all([at("layer-integrated-gradients", "x"), at("integrated-gradients", "x")]);
    for (let i = 0; i < 2; i++) expect(layer.arrays[0].values[i]).toBeCloseTo(input.arrays[0].values[i], 5);
  });

  it.each([
    [
      "neuron-gradient",
      "z",
      { neuron: "3" },
      /neuron 3 is out of range: the layer "z" has 3 entries along axis 1 \(0 to 2\)/,
    ],
    [
      "neuron-gradient",
      "z",
      { neuron: "1,1" },
      /neuron 1,1 has 2 indices; the layer "z" \[1, 3\] needs 1, without the batch axis/,
    ],
    ["neuron-gradient", "z", { neuron: "first" }, /"neuron" cannot be "first"/],
    ["layer-conductance", "nowhere", {}, /no layer "nowhere"/],
    ["layer-conductance", "A", {}, /"A" does not depend on the input/],
  ])("%s of %s with %o says what does not fit", async (technique, layer, params, message) => {
    await expect(at(technique, layer, params)).rejects.toThrow(message);
  });

  it("refuses a layer that the score does not depend on", async () => {
    const model = writeSmallModel(folder, "aside.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y", "aside"],
      nodes: [node("Neg", ["x"], ["y"]), node("Exp", ["x"], ["aside"])],
    });
    for (const technique of [
      "layer-gradient-x-activation",
      "layer-conductance",
      "internal-influence",
      "layer-integrated-gradients",
      "neuron-conductance",
    ]) {
      await expect(runOn(models, model, x(), technique, { layer: "aside" }), technique).rejects.toThrow(
        /does not depend on "aside"/,
      );
    }
  });
});

describe("around a layer", () => {
  it("a residual's other branch stays as the input has it, and is said not to be in the sum", async () => {
    // y = Σ (Relu(x·w) + x)², from the layer r = Relu(x·w) on: ∫ 2(αr + x) r dα = r² + 2xr.
    const model = writeSmallModel(folder, "residual.onnx", {
      inputs: { x: ["float32", "N", 2] },
      outputs: ["y"],
      weights: [weight("w", [2, 2], [1, 0, 0, -1])],
      nodes: [
        node("MatMul", ["x", "w"], ["m"]),
        node("Relu", ["m"], ["r"]),
        node("Add", ["r", "x"], ["s"]),
        node("Mul", ["s", "s"], ["q"]),
        node("ReduceSum", ["q"], ["y"], { keepdims: { type: "int", value: 0 } }),
      ],
    });
    const {
      arrays: [raw],
      notes,
    } = await runOn(models, model, writeArray(folder, "residual.npy", [1, 2], [3, -2]), "layer-integrated-gradients", {
      layer: "r",
    });
    // r = [3, 2]: 9 + 18, 4 − 8.
    expect(raw.values[0]).toBeCloseTo(27, 3);
    expect(raw.values[1]).toBeCloseTo(-4, 3);
    expect(notes.join(" ")).toContain("bypasses this layer");
  });
});

describe("a transformer's tokens", () => {
  const layer = "value:/blocks/blocks.1/norm1/LayerNormalization_output_0";
  it.each(["layer-conductance", "layer-gradient-x-activation", "layer-deeplift", "layer-lrp"])(
    "lie in their grid for %s, and those apart from it are named",
    async (technique) => {
      const { views, arrays, notes } = await run("deit-torchscript", technique, { target: { index: [3] }, layer });
      expect(arrays[0].dims).toEqual([1, 18, 32]);
      expect(views[0]).toMatchObject({ kind: "heatmap", dims: [1, 32, 4, 4] });
      const [channel, place] = [5, 7];
      const drawn = (views[0] as HeatmapArtifact).values[channel * 16 + place];
      expect(drawn).toBe(arrays[0].values[(2 + place) * 32 + channel]);
      expect(notes).toContain("16 tokens as 4×4, without 2 other tokens (2 before).");
    },
  );
});
