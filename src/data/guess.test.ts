import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { LayerDescription, ModelDescription, ValueDescription } from "../protocol/model.ts";
import type { InputRecipe } from "../protocol/recipe.ts";
import { describeClasses, readClasses } from "./classes.ts";
import { guessRecipe } from "./guess.ts";
import { validateRecipe } from "./validate.ts";

let folder = "";
const folders: string[] = [];
beforeEach(() => folders.push((folder = mkdtempSync(path.join(tmpdir(), "guess-")))));
afterAll(() => folders.forEach((one) => rmSync(one, { recursive: true })));

const beside = (name: string, content: unknown): void =>
  writeFileSync(path.join(folder, name), typeof content === "string" ? content : JSON.stringify(content));

function model(input: Partial<ValueDescription>, overrides: Partial<ModelDescription> = {}): ModelDescription {
  return {
    path: path.join(folder, "net.onnx"),
    name: "net.onnx",
    format: "onnx",
    producer: "",
    producerVersion: "",
    irVersion: 8,
    modelVersion: 0,
    domain: "",
    doc: "",
    opsets: { "": 17 },
    metadata: {},
    graphName: "",
    inputs: [{ name: "x", type: "float32", ...input }],
    outputs: [{ name: "y", type: "float32", dims: [1, 10] }],
    layers: [],
    constants: 0,
    parameters: 0,
    parameterTypes: [],
    operators: [],
    size: { file: 0, external: 0 },
    functions: [],
    problems: [],
    stamp: "",
    ...overrides,
  };
}

async function guess(
  description: ModelDescription,
  constants?: Readonly<Record<string, readonly number[]>>,
): Promise<{ input: InputRecipe; why: string; classes: readonly string[] }> {
  const report = await guessRecipe(description, constants && (async (name) => constants[name]));
  // What is guessed must be what a file may hold.
  expect(validateRecipe(JSON.parse(JSON.stringify(report.recipe)), "guess")).toEqual(report.recipe);
  return {
    input: report.recipe.inputs[description.inputs[0].name],
    why: report.reasons.join("\n"),
    classes: report.classes,
  };
}

describe("by shape", () => {
  test.each<[string, Partial<ValueDescription>, object]>([
    ["NCHW", { dims: ["N", 3, 96, 64] }, { kind: "image", layout: "nchw", channels: "rgb", size: [96, 64] }],
    ["NHWC", { dims: [null, 299, 299, 3] }, { kind: "image", layout: "nhwc", channels: "rgb", size: [299, 299] }],
    ["grey", { dims: [1, 1, 28, 28] }, { kind: "image", layout: "nchw", channels: "gray", size: [28, 28] }],
    ["grey, channels last", { dims: [1, 28, 28, 1] }, { kind: "image", layout: "nhwc", channels: "gray" }],
    ["no batch axis", { dims: [3, 64, 64] }, { kind: "image", layout: "nchw", channels: "rgb", size: [64, 64] }],
    ["any size", { dims: ["batch", 3, "h", "w"] }, { kind: "image", size: [224, 224] }],
    ["one side fixed", { dims: [1, 3, 320, "w"] }, { kind: "image", size: [320, 320] }],
    [
      "all symbols",
      { dims: ["batch", "channels", "height", "width"] },
      { kind: "image", layout: "nchw", channels: "rgb" },
    ],
    ["bytes", { type: "uint8", dims: [1, 224, 224, 3] }, { kind: "image", scale: 1, mean: [0] }],
    ["an image by name only", { name: "image" }, { kind: "image", size: [224, 224] }],
    ["a row", { dims: ["N", 4] }, { kind: "row" }],
    ["a vector", { dims: [7] }, { kind: "row" }],
    ["many channels", { dims: [1, 64, 56, 56] }, { kind: "array" }],
    ["a sequence", { dims: [1, 128, 80] }, { kind: "array" }],
    ["a video", { dims: [1, 3, 16, 112, 112] }, { kind: "array" }],
    ["tokens without a tokenizer", { name: "input_ids", type: "int64", dims: ["N", "L"] }, { kind: "array" }],
    ["a sequence type", { type: "sequence(float32)" }, { kind: "array" }],
    ["nothing known", {}, { kind: "array" }],
    ["a scalar", { dims: [] }, { kind: "array" }],
  ])("%s", async (_, input, expected) => expect((await guess(model(input))).input).toMatchObject(expected));

  test("what was assumed is said", async () => {
    const { why } = await guess(model({ dims: ["N", "C", "H", "W"] }));
    expect(why).toMatch(/assumed, because its channels are not fixed/);
    expect(why).toMatch(/224×224, because the model takes any size/);
    expect(why).toMatch(/values from 0 to 1, which is assumed/);
  });

  test("1000 classes of RGB pictures are ImageNet's", async () => {
    const { input, why } = await guess(
      model({ dims: [1, 3, 224, 224] }, { outputs: [{ name: "y", type: "float32", dims: ["N", 1000] }] }),
    );
    expect(input).toMatchObject({
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      cropFraction: 0.875,
      scale: 1 / 255,
    });
    expect(why).toContain("ImageNet");
  });
});

