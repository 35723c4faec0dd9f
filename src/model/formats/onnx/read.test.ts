import { constants } from "node:buffer";
import { afterEach, describe, expect, test } from "vitest";
import {
  EFFICIENTNET,
  message,
  onnxFile,
  rawModel,
  rawNode,
  rawValue,
  temporaryFolder,
} from "../../../../test/reference/onnx-files/index.ts";
import { writeSparseModel } from "../../../../test/support/sparse-model.ts";
import type { Model } from "../../graph.ts";
import { openModel, type OpenModel } from "../../open.ts";
import type { WireWriter } from "./wire-writer.ts";

const folder = temporaryFolder();
const opened: OpenModel[] = [];
afterEach(() => opened.splice(0).forEach((open) => open.close()));

async function load(path: string): Promise<Model> {
  const open = await openModel(path);
  opened.push(open);
  return open.model;
}

/** The problems of a graph that `fill` writes field by field. */
async function problemsOf(fill: (graph: WireWriter) => void): Promise<{ model: Model; problems: string[] }> {
  const model = await load(folder.write("made.onnx", rawModel(fill)));
  return { model, problems: model.problems.map(({ severity, message }) => `${severity}: ${message}`) };
}

test("EfficientNet-Lite0 (numbers counted in Python with onnx.load)", async () => {
  const model = await load(EFFICIENTNET);
  const { graph } = model;
  expect([model.irVersion, model.opsets, model.producer, model.producerVersion, graph.name]).toEqual([
    8,
    { "": 17 },
    "pytorch",
    "2.15.0",
    "main_graph",
  ]);
  expect([graph.nodes.length, graph.initializers.length, graph.valueInfo.length]).toEqual([456, 100, 0]);
  expect(graph.nodes.filter((node) => node.opType === "Constant")).toHaveLength(222);
  expect(graph.nodes.filter((node) => node.opType === "Conv")).toHaveLength(49);
  expect(graph.inputs).toEqual([
    { name: "images", type: { kind: "tensor", dataType: "float32", dims: ["N", 3, 224, 224] } },
  ]);
  expect(graph.outputs).toEqual([{ name: "logits", type: { kind: "tensor", dataType: "float32", dims: ["N", 1000] } }]);
  expect(graph.initializers.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0)).toBe(4631000);
  expect(model.problems).toEqual([]);
});

test("all kinds of attributes, types and texts", async () => {
  const model = await load(onnxFile("attributes.onnx"));
  const [node] = model.graph.nodes;
  expect(node).toMatchObject({
    name: "all",
    opType: "Everything",
    domain: "custom",
    overload: "over",
    doc: "With a doc string.",
    inputs: ["x", "", "w"],
    outputs: ["y", "", "y2"],
  });
  const { attributes } = node;
  expect(attributes.f).toEqual({ type: "float", value: Math.fround(0.1) });
  expect(attributes.i).toEqual({ type: "int", value: -3 });
  expect(attributes.s).toEqual({ type: "string", value: "text" });
  expect(attributes.t).toMatchObject({ type: "tensor", value: { name: "t", dataType: "int32", dims: [2] } });
  expect(attributes.g).toMatchObject({ type: "graph", value: { name: "sub", nodes: [{ opType: "Identity" }] } });
  expect(attributes.fs).toEqual({ type: "floats", value: [1.5, -2.5] });
  expect(attributes.ints).toEqual({ type: "ints", value: [1, -(2 ** 63), 2 ** 63] });
  expect(attributes.ss).toEqual({ type: "strings", value: ["a", "é"] });
  expect(attributes.ts).toMatchObject({ type: "tensors", value: [{ name: "t1" }, { name: "t2", dims: [0] }] });
  expect(attributes.gs).toMatchObject({ type: "graphs", value: [{ name: "sub" }, { name: "sub" }] });
  expect(attributes.sparse).toMatchObject({
    type: "sparse_tensor",
    value: { name: "sv", dims: [2, 3], values: { dims: [2] }, indices: { dims: [2] } },
  });
  expect([attributes.tp, attributes.tps, attributes.sparses]).toMatchObject(
    [13, 14, 12].map((attributeType) => ({ type: "opaque", attributeType })),
  );
  expect(attributes.not_text).toEqual({ type: "string", value: "\ufffd\ufffd\0", bytes: Uint8Array.of(255, 254, 0) });
  expect(attributes.not_texts).toMatchObject({
    type: "strings",
    value: ["ok", "\ufffd"],
    bytes: [Uint8Array.of(111, 107), Uint8Array.of(255)],
  });
  expect(attributes.untyped).toEqual({ type: "int", value: 7 });
  expect(attributes.empty_ints).toEqual({ type: "ints", value: [] });

  const float = { kind: "tensor", dataType: "float32", dims: ["n", 3] };
  expect(model.graph.inputs.map((input) => input.type)).toEqual([
    { kind: "tensor", dataType: "float32", dims: ["batch", 3, null] },
    { kind: "sequence", element: { kind: "tensor", dataType: "float32", dims: [null, "k"] } },
    { kind: "optional", element: { kind: "sequence", element: float } },
    { kind: "map", key: "string", value: float },
    { kind: "sparse", dataType: "float32", dims: [4] },
  ]);
  expect(model.graph.inputs[0].doc).toBe("the input");
  expect(model.graph.outputs).toEqual([
    { name: "y", type: { kind: "unknown" } },
    { name: "y2", type: { kind: "tensor", dataType: "float32" } },
  ]);
  expect(model.graph.sparseInitializers).toMatchObject([{ name: "w2", dims: [2, 2], indices: { dims: [1, 2] } }]);
  expect(model.graph.valueInfo).toEqual([{ name: "inner", type: { kind: "tensor", dataType: "int8", dims: [1] } }]);
  expect([model.domain, model.modelVersion, model.doc, model.graph.doc]).toEqual([
    "example.org",
    5,
    "model doc",
    "graph doc",
  ]);
  expect(Object.entries(model.metadata)).toEqual([
    ["names", "{0: 'cat'}"],
    ["__proto__", "odd"],
  ]);
  expect(model.opsets).toEqual({ "": 21, custom: 3 });
});

