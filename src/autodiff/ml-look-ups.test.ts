import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describe as describeModel } from "../model/describe.ts";
import { NoGradientError } from "../model/errors.ts";
import type { Attribute, DataType } from "../model/graph.ts";
import { openModel } from "../model/open.ts";
import { tensorFromArray } from "../model/tensor.ts";
import { inferTypes } from "../model/types.ts";
import { LoadedModel } from "../runtime/models.ts";
import type { TensorValue } from "../runtime/ort.ts";
import { int, ints, node, weight, writeSmallModel } from "../../test/support/models.ts";

const floats = (...value: number[]): Attribute => ({ type: "floats", value });
const strings = (...value: string[]): Attribute => ({ type: "strings", value });
const text = (value: string): Attribute => ({ type: "string", value });
const tensor = (type: DataType, ...values: number[]): Attribute => ({
  type: "tensor",
  value: tensorFromArray("", type, [values.length], values),
});

const floatTensor = (dims: readonly number[], ...data: number[]): TensorValue => ({
  dataType: "float32",
  dims,
  data: Float32Array.from(data),
});
const intTensor = (dims: readonly number[], ...data: number[]): TensorValue => ({
  dataType: "int64",
  dims,
  data: BigInt64Array.from(data, BigInt),
});
const textTensor = (dims: readonly number[], ...data: string[]): TensorValue => ({ dataType: "string", dims, data });

interface Case {
  readonly attributes: Record<string, Attribute>;
  readonly inputs: readonly TensorValue[];
  readonly expected: readonly (number | string)[];
  readonly dims: readonly number[];
  readonly type: DataType;
  /** Of the float input: what it says instead of a gradient; absent for operators that take none. */
  readonly refused?: RegExp;
}

// One split: x[1] <= 0.5 gives the leaf 10, else 20.
const stump = {
  nodes_nodeids: ints(0, 1, 2),
  nodes_treeids: ints(0, 0, 0),
  nodes_featureids: ints(1, 0, 0),
  nodes_values: floats(0.5, 0, 0),
  nodes_modes: strings("BRANCH_LEQ", "LEAF", "LEAF"),
  nodes_truenodeids: ints(1, 0, 0),
  nodes_falsenodeids: ints(2, 0, 0),
};
const STEPS = /decision trees are piecewise constant/;

const CASES: Readonly<Record<string, Case>> = {
  TreeEnsembleRegressor: {
    attributes: {
      ...stump,
      n_targets: int(1),
      target_ids: ints(0, 0),
      target_nodeids: ints(1, 2),
      target_treeids: ints(0, 0),
      target_weights: floats(10, 20),
    },
    inputs: [floatTensor([2, 2], 9, 0.4, 9, 0.6)],
    expected: [10, 20],
    dims: [2, 1],
    type: "float32",
    refused: STEPS,
  },
  TreeEnsemble: {
    attributes: {
      tree_roots: ints(0),
      nodes_featureids: ints(1),
      nodes_splits: tensor("float32", 0.5),
      nodes_modes: tensor("uint8", 0),
      nodes_truenodeids: ints(0),
      nodes_falsenodeids: ints(1),
      nodes_trueleafs: ints(1),
      nodes_falseleafs: ints(1),
      leaf_targetids: ints(0, 0),
      leaf_weights: tensor("float32", 10, 20),
      n_targets: int(1),
      post_transform: int(0),
      aggregate_function: int(1),
    },
    inputs: [floatTensor([2, 2], 9, 0.4, 9, 0.6)],
    expected: [10, 20],
    dims: [2, 1],
    type: "float32",
    refused: STEPS,
  },
  "LabelEncoder of texts": {
    attributes: { keys_strings: strings("a", "b"), values_int64s: ints(5, 7), default_int64: int(-1) },
    inputs: [textTensor([1, 3], "b", "z", "a")],
    expected: [7, -1, 5],
    dims: [1, 3],
    type: "int64",
  },
  "LabelEncoder to texts": {
    attributes: { keys_int64s: ints(1, 2), values_strings: strings("one", "two"), default_string: text("?") },
    inputs: [intTensor([3], 2, 1, 9)],
    expected: ["two", "one", "?"],
    dims: [3],
    type: "string",
  },
  "LabelEncoder of integers to numbers": {
    attributes: { keys_int64s: ints(1, 2), values_floats: floats(0.5, 0.25) },
    inputs: [intTensor([2, 1], 2, 1)],
    expected: [0.25, 0.5],
    dims: [2, 1],
    type: "float32",
  },
  "LabelEncoder of numbers": {
    attributes: { keys_floats: floats(1, 2), values_floats: floats(0.5, 0.25) },
    inputs: [floatTensor([1, 2], 2, 1)],
    expected: [0.25, 0.5],
    dims: [1, 2],
    type: "float32",
    refused: /it looks up numbers in a table/,
  },
  "CategoryMapper of texts": {
    attributes: { cats_strings: strings("cat", "dog"), cats_int64s: ints(3, 4), default_int64: int(0) },
    inputs: [textTensor([1, 2], "dog", "eel")],
    expected: [4, 0],
    dims: [1, 2],
    type: "int64",
  },
  "CategoryMapper to texts": {
    attributes: { cats_strings: strings("cat", "dog"), cats_int64s: ints(3, 4), default_string: text("?") },
    inputs: [intTensor([2], 3, 9)],
    expected: ["cat", "?"],
    dims: [2],
    type: "string",
  },
  "OneHotEncoder of texts": {
    attributes: { cats_strings: strings("a", "b", "c"), zeros: int(1) },
    inputs: [textTensor([1, 2], "b", "z")],
    expected: [0, 1, 0, 0, 0, 0],
    dims: [1, 2, 3],
    type: "float32",
  },
  "OneHotEncoder of integers": {
    attributes: { cats_int64s: ints(4, 5), zeros: int(1) },
    inputs: [intTensor([2], 5, 4)],
    expected: [0, 1, 1, 0],
    dims: [2, 2],
    type: "float32",
  },
  Binarizer: {
    attributes: { threshold: { type: "float", value: 0.5 } },
    inputs: [floatTensor([1, 3], 0.4, 0.5, 0.6)],
    expected: [0, 0, 1],
    dims: [1, 3],
    type: "float32",
  },
  "ArrayFeatureExtractor of texts": {
    attributes: {},
    inputs: [textTensor([1, 3], "x", "y", "z"), intTensor([2], 2, 0)],
    expected: ["z", "x"],
    dims: [1, 2],
    type: "string",
  },
  "ArrayFeatureExtractor of a vector": {
    attributes: {},
    inputs: [floatTensor([3], 1, 2, 3), intTensor([2], 2, 0)],
    expected: [3, 1],
    dims: [1, 2],
    type: "float32",
  },
  "FeatureVectorizer of two tables": {
    attributes: { inputdimensions: ints(2, 1) },
    inputs: [floatTensor([1, 2], 1, 2), floatTensor([1, 1], 3)],
    expected: [1, 2, 3],
    dims: [1, 3],
    type: "float32",
  },
  "Imputer of integers": {
    attributes: { imputed_value_int64s: ints(8), replaced_value_int64: int(-1) },
    inputs: [intTensor([1, 3], 1, -1, 2)],
    expected: [1, 8, 2],
    dims: [1, 3],
    type: "int64",
  },
  "Scaler of integers": {
    attributes: { offset: floats(1), scale: floats(0.5) },
    inputs: [intTensor([1, 2], 3, 5)],
    expected: [1, 2],
    dims: [1, 2],
    type: "float32",
  },
  "LinearRegressor of integers": {
    attributes: { coefficients: floats(0.5, 2), intercepts: floats(1) },
    inputs: [intTensor([1, 2], 2, 3)],
    expected: [8],
    dims: [1, 1],
    type: "float32",
  },
};

