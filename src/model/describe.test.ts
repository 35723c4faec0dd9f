import { basename } from "node:path";
import { afterAll, beforeAll, describe as group, expect, test } from "vitest";
import {
  EFFICIENTNET,
  onnxFile,
  rawModel,
  rawNode,
  rawValue,
  temporaryFolder,
} from "../../test/reference/onnx-files/index.ts";
import type { ModelDescription } from "../protocol/model.ts";
import { describe, layerDetails } from "./describe.ts";
import { openModel, type OpenModel } from "./open.ts";

const folder = temporaryFolder();

group("EfficientNet-Lite0 (counts made in Python with onnx.load)", () => {
  let open: OpenModel;
  let description: ModelDescription;
  beforeAll(async () => {
    open = await openModel(EFFICIENTNET);
    description = describe(open);
  });
  afterAll(() => open.close());

  test("what it is", () => {
    expect(description).toMatchObject({
      name: "efficientnet-lite0.onnx",
      format: "onnx",
      producer: "pytorch",
      producerVersion: "2.15.0",
      irVersion: 8,
      opsets: { "": 17 },
      graphName: "main_graph",
      inputs: [{ name: "images", type: "float32", dims: ["N", 3, 224, 224] }],
      outputs: [{ name: "logits", type: "float32", dims: ["N", 1000] }],
      constants: 222,
      size: { file: 18614602, external: 0 },
      functions: [],
      problems: [],
    });
    expect(description.layers).toHaveLength(234);
    // 4,631,000 in initializers, and 83 float scalars in Constants.
    expect(description.parameters).toBe(4631083);
    expect(description.operators.slice(0, 4)).toEqual([
      {
        operator: "Conv",
        count: 49,
        family: "convolution",
        line: "Slides filters over the input: weighted sums of windows.",
      },
      { operator: "Reshape", count: 35, family: "shape", line: "The same elements in another shape." },
      { operator: "Clip", count: 33, family: "activation", line: "Limits values to between a minimum and a maximum." },
      { operator: "Concat", count: 18, family: "shape", line: "Joins tensors along an axis." },
    ]);
  });

  test("its layers, with shapes that the file does not give", () => {
    // PyTorch's shapes of the same network: a stem of stride 2, 7 x 7 at the head.
    const layer = (name: string) => description.layers.find((candidate) => candidate.name === name);
    expect(layer("/_conv_stem/Conv")).toMatchObject({
      operator: "Conv",
      outputDims: ["N", 32, 112, 112],
      parameters: 32 * 3 * 3 * 3 + 32,
    });
    expect(layer("/_conv_head/Conv")).toMatchObject({ outputDims: ["N", 1280, 7, 7], parameters: 1280 * 320 + 1280 });
    expect(layer("/_fc/Gemm")).toMatchObject({ outputDims: ["N", 1000], parameters: 1281000 });
    expect(description.layers.every((candidate) => candidate.outputDims !== undefined)).toBe(true);
    expect(description.layers.map((candidate) => candidate.index)).toEqual(description.layers.map((_, i) => i));
  });

  test("one layer in detail", () => {
    const index = description.layers.findIndex(({ name }) => name === "/_conv_stem/Conv");
    const details = layerDetails(open, index);
    expect(details.attributes).toContainEqual({ name: "strides", type: "ints", value: "[2, 2]" });
    expect(details.inputs).toMatchObject([
      { dims: ["N", 3, 225, 225], type: "float32", from: { kind: "layer", index: index - 1 } },
      {
        dims: [32, 3, 3, 3],
        type: "float32",
        from: { kind: "constant", bytes: 3456, location: expect.stringMatching(/^byte \d+ of the model file$/) },
      },
      { dims: [32], from: { kind: "constant", bytes: 128, location: "in the model file" } },
    ]);
    expect(details.outputs).toMatchObject([
      { type: "float32", dims: ["N", 32, 112, 112], from: { kind: "layer", index } },
    ]);
    expect(layerDetails(open, 0).inputs[0].from).toEqual({ kind: "input" });
    expect(() => layerDetails(open, 234)).toThrow("There is no layer 234; the model has 234.");
  });
});

