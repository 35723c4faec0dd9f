import type { Node } from "../model/graph.ts";
import { hasTrait } from "../model/operators.ts";

/** Said of every result that went through a quantised operator. */
export const STRAIGHT_THROUGH =
  "Gradients through quantised operators are straight-through estimates: rounding is treated as the identity inside the range and as a constant where it clips.";

export function isQuantised(node: Node): boolean {
  return hasTrait(node, "quantised");
}

/** Integer values that gradients pass through all the same: quantised numbers and what is made by moving them. */
export function carryingIntegers(nodes: readonly Node[], float: (value: string) => boolean): Set<string> {
  const carriers = new Set<string>();
  for (const node of nodes) {
    if (hasTrait(node, "gives-quantised")) carriers.add(node.outputs[0]);
    // Moved, chosen or added up, they stand for what they did.
    else if (
      node.domain === "" &&
      hasTrait(node, "selects", "linear") &&
      node.inputs.some((input) => carriers.has(input))
    ) {
      const output = node.outputs[0];
      if (!float(output)) carriers.add(output);
      if (node.opType === "Split") for (const other of node.outputs) carriers.add(other);
    }
  }
  carriers.delete("");
  return carriers;
}
