import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadRecipe } from "../../data/index.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { runJob } from "./run.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-bad-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const efficientnet = resolve("samples/efficientnet-lite0.onnx");
const dense = { inputs: { x: ["float32", 1, 4] as const }, outputs: ["y"], nodes: [node("MatMul", ["x", "w"], ["y"])] };

describe("what cannot be run says why and where", () => {
  it("a target out of range", async () => {
    const model = writeSmallModel(folder, "dense.onnx", {
      ...dense,
      weights: [
        weight(
          "w",
          [4, 3],
          Array.from({ length: 12 }, (_, i) => i),
        ),
      ],
    });
    const input = writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]);
    await expect(runOn(models, model, input, "saliency", { target: { index: [3] } })).rejects.toThrow(
      /target 3 is out of range.*"y" has 3 entries.*0 to 2/,
    );
    await expect(runOn(models, model, input, "saliency", { target: { index: [0, 1] } })).rejects.toThrow(
      /needs 1, without the batch axis/,
    );
    await expect(runOn(models, model, input, "saliency", { target: { output: "z" } })).rejects.toThrow(/no output "z"/);
  });

  it("an array of another shape, naming both", async () => {
    const model = writeSmallModel(folder, "dense.onnx", {
      ...dense,
      weights: [weight("w", [4, 3], new Array(12).fill(1))],
    });
    await expect(
      runOn(models, model, writeArray(folder, "long.npy", [1, 5], [1, 2, 3, 4, 5]), "predictions"),
    ).rejects.toThrow(/5.*4/s);
  });

  it("a model of integers that it does not look up", async () => {
    const model = writeSmallModel(folder, "numbers.onnx", {
      inputs: { ids: ["int64", 1, 2] },
      outputs: ["y"],
      weights: [weight("w", [2, 2], [1, 2, 3, 4])],
      nodes: [node("Cast", ["ids"], ["x"], { to: { type: "int", value: 1 } }), node("MatMul", ["x", "w"], ["y"])],
    });
    const input = writeArray(folder, "ids.npy", [1, 2], [3, 1], "int64");
    await expect(runOn(models, model, input, "saliency")).rejects.toThrow(
      /"ids" is int64: only float inputs have a gradient/,
    );
    expect((await runOn(models, model, input, "predictions")).views[0].kind).toBe("bars");
  });

  it("an operator of a domain that is not known, while the structure can be read", async () => {
    const model = writeSmallModel(folder, "custom.onnx", {
      ...dense,
      nodes: [node("Frobnicate", ["x"], ["y"], {}, "com.example")],
      domains: { "com.example": 1 },
    });
    expect((await models.get(model)).description.operators).toEqual([{ operator: "com.example.Frobnicate", count: 1 }]);
    await expect(
      runOn(models, model, writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]), "predictions"),
    ).rejects.toThrow(/Frobnicate/);
  });

  it("an opset that ONNX Runtime does not run yet, while the structure can be read", async () => {
    const model = writeSmallModel(folder, "new.onnx", {
      ...dense,
      opset: 28,
      weights: [weight("w", [4, 3], new Array(12).fill(1))],
    });
    expect((await models.get(model)).description.opsets).toEqual({ "": 28 });
    await expect(
      runOn(models, model, writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]), "predictions"),
    ).rejects.toThrow(/opset 28.*supports up to 26.*can be inspected/);
  });

  it("a gradient that is infinite although every layer's output is finite: where it began", async () => {
    const model = writeSmallModel(folder, "root.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [weight("w", [2, 1], [1, 1])],
      nodes: [node("Abs", ["x"], ["size"]), node("Sqrt", ["size"], ["root"]), node("MatMul", ["root", "w"], ["y"])],
    });
    await expect(
      runOn(models, model, writeArray(folder, "zero.npy", [1, 2], [0, 4]), "saliency", { target: { index: [0] } }),
    ).rejects.toThrow(
      /All layer outputs are finite; in the backward pass, the gradient is first infinite at the output of Abs_size \(Abs\)/,
    );
  });

  it("a gradient that is zero everywhere: where it began", async () => {
    const model = writeSmallModel(folder, "off.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [weight("w", [2, 2], [1, 1, 1, 1]), weight("v", [2, 1], [1, 2])],
      nodes: [node("MatMul", ["x", "w"], ["h"]), node("Relu", ["h"], ["r"]), node("MatMul", ["r", "v"], ["y"])],
    });
    const { notes } = await runOn(models, model, writeArray(folder, "negative.npy", [1, 2], [-1, -4]), "saliency", {
      target: { index: [0] },
    });
    expect(notes.join(" ")).toMatch(
      /zero everywhere for this input.*first zero everywhere at the output of MatMul_h \(MatMul\)/,
    );
  });

  it("NaN in the weights", async () => {
    const model = writeSmallModel(folder, "nan.onnx", {
      ...dense,
      weights: [weight("w", [4, 3], [NaN, ...new Array(11).fill(1)])],
    });
    await expect(
      runOn(models, model, writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]), "saliency", { target: { index: [0] } }),
    ).rejects.toThrow(/not a number \(NaN\).*first layer whose output is not a number \(NaN\) is MatMul_/);
  });

  it("an operator without a gradient rule, named with its node", async () => {
    const model = writeSmallModel(folder, "norule.onnx", {
      ...dense,
      opset: 17,
      outputs: ["y"],
      nodes: [node("Bernoulli", ["x"], ["drawn"]), node("MatMul", ["drawn", "w"], ["y"])],
      weights: [weight("w", [4, 3], new Array(12).fill(1))],
    });
    await expect(runOn(models, model, writeArray(folder, "p.npy", [1, 4], [0, 1, 0, 1]), "saliency")).rejects.toThrow(
      /Bernoulli.*Bernoulli_drawn/,
    );
  });

  it("a number outside the table that it looks up", async () => {
    const model = writeSmallModel(folder, "lookup.onnx", {
      inputs: { ids: ["int64", 1, 2] },
      outputs: ["y"],
      nodes: [
        node("Gather", ["table", "ids"], ["rows"]),
        node("ReduceMean", ["rows"], ["m"], {
          axes: { type: "ints", value: [1] },
          keepdims: { type: "int", value: 0 },
        }),
        node("Identity", ["m"], ["y"]),
      ],
      weights: [
        weight(
          "table",
          [9, 3],
          Array.from({ length: 27 }, (_, i) => i),
        ),
      ],
    });
    await expect(
      runOn(models, model, writeArray(folder, "outside.npy", [1, 2], [3, 11], "int64"), "predictions"),
    ).rejects.toThrow(/the index 11 is out of range for a table of 9 rows, 0 to 8/);
  });

  it("a score that does not depend on the input", async () => {
    const model = writeSmallModel(folder, "independent.onnx", {
      ...dense,
      nodes: [
        node("Shape", ["x"], ["s"]),
        node("Cast", ["s"], ["f"], { to: { type: "int", value: 1 } }),
        node("MatMul", ["f", "w"], ["y"]),
      ],
      weights: [weight("w", [2, 3], [1, 2, 3, 4, 5, 6])],
    });
    await expect(
      runOn(models, model, writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]), "saliency", { target: { index: [0] } }),
    ).rejects.toThrow(/does not depend on "x"/);
  });

  it("a picture that is not one, and one that is cut short", async () => {
    const { recipe } = await loadRecipe((await models.get(efficientnet)).description);
    const run = (input: string) =>
      runJob(
        {
          technique: "predictions",
          model: efficientnet,
          source: { kind: "sample", inputs: { "": input } },
          recipe,
          params: {},
        },
        { models, progress: () => undefined, signal: new AbortController().signal },
      );
    writeFileSync(join(folder, "text.png"), "this is not a picture");
    await expect(run(join(folder, "text.png"))).rejects.toThrow(/picture/i);
    writeFileSync(join(folder, "empty.png"), "");
    await expect(run(join(folder, "empty.png"))).rejects.toThrow(/empty/i);
    await expect(run(join(folder, "missing.png"))).rejects.toThrow(/no such file|does not exist/i);
  });

  it("a layer that does not exist, or has no space", async () => {
    const { recipe } = await loadRecipe((await models.get(efficientnet)).description);
    const run = (layer: string) =>
      runJob(
        {
          technique: "grad-cam",
          model: efficientnet,
          source: { kind: "sample", inputs: { "": resolve("samples/cat.png") } },
          recipe,
          layer,
          params: {},
        },
        { models, progress: () => undefined, signal: new AbortController().signal },
      );
    await expect(run("no-such-layer")).rejects.toThrow(/no layer "no-such-layer"/);
    await expect(run("/_avg_pooling/GlobalAveragePool")).rejects.toThrow(/no height and width larger than 1×1/);
  });

  it("parameters that are not the technique's, or out of range", async () => {
    const { recipe } = await loadRecipe((await models.get(efficientnet)).description);
    const run = (params: Record<string, string | number>) =>
      runJob(
        {
          technique: "saliency",
          model: efficientnet,
          source: { kind: "sample", inputs: { "": resolve("samples/cat.png") } },
          recipe,
          params,
        },
        { models, progress: () => undefined, signal: new AbortController().signal },
      );
    await expect(run({ nosie: 1 })).rejects.toThrow(/no parameter "nosie"/);
    await expect(run({ samples: -1 })).rejects.toThrow(/"samples" is -1; it must be from 0 to 1000/);
    await expect(run({ absolute: "maybe" })).rejects.toThrow(/true or false/);
  });

  it("a run that is cancelled between noisy copies", async () => {
    const { recipe } = await loadRecipe((await models.get(efficientnet)).description);
    const controller = new AbortController();
    const running = runJob(
      {
        technique: "saliency",
        model: efficientnet,
        source: { kind: "sample", inputs: { "": resolve("samples/cat.png") } },
        recipe,
        params: { samples: 500 },
      },
      {
        models,
        signal: controller.signal,
        progress: ({ text }) => {
          if (text.startsWith("Noisy copy 2")) controller.abort();
        },
      },
    );
    await expect(running).rejects.toThrow(/abort/i);
  });
});

