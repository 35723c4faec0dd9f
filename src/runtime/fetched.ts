import type { Graph, Node } from "../model/graph.ts";
import type { TensorValue } from "./ort.ts";

/** A graph whose outputs are these values; inputs and constants among them by way of a copy. */
export function giving(graph: Graph, names: readonly string[]): Graph {
  const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const copies = names.flatMap((name, index): Node[] =>
    made.has(name)
      ? []
      : [{ name: "", opType: "Identity", domain: "", inputs: [name], outputs: [copyName(index)], attributes: {} }],
  );
  const outputs = names.map((name, index) => ({
    name: made.has(name) ? name : copyName(index),
    type: { kind: "unknown" as const },
  }));
  return { ...graph, nodes: [...graph.nodes, ...copies], outputs, valueInfo: [] };
}

/** What such a graph gave, by the names that were asked for. */
export function valuesOf(values: ReadonlyMap<string, TensorValue>, names: readonly string[]): Map<string, TensorValue> {
  return new Map(names.map((name, index) => [name, (values.get(name) ?? values.get(copyName(index)))!]));
}

function copyName(index: number): string {
  return `loupe.fetch.${index}`;
}
