import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { expected, onnxFile } from "../../test/reference/onnx-files/index.ts";
import type { Attribute, FunctionDef, Graph, Model, Node } from "./graph.ts";
import { inlineFunctions, liftConstants } from "./inline.ts";
import { writeModel } from "./formats/onnx/index.ts";
import { openModel } from "./open.ts";
import { tensorFromArray, toNumbers } from "./tensor.ts";

function node(opType: string, inputs: string[], outputs: string[], more: Partial<Node> = {}): Node {
  return { name: "", opType, domain: "", inputs, outputs, attributes: {}, ...more };
}

function definition(name: string, nodes: Node[], more: Partial<FunctionDef> = {}): FunctionDef {
  return {
    name,
    domain: "local",
    overload: "",
    inputs: ["a"],
    outputs: ["b"],
    attributes: [],
    attributeDefaults: {},
    nodes,
    opsets: { "": 17 },
    ...more,
  };
}

function model(nodes: Node[], functions: FunctionDef[]): Model {
  const graph: Graph = {
    name: "g",
    inputs: [{ name: "x", type: { kind: "unknown" } }],
    outputs: [{ name: "y", type: { kind: "unknown" } }],
    nodes,
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
  };
  return {
    format: "onnx",
    irVersion: 9,
    producer: "",
    producerVersion: "",
    domain: "",
    modelVersion: 0,
    doc: "",
    opsets: { "": 17, local: 1 },
    metadata: {},
    graph,
    functions,
    problems: [],
  };
}

function call(name: string, inputs: string[], outputs: string[], more: Partial<Node> = {}): Node {
  return node(name, inputs, outputs, { domain: "local", ...more });
}

describe("functions inside functions, with attribute references, defaults, subgraphs and passed-through inputs", () => {
  test.each([true, false])("give what they mean (numbers by hand in make.py; flag %s)", async (flag) => {
    const open = await openModel(onnxFile("functions.onnx"));
    const inlined = inlineFunctions(open.model);
    expect(inlined.functions).toEqual([]);
    expect(inlined.opsets).toEqual({ "": 21 });
    const { bytes } = writeModel(inlined, open);
    const session = await ort.InferenceSession.create(bytes);
    const results = await session.run({
      x: new ort.Tensor("float32", [-4, -1, 0, 1, 4], [5]),
      flag: new ort.Tensor("bool", [flag], []),
    });
    const wanted = expected[`functions ${flag}`] as { w: number[]; minus: number[] };
    expect(Array.from(results.w.data as Float32Array)).toEqual(wanted.w);
    expect(Array.from(results.minus.data as Float32Array, (value) => value + 0)).toEqual(
      wanted.minus.map((value) => value + 0),
    );
    open.close();
  });

  test("inner names begin with the calling node's label", async () => {
    const open = await openModel(onnxFile("functions.onnx"));
    const { nodes } = inlineFunctions(open.model).graph;
    expect(nodes.map(({ opType, outputs }) => `${opType} ${outputs.join(" ")}`)).toEqual([
      "LeakyRelu first/t",
      "LeakyRelu first/u",
      "LeakyRelu t",
      "LeakyRelu second/t",
      "LeakyRelu second/u",
      "LeakyRelu u",
      "If v",
      "Neg minus",
      "Identity w",
    ]);
    expect(
      nodes
        .slice(0, 6)
        .map(({ attributes }) => (attributes.alpha?.type === "float" ? attributes.alpha.value : undefined)),
    ).toEqual([0.25, 0.5, 0.125, 0.25, 0.5, 0.25]);
    open.close();
  });
});

test("two calls of one function from nodes without a name do not collide, nor with names in the graph", () => {
  const made = model(
    [call("F", ["x"], ["m"]), node("Neg", ["m"], ["m/t"]), call("F", ["m/t"], ["y"])],
    [definition("F", [node("Relu", ["a"], ["t"]), node("Exp", ["t"], ["b"])])],
  );
  expect(inlineFunctions(made).graph.nodes.map(({ inputs, outputs }) => [...inputs, ...outputs])).toEqual([
    ["x", "m/t_2"],
    ["m/t_2", "m"],
    ["m", "m/t"],
    ["m/t", "y/t"],
    ["y/t", "y"],
  ]);
});

test("inputs and outputs that a call leaves out are left out in the body", () => {
  const made = model(
    [call("F", ["x", ""], ["", "y"])],
    [
      definition("F", [node("Clip", ["a", "low", "high"], ["b"]), node("Relu", ["b"], ["c"])], {
        inputs: ["a", "low", "high"],
        outputs: ["b", "c"],
      }),
    ],
  );
  const { nodes } = inlineFunctions(made).graph;
  expect(nodes[0]).toMatchObject({ inputs: ["x", "", ""], outputs: ["y/b"] });
  expect(nodes[1]).toMatchObject({ inputs: ["y/b"], outputs: ["y"] });
});

