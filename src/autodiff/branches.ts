import type { Graph, Node } from "../model/graph.ts";
import { freeName } from "../model/names.ts";

/** A graph after one round of straightening. */
export interface Straightened {
  readonly graph: Graph;
  /** Conditions that decided a branch. */
  readonly conditions: readonly string[];
  /** Whether an If was replaced: its inner values are not traced yet. */
  readonly changed: boolean;
}

/**
 * Puts the taken branch of each If whose condition is known in its place. An If inside a branch stays for the next
 * round, when its condition has been traced.
 */
export function takeBranches(graph: Graph, known: (value: string) => readonly number[] | undefined): Straightened {
  const nodes: Node[] = [];
  const initializers = [...graph.initializers];
  const conditions: string[] = [];
  const taken = new Set(
    [...graph.inputs, ...graph.initializers]
      .map(({ name }) => name)
      .concat(graph.nodes.flatMap((node) => node.outputs)),
  );
  for (const node of graph.nodes) {
    const condition = node.opType === "If" && node.domain === "" ? known(node.inputs[0]) : undefined;
    const branch = condition && node.attributes[condition[0] ? "then_branch" : "else_branch"];
    if (branch?.type !== "graph") {
      nodes.push(node);
      continue;
    }
    conditions.push(node.inputs[0]);
    const rename = renaming(branch.value, taken);
    initializers.push(...branch.value.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })));
    nodes.push(...branch.value.nodes.map((inner) => renamed(inner, rename)));
    branch.value.outputs.forEach(({ name }, index) => {
      const output = node.outputs[index];
      if (output)
        nodes.push({
          name: "",
          opType: "Identity",
          domain: "",
          inputs: [rename(name)],
          outputs: [output],
          attributes: {},
        });
    });
  }
  return {
    graph: conditions.length > 0 ? { ...graph, nodes, initializers } : graph,
    conditions,
    changed: conditions.length > 0,
  };
}

/**
 * Values that a branch makes keep their names unless the graph has them already; its inputs take the names in `given`.
 */
export function renaming(
  branch: Graph,
  taken: Set<string>,
  given: ReadonlyMap<string, string> = new Map(),
): (name: string) => string {
  const names = new Map<string, string>(given);
  for (const name of [
    ...branch.initializers.map((tensor) => tensor.name),
    ...branch.nodes.flatMap((node) => node.outputs),
  ]) {
    if (name === "") continue;
    names.set(name, freeName(name, taken));
  }
  return (name) => names.get(name) ?? name;
}

export function renamed(node: Node, rename: (name: string) => string): Node {
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([name, attribute]) => {
      if (attribute.type !== "graph") return [name, attribute];
      const inner = attribute.value;
      // Names that the subgraph makes itself hide those outside.
      const own = new Set(
        [...inner.inputs, ...inner.initializers]
          .map((value) => value.name)
          .concat(inner.nodes.flatMap((child) => child.outputs)),
      );
      const visible = (value: string): string => (own.has(value) ? value : rename(value));
      return [
        name,
        {
          type: "graph" as const,
          value: {
            ...inner,
            nodes: inner.nodes.map((child) => renamed(child, visible)),
            outputs: inner.outputs.map((output) => ({ ...output, name: visible(output.name) })),
          },
        },
      ];
    }),
  );
  return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes };
}