describe("by a normalization at the graph's front", () => {
  const layer = (index: number, operator: string, inputs: string[], output: string): LayerDescription => ({
    index,
    name: `${operator}${index}`,
    operator,
    domain: "",
    parameters: 0,
    inputs,
    outputs: [output],
  });
  const outputs = [{ name: "y", type: "float32", dims: [1, 1000] }];
  const dims = [1, 3, 224, 224];
  const subDiv = [
    layer(0, "Cast", ["x"], "a"),
    layer(1, "Sub", ["a", "mean"], "b"),
    layer(2, "Div", ["b", "std"], "c"),
    layer(3, "Conv", ["c", "w"], "y"),
  ];

  test("(x − 123.7) / 58.4 expects bytes", async () => {
    const { input, why } = await guess(model({ dims }, { layers: subDiv, outputs }), { mean: [123.7], std: [58.4] });
    expect(input).toMatchObject({ scale: 1, mean: [0], std: [1] });
    expect(why).toContain("Sub, Div");
  });
  test("(x − 0.485) / 0.229 expects values from 0 to 1", async () => {
    const { input } = await guess(model({ dims }, { layers: subDiv, outputs }), { mean: [0.485], std: [0.229] });
    expect(input).toMatchObject({ scale: 1 / 255, mean: [0], std: [1] });
  });
  test("x / 255 expects bytes; x · 2 − 1 values from 0 to 1", async () => {
    const div = [layer(0, "Div", ["x", "k"], "a"), layer(1, "Conv", ["a", "w"], "y")];
    expect((await guess(model({ dims }, { layers: div, outputs }), { k: [255] })).input).toMatchObject({ scale: 1 });
    const mulSub = [
      layer(0, "Mul", ["x", "k"], "a"),
      layer(1, "Sub", ["a", "one"], "b"),
      layer(2, "Conv", ["b", "w"], "y"),
    ];
    expect((await guess(model({ dims }, { layers: mulSub, outputs }), { k: [2], one: [1] })).input).toMatchObject({
      scale: 1 / 255,
      mean: [0],
    });
    expect((await guess(model({ dims }, { layers: mulSub, outputs }), { k: [2 / 255], one: [1] })).input).toMatchObject(
      { scale: 1, mean: [0] },
    );
  });
  test("constants that were not read leave an assumption, and it is said", async () => {
    const { input, why } = await guess(model({ dims }, { layers: subDiv, outputs }));
    expect(input).toMatchObject({ scale: 1 / 255, mean: [0], std: [1] });
    expect(why).toContain("which is assumed");
  });
  test("a product of two values, or one that is used twice, is no normalization", async () => {
    const gate = [layer(0, "Sigmoid", ["x"], "s"), layer(1, "Mul", ["x", "s"], "m")];
    expect((await guess(model({ dims }, { layers: gate, outputs }))).input).toMatchObject({
      mean: [0.485, 0.456, 0.406],
    });
  });
  test("a graph that goes round in circles ends", async () => {
    const circle = [layer(0, "Cast", ["x"], "a"), layer(1, "Identity", ["a"], "x")];
    expect((await guess(model({ dims }, { layers: circle, outputs }))).input.kind).toBe("image");
  });
});

