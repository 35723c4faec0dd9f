import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/job.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-zero-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** y = Σ relu(x + [3, 3, 3]) · v + relu(x − 9) · u: for small x, the second hidden layer is off and says nothing. */
function twoLayers(): string {
  return writeSmallModel(folder, "two.onnx", {
    inputs: { x: ["float32", 1, 3] },
    outputs: ["y"],
    weights: [
      weight("three", [3], [3, 3, 3]),
      weight("nine", [3], [9, 9, 9]),
      weight("v", [3, 1], [1, -2, 0]),
      weight("u", [3, 1], [1, 1, 1]),
    ],
    nodes: [
      node("Add", ["x", "three"], ["above"]),
      node("Relu", ["above"], ["on"]),
      node("MatMul", ["on", "v"], ["a"]),
      node("Sub", ["x", "nine"], ["below"]),
      node("Relu", ["below"], ["off"]),
      node("MatMul", ["off", "u"], ["b"]),
      node("Add", ["a", "b"], ["y"]),
    ],
  });
}

async function notesOf(technique: string, x: readonly number[], more: Partial<Job> = {}): Promise<string> {
  const {
    notes,
    arrays: [raw],
  } = await runOn(models, twoLayers(), writeArray(folder, `${x.join("_")}.npy`, [1, 3], x), technique, {
    target: { index: [0] },
    ...more,
  });
  expect([...raw.values].every((value) => value === 0)).toBe(true);
  return notes.join(" ");
}

describe("a result that is zero everywhere says what was measured", () => {
  it("a baseline that leaves the layer as it is", async () => {
    // off is zero for the input and for the baseline, and its gradient there is u.
    for (const technique of ["layer-integrated-gradients", "layer-conductance", "layer-deeplift"]) {
      expect(await notesOf(technique, [1, 2, -1], { layer: "off" }), technique).toMatch(
        /The result at "off" is zero everywhere: the layer's values are the same for the input and for the baseline.*The gradient there is not zero/,
      );
    }
  });

  it("an input of zeros that is multiplied by", async () => {
    const notes = await notesOf("input-x-gradient", [0, 0, 0]);
    expect(notes).toContain(
      'The result at "x" is zero everywhere: the input is zero, and the method multiplies by it. The gradient there is not zero.',
    );
    expect(notes).not.toContain("The gradient at");
  });

  it("several inputs by their own names", async () => {
    const sum = writeSmallModel(folder, "sum.onnx", {
      inputs: { a: ["float32", 1, 3], b: ["float32", 1, 3] },
      outputs: ["y"],
      weights: [weight("v", [3, 1], [1, -2, 3])],
      nodes: [node("Add", ["a", "b"], ["s"]), node("MatMul", ["s", "v"], ["y"])],
    });
    const zeros = writeArray(folder, "zeros.npy", [1, 3], [0, 0, 0]);
    const { notes } = await runOn(models, sum, { a: zeros, b: zeros }, "input-x-gradient", { target: { index: [0] } });
    expect(notes.join(" ")).toContain('The result at "a" and "b" is zero everywhere');
  });

  it("a layer of zeros that is multiplied by", async () => {
    expect(await notesOf("layer-gradient-x-activation", [1, 2, -1], { layer: "off" })).toContain(
      "the layer's values are zero for this input, and the method multiplies by them",
    );
  });

  it("an input that differs from the baseline only where the gradient is zero", async () => {
    expect(await notesOf("deeplift", [0, 0, 2])).toContain(
      "wherever the gradient is not zero, the difference between input and baseline is zero",
    );
    expect(await notesOf("input-x-gradient", [0, 0, 2])).toContain(
      "wherever the gradient is not zero, the input is zero",
    );
  });

  it("a gradient that is zero, where it is the gradient", async () => {
    const saliency = await notesOf("saliency", [-5, -5, -5]);
    expect(saliency).toMatch(/The gradient at "x" is zero everywhere for this input\. In the backward pass/);
    expect(await notesOf("input-x-gradient", [-5, -5, -5])).toContain(
      'The result at "x" is zero everywhere: the gradient there is zero for this input.',
    );
    expect(
      await notesOf("saliency", [1, 2, 3], { params: { samples: 3, noise: 0.01, noise_type: "vargrad" } }),
    ).toContain("3 noisy copies all gave the same");
  });

  it("a neuron whose gradient is zero, not the target's", async () => {
    expect(await notesOf("neuron-gradient", [1, 2, -1], { layer: "off", params: { neuron: "0" } })).toContain(
      'The gradient at "x" is zero everywhere for this input.',
    );
  });

  it("hiding that changes nothing", async () => {
    expect(await notesOf("occlusion", [-5, -6, -7], { params: { baseline: "-4" } })).toContain(
      "The score stays the same whatever part of the input is hidden.",
    );
    expect(await notesOf("occlusion", [0, 0, 0])).toContain(
      "The input equals the baseline everywhere, so hiding parts of it changes nothing.",
    );
  });
});

describe("a map that is zero everywhere", () => {
  /** One channel, whose mean is the score's opposite. */
  function against(): string {
    return writeSmallModel(folder, "against.onnx", {
      inputs: { x: ["float32", 1, 1, 2, 2] },
      outputs: ["y"],
      weights: [weight("w", [1, 1, 1, 1], [1]), weight("d", [1, 2], [-1, 1]), weight("shape", [2], [1, 1], "int64")],
      nodes: [
        node("Conv", ["x", "w"], ["c"]),
        node("Relu", ["c"], ["r"]),
        node("GlobalAveragePool", ["r"], ["p"]),
        node("Reshape", ["p", "shape"], ["f"]),
        node("MatMul", ["f", "d"], ["y"]),
      ],
    });
  }

  it.each(["cam", "grad-cam", "hires-cam"])("%s: ReLU removed all there was", async (technique) => {
    const {
      notes,
      arrays: [raw],
    } = await runOn(models, against(), writeArray(folder, "map.npy", [1, 1, 2, 2], [1, 2, 3, 4]), technique, {
      target: { index: [0] },
    });
    expect([...raw.values]).toEqual([0, 0, 0, 0]);
    expect(notes.join(" ")).toContain(
      'The map of "r" is zero everywhere: all values are negative or zero, and ReLU removes those. Set relu to false to see them.',
    );
    expect(notes.join(" ")).not.toContain("The gradient");
  });

  it.each([
    ["layer-cam", "positive gradients"],
    ["grad-cam-elementwise", "positive products"],
  ])("%s: counts %s alone", async (technique, counted) => {
    const { notes } = await runOn(
      models,
      against(),
      writeArray(folder, "map.npy", [1, 1, 2, 2], [1, 2, 3, 4]),
      technique,
      { target: { index: [0] }, params: { relu: false } },
    );
    expect(notes.join(" ")).toContain(`The map of "r" is zero everywhere: this method uses only ${counted}`);
  });

  it("a layer without activation is no gradient of zero", async () => {
    const { notes } = await runOn(
      models,
      against(),
      writeArray(folder, "dark.npy", [1, 1, 2, 2], [0, 0, 0, 0]),
      "grad-cam",
      { target: { index: [1] }, layer: "c" },
    );
    expect(notes.join(" ")).toContain('The map of "c" is zero everywhere');
    expect(notes.join(" ")).not.toContain("ReLU");
  });
});
