import type { Graph, Node } from "./graph.ts";

const known = new WeakMap<Graph, ReadonlyMap<string, Node>>();

/**
 * The node that makes each value of a graph (outputs that are left out are none); found once for a graph, which does
 * not change.
 */
export function makersOf(graph: Graph): ReadonlyMap<string, Node> {
  let makers = known.get(graph);
  if (!makers) known.set(graph, (makers = makersAmong(graph.nodes)));
  return makers;
}

/** The same of nodes that are no graph's own list. */
export function makersAmong(nodes: readonly Node[]): ReadonlyMap<string, Node> {
  return new Map(
    nodes.flatMap((node) => node.outputs.filter((name) => name !== "").map((name) => [name, node] as const)),
  );
}
