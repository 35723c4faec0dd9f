import type { Graph, Node } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { keepsElements, operatorOf } from "../model/operators.ts";

/**
 * The operator by which a graph chooses the smallest elements of a value (ArgMin, TopK of the smallest, ArgMax or TopK
 * of the negative), or by which the value is what was chosen: the distances of k-means, of nearest centroids and
 * neighbours. Undefined where it chooses nothing or the largest.
 */
export function smallestChosenBy(graph: Graph, value: string): string | undefined {
  if (!graph.nodes.some(({ opType }) => opType === "ArgMin" || opType === "TopK" || opType === "ArgMax"))
    return undefined;
  return chosenFrom(graph, value) ?? chosen(graph, value);
}

/**
 * The value, and what it is made of and is made of it without another order of its elements; `negated` where they are
 * in the reverse order.
 */
function chosenFrom(graph: Graph, value: string): string | undefined {
  const open: { readonly name: string; readonly negated: boolean }[] = [{ name: value, negated: false }];
  const makers = makersOf(graph);
  for (let node = makers.get(value); node && keepsSmallest(node); node = makers.get(node.inputs[0]))
    open.push({ name: node.inputs[0], negated: false });
  const seen = new Set<string>();
  for (let at = open.pop(); at; at = open.pop()) {
    const { name, negated } = at;
    if (seen.has(name)) continue;
    seen.add(name);
    for (const node of graph.nodes.filter(({ domain, inputs }) => domain === "" && inputs[0] === name)) {
      const smallest = picksSmallest(node);
      if (smallest !== undefined && smallest !== negated)
        return negated
          ? `${node.opType} of the negative`
          : node.opType === "TopK"
            ? "TopK of the smallest"
            : node.opType;
      if (node.opType === "Neg") open.push({ name: node.outputs[0], negated: !negated });
      else if (keepsSmallest(node)) open.push({ name: node.outputs[0], negated });
    }
  }
  return undefined;
}

/** Values that were chosen as the smallest themselves. */
function chosen(graph: Graph, value: string): string | undefined {
  const makers = makersOf(graph);
  let negated = false;
  for (
    let node = makers.get(value), name = value;
    node?.domain === "";
    name = node.inputs[0], node = makers.get(name)
  ) {
    if (node.opType === "TopK")
      return node.outputs[0] === name &&
        picksSmallest(node) !== negated &&
        (!negated || makers.get(node.inputs[0])?.opType === "Neg")
        ? "TopK of the smallest"
        : undefined;
    if (node.opType === "Neg") negated = !negated;
    else if (!keepsSmallest(node)) return undefined;
  }
  return undefined;
}

/** Whether an operator keeps which element is the smallest. */
function keepsSmallest(node: Node): boolean {
  return keepsElements(node) || ["Sqrt", "Relu", "Exp"].includes(operatorOf(node));
}

/** Whether an operator picks the smallest (true) or the largest (false); undefined for any other. */
function picksSmallest({ opType, attributes }: Node): boolean | undefined {
  if (opType === "ArgMin") return true;
  if (opType === "ArgMax") return false;
  if (opType !== "TopK") return undefined;
  return attributes.largest?.type === "int" && attributes.largest.value === 0;
}
