import { expect, it } from "vitest";
import { int, ints, node, weight } from "../../test/support/models.ts";
import type { Graph, Node } from "./graph.ts";
import { plumbingOf } from "./plumbing.ts";

function plumbing(nodes: readonly Node[], initializers: Graph["initializers"] = []): string[] {
  const graph: Graph = {
    name: "",
    inputs: ["x", "tokens"].map((name) => ({ name, type: { kind: "unknown" } })),
    outputs: [{ name: "y", type: { kind: "unknown" } }],
    nodes,
    initializers,
    sparseInitializers: [],
    valueInfo: [],
  };
  return [...plumbingOf(graph)].map(({ outputs }) => outputs[0]);
}

it("the arithmetic of shapes around a Reshape is plumbing, the Reshape is not", () => {
  const nodes = [
    node("Conv", ["x", "w"], ["c"]),
    node("Shape", ["c"], ["s"]),
    node("Gather", ["s", "zero"], ["n"]),
    node("Unsqueeze", ["n", "zero"], ["u"]),
    node("Cast", ["u"], ["k"], { to: int(7) }),
    node("Concat", ["k", "rest"], ["shape"], { axis: int(0) }),
    node("Reshape", ["c", "shape"], ["y"]),
  ];
  expect(plumbing(nodes, [weight("w", [1], [1]), weight("zero", [], [0]), weight("rest", [1], [-1])])).toEqual([
    "s",
    "n",
    "u",
    "k",
    "shape",
  ]);
});

it("the same operators on data are layers: an embedding's Gather, a Cast of pixels, a Reshape", () => {
  const nodes = [
    node("Gather", ["table", "tokens"], ["e"]),
    node("Cast", ["x"], ["f"], { to: int(1) }),
    node("Reshape", ["f", "shape"], ["r"]),
    node("Add", ["e", "r"], ["y"]),
  ];
  expect(plumbing(nodes, [weight("table", [4], [1, 2, 3, 4]), weight("shape", [1], [-1])])).toEqual([]);
});

it("Identity hands on, whatever it is given; what is random is no constant", () => {
  const nodes = [
    node("Identity", ["x"], ["i"]),
    node("RandomNormal", [], ["r"], { shape: ints(1) }),
    node("Add", ["i", "r"], ["y"]),
  ];
  expect(plumbing(nodes)).toEqual(["i"]);
});

it("a branch that takes data from around it is a layer", () => {
  const inside = (value: string): Node["attributes"][string] => ({
    type: "graph",
    value: {
      name: "",
      inputs: [],
      outputs: [{ name: `${value}_out`, type: { kind: "unknown" } }],
      nodes: [node("Neg", [value], [`${value}_out`])],
      initializers: [],
      sparseInitializers: [],
      valueInfo: [],
    },
  });
  const branches = (value: string): Node["attributes"] => ({ then_branch: inside(value), else_branch: inside(value) });
  const nodes = [node("If", ["yes"], ["a"], branches("one")), node("If", ["yes"], ["y"], branches("x"))];
  expect(plumbing(nodes, [weight("yes", [], [1]), weight("one", [], [1])])).toEqual(["a"]);
});

it("what takes a value that nothing makes, as in a file that was cut short, is a layer", () => {
  expect(plumbing([node("Conv", ["gone", "w"], ["c"]), node("Relu", ["c"], ["y"])], [weight("w", [1], [1])])).toEqual(
    [],
  );
});
