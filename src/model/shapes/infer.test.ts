import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { expected, onnxFile } from "../../../test/reference/onnx-files/index.ts";
import type { Dim, Graph, Node } from "../graph.ts";
import { openModel } from "../open.ts";
import { int64List } from "../tensor.ts";
import { inferShapes } from "./infer.ts";

test("shapes are those that onnx's own inference finds (strict, with data propagation: files.json)", async () => {
  const open = await openModel(onnxFile("shapes.onnx"));
  const shapes = inferShapes(open.model);
  const ours = Object.fromEntries(Object.keys(expected.shapes).map((name) => [name, shapes.get(name)]));
  // onnx loses the symbol where it is multiplied by 1.
  expect(ours).toEqual({ ...expected.shapes, resized: ["N", 8, 32, 17], tiled: ["N", 16, 16, 105] });
  open.close();
});

test("on every architecture of the references, shapes are those that PyTorch's exporters declare", async () => {
  const folder = onnxFile("../architectures");
  let compared = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".onnx"))) {
    const open = await openModel(`${folder}/${file}`);
    const { graph, opsets } = open.model;
    const silent = graph.outputs.map(({ name }) => ({ name, type: { kind: "unknown" } as const }));
    const shapes = inferShapes({ opsets, graph: { ...graph, valueInfo: [], outputs: silent } });
    for (const { name, type } of [...graph.valueInfo, ...graph.outputs]) {
      const dims = shapes.get(name);
      if (type.kind !== "tensor" || type.dims === undefined || dims === undefined) continue;
      expect(dims, `${name} of ${file}`).toHaveLength(type.dims.length);
      // Symbols have other names in the exporters' arithmetic; numbers must agree.
      dims.forEach((dim, axis) => {
        const wanted = type.dims?.[axis];
        if (typeof dim === "number" && typeof wanted === "number")
          expect(dim, `${name} of ${file}, axis ${axis}`).toBe(wanted);
      });
      compared++;
    }
    open.close();
  }
  expect(compared).toBeGreaterThan(1000);
});

function infer(
  nodes: Node[],
  inputs: Record<string, Dim[]>,
  more: Partial<Graph> = {},
): ReadonlyMap<string, readonly Dim[]> {
  const graph: Graph = {
    name: "",
    nodes,
    outputs: [],
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
    inputs: Object.entries(inputs).map(([name, dims]) => ({
      name,
      type: { kind: "tensor", dataType: "float32", dims },
    })),
    ...more,
  };
  return inferShapes({ graph, opsets: { "": 17 } });
}

const node = (opType: string, inputs: string[], outputs: string[], attributes: Node["attributes"] = {}): Node => ({
  name: "",
  opType,
  domain: "",
  inputs,
  outputs,
  attributes,
});

test("a symbol goes through a flattening that exporters write with Shape, Gather and Concat", () => {
  const nodes = [
    node("Shape", ["x"], ["shape"]),
    node("Gather", ["shape", "first"], ["batch"]),
    node("Unsqueeze", ["batch", "axes"], ["batch1"]),
    node("Concat", ["batch1", "rest"], ["target"], { axis: { type: "int", value: 0 } }),
    node("Reshape", ["x", "target"], ["y"]),
  ];
  const first = { ...int64List("first", [0]), dims: [] };
  const shapes = infer(
    nodes,
    { x: ["N", 3, 4] },
    { initializers: [first, int64List("axes", [0]), int64List("rest", [-1])] },
  );
  expect(shapes.get("y")).toEqual(["N", 12]);
});

test("what the file declares counts, what follows fills its gaps", () => {
  const shapes = infer(
    [node("Relu", ["x"], ["y"])],
    { x: ["N", 3] },
    { valueInfo: [{ name: "y", type: { kind: "tensor", dataType: "float32", dims: ["batch", null] } }] },
  );
  expect(shapes.get("y")).toEqual(["batch", 3]);
});

test("unknown operators and domains end the inference, nothing is guessed", () => {
  const shapes = infer(
    [node("Mystery", ["x"], ["a"]), { ...node("Relu", ["x"], ["b"]), domain: "custom" }, node("Relu", ["a"], ["c"])],
    { x: [1, 2] },
  );
  expect([shapes.get("a"), shapes.get("b"), shapes.get("c")]).toEqual([undefined, undefined, undefined]);
});

test("attributes that make no sense give unknown dimensions, not an exception", () => {
  const attributes = { kernel_shape: { type: "ints", value: [3] }, strides: { type: "ints", value: [0] } } as const;
  expect(infer([node("MaxPool", ["x"], ["y"], attributes)], { x: [1, 2, 3] }).get("y")).toEqual([1, 2, null]);
  const repeats = int64List("repeats", [1]);
  expect(infer([node("Tile", ["x", "repeats"], ["y"])], { x: [1, 2] }, { initializers: [repeats] }).get("y")).toEqual([
    1,
    null,
  ]);
});
