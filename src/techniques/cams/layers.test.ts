import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../../model/graph.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { catalogue } from "../catalogue.ts";
import { layersOf, tilesOf } from "../activations/layer-views.ts";
import { runJob } from "../framework/run.ts";
import { loadArchitectures } from "../../../test/reference/architectures/load.ts";
import { materialise } from "../../../test/reference/architectures/materialise.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let scratch = "";
const models = new ModelCache();
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-cam-layers-"));
});
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const numbers = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin((i + 1) * seed));
const env = { models, progress: () => undefined, signal: new AbortController().signal };
const recipe = { version: 1 as const, inputs: {} };

/** A network of the references, as files. */
async function network(name: string): Promise<{ model: string; input: string; target: number }> {
  const one = loadArchitectures().find((found) => found.name === name)!;
  return {
    model: await materialise(name, scratch),
    input: writeArray(scratch, `${name}.npy`, one.input.dims, one.input.data),
    target: one.target,
  };
}

/** LayerNormalization over the last axis as exporters wrote it before opset 17. */
function norm(from: string, to: string): Node[] {
  const axes = { axes: { type: "ints", value: [-1] } } as const;
  return [
    node("ReduceMean", [from], [`${to}.mean`], axes),
    node("Sub", [from, `${to}.mean`], [`${to}.centred`]),
    node("Mul", [`${to}.centred`, `${to}.centred`], [`${to}.squares`]),
    node("ReduceMean", [`${to}.squares`], [`${to}.variance`], axes),
    node("Add", [`${to}.variance`, "epsilon"], [`${to}.above`]),
    node("Sqrt", [`${to}.above`], [`${to}.deviation`]),
    node("Div", [`${to}.centred`, `${to}.deviation`], [`${to}.unit`]),
    node("Mul", [`${to}.unit`, "gain"], [`${to}.scaled`]),
    node("Add", [`${to}.scaled`, "shift"], [to]),
  ];
}

/**
 * One block of a transformer with separate projections and a class token, which alone is read; `last` makes the score
 * of it.
 */
function transformer(name: string, last: readonly Node[] = [node("Gemm", ["class", "d"], ["y"])]): string {
  return writeSmallModel(scratch, name, {
    opset: 17,
    inputs: { x: ["float32", 1, 3, 4, 6] },
    outputs: ["y"],
    nodes: [
      node("Conv", ["x", "w"], ["c"], { strides: { type: "ints", value: [2, 2] } }),
      node("Reshape", ["c", "flat"], ["f"]),
      node("Transpose", ["f"], ["t"], { perm: { type: "ints", value: [0, 2, 1] } }),
      node("Concat", ["token", "t"], ["tokens"], { axis: { type: "int", value: 1 } }),
      ...norm("tokens", "before"),
      ...["q", "k", "v"].flatMap((one) => [
        node("MatMul", ["before", `w${one}`], [`${one}0`]),
        node("Add", [`${one}0`, "b"], [one]),
      ]),
      node("Transpose", ["k"], ["kt"], { perm: { type: "ints", value: [0, 2, 1] } }),
      node("MatMul", ["q", "kt"], ["s"]),
      node("Softmax", ["s"], ["p"]),
      node("MatMul", ["p", "v"], ["o"]),
      node("Add", ["tokens", "o"], ["after"]),
      ...norm("after", "end"),
      node("Gather", ["end", "zero"], ["class"], { axis: { type: "int", value: 1 } }),
      ...last,
    ],
    weights: [
      weight("w", [4, 3, 2, 2], numbers(48, 1.7)),
      weight("flat", [3], [1, 4, 6], "int64"),
      weight("token", [1, 1, 4], numbers(4, 0.3)),
      weight("epsilon", [], [1e-5]),
      weight("gain", [4], [1, 0.9, 1.1, 1.2]),
      weight("shift", [4], [0.1, 0, -0.1, 0.2]),
      weight("wq", [4, 4], numbers(16, 2.1)),
      weight("wk", [4, 4], numbers(16, 1.3)),
      weight("wv", [4, 4], numbers(16, 0.7)),
      weight("b", [4], numbers(4, 1.9)),
      weight("zero", [], [0], "int64"),
      weight("d", [4, 3], numbers(12, 2.3)),
      weight("low", [], [-1]),
      weight("high", [], [1]),
    ],
  });
}