describe("by files beside the model", () => {
  const dims = [1, 3, "h", "w"];
  const half = [0.5, 0.5, 0.5];
  test("preprocessor_config.json: ViT stretches", async () => {
    beside("preprocessor_config.json", {
      do_normalize: true,
      do_resize: true,
      image_mean: half,
      image_std: half,
      size: { height: 384, width: 256 },
      resample: 2,
    });
    const { input, why } = await guess(model({ dims }));
    expect(input).toMatchObject({
      size: [384, 256],
      fit: "stretch",
      interpolation: "bilinear",
      mean: half,
      std: half,
      scale: 1 / 255,
    });
    expect(why).toContain("from preprocessor_config.json");
  });
  test("preprocessor_config.json: CLIP crops", async () => {
    beside("preprocessor_config.json", {
      do_center_crop: true,
      crop_size: 224,
      size: 256,
      resample: 3,
      image_mean: half,
      image_std: half,
      rescale_factor: 1 / 127.5,
    });
    expect((await guess(model({ dims }))).input).toMatchObject({
      size: [224, 224],
      fit: "resize-crop",
      cropFraction: 0.875,
      interpolation: "bicubic",
      scale: 1 / 127.5,
    });
  });
  test("preprocessor_config.json: what is switched off is off", async () => {
    beside("preprocessor_config.json", {
      do_normalize: false,
      do_rescale: false,
      image_mean: half,
      image_std: half,
      size: { shortest_edge: 100 },
    });
    expect((await guess(model({ dims }))).input).toMatchObject({
      size: [100, 100],
      fit: "center-crop",
      mean: [0],
      std: [1],
      scale: 1,
    });
  });
  test("the model's own size wins", async () => {
    beside("preprocessor_config.json", { image_mean: [0.5], image_std: [0.5], size: 384 });
    expect((await guess(model({ dims: [1, 3, 32, 48] }))).input).toMatchObject({ size: [32, 48] });
  });
  test("timm's config.json", async () => {
    beside("config.json", {
      pretrained_cfg: { mean: half, std: half, crop_pct: 0.95, interpolation: "bicubic", input_size: [3, 288, 288] },
    });
    expect((await guess(model({ dims }))).input).toMatchObject({
      size: [288, 288],
      cropFraction: 0.95,
      interpolation: "bicubic",
      mean: half,
    });
  });
  test.each([
    "nonsense",
    "[1,2]",
    '{"image_mean":"x","size":{"height":-1}}',
    '{"image_mean":[1e999,1,1],"image_std":null,"crop_size":[[]]}',
  ])("a hostile preprocessor_config.json costs only its hints: %s", async (content) => {
    beside("preprocessor_config.json", content);
    expect((await guess(model({ dims }))).input).toMatchObject({ kind: "image", size: [224, 224] });
  });

  test("class names: the list whose length is the output's", async () => {
    beside("labels.txt", "a\nb\n");
    beside(
      "other-classes.json",
      Array.from({ length: 10 }, (_, i) => `class ${i}`),
    );
    const { classes, why } = await guess(model({ dims }));
    expect(classes[9]).toBe("class 9");
    expect(why).toContain("Class names from other-classes.json.");
  });
  test("class names: config.json's id2label", async () => {
    beside("config.json", { id2label: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i, `c${i}`])) });
    expect((await guess(model({ dims }))).classes.slice(0, 2)).toEqual(["c0", "c1"]);
  });
  test.each<[string, unknown, string]>([
    ["labels.txt", "a\nb\nc\n", "labels.txt has 3 class names, but the model's first output has 10 values"],
    ["labels.json", "{bad", 'The class names in "labels.json" could not be used: This is not JSON'],
    ["labels.txt", Buffer.from("gr\xfcn\n", "latin1"), "This is not text in UTF-8, but text in another encoding"],
    [
      "config.json",
      { id2label: { 1: "a", 2: "b" } },
      'config.json has 3 class names, but the model\'s first output has 10 values: they are not used. "config.json" has no name for class 0.',
    ],
  ])("class names that could not be used are said, whatever the input's file: %s", async (name, content, problem) => {
    if (Buffer.isBuffer(content)) writeFileSync(path.join(folder, name), content);
    else beside(name, content);
    const report = await guessRecipe(model({ dims }));
    expect(report.classes).toEqual([]);
    expect(report.problems?.join("\n")).toContain(problem);
  });
  test("class names by a table that the recipe names", async () => {
    beside("labels.csv", 'index,label\n1,"dog, big"\n0,cat\n');
    expect((await readClasses("labels.csv", path.join(folder, "net.onnx"))).classes).toEqual(["cat", "dog, big"]);
  });
  test("a file of class names is described by its first names, their count, and what was assumed", async () => {
    beside("labels.csv", `index,label\n${Array.from({ length: 7 }, (_, i) => `${i},name ${i}`).join("\n")}`);
    const net = path.join(folder, "net.onnx");
    expect(await describeClasses("labels.csv", net)).toEqual({
      count: 7,
      first: ["name 0", "name 1", "name 2", "name 3", "name 4"],
      notes: [expect.stringContaining("label")],
    });
    expect(await describeClasses("gone.txt", net)).toMatchObject({
      count: 0,
      problem: 'The class names file "gone.txt" is not beside the model.',
    });
    expect((await describeClasses("../labels.csv", net)).problem).toContain("outside the model's folder");
  });
  test("the file named after the model goes first", async () => {
    beside("labels.txt", Array.from({ length: 10 }, (_, i) => `other ${i}`).join("\n"));
    beside("net.labels.txt", Array.from({ length: 10 }, (_, i) => `own ${i}`).join("\n"));
    expect((await guess(model({ dims }))).classes[0]).toBe("own 0");
  });
});