test("attributes of every kind are shown", async () => {
  const open = await openModel(onnxFile("attributes.onnx"));
  const { attributes, inputs, doc } = layerDetails(open, 0);
  const shown = Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
  expect(shown).toMatchObject({
    f: "0.1",
    i: "-3",
    s: "text",
    t: "int32 [2]: [1, 2]",
    g: 'graph "sub" of 1 node',
    fs: "[1.5, -2.5]",
    ss: '["a", "é"]',
    sparse: "sparse float32 [2, 3] with 2 values",
    empty_ints: "[]",
    tp: expect.stringMatching(/^\d+ bytes of attribute type 13$/),
  });
  expect(doc).toBe("With a doc string.");
  expect(inputs.map(({ from }) => from.kind)).toEqual(["input", "omitted", "constant"]);
  expect(describe(open).operators).toEqual([{ operator: "custom.Everything", count: 1 }]);
  expect(describe(open).inputs.map(({ type }) => type)).toEqual([
    "float32",
    "sequence(float32)",
    "optional(sequence(float32))",
    "map(string, float32)",
    "sparse(float32)",
  ]);
  open.close();
});

test("parameters count subgraphs and functions (by hand from make.py)", async () => {
  const subgraphs = await openModel(onnxFile("subgraphs.onnx"));
  // "zero" in the main graph, 400 in an inner branch, 400 in a Constant.
  expect(describe(subgraphs).parameters).toBe(1 + 400 + 400);
  const constants = await openModel(onnxFile("constants.onnx"));
  // value 6, value_float 1, value_floats 2, two sparse ones made dense with 6 each, large 600.
  expect(describe(constants).parameters).toBe(6 + 1 + 2 + 6 + 6 + 600);
  const functions = await openModel(onnxFile("functions.onnx"));
  expect(describe(functions).functions.map(({ name, nodes }) => [name, nodes])).toEqual([
    ["Leaky", 1],
    ["Thrice", 3],
    ["Choose", 1],
    ["Pass", 1],
  ]);
  for (const open of [subgraphs, constants, functions]) open.close();
});

test("external data: its size, and where a tensor is", async () => {
  const open = await openModel(onnxFile("external.onnx"));
  expect(describe(open).size.external).toBe(4400);
  expect(layerDetails(open, 0).inputs[1].from).toEqual({
    kind: "constant",
    bytes: 4000,
    location: "byte 0 of external.bin",
  });
  expect(basename(describe(open).path)).toBe("external.onnx");
  open.close();
});

test("a value that nothing makes is said to be so", async () => {
  const open = await openModel(
    folder.write(
      "made.onnx",
      rawModel((graph) => {
        graph.message(1, rawNode("Add", ["x", "gone"], ["y"]));
        graph.message(11, rawValue("x"));
      }),
    ),
  );
  expect(layerDetails(open, 0).inputs[1]).toEqual({
    name: "gone",
    formal: "B",
    from: { kind: "omitted" },
    problem: "Nothing in the model produces this value.",
  });
  open.close();
});

test("a layer's inputs have the specification's names, its output the layers that take it", async () => {
  const open = await openModel(EFFICIENTNET);
  const { layers } = describe(open);
  const conv = layers.findIndex(({ operator }) => operator === "Conv");
  const { inputs, outputs } = layerDetails(open, conv);
  expect(inputs.map(({ formal }) => formal)).toEqual(["X", "W", "B"]);
  expect(outputs[0].formal).toBe("Y");
  expect(outputs[0].consumers!.map((index) => layers[index].inputs.includes(outputs[0].name))).toEqual([true]);
  const last = layerDetails(open, layers.length - 1).outputs[0];
  expect([last.consumers, last.isOutput]).toEqual([[], true]);
  // A skip connection's value is taken twice.
  const taken = layers.map((_, index) => layerDetails(open, index).outputs[0].consumers!.length);
  expect(Math.max(...taken)).toBe(2);
  open.close();
});

test("what only computes shapes is plumbing; what holds weights never is", async () => {
  const open = await openModel(onnxFile("constants.onnx"));
  for (const { plumbing, parameters } of describe(open).layers) if (plumbing) expect(parameters).toBe(0);
  open.close();
  const made = await openModel(
    folder.write(
      "shapes.onnx",
      rawModel((graph) => {
        graph.message(1, rawNode("Shape", ["x"], ["s"]));
        graph.message(1, rawNode("Reshape", ["x", "s"], ["y"]));
        graph.message(11, rawValue("x"));
        graph.message(12, rawValue("y"));
      }),
    ),
  );
  expect(describe(made).layers.map(({ plumbing }) => plumbing)).toEqual([true, undefined]);
  made.close();
});