const picture = (): string => writeArray(scratch, "picture.npy", [1, 3, 4, 6], numbers(72, 0.9));
const pickedBy = (notes: readonly string[]): string | undefined =>
  notes.find((note) => note.startsWith("Layer chosen automatically"))?.match(/: (.*) \[/)?.[1];

describe("the layer that is picked by itself", () => {
  const expected: Readonly<Record<string, RegExp>> = {
    // What goes into the last attention: pytorch-grad-cam's advice.
    "vision-transformer-torchscript": /encoder_layer_1\/ln_1\/LayerNormalization_output_0$/,
    "vision-transformer-dynamo": /^layer_norm_2$/,
    "deit-torchscript": /blocks\.1\/norm1\/LayerNormalization_output_0$/,
    "deit-dynamo": /^layer_norm_2$/,
    // The patches' tokens that are averaged.
    "vit-registers-torchscript": /^\/Slice_output_0$/,
    "vit-registers-dynamo": /^slice_3$/,
    "swin-torchscript": /^\/norm\/LayerNormalization_output_0$/,
    "swin-dynamo": /^layer_norm_\d+$/,
    "mobilenet-v2-small-torchscript": /features\.\d\/features\.\d\.2\/Clip_output_0$/,
  };
  it.each(Object.keys(expected))(
    "%s: the last whose places have a gradient, for every method and the layer picker alike",
    async (name) => {
      const { model, input, target } = await network(name);
      const grad = await runOn(models, model, input, "grad-cam", { target: { index: [target] } });
      expect(pickedBy(grad.notes)).toMatch(expected[name]);
      expect(grad.arrays[0].values.some((value) => value !== 0)).toBe(true);
      expect(grad.provenance.layer).toBe(pickedBy(grad.notes));
      expect((await runOn(models, model, input, "eigen-cam")).provenance.layer).toBe(grad.provenance.layer);
      const picker = await layersOf({ model, recipe, inputs: { "": input } }, env);
      expect(picker.defaultLayer).toBe(grad.provenance.layer);
      // Feature maps begin at the other end: the first layer of these models is a convolution.
      const maps = await runOn(models, model, input, "feature-maps");
      expect(maps.notes.join(" ")).toMatch(/the first convolution(, after its activation)?\./);
      expect(maps.provenance.layer).toBe(picker.firstLayer);
      const place = picker.layers.findIndex(({ value }) => value === picker.firstLayer);
      const convolution = picker.layers.findIndex(({ operator }) => operator === "Conv");
      expect(picker.layers.slice(convolution, place + 1).map(({ operator }) => operator)).toEqual(
        ["Conv", "Clip"].slice(0, place - convolution + 1),
      );
    },
    60_000,
  );

  it.each(["torchscript", "dynamo"])(
    "of a text whose first token is read is what goes into the last attention: bert-%s",
    async (exporter) => {
      const words = resolve("test/reference/bert");
      const inputs = { input_ids: join(words, "ids.npy"), attention_mask: join(words, "mask.npy") };
      const {
        notes,
        arrays: [raw],
        views: artifacts,
      } = await runOn(models, join(words, `bert-${exporter}.onnx`), inputs, "grad-cam", {
        target: { index: [1] },
        params: { relu: false },
      });
      expect(pickedBy(notes)).toMatch(
        exporter === "dynamo" ? /^layer_norm_2$/ : /layers\.0\/second\/LayerNormalization_output_0$/,
      );
      expect(raw.dims).toEqual([12]);
      expect(artifacts[0]).toMatchObject({
        kind: "tokens",
        tokens: ["2", "17", "31", "8", "45", "9", "22", "57", "13", "3", "0", "0"],
        dims: [12],
      });
    },
  );

  it("is a decomposed normalisation's end where projections are separate, not one of them", async () => {
    const result = await runOn(models, transformer("separate.onnx"), picture(), "grad-cam");
    expect(pickedBy(result.notes)).toBe("before");
    expect(result.arrays[0].dims).toEqual([2, 3]);
    expect(result.notes).toContain("6 tokens as 2×3, without 1 class token.");
    // Later ones have a gradient, but none at the picture's places.
    const later = await runOn(models, transformer("separate.onnx"), picture(), "grad-cam", { layer: "end" });
    expect(Array.from(later.arrays[0].values)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(later.notes.join(" ")).toContain("zero everywhere");
  });

  it("does without gradients where a method does, and an operator has no rule", async () => {
    const model = transformer("no-rule.onnx", [
      node("Gemm", ["class", "d"], ["scores"]),
      node("Sigmoid", ["scores"], ["chances"]),
      node("Bernoulli", ["chances"], ["y"]),
    ]);
    await expect(runOn(models, model, picture(), "grad-cam")).rejects.toThrow(/Bernoulli/);
    const kernel = await runOn(models, model, picture(), "kpca-cam");
    expect(pickedBy(kernel.notes)).toBe("end");
    expect(kernel.arrays[0].dims).toEqual([2, 3]);
  });

  it("is said to be missing where nothing has height and width", async () => {
    const model = writeSmallModel(scratch, "dense.onnx", {
      inputs: { x: ["float32", 1, 4] },
      outputs: ["y"],
      nodes: [node("Gemm", ["x", "d"], ["h"]), node("Relu", ["h"], ["y"])],
      weights: [weight("d", [4, 3], numbers(12, 1))],
    });
    const row = writeArray(scratch, "row.npy", [1, 4], [1, 2, 3, 4]);
    for (const technique of ["grad-cam", "eigen-cam"])
      await expect(runOn(models, model, row, technique)).rejects.toThrow(
        "No layer between the input and the score has height and width larger than 1×1.",
      );
    // Feature maps have one all the same: the last hidden layer.
    expect((await layersOf({ model, recipe, inputs: { "": row } }, env)).defaultLayer).toBe("h");
    await expect(runOn(models, model, row, "grad-cam", { layer: "h" })).rejects.toThrow(
      /"h" \[1, 3\] has no height and width larger than 1×1/,
    );
  });
});

describe("tokens on a grid", () => {
  it("are what feature maps and tiles show, and what the layer picker tells the size of", async () => {
    const { model, input } = await network("vision-transformer-dynamo");
    const result = await runOn(models, model, input, "feature-maps", { layer: "layer_norm_2" });
    expect(result.arrays[0].dims).toEqual([1, 17, 32]);
    const [tiles] = result.views;
    if (tiles.kind !== "tiles") throw new Error("no tiles");
    expect([tiles.count, tiles.tileHeight, tiles.tileWidth]).toEqual([32, 4, 4]);
    expect(Array.from(tiles.tiles.slice(0, 3))).toEqual([1, 2, 3].map((token) => result.arrays[0].values[token * 32]));
    const job = {
      technique: "feature-maps",
      model,
      source: { kind: "sample" as const, inputs: { "": input } },
      recipe,
      layer: "layer_norm_2",
      params: {},
    };
    expect((await tilesOf({ job, from: 5, to: 6 }, env)).tiles).toEqual(tiles.tiles.slice(5 * 16, 6 * 16));
    const { layers } = await layersOf({ model, recipe, inputs: { "": input } }, env);
    expect(layers.find(({ value }) => value === "layer_norm_2")).toMatchObject({
      dims: [1, 17, 32],
      spatial: true,
      size: [4, 4],
    });
    expect(layers.find(({ operator }) => operator === "Softmax")).not.toHaveProperty("size");
  });

  it("may be laid otherwise", async () => {
    const { model, input, target } = await network("vision-transformer-dynamo");
    const run = (grid: string) =>
      runOn(models, model, input, "grad-cam", {
        layer: "layer_norm_2",
        target: { index: [target] },
        params: { grid, relu: false },
      });
    const [found, wide, all] = [await run("auto"), await run("2x8+1"), await run("17")];
    expect(wide.arrays[0].dims).toEqual([2, 8]);
    expect(wide.arrays[0].values).toEqual(found.arrays[0].values);
    expect(all.arrays[0].dims).toEqual([17]);
    expect((await run("3x5")).notes).toContain("15 tokens as 3×5, without 2 other tokens (2 before).");
    expect((await run("3x5+1")).notes).toContain("15 tokens as 3×5, without 2 other tokens (1 before, 1 after).");
    await expect(run("5x4+1")).rejects.toThrow('The grid 5x4+1 needs 21 tokens; "layer_norm_2" is [1, 17, 32].');
    await expect(run("wide")).rejects.toThrow(/"grid" cannot be "wide"/);
  });
});

it.each(["swin-torchscript", "swin-dynamo"])(
  "%s: its class activation map is Grad-CAM of what is pooled, times the places",
  async (name) => {
    const { model, input, target } = await network(name);
    const run = (technique: string) =>
      runOn(models, model, input, technique, { target: { index: [target] }, params: { relu: false } });
    const [cam, grad] = [await run("cam"), await run("grad-cam")];
    expect(cam.arrays[0].dims).toEqual([8, 8]);
    // Of a mean over 64 places each has a 64th of the class's weight as its gradient.
    const largest = Math.max(...cam.arrays[0].values.map(Math.abs));
    cam.arrays[0].values.forEach((value, i) =>
      expect(Math.abs(value - 64 * grad.arrays[0].values[i])).toBeLessThan(1e-4 * largest),
    );
  },
);

describe("several layers", () => {
  it("are what all class activation maps take but CAM itself, whose layer its head decides, and Guided Grad-CAM", () => {
    const maps = catalogue.filter(({ group }) => group === "cams");
    expect(maps.filter(({ needs }) => !needs.several).map(({ id }) => id)).toEqual(["cam", "guided-gradcam"]);
    // And the checks of their results.
    expect(catalogue.filter(({ needs, group }) => needs.several && group !== "cams" && group !== "checks")).toEqual([]);
    for (const { params, needs } of maps)
      expect(params.some(({ name }) => name === "grid")).toBe(needs.layer === "spatial");
  });

  it("are for maps, and one by one for everything else", async () => {
    const { model, input } = await network("resnet18-dynamo");
    const layer = ["relu_8", "relu_16"];
    const together = await runOn(models, model, input, "eigen-cam", { layer });
    expect(together.arrays[0].dims).toEqual([64, 64]);
    expect(Math.max(...together.arrays[0].values)).toBeLessThanOrEqual(1);
    for (const technique of ["guided-gradcam", "feature-maps"])
      await expect(runOn(models, model, input, technique, { layer })).rejects.toThrow(/takes one layer, not 2/);
  });

  it("need an input of their kind of space", async () => {
    const job = {
      technique: "eigen-cam",
      model: transformer("of-rows.onnx"),
      source: { kind: "sample" as const, inputs: { "": picture() } },
      recipe,
      layer: ["t", "tokens"],
      params: { grid: "6" },
    };
    await expect(runJob(job, env)).rejects.toThrow(/does not have the spatial axes of "t"/);
  });
});

it("methods that know no target say nothing of one", async () => {
  const model = transformer("softmax.onnx", [
    node("Gemm", ["class", "d"], ["scores"]),
    node("Softmax", ["scores"], ["y"]),
  ]);
  for (const technique of ["eigen-cam", "kpca-cam", "feature-maps"]) {
    const { notes, provenance } = await runOn(models, model, picture(), technique);
    expect(notes.join(" "), technique).not.toContain("Softmax");
    expect(provenance.score, technique).toBeUndefined();
  }
  expect((await runOn(models, model, picture(), "grad-cam")).notes.join(" ")).toContain("before Softmax");
});