describe("a signal's sampling rate", () => {
  const signal = { dims: ["N", 1, 4000] };
  test.each([
    ["sample_rate", "16000", 16000],
    ["sampling_rate", "125 Hz", 125],
    ["fs", "44.1kHz", 44100],
    ["x.sampling_rate", "8e3", 8000],
  ])("is in the metadata as %s = %s", async (key, text, rate) => {
    const { input, why } = await guess(model(signal, { metadata: { [key]: text } }));
    expect(input).toEqual({ kind: "array", rate });
    expect(why).toContain(`Input "x": a signal (.npy) with ${rate} samples per second, from the model's metadata`);
  });

  test.each(["", "fast", "0", "-8000", "1/0"])("is not %j", async (text) => {
    expect((await guess(model(signal, { metadata: { sample_rate: text } }))).input).toEqual({ kind: "array" });
  });

  test("is in the feature extractor's file, where it takes the wave itself", async () => {
    beside("preprocessor_config.json", { sampling_rate: 16000, feature_size: 1 });
    const { input, why } = await guess(model({ dims: ["N", "T"] }));
    expect(input).toEqual({ kind: "array", rate: 16000 });
    expect(why).toContain("preprocessor_config.json (sampling_rate)");
    beside("preprocessor_config.json", { sampling_rate: 16000, feature_size: 80, hop_length: 160 });
    expect((await guess(model({ dims: ["N", 80, 3000] }))).input).toEqual({ kind: "array" });
  });

  test("is no picture's", async () => {
    const { input } = await guess(model({ dims: ["N", 3, 8, 8] }, { metadata: { sample_rate: "16000" } }));
    expect(input.kind).toBe("image");
  });
});