describe("ai.onnx.ml's look-ups, trees and encoders: run, traced, with inferred shapes and types", () => {
  it.each(Object.entries(CASES))("%s", async (name, { attributes, inputs, expected, dims, type, refused }) => {
    const [operator] = name.split(" ");
    const names = inputs.map((_, index) => `x${index}`);
    const feeds = Object.fromEntries(inputs.map((input, index) => [names[index], input]));
    const path = writeSmallModel(mkdtempSync(join(tmpdir(), "ml-look-ups-")), "m.onnx", {
      opset: 18,
      domains: { "ai.onnx.ml": operator === "TreeEnsemble" ? 5 : 4 },
      inputs: Object.fromEntries(names.map((input, index) => [input, [inputs[index].dataType, ...inputs[index].dims]])),
      outputs: ["y"],
      nodes: [node(operator, names, ["y"], attributes, "ai.onnx.ml")],
    });
    const model = new LoadedModel(await openModel(path), 1);
    const value = (await model.forward(feeds, ["y"])).get("y")!;
    expect(
      Array.from(value.data as ArrayLike<unknown>, (one) => (typeof one === "bigint" ? Number(one) : one)),
    ).toEqual(expected);
    expect(value).toMatchObject({ dataType: type, dims });
    expect(inferTypes(model.open.model.graph).get("y")).toBe(type);
    expect(describeModel(model.open).layers[0].outputDims).toEqual(dims);
    const traced = await model.traced(feeds);
    expect(traced.trace.dims.get("y")).toEqual(dims);
    expect(traced.specialised.typeOf("y")).toBe(type);
    const request = { of: "y", seed: new Float32Array(expected.length).fill(1), wrt: ["x0"] };
    if (refused) {
      const error = await model.gradients(feeds, request).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NoGradientError);
      expect((error as NoGradientError).message).toMatch(refused);
    } else if (inputs[0].dataType !== "float32" && type === "float32") {
      expect((await model.gradients(feeds, request)).gradients.get("x0")).toBeUndefined();
    }
    await model.release();
  });

  it("a gradient takes its way beside the encoded texts", async () => {
    const path = writeSmallModel(mkdtempSync(join(tmpdir(), "ml-look-ups-")), "m.onnx", {
      domains: { "ai.onnx.ml": 3 },
      inputs: { x: ["float32", 1, 2], word: ["string", 1] },
      outputs: ["y"],
      weights: [weight("w", [4, 1], [1, 2, 10, 20]), weight("row", [2], [1, 2], "int64")],
      nodes: [
        node("OneHotEncoder", ["word"], ["hot"], { cats_strings: strings("a", "b") }, "ai.onnx.ml"),
        node("Reshape", ["hot", "row"], ["flat"]),
        node("Concat", ["x", "flat"], ["all"], { axis: int(1) }),
        node("MatMul", ["all", "w"], ["y"]),
      ],
    });
    const model = new LoadedModel(await openModel(path), 1);
    const { gradients, values } = await model.gradients(
      { x: floatTensor([1, 2], 3, 4), word: textTensor([1], "b") },
      { of: "y", seed: Float32Array.of(1), wrt: ["x"], fetch: ["y"] },
    );
    expect(Array.from(values.get("y")!.data as Float32Array)).toEqual([31]);
    expect(Array.from(gradients.get("x")!.data as Float32Array)).toEqual([1, 2]);
    await model.release();
  });
});
