import type { Graph, Node } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { keepsElements } from "../model/operators.ts";

/** An output that holds the largest (or smallest) of some scores, beside one that says of which classes. */
export interface TopScores {
  /** The scores that were chosen from. */
  readonly from: string;
  /** The value that holds the class number of each element, in the same order. */
  readonly indices: string;
}

/**
 * What TopK chose an output's elements from, where the graph gives out both what it chose and where that was; undefined
 * for any other output.
 */
export function topScores(graph: Graph, output: string): TopScores | undefined {
  const node = behind(graph, output);
  if (
    node?.opType !== "TopK" ||
    node.domain !== "" ||
    !node.outputs[1] ||
    !graph.outputs.some(({ name }) => name !== output && behind(graph, name) === node)
  )
    return undefined;
  return { from: node.inputs[0], indices: node.outputs[1] };
}

function behind(graph: Graph, value: string): Node | undefined {
  const makers = makersOf(graph);
  let node = makers.get(value);
  while (node && keepsElements(node)) node = makers.get(node.inputs[0]);
  return node;
}