test("calls inside a subgraph are inlined there", () => {
  const branch: Graph = {
    name: "then",
    inputs: [],
    outputs: [{ name: "r", type: { kind: "unknown" } }],
    nodes: [call("F", ["x"], ["r"])],
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
  };
  const made = model(
    [node("If", ["x"], ["y"], { attributes: { then_branch: { type: "graph", value: branch } } })],
    [definition("F", [node("Relu", ["a"], ["b"])])],
  );
  const inlined = inlineFunctions(made).graph.nodes[0].attributes.then_branch;
  expect(inlined).toMatchObject({ value: { nodes: [{ opType: "Relu", inputs: ["x"], outputs: ["r"] }] } });
});

test("overloads are told apart", () => {
  const made = model(
    [call("F", ["x"], ["y"], { overload: "two" })],
    [definition("F", [node("Relu", ["a"], ["b"])]), definition("F", [node("Neg", ["a"], ["b"])], { overload: "two" })],
  );
  expect(inlineFunctions(made).graph.nodes[0].opType).toBe("Neg");
});

describe("errors", () => {
  test("a function that calls itself, through another", () => {
    const made = model(
      [call("F", ["x"], ["y"])],
      [definition("F", [call("G", ["a"], ["b"])]), definition("G", [call("F", ["a"], ["b"])])],
    );
    expect(() => inlineFunctions(made)).toThrow('The function "F" calls itself, which ONNX does not allow.');
  });

  test("functions that multiply", () => {
    const functions = Array.from({ length: 30 }, (_, i) => {
      const inner = (from: string, to: string): Node =>
        i === 29 ? node("Relu", [from], [to]) : call(`F${i + 1}`, [from], [to]);
      return definition(`F${i}`, [inner("a", "t"), inner("t", "b")]);
    });
    expect(() => inlineFunctions(model([call("F0", ["x"], ["y"])], functions))).toThrow(
      "expand to more than 250000 nodes",
    );
  });

  test("an operator that the function's opset writes otherwise than the model's", () => {
    // ReduceSum takes its axes as an input since opset 13.
    const made = model(
      [call("F", ["x"], ["y"])],
      [definition("F", [node("ReduceSum", ["a"], ["b"])], { opsets: { "": 11 } })],
    );
    expect(() => inlineFunctions(made)).toThrow(
      'The function "F" uses ReduceSum of opset 11, but the model uses opset 17, where ReduceSum is defined differently.',
    );
  });

  test("but an older opset in which the operators are the same is fine", () => {
    const made = model(
      [call("F", ["x"], ["y"])],
      [definition("F", [node("Relu", ["a"], ["b"])], { opsets: { "": 11, "other.domain": 2 } })],
    );
    expect(inlineFunctions(made).opsets).toEqual({ "": 17, "other.domain": 2 });
  });
});

describe("constants are lifted out of their nodes", () => {
  test("of every kind, with their values (as in make.py)", async () => {
    const open = await openModel(onnxFile("constants.onnx"));
    const lifted = liftConstants(open.model.graph);
    const values = Object.fromEntries(
      lifted.initializers
        .filter(({ dataType, storage }) => dataType !== "string" && storage.kind === "bytes")
        .map((tensor) => [tensor.name, [tensor.dims, toNumbers(tensor, open.bytesOf(tensor))]]),
    );
    expect(values).toEqual({
      value: [
        [2, 3],
        [0, 1, 2, 3, 4, 5],
      ],
      value_float: [[], [1.5]],
      value_floats: [[2], [1, 2]],
      value_int: [[], [-7]],
      value_ints: [[3], [3, 4, 5]],
      sparse_flat: [
        [2, 3],
        [0, 4, 0, 0, 0, 8],
      ],
      sparse_pairs: [
        [2, 3],
        [0, 4, 0, 0, 0, 8],
      ],
    });
    expect(lifted.initializers.find(({ name }) => name === "value_strings")).toMatchObject({
      dims: [2],
      storage: { kind: "strings", strings: [Uint8Array.of(97), Uint8Array.of(98)] },
    });
    // A large one is not read for it.
    expect(lifted.initializers.find(({ name }) => name === "large")).toMatchObject({
      dims: [600],
      storage: { kind: "file", length: 2400 },
    });
    open.close();
  });

  test("in subgraphs too", async () => {
    const open = await openModel(onnxFile("subgraphs.onnx"));
    const branch = liftConstants(open.model.graph).nodes[1].attributes.else_branch;
    expect(branch).toMatchObject({ value: { nodes: [], initializers: [{ name: "d", dims: [400] }] } });
    open.close();
  });

  test("a sparse constant with an index outside stays as it is", () => {
    const sparse: Attribute = {
      type: "sparse_tensor",
      value: {
        name: "",
        dims: [2, 3],
        values: tensorFromArray("", "float32", [1], [1]),
        indices: tensorFromArray("", "int64", [1], [6]),
      },
    };
    const graph = model([node("Constant", [], ["y"], { attributes: { sparse_value: sparse } })], []).graph;
    expect(liftConstants(graph)).toMatchObject({ nodes: [{ opType: "Constant" }], initializers: [] });
  });
});
