import type { Attribute, Graph, Node } from "../model/graph.ts";

/** A node whose values are called otherwise; also in its subgraphs, where they mean values of the graph around them. */
export function renameNode(node: Node, names: ReadonlyMap<string, string>): Node {
  const renamed = (value: string): string => names.get(value) ?? value;
  return {
    ...node,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map(renamed),
    attributes: mapValues(node.attributes, (attribute): Attribute =>
      attribute.type === "graph" ? { ...attribute, value: renameInside(attribute.value, names) } : attribute,
    ),
  };
}

function renameInside(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const own = new Set(
    [...graph.inputs, ...graph.initializers]
      .map(({ name }) => name)
      .concat(graph.nodes.flatMap(({ outputs }) => outputs)),
  );
  const outer = new Map([...names].filter(([name]) => !own.has(name)));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renameNode(node, outer)),
    outputs: graph.outputs.map((output) => ({ ...output, name: outer.get(output.name) ?? output.name })),
  };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
