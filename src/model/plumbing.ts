import { subgraphsOf, type Graph, type Node } from "./graph.ts";
import { hasTrait, operatorOf } from "./operators.ts";

/**
 * Nodes that compute nothing from what a model is fed: their values follow from shapes and constants alone (the
 * arithmetic around a Reshape), or they hand on what they are given (Identity).
 */
export function plumbingOf(graph: Graph): ReadonlySet<Node> {
  const data = new Set(graph.inputs.map(({ name }) => name));
  for (const { name } of graph.initializers) data.delete(name);
  const found = new Set<Node>();
  for (const node of graph.nodes) {
    const isFixed = !isRandom(node) && (hasTrait(node, "shape-of") || !takenBy(node).some((value) => data.has(value)));
    if (!isFixed) for (const output of node.outputs) if (output !== "") data.add(output);
    if (isFixed || operatorOf(node) === "Identity") found.add(node);
  }
  return found;
}

/** What a node and the graphs inside it name. */
export function takenBy(node: Node): readonly string[] {
  return [
    ...node.inputs,
    ...subgraphsOf(node).flatMap(({ nodes, outputs }) => [
      ...nodes.flatMap(takenBy),
      ...outputs.map(({ name }) => name),
    ]),
  ];
}

function isRandom(node: Node): boolean {
  return hasTrait(node, "random") || subgraphsOf(node).some(({ nodes }) => nodes.some(isRandom));
}