test("functions", async () => {
  const model = await load(onnxFile("functions.onnx"));
  expect(
    model.functions.map(({ name, domain, inputs, outputs, attributes }) => ({
      name,
      domain,
      inputs,
      outputs,
      attributes,
    })),
  ).toEqual([
    { name: "Leaky", domain: "local", inputs: ["a"], outputs: ["b"], attributes: [] },
    { name: "Thrice", domain: "local", inputs: ["p"], outputs: ["q"], attributes: ["last"] },
    { name: "Choose", domain: "local", inputs: ["c", "x", "y"], outputs: ["z"], attributes: ["shift"] },
    { name: "Pass", domain: "local", inputs: ["m"], outputs: ["m", "n"], attributes: [] },
  ]);
  expect(model.functions[0].attributeDefaults).toEqual({ slope: { type: "float", value: 0.25 } });
  expect(model.functions[0].nodes[0].attributes).toEqual({
    alpha: { type: "reference", name: "slope", attributeType: 1 },
  });
  expect(model.functions[1].opsets).toEqual({ "": 21, local: 1 });
  expect(model.problems).toEqual([]);
});

test("subgraphs in subgraphs, with their large constants left in the file", async () => {
  const { graph, problems } = await load(onnxFile("subgraphs.onnx"));
  expect(problems).toEqual([]);
  const then = graph.nodes[1].attributes.then_branch;
  if (then?.type !== "graph") throw new Error("no then_branch");
  const inner = then.value.nodes[0].attributes.then_branch;
  if (inner?.type !== "graph") throw new Error("no inner branch");
  expect(inner.value.initializers[0]).toMatchObject({
    name: "large",
    dims: [400],
    storage: { kind: "file", file: "", length: 1600 },
  });
});

describe("initializers among the inputs", () => {
  test("of IR version 3 are constants", async () => {
    const { graph, problems } = await load(onnxFile("defaults-ir3.onnx"));
    expect([graph.inputs.map(({ name }) => name), graph.initializers.map(({ name }) => name), problems]).toEqual([
      ["x"],
      ["w"],
      [],
    ]);
  });
  test("of IR version 8 are defaults, which is noted", async () => {
    const { graph, problems } = await load(onnxFile("defaults-ir8.onnx"));
    expect([graph.inputs.map(({ name }) => name), graph.initializers.map(({ name }) => name)]).toEqual([["x"], ["w"]]);
    expect(problems).toEqual([
      { severity: "info", message: 'An input has a default value ("w"); here it is treated as constant.', where: "w" },
    ]);
  });
});

