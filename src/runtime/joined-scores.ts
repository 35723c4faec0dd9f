import type { Graph, Node } from "../model/graph.ts";
import { makersOf } from "../model/makers.ts";
import { endOf, type End, type ValueFacts } from "./score.ts";

/**
 * The softmax or sigmoid that one element of an output comes from, where the output joins it with other values (YOLO's
 * boxes and class scores): its elements have no logits in common that could be explained in their place. Undefined
 * where the element comes from no such end, or shapes are not known.
 * @param index Of the element, one number for each axis of the output, batch and all.
 */
export function endOfElement(
  graph: Graph,
  output: string,
  index: readonly number[],
  dims: (value: string) => readonly number[] | undefined,
  facts: ValueFacts = {},
): End | undefined {
  const makers = makersOf(graph);
  let [value, at, joined] = [output, index, false];
  for (let node = makers.get(value); node?.domain === ""; node = makers.get(value)) {
    if (node.opType === "Transpose") {
      const perm = node.attributes.perm;
      const order = perm?.type === "ints" ? perm.value : at.map((_, axis) => at.length - 1 - axis);
      const moved = [...at];
      order.forEach((from, axis) => {
        moved[from] = at[axis];
      });
      [value, at] = [node.inputs[0], moved];
    } else if (node.opType === "Concat") {
      const part = partOf(node, at, dims);
      if (!part) return undefined;
      [value, at, joined] = [part.value, part.at, true];
    } else if (node.opType === "Identity" || node.opType === "Cast") value = node.inputs[0];
    else break;
  }
  return joined ? endOf(graph, value, facts) : undefined;
}

/** The input of a Concat that an element is of, and where in it. */
function partOf(
  node: Node,
  at: readonly number[],
  dims: (value: string) => readonly number[] | undefined,
): { readonly value: string; readonly at: readonly number[] } | undefined {
  const given = node.attributes.axis?.type === "int" ? node.attributes.axis.value : 0;
  const axis = given < 0 ? given + at.length : given;
  let place = at[axis];
  for (const value of node.inputs) {
    const size = dims(value)?.[axis];
    if (size === undefined) return undefined;
    if (place < size) return { value, at: at.map((one, index) => (index === axis ? place : one)) };
    place -= size;
  }
  return undefined;
}
