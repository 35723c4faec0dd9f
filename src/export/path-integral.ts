import { neededFor } from "../autodiff/differentiate.ts";
import { range, type Builder } from "../autodiff/builder.ts";
import type { Graph, Node } from "../model/graph.ts";
import type { Quadrature } from "../math/quadrature.ts";

export interface PathIntegral {
  /** The value at the way's end. */
  readonly value: string;
  /** The value at its beginning, that broadcasts to the other's shape. */
  readonly baseline: string;
  readonly quadrature: Quadrature;
  /** Emits what computes the score's gradient at a point, a value of the same shape, and gives its name. */
  gradientAt(point: string): string;
}

/**
 * (x − x′) ⊙ Σ wₛ ∂y/∂x at x′ + pₛ(x − x′), as one ONNX Loop over the steps: the file holds the gradient once, and a
 * run takes the memory of one gradient, whatever the number of steps. What is the same in every step is computed before
 * it.
 */
export function pathIntegral(
  g: Builder,
  { value, baseline, quadrature: { points, weights }, gradientAt }: PathIntegral,
): string {
  const dims = g.shape(value);
  const way = g.minus(value, baseline);
  const [allPoints, allWeights] = [g.floats(points, [points.length]), g.floats(weights, [weights.length])];
  const start = g.nodes.length;
  const step = declare(g, "step", [], "int64");
  const going = declare(g, "going", [], "bool");
  const sum = declare(g, "sum", dims);
  const at = (list: string): string => g.op("Gather", [list, step], [], { axis: 0 });
  const gradient = gradientAt(g.plus(baseline, g.times(at(allPoints), way)));
  const next = g.plus(sum, g.times(at(allWeights), gradient));
  const goesOn = g.op("Identity", [going], []);

  const made = g.nodes.splice(start);
  const inside = neededFor([goesOn, next], madeFrom([step, going, sum], made));
  const total = g.fresh("total");
  g.declare(total, dims);
  g.nodes.push(...made.filter((node) => !dependsOn([step, going, sum], made).has(node)));
  g.add({
    name: "",
    opType: "Loop",
    domain: "",
    outputs: [total],
    inputs: [
      g.intTensor([points.length], []),
      g.constant("bool", [], Uint8Array.of(1)),
      g.op("Expand", [g.scalar(0), g.ints(dims)], dims),
    ],
    attributes: { body: { type: "graph", value: bodyOf(inside, { step, going, sum }, [goesOn, next]) } },
  });
  return g.times(way, total);
}

/**
 * A copy of the nodes that make `of` from `value`, from `point` on instead; the copy of `of`, and the names of the
 * copies.
 */
export function copyFrom(
  g: Builder,
  forward: readonly Node[],
  { value, point, of }: { value: string; point: string; of: string },
): { of: string; original: ReadonlyMap<string, string> } {
  const copies = new Map([[value, point]]);
  for (const node of neededFor(
    [of],
    madeFrom(
      [value],
      forward.filter(({ outputs }) => !outputs.includes(value)),
    ),
  )) {
    const outputs = node.outputs.map((output) => {
      if (output === "") return "";
      const copy = declare(g, "copy", g.shape(output), g.typeOf(output));
      copies.set(output, copy);
      return copy;
    });
    g.add({ ...renamedInputs(node, copies), outputs });
  }
  return { of: copies.get(of) ?? of, original: new Map([...copies].map(([name, copy]) => [copy, name])) };
}

function renamedInputs(node: Node, copies: ReadonlyMap<string, string>): Node {
  return { ...node, inputs: node.inputs.map((input) => copies.get(input) ?? input) };
}

function declare(
  g: Builder,
  hint: string,
  dims: readonly number[],
  type?: "int64" | "bool" | ReturnType<Builder["typeOf"]>,
): string {
  const name = g.fresh(hint);
  g.declare(name, dims);
  if (type) g.declareType(name, type);
  return name;
}

function dependsOn(values: readonly string[], nodes: readonly Node[]): Set<Node> {
  const found = new Set(values);
  const dependent = new Set<Node>();
  for (const node of nodes) {
    if (!node.inputs.some((input) => found.has(input))) continue;
    dependent.add(node);
    for (const output of node.outputs) found.add(output);
  }
  return dependent;
}

function madeFrom(values: readonly string[], nodes: readonly Node[]): Node[] {
  return [...dependsOn(values, nodes)];
}

function bodyOf(
  nodes: readonly Node[],
  { step, going, sum }: { step: string; going: string; sum: string },
  outputs: readonly string[],
): Graph {
  const scalar = (name: string, dataType: "int64" | "bool") => ({
    name,
    type: { kind: "tensor" as const, dataType, dims: range(0, 0) },
  });
  return {
    name: "step",
    nodes,
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
    inputs: [
      scalar(step, "int64"),
      scalar(going, "bool"),
      { name: sum, type: { kind: "tensor", dataType: "float32" } },
    ],
    outputs: [
      { name: outputs[0], type: { kind: "tensor", dataType: "bool", dims: [] } },
      { name: outputs[1], type: { kind: "tensor", dataType: "float32" } },
    ],
  };
}