describe("samples that take other branches of an If", () => {
  it("each get the gradient of their own branch", async () => {
    const branch = (factor: number, name: string) => ({
      name,
      inputs: [],
      outputs: [{ name, type: { kind: "unknown" as const } }],
      sparseInitializers: [],
      valueInfo: [],
      nodes: [node("Mul", ["x", `${name}_factor`], [name])],
      initializers: [weight(`${name}_factor`, [], [factor])],
    });
    const model = writeSmallModel(folder, "if.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [weight("zero", [], [0])],
      nodes: [
        node("ReduceSum", ["x"], ["sum"], { keepdims: { type: "int", value: 0 } }),
        node("Greater", ["sum", "zero"], ["positive"]),
        node("If", ["positive"], ["y"], {
          then_branch: { type: "graph", value: branch(2, "then") },
          else_branch: { type: "graph", value: branch(5, "else") },
        }),
      ],
    });
    const slope = async (name: string, numbers: number[]) =>
      (await runOn(models, model, writeArray(folder, name, [1, 2], numbers), "saliency", { target: { index: [0] } }))
        .arrays[0].values;
    expect([...(await slope("up.npy", [1, 2]))]).toEqual([2, 0]);
    expect([...(await slope("down.npy", [-1, -2]))]).toEqual([5, 0]);
    expect([...(await slope("up.npy", [1, 2]))]).toEqual([2, 0]);
  });
});