describe("graphs that are not as ONNX asks", () => {
  test("nodes out of order are sorted, those that can stay stay; names used inside a subgraph count", async () => {
    const { graph, problems } = await load(onnxFile("unsorted.onnx"));
    expect(graph.nodes.map((node) => node.opType)).toEqual(["Relu", "If", "Loop", "Scan"]);
    expect(problems).toEqual([
      { severity: "info", message: "The nodes in the file are not in execution order; they are shown sorted." },
    ]);
  });

  test("a cycle is named, and the nodes stay as they are in the file", async () => {
    const { model, problems } = await problemsOf((graph) => {
      graph.message(1, rawNode("Add", ["x", "c"], ["a"], "first"));
      graph.message(1, rawNode("Relu", ["a"], ["b"], "second"));
      graph.message(1, rawNode("Neg", ["b"], ["c"]));
      graph.message(11, rawValue("x"));
      graph.message(12, rawValue("c"));
    });
    expect(problems).toEqual([
      'error: The graph has a cycle: "first" -> "second" -> "c" -> "first". It cannot be run.',
    ]);
    expect(model.graph.nodes.map((node) => node.opType)).toEqual(["Add", "Relu", "Neg"]);
  });

  test("a node that feeds itself", async () => {
    const { problems } = await problemsOf((graph) => graph.message(1, rawNode("Relu", ["a"], ["a"], "loop")));
    expect(problems).toEqual(['error: The graph has a cycle: "loop" -> "loop". It cannot be run.']);
  });

  test("values that nothing makes", async () => {
    const { problems } = await problemsOf((graph) => {
      graph.message(1, rawNode("Add", ["x", "weights"], ["y"], "add"));
      graph.message(11, rawValue("x"));
      graph.message(12, rawValue("y"));
      graph.message(12, rawValue("z"));
    });
    expect(problems).toEqual([
      'error: Node "add" (Add) uses the value "weights", which nothing produces.',
      'error: Nothing produces the graph\'s output "z".',
    ]);
  });

  test("values made twice", async () => {
    const { problems } = await problemsOf((graph) => {
      graph.message(1, rawNode("Relu", ["x"], ["y"], "one"));
      graph.message(1, rawNode("Neg", ["x"], ["y"], "two"));
      graph.message(11, rawValue("x"));
    });
    expect(problems).toEqual([
      'error: The value "y" is defined twice (the second time by node "two"); every value must have a unique name.',
    ]);
  });

  test("many problems of one kind are summed up", async () => {
    const { problems } = await problemsOf((graph) => {
      for (let i = 0; i < 5000; i++) graph.message(1, rawNode("Relu", [`missing${i}`], [`y${i}`]));
    });
    expect(problems).toHaveLength(21);
    expect(problems[20]).toBe("error: 4980 more values that nothing produces.");
  });

  test("a chain of 20,000 nodes in reverse order is sorted", async () => {
    const { model } = await problemsOf((graph) => {
      for (let i = 19_999; i >= 0; i--) graph.message(1, rawNode("Relu", [i === 0 ? "x" : `v${i}`], [`v${i + 1}`]));
      graph.message(11, rawValue("x"));
    });
    expect(model.graph.nodes[0].outputs).toEqual(["v1"]);
    expect(model.graph.nodes[19_999].outputs).toEqual(["v20000"]);
  });

  test("an opset that is newer than known, and one that is missing", async () => {
    const file = (version?: number): string =>
      folder.write(
        "opset.onnx",
        message((m) => {
          m.int(1, 10);
          if (version !== undefined)
            m.message(
              8,
              message((opset) => opset.int(2, version)),
            );
          m.message(
            7,
            message((graph) => graph.message(1, rawNode("Constant", [], ["y"]))),
          );
        }).finish(),
      );
    expect((await load(file(99))).problems[0].message).toContain("opset 99; the newest supported one is 28");
    expect((await load(file())).problems[0].message).toContain("opset_import is missing");
  });
});

test("offsets beyond 4 GiB", async () => {
  const path = `${folder.path}/huge.onnx`;
  const tail = Uint8Array.from({ length: 100 }, (_, i) => i);
  writeSparseModel(
    path,
    [
      { name: "w0", bytes: 4.5 * 2 ** 30 },
      { name: "w1", bytes: 5000, tail },
    ],
    3,
  );
  const open = await openModel(path);
  opened.push(open);
  const [first, second] = open.model.graph.initializers;
  expect(open.model.problems).toEqual([]);
  expect(first).toMatchObject({ dims: [4831838208], storage: { kind: "file", length: 4831838208 } });
  expect(open.bytesOf(second).subarray(4900)).toEqual(tail);
});

// Node 20's Buffers hold 4 GiB; those of Node 22 and later more than a test should ask for.
test.skipIf(constants.MAX_LENGTH > 5 * 2 ** 30)(
  "a file that no Buffer can hold can be looked at, and using its weights says why not",
  async () => {
    const path = `${folder.path}/larger.onnx`;
    writeSparseModel(path, [{ name: "w0", bytes: 5 * 2 ** 30 }], 1);
    const open = await openModel(path);
    opened.push(open);
    expect(open.model.graph.nodes).toHaveLength(1);
    expect(() => open.fileBytes("")).toThrow(
      /^The file has 5\.37 GB; this Node\.js can hold at most 4\.29 GB in one buffer/,
    );
  },
);
