import { subgraphsOf, type Graph, type Node } from "./graph.ts";
import { hasTrait, operatorOf } from "./operators.ts";

/**
 * Nodes that compute nothing from what a model is fed: their values follow from shapes and constants alone (the
 * arithmetic around a Reshape), or they hand on what they are given (Identity). A value that nothing in the file makes
 * may be anything.
 */
export function plumbingOf(graph: Graph): ReadonlySet<Node> {
  const tensors = [...graph.initializers, ...graph.sparseInitializers.map(({ values }) => values)];
  const fixed = new Set(tensors.map(({ name }) => name));
  const found = new Set<Node>();
  for (const node of graph.nodes) {
    const isFixed =
      !isRandom(node) &&
      (hasTrait(node, "shape-of") || takenBy(node).every((value) => value === "" || fixed.has(value)));
    if (isFixed) for (const output of node.outputs) fixed.add(output);
    if (isFixed || operatorOf(node) === "Identity") found.add(node);
  }
  return found;
}

/** What a node takes, and the graphs inside it from around them. */
export function takenBy(node: Node): readonly string[] {
  return [...node.inputs, ...subgraphsOf(node).flatMap(takenFromOutside)];
}

function takenFromOutside({ nodes, outputs, inputs, initializers }: Graph): readonly string[] {
  const own = new Set([
    ...[...inputs, ...initializers].map(({ name }) => name),
    ...nodes.flatMap((node) => node.outputs),
  ]);
  return [...nodes.flatMap(takenBy), ...outputs.map(({ name }) => name)].filter((name) => !own.has(name));
}

function isRandom(node: Node): boolean {
  return hasTrait(node, "random") || subgraphsOf(node).some(({ nodes }) => nodes.some(isRandom));
}
