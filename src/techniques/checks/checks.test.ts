/**
 * The checks of explanations ("How reliable is this explanation?") against Quantus, Captum and RISE's evaluation, and
 * by hand.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseOptions } from "./checked-method.ts";
import { describe, expect, it } from "vitest";
import type { CurvesArtifact } from "../../protocol/artifacts.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { checksOf, checkState, optionsText, withoutCheck } from "../../protocol/checks.ts";
import type { Job } from "../../protocol/job.ts";
import { DEFAULT_LOOKS } from "../../protocol/looks.ts";
import { catalogue } from "../catalogue.ts";
import { layersOf } from "../activations/layer-views.ts";
import { runJob } from "../framework/run.ts";
import { runCommand } from "../../cli/options.ts";
import { commandOf } from "../../cli/commands.ts";
import { loadArchitectures } from "../../../test/reference/architectures/load.ts";
import { writeLeftHalf } from "../../../test/support/left-half.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";
import { referenceNetworks } from "../../../test/support/networks.ts";

const CHECKS = ["sparseness", "insertion-deletion", "road", "infidelity", "sensitivity", "randomisation"];

const { folder, models, of, run } = referenceNetworks();

function curves({ views: [artifact] }: WholeResult): CurvesArtifact {
  if (artifact.kind !== "curves") throw new Error(`curves were expected, not ${artifact.kind}`);
  return artifact;
}

function numberOf(result: WholeResult, id: string): number {
  const found = curves(result).numbers.find((one) => one.id === id);
  if (!found) throw new Error(`there is no number "${id}"`);
  return found.value;
}

describe.each(CHECKS)("%s", (technique) => {
  it("says how to read it, and what each number means", async () => {
    const result = await run("mlp", technique === "road" ? "sparseness" : technique, {
      params: { method: "input-x-gradient" },
    });
    const artifact = curves(result);
    expect(artifact.reading.length).toBeGreaterThan(60);
    for (const { help, value } of artifact.numbers) {
      expect(help.length).toBeGreaterThan(20);
      expect(value).toSatisfy(Number.isFinite);
    }
    for (const { x, y } of artifact.lines) {
      expect(x.length).toBe(y.length);
      expect([...x]).toEqual([...x].sort((a, b) => a - b));
    }
    expect(result.provenance.params.method).toBe("input-x-gradient");
  });
});

describe("what is removed", () => {
  // y = softmax over [Σ of the left half, 0]: the model looks at the left half only.
  const left = (): string => writeLeftHalf(folder, "left.onnx");
  const ones = (): string => writeArray(folder, "ones.npy", [1, 1, 8, 8], new Array(64).fill(1));

  it("is what the map marks: by hand", async () => {
    const result = await runOn(models, left(), ones(), "insertion-deletion", {
      target: { index: [0] },
      params: { method: "input-x-gradient", steps: 4, start: "baseline" },
    });
    const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
    const steps = [0, 16, 32, 32, 32].map((count) => count * 0.1);
    steps.forEach((sum, i) => {
      expect(result.arrays[0].values[i]).toBeCloseTo(sigmoid(sum), 5);
      expect(result.arrays[0].values[5 + i]).toBeCloseTo(sigmoid(3.2 - sum), 5);
    });
    const middle = sigmoid(1.6) + 2 * sigmoid(3.2);
    expect(numberOf(result, "insertion_auc")).toBeCloseTo((sigmoid(0) / 2 + middle + sigmoid(3.2) / 2) / 4, 5);
    expect([...curves(result).lines[0].x]).toEqual([0, 25, 50, 75, 100]);
    expect(curves(result).y).toMatchObject({ label: "probability of 0", min: 0, max: 1 });
  });

  it("follows the score where that is asked for, or where there are no probabilities", async () => {
    const params = { method: "input-x-gradient", steps: 4 };
    const score = await runOn(models, left(), ones(), "insertion-deletion", {
      target: { index: [0] },
      params: { ...params, measure: "score" },
    });
    expect(score.arrays[0].values[5]).toBeCloseTo(3.2, 5);
    expect(score.arrays[0].values[9]).toBeCloseTo(0, 5);
    const sum = writeSmallModel(folder, "sum.onnx", {
      inputs: { x: ["float32", 1, 1, 8, 8] },
      outputs: ["y"],
      nodes: [node("ReduceSum", ["x"], ["y"], { keepdims: { type: "int", value: 0 } })],
    });
    const result = await runOn(models, sum, ones(), "insertion-deletion", { params });
    expect(result.notes).toContain('The output "y" has no probabilities: the score is used instead.');
    expect(result.arrays[0].values[5]).toBeCloseTo(64, 4);
  });

  it("is imputed from what is left, so that a picture which is the same everywhere keeps its score", async () => {
    const result = await runOn(models, left(), ones(), "road", {
      target: { index: [0] },
      params: { method: "input-x-gradient", noise: 0, measure: "score" },
    });
    for (const value of result.arrays[0].values) expect(value).toBeCloseTo(3.2, 4);
    const noisy = await runOn(models, left(), ones(), "road", {
      target: { index: [0] },
      params: { method: "input-x-gradient", noise: 0.5, measure: "score", percentages: "50" },
    });
    // Σ 0.1 · noise over the left half: deviation 0.1 · 0.5 · √32 = 0.28.
    expect(Math.abs(noisy.arrays[0].values[0] - 3.2)).toBeGreaterThan(1e-3);
    expect(Math.abs(noisy.arrays[0].values[0] - 3.2)).toBeLessThan(5 * 0.28);
  });

  it("lies under a class activation map that is brought to the input's size", async () => {
    const result = await run("vgg", "insertion-deletion", {
      params: { method: "grad-cam", options: "relu=false", steps: 20 },
    });
    expect(result.notes.join(" ")).toMatch(/Layer chosen automatically/);
    expect(result.provenance.layer).toBeDefined();
    expect(result.provenance.score).toMatchObject({ kind: "output" });
    expect(result.arrays[0].dims).toEqual([2, 21]);
    expect(result.arrays[0].values[20]).toBeCloseTo(result.arrays[0].values[21], 4);
  });

  it("lies under the mean of several layers' maps", async () => {
    const { model, inputs } = await of("vgg");
    const { layers } = await layersOf(
      { model, inputs, recipe: { version: 1, inputs: {} } },
      { models, progress: () => undefined, signal: new AbortController().signal },
    );
    const layer = layers
      .filter(({ spatial, operator }) => spatial && operator === "Relu")
      .slice(-2)
      .map(({ value }) => value);
    expect(layer).toHaveLength(2);
    const both = await run("vgg", "insertion-deletion", { layer, params: { method: "grad-cam", steps: 10 } });
    const one = await run("vgg", "insertion-deletion", { layer: layer[0], params: { method: "grad-cam", steps: 10 } });
    expect(both.arrays[0].dims).toEqual([2, 11]);
    expect([...both.arrays[0].values]).not.toEqual([...one.arrays[0].values]);
  });

  it("are columns in a table row, whose insertion begins with the baseline", async () => {
    const {
      notes,
      arrays: [raw],
      views: artifacts,
    } = await run("mlp", "insertion-deletion", {
      params: { method: "integrated-gradients", options: "steps=20; rule=riemann_middle" },
    });
    expect(notes).toContain("Insertion starts from the baseline, because columns cannot be blurred.");
    expect(raw.dims).toEqual([2, 21]);
    expect(artifacts[0]).toMatchObject({
      kind: "curves",
      x: { label: "columns removed or inserted, most important first (%)" },
    });
  });
});

describe("infidelity", () => {
  it("is nothing for a linear model, whose gradient predicts everything", async () => {
    const linear = writeSmallModel(folder, "linear.onnx", {
      inputs: { x: ["float32", 1, 6] },
      outputs: ["y"],
      weights: [
        weight(
          "w",
          [6, 2],
          Array.from({ length: 12 }, (_, i) => Math.sin(i)),
        ),
      ],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
    });
    const input = writeArray(folder, "six.npy", [1, 6], [1, -2, 0, 3, 0.5, -1]);
    const asked: Job["params"][] = [
      { method: "saliency", options: "absolute=false" },
      { method: "input-x-gradient", perturbation: "remove" },
    ];
    for (const params of asked) {
      const result = await runOn(models, linear, input, "infidelity", { target: { index: [0] }, params });
      expect(numberOf(result, "infidelity")).toBeLessThan(1e-8);
      expect(numberOf(result, "share_unexplained")).toBeLessThan(1e-6);
    }
    // The magnitudes of a signed gradient predict another thing.
    const wrong = await runOn(models, linear, input, "infidelity", {
      target: { index: [0] },
      params: { method: "saliency" },
    });
    expect(numberOf(wrong, "infidelity")).toBeGreaterThan(0.1);
  });
});

describe("randomisation", () => {
  it("goes from the output down, and draws the same for the same seed", async () => {
    const params = { method: "saliency", options: "absolute=false", stops: 0 };
    const [first, second, other] = await Promise.all(
      [1, 1, 2].map((seed) => run("mlp", "randomisation", { params: { ...params, seed } })),
    );
    expect(second.arrays[0].values).toEqual(first.arrays[0].values);
    expect(other.arrays[0].values).not.toEqual(first.arrays[0].values);
    const { names } = curves(first).x;
    expect(names?.[0]).toBe("as trained");
    // Four dense layers and a normalisation.
    expect(names).toHaveLength(6);
    expect(first.arrays[0].values[0]).toBeCloseTo(1, 6);
  });

  it("finds a map that shows the input whatever the model is", async () => {
    // Input times a gradient that is the same for all pixels, whatever is drawn: the weight is one number.
    const model = writeSmallModel(folder, "edges.onnx", {
      inputs: { x: ["float32", 1, 1, 8, 8] },
      outputs: ["y"],
      weights: [weight("w", [2, 1, 1, 1], [1, 2])],
      nodes: [node("Conv", ["x", "w"], ["c"]), node("GlobalAveragePool", ["c"], ["p"]), node("Flatten", ["p"], ["y"])],
    });
    const input = writeArray(
      folder,
      "waves.npy",
      [1, 1, 8, 8],
      Array.from({ length: 64 }, (_, i) => Math.sin(i)),
    );
    const result = await runOn(models, model, input, "randomisation", {
      target: { index: [0] },
      params: { method: "input-x-gradient" },
    });
    expect(numberOf(result, "last_correlation")).toBeCloseTo(1, 6);
    expect(numberOf(result, "last_ssim")).toBeCloseTo(1, 6);
  });

  it("says when there are no weights to draw", async () => {
    const model = writeSmallModel(folder, "square.onnx", {
      inputs: { x: ["float32", 1, 4] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["y"])],
    });
    const input = writeArray(folder, "fours.npy", [1, 4], [1, 2, 3, 4]);
    await expect(runOn(models, model, input, "randomisation", { params: { method: "saliency" } })).rejects.toThrow(
      /no layers with float weights/,
    );
  });
});

describe("a check", () => {
  it("reads its method's options, and refuses one without a value", () => {
    expect(parseOptions(" steps = 20; rule=riemann_left;")).toEqual({ steps: "20", rule: "riemann_left" });
    for (const text of ["samples", "steps=3; samples", "=3"])
      expect(() => parseOptions(text)).toThrow(/which is no NAME=VALUE pair/);
  });

  it.each([
    ["sparseness", { method: "feature-maps" }, /"method" must be one of saliency/],
    ["sparseness", { method: "saliency", options: "steps=3" }, /Saliency has no parameter "steps"/],
    ["sparseness", { method: "integrated-gradients", options: "steps=1" }, /"steps" is 1; it must be from 2/],
    ["sparseness", { method: "saliency", options: "nonsense" }, /"options" cannot be "nonsense"/],
    [
      "road",
      { method: "saliency" },
      /ROAD imputes removed pixels from their neighbours in an image; "input" \[1, 20\] is not an image/,
    ],
  ])("says what it cannot do: %s %o", async (technique, params, message) => {
    await expect(run("mlp", technique, { params })).rejects.toThrow(message);
  });

  it("says what percentages are", async () => {
    await expect(run("vgg", "road", { params: { method: "saliency", percentages: "50, 100" } })).rejects.toThrow(
      "100% is not between 0 and 100.",
    );
  });

  it("stops between runs when cancelled", async () => {
    const controller = new AbortController();
    const { model, inputs } = await of("mlp");
    let seen = 0;
    const job = runJob(
      {
        technique: "sensitivity",
        model,
        source: { kind: "sample", inputs },
        recipe: { version: 1, inputs: {} },
        params: { method: "saliency", samples: 1000 },
      },
      {
        models,
        signal: controller.signal,
        progress: ({ text }) => {
          if (text.startsWith("Perturbation") && ++seen === 3) controller.abort();
        },
      },
    );
    await expect(job).rejects.toThrow(/abort/i);
    expect(seen).toBeLessThan(10);
  });

  it("is the mean over several samples", async () => {
    const { model, inputs } = await of("mlp");
    const input = inputs[""];
    const { dims, data } = loadArchitectures().find(({ network }) => network === "mlp")!.input;
    const other = writeArray(
      folder,
      "mlp-other.npy",
      dims,
      data.map((value, i) => value + Math.sin(i)),
    );
    const params = { method: "input-x-gradient", steps: 5 };
    const target = { index: [1] };
    const [one, two, both] = await Promise.all([
      runOn(models, model, input, "insertion-deletion", { params, target }),
      runOn(models, model, other, "insertion-deletion", { params, target }),
      runOn(models, model, input, "insertion-deletion", { params, target, more: [{ "": other }] }),
    ]);
    expect(numberOf(both, "deletion_auc")).toBeCloseTo(
      (numberOf(one, "deletion_auc") + numberOf(two, "deletion_auc")) / 2,
      6,
    );
    expect(curves(both).lines[1].y[2]).toBeCloseTo((curves(one).lines[1].y[2] + curves(two).lines[1].y[2]) / 2, 6);
    expect(curves(both).caption).toContain("mean over 2 samples");
    const cloud = await runOn(models, model, input, "infidelity", {
      params: { method: "input-x-gradient", samples: 4 },
      target,
      more: [{ "": other }],
    });
    expect(curves(cloud).lines[0].x).toHaveLength(8);
  });

  it("is a command with its numbers in the JSON", async () => {
    const { model, inputs } = await of("mlp");
    const input = inputs[""];
    const out = join(folder, "deletion.json");
    expect(
      await runCommand(commandOf("insertion-deletion")!, [
        model,
        "--input",
        input,
        "--target",
        "1",
        "--set",
        "method=integrated-gradients",
        "--set",
        "options=steps=20; rule=riemann_middle",
        "--out",
        out,
      ]),
    ).toBe(0);
    const { artifacts, provenance } = JSON.parse(readFileSync(out, "utf8"));
    const [artifact] = artifacts as readonly CurvesArtifact[];
    const {
      arrays: [raw],
    } = await run("mlp", "insertion-deletion", {
      target: { index: [1] },
      params: { method: "integrated-gradients", options: "steps=20; rule=riemann_middle" },
    });
    const [insertion, deletion] = [raw.values.subarray(0, 21), raw.values.subarray(21)].map(
      (values) => (values.reduce((a, b) => a + b, 0) - values[0] / 2 - values[20] / 2) / 20,
    );
    expect(artifact.numbers.map(({ id }) => id)).toEqual(["insertion_auc", "deletion_auc"]);
    expect(artifact.numbers[0].value).toBeCloseTo(insertion, 4);
    expect(artifact.numbers[1].value).toBeCloseTo(deletion, 4);
    expect(provenance.params).toMatchObject({
      method: "integrated-gradients",
      options: "steps=20; rule=riemann_middle",
    });
  });

  it("takes maps that know no target, too", async () => {
    const result = await run("vgg", "insertion-deletion", { params: { method: "eigen-cam", steps: 5 } });
    expect(result.arrays[0].values.every(Number.isFinite)).toBe(true);
  });

  it("that a panel showed in its method's place stands under the method, with the options that it had", () => {
    const before = {
      model: "file:///m.onnx",
      input: "file:///cat.png",
      technique: "insertion-deletion",
      target: { index: [3] },
      layer: "relu",
      looks: DEFAULT_LOOKS,
      params: {
        saliency: { absolute: false },
        "insertion-deletion": { method: "grad-cam", options: "relu=false; samples=4; gone=1; noise=x", steps: 20 },
      },
    };
    const now = withoutCheck(before, catalogue);
    expect(now).toMatchObject({
      technique: "grad-cam",
      target: { index: [3] },
      layer: "relu",
      reliability: ["insertion-deletion"],
      params: { saliency: { absolute: false }, "grad-cam": { relu: false } },
    });
    expect(Object.keys(now.params["grad-cam"])).toEqual(["relu", "samples"]);
    // The check's own options stay, and are asked with again.
    expect(checkState(now, "insertion-deletion", catalogue)?.params["insertion-deletion"]).toMatchObject({
      method: "grad-cam",
      options: "relu=false; samples=4",
      steps: 20,
    });
    expect(withoutCheck({ ...before, technique: "saliency" }, catalogue)).toEqual({ ...before, technique: "saliency" });
  });

  it("has a method's options, and its layer where it asks for one", () => {
    const state = {
      model: "file:///m.onnx",
      input: "file:///cat.png",
      technique: "integrated-gradients",
      target: { index: [3] },
      layer: "relu",
      looks: DEFAULT_LOOKS,
      params: {
        "integrated-gradients": { steps: 20, rule: "gausslegendre" },
        road: { noise: 0.1, method: "saliency" },
      },
    };
    const method = (id: string): (typeof catalogue)[number] => catalogue.find((one) => one.id === id)!;
    expect(checksOf(method("saliency"), catalogue).map(({ id }) => id)).toEqual(CHECKS);
    expect(checksOf(method("predictions"), catalogue)).toEqual([]);
    expect(checksOf(method("road"), catalogue)).toEqual([]);
    expect(optionsText(method("integrated-gradients"), state.params["integrated-gradients"])).toBe("steps=20");
    const checked = checkState(state, "road", catalogue)!;
    expect(checked).toMatchObject({
      technique: "road",
      target: { index: [3] },
      params: { road: { noise: 0.1, method: "integrated-gradients", options: "steps=20" } },
    });
    expect(checked.layer).toBeUndefined();
    expect(checkState({ ...state, technique: "grad-cam" }, "road", catalogue)?.layer).toBe("relu");
    expect(checkState({ ...state, technique: "predictions" }, "road", catalogue)).toBeUndefined();
    expect(
      checkState({ ...state, technique: "grad-cam", moreLayers: ["conv"] }, "road", catalogue)?.moreLayers,
    ).toEqual(["conv"]);
  });
});