describe("weights that exporters share through Identity", () => {
  it("are the same bytes under both names, half precision included", async () => {
    const numbers = Array.from({ length: 16 }, (_, i) => Math.cos(i));
    for (const type of ["float32", "float16"] as const) {
      const model = writeSmallModel(folder, "shared.onnx", {
        inputs: { x: ["float32", 1, 4] },
        outputs: ["y"],
        weights: [weight("a", [4, 4], numbers, type)],
        nodes: [
          node("Identity", ["a"], ["b"]),
          node("Cast", ["a"], ["a32"], { to: { type: "int", value: 1 } }),
          node("Cast", ["b"], ["b32"], { to: { type: "int", value: 1 } }),
          node("MatMul", ["x", "a32"], ["h"]),
          node("MatMul", ["h", "b32"], ["y"]),
        ],
      });
      const {
        arrays: [raw],
      } = await runOn(models, model, writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]), "saliency", {
        target: { index: [2] },
        params: { absolute: false },
      });
      // d(x·A·A)[2]/dx = A · (column 2 of A)
      for (let i = 0; i < 4; i++) {
        const expected = [0, 1, 2, 3].reduce((sum, k) => sum + numbers[4 * i + k] * numbers[4 * k + 2], 0);
        expect(raw.values[i]).toBeCloseTo(expected, type === "float32" ? 5 : 2);
      }
    }
  });
});

describe("models in half precision", () => {
  it("have the gradient of the same model in float32", async () => {
    const numbers = Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const nodes = [node("MatMul", ["x", "w"], ["h"]), node("Sigmoid", ["h"], ["y"])];
    const full = writeSmallModel(folder, "full.onnx", { ...dense, nodes, weights: [weight("w", [4, 3], numbers)] });
    const half = writeSmallModel(folder, "half.onnx", {
      inputs: { x: ["float16", 1, 4] },
      outputs: ["y"],
      nodes,
      weights: [weight("w", [4, 3], numbers, "float16")],
    });
    const input = writeArray(folder, "x.npy", [1, 4], [0.5, -0.25, 1, 0.125]);
    const [expected, ours] = [
      await runOn(models, full, input, "saliency", { target: { index: [1] } }),
      await runOn(models, half, input, "saliency", { target: { index: [1] } }),
    ];
    ours.arrays[0].values.forEach((value, i) => expect(value).toBeCloseTo(expected.arrays[0].values[i], 3));
    expect(ours.notes.join()).toContain("before Sigmoid");
  });
});

describe("quantised models", () => {
  it("say that their gradients are straight-through estimates", async () => {
    const model = writeSmallModel(folder, "qdq.onnx", {
      ...dense,
      weights: [
        weight(
          "w",
          [4, 3],
          Array.from({ length: 12 }, (_, i) => i / 10),
        ),
        weight("scale", [], [0.05]),
        weight("zero", [], [0], "int8"),
      ],
      nodes: [
        node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        node("MatMul", ["d", "w"], ["y"]),
      ],
    });
    const {
      arrays: [raw],
      notes,
    } = await runOn(models, model, writeArray(folder, "x.npy", [1, 4], [1, 2, 3, 4]), "saliency", {
      target: { index: [1] },
    });
    // Inside the clipping range the gradient passes as if nothing were rounded: column 1 of the weights.
    [0.1, 0.4, 0.7, 1].forEach((expected, i) => expect(raw.values[i]).toBeCloseTo(expected, 5));
    expect(notes.join(" ")).toMatch(/straight-through/);
  });
});
