import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Attribute, Graph, Node } from "../model/graph.ts";
import { openModel } from "../model/open.ts";
import { tensorFromStrings } from "../model/tensor.ts";
import { explainableTensor } from "./explainable.ts";
import { LoadedModel } from "./models.ts";
import { kindOf, unpack } from "./non-tensors.ts";
import { floatsOf } from "./ort.ts";
import { node, weight, writeSmallModel, type SmallModel } from "../../test/support/models.ts";
import { rowTensor, SKLEARN, sklearn } from "../../test/support/scikit-learn.ts";

describe("the tensor that stands for an output of scikit-learn, LightGBM and XGBoost is what they give themselves", () => {
  it.each(sklearn.models.map((one) => [one.name, one] as const))(
    "%s",
    async (_, { name, output, value, classes, values }) => {
      const model = new LoadedModel(await openModel(join(SKLEARN, `${name}.onnx`)), 1);
      const found = model.explainable(output)!;
      expect(found.value).toBe(value);
      expect(found.by).toBe(value === output ? "itself" : "zipmap");
      if (classes) expect(found.classes).toEqual(classes);
      const input = model.description.inputs[0].name;
      const given = floatsOf((await model.forward({ [input]: rowTensor(model) }, [value])).get(value)!);
      // A binary SVC's two scores are its decision value, twice, with both signs; in the order that skl2onnx writes
      // them.
      const expected = given.length === 2 && values.length === 1 ? [values[0], -values[0]] : values;
      expect(given).toHaveLength(expected.length);
      given.forEach((number, index) => expect(number).toBeCloseTo(expected[index], 4));
      await model.release();
    },
  );

  it.each(
    sklearn.models.filter(({ value, output }) => value !== output).map(({ name, classes }) => [name, classes] as const),
  )("%s: its label by the scores that chose it", async (name, classes) => {
    const model = new LoadedModel(await openModel(join(SKLEARN, `${name}.onnx`)), 1);
    const label = model.description.outputs[0].name;
    const found = model.explainable(label)!;
    expect(found.by).toBe("label");
    expect(found.classes).toEqual(classes);
    await model.release();
  });
});

const strings = (value: readonly string[]): Attribute => ({ type: "strings", value });

async function small(model: SmallModel): Promise<LoadedModel> {
  const path = writeSmallModel(mkdtempSync(join(tmpdir(), "explainable-")), "m.onnx", {
    domains: { "ai.onnx.ml": 3 },
    ...model,
  });
  return new LoadedModel(await openModel(path), 1);
}

describe("outputs that are no float tensors", () => {
  const inputs: SmallModel["inputs"] = { x: ["float32", 1, 3] };
  const relu: Node = node("Relu", ["x"], ["scores"]);

  it("a list of tensors is its first float tensor", async () => {
    const model = await small({
      inputs,
      outputs: ["list"],
      nodes: [
        relu,
        node("ArgMax", ["scores"], ["best"]),
        node("Neg", ["x"], ["other"]),
        node("SequenceConstruct", ["scores", "other"], ["list"]),
      ],
    });
    expect(model.explainable("list")).toMatchObject({
      value: "scores",
      by: "sequence",
      why: '"scores", the first float tensor of the list',
    });
    expect(model.explainable("list")!.classes).toBeUndefined();
  });

  it("a list made by splitting is the tensor before", async () => {
    const model = await small({
      inputs,
      outputs: ["list"],
      nodes: [
        relu,
        { ...node("SplitToSequence", ["scores"], ["list"]), attributes: { axis: { type: "int", value: 1 } } },
      ],
    });
    expect(model.explainable("list")).toMatchObject({ value: "scores", by: "sequence" });
  });

  it("an optional is what it holds", async () => {
    const model = await small({ inputs, outputs: ["maybe"], nodes: [relu, node("Optional", ["scores"], ["maybe"])] });
    expect(model.explainable("maybe")).toMatchObject({ value: "scores", by: "optional" });
  });

  it("a label that is looked up among names has those names", async () => {
    const model = await small({
      inputs,
      outputs: ["label"],
      weights: [tensorFromStrings("names", [3], ["cat", "dog", "eel"])],
      nodes: [
        relu,
        node("Softmax", ["scores"], ["shares"]),
        node("ArgMax", ["shares"], ["best"]),
        node("ArrayFeatureExtractor", ["names", "best"], ["label"], {}, "ai.onnx.ml"),
      ],
    });
    expect(model.explainable("label")).toMatchObject({ value: "shares", by: "label", classes: ["cat", "dog", "eel"] });
  });

  it("a label that a LabelEncoder names", async () => {
    const encoder = node(
      "LabelEncoder",
      ["best"],
      ["label"],
      { keys_int64s: { type: "ints", value: [1, 0, 2] }, values_strings: strings(["dog", "cat", "eel"]) },
      "ai.onnx.ml",
    );
    const model = await small({
      inputs,
      outputs: ["label"],
      nodes: [relu, node("ArgMax", ["scores"], ["best"]), encoder],
    });
    expect(model.explainable("label")).toMatchObject({ value: "scores", classes: ["cat", "dog", "eel"] });
  });

  it("a classifier that gives a label alone has nothing that can be explained", async () => {
    const classifier = node(
      "LinearClassifier",
      ["x"],
      ["label"],
      {
        coefficients: { type: "floats", value: [1, 0, 0, 0, 1, 0] },
        intercepts: { type: "floats", value: [0, 0] },
        classlabels_ints: { type: "ints", value: [-1, 4] },
      },
      "ai.onnx.ml",
    );
    expect((await small({ inputs, outputs: ["label"], nodes: [classifier] })).explainable("label")).toBeUndefined();
  });

  it("a model whose outputs have nothing to do with each other gives no names", async () => {
    const model = await small({
      inputs,
      outputs: ["y"],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
      weights: [weight("w", [3, 2], [1, 2, 3, 4, 5, 6])],
    });
    expect(model.explainable("y")).toEqual({ value: "y", by: "itself", why: "the output itself" });
  });
});

describe("a map that is no ZipMap's", () => {
  const map = { kind: "map", key: "int64", value: { kind: "tensor", dataType: "float32" } } as const;
  const graph: Graph = {
    name: "g",
    inputs: [{ name: "m", type: map }],
    outputs: [{ name: "m", type: map }],
    nodes: [],
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
  };

  it("has no tensor that stands for it, and says so where it is fetched", async () => {
    expect(explainableTensor(graph, "m")).toBeUndefined();
    expect(kindOf(graph, "m")).toBe("map");
    await expect(unpack({ model: { graph } } as unknown as LoadedModel, {}, "m")).rejects.toThrow(
      '"m" is a map(int64, float32), which no operator unpacks',
    );
  });
});