describe("by the model's metadata", () => {
  test("Ultralytics: letterboxed, names as a Python dictionary", async () => {
    const names = "{0: 'person', 1: \"driver's seat\", 2: 'it\\'s'}";
    const metadata = { author: "Ultralytics", imgsz: "[640, 480]", stride: "32", task: "detect", names };
    const { input, classes } = await guess(model({ dims: [1, 3, "h", "w"] }, { metadata }));
    expect(input).toMatchObject({ size: [640, 480], fit: "pad", fill: 114, mean: [0], std: [1], scale: 1 / 255 });
    expect(classes).toEqual(["person", "driver's seat", "it's"]);
  });
  test("mean and std in bytes", async () => {
    const metadata = { mean: "[123.7, 116.3, 103.5]", std: "58.4,57.1,57.4", color_space: "BGR" };
    expect((await guess(model({ dims: [1, 3, 8, 8] }, { metadata }))).input).toMatchObject({
      scale: 1,
      mean: [123.7, 116.3, 103.5],
      std: [58.4, 57.1, 57.4],
      channels: "bgr",
    });
  });
});

describe("text", () => {
  test.each([
    ["input_ids", "ids"],
    ["attention_mask", "attention-mask"],
    ["token_type_ids", "type-ids"],
    ["position_ids", "positions"],
  ])("%s is %s", async (name, part) => {
    beside("tokenizer.json", {});
    beside("tokenizer_config.json", { model_max_length: 128 });
    expect((await guess(model({ name, type: "int64", dims: ["N", "L"] }))).input).toEqual({
      kind: "text",
      tokenizer: "tokenizer.json",
      maxLength: 128,
      part,
    });
  });
  test("a fixed length is the longest", async () => {
    beside("tokenizer.json", {});
    expect((await guess(model({ name: "input_ids", type: "int32", dims: [1, 64] }))).input).toMatchObject({
      maxLength: 64,
    });
  });
});

describe("a model in the folder onnx of a Hugging Face repository", () => {
  const inOnnx = (name = "onnx"): ModelDescription => {
    mkdirSync(path.join(folder, name), { recursive: true });
    return model(
      { name: "input_ids", type: "int64", dims: ["N", "L"] },
      { path: path.join(folder, name, "model.onnx"), outputs: [{ name: "logits", type: "float32", dims: ["N", 2] }] },
    );
  };

  test("takes tokenizer, class names and longest text from the folder above, and says so", async () => {
    beside("tokenizer.json", {});
    beside("tokenizer_config.json", { model_max_length: 77 });
    beside("config.json", { id2label: { 0: "bad", 1: "good" } });
    const { input, why, classes } = await guess(inOnnx());
    expect(input).toEqual({ kind: "text", tokenizer: "../tokenizer.json", maxLength: 77, part: "ids" });
    expect(why).toContain("ids of ../tokenizer.json, at most 77 tokens");
    expect(why).toContain("Class names from ../config.json.");
    expect(classes).toEqual(["bad", "good"]);
  });
  test("takes what lies beside it first", async () => {
    const description = inOnnx();
    for (const name of ["config.json", "onnx/config.json"]) beside(name, { id2label: { 0: name, 1: "other" } });
    expect((await guess(description)).classes).toEqual(["onnx/config.json", "other"]);
  });
  test("takes a picture's preprocessing from there", async () => {
    const description = { ...inOnnx(), inputs: [{ name: "pixel_values", type: "float32", dims: [1, 3, "h", "w"] }] };
    beside("preprocessor_config.json", {
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      size: { height: 32, width: 48 },
    });
    const { input, why } = await guess(description);
    expect(input).toMatchObject({ size: [32, 48], mean: [0.5, 0.5, 0.5] });
    expect(why).toContain("from ../preprocessor_config.json");
  });
  test("takes nothing else from there, nothing from above a folder of another name, and nothing through links that lead away", async () => {
    beside("labels.txt", "bad\ngood\n");
    beside("tokenizer.json", {});
    expect((await guess(inOnnx())).classes).toEqual([]);
    expect((await guess(inOnnx("models"))).input).toEqual({ kind: "array" });
    const [elsewhere] = folders;
    writeFileSync(path.join(elsewhere, "secret.json"), JSON.stringify({ id2label: { 0: "a", 1: "b" } }));
    symlinkSync(path.join(elsewhere, "secret.json"), path.join(folder, "config.json"));
    writeFileSync(path.join(folder, "onnx", "model.onnx"), "");
    const { why, classes } = await guess(inOnnx());
    expect(classes).toEqual([]);
    expect(why).toContain("is outside the model's folder");
  });
});
