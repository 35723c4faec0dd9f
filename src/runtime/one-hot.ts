import type { Node } from "../model/graph.ts";
import { keepsElements } from "../model/operators.ts";

/** A value that is 1 at the element that was chosen and 0 at the others: what chose it. */
export interface OneHot {
  /** The scores whose largest is the one chosen, or the index of the one chosen. */
  readonly scores?: string;
  readonly index?: string;
  /** The operator: "OneHot", "Hardmax", "Equal". */
  readonly by: string;
}

/** What makes a tensor of one number. */
const FILLING: ReadonlySet<string> = new Set(["Constant", "ConstantOfShape", "Expand"]);

/**
 * By what a value only says which element was chosen: ArgMax and OneHot or ScatterElements, Hardmax, x = max x.
 * Undefined for any other.
 */
export function oneHotOf(makers: ReadonlyMap<string, Node>, value: string): OneHot | undefined {
  let node = makers.get(value);
  while (
    node?.domain === "" &&
    (keepsElements(node) ||
      node.opType === "Transpose" ||
      (node.opType === "Where" && node.inputs.slice(1).every((input) => isFilled(makers, input))))
  )
    node = makers.get(node.inputs[0]);
  if (node?.domain !== "") return undefined;
  const [first, second] = node.inputs;
  switch (node.opType) {
    case "Hardmax":
      return { scores: first, by: "Hardmax" };
    case "OneHot":
      return isChosen(makers, first) ? { index: first, by: "OneHot" } : undefined;
    case "ScatterElements":
      return isFilled(makers, first) && isFilled(makers, node.inputs[2]) && isChosen(makers, second)
        ? { index: second, by: "ScatterElements" }
        : undefined;
    case "Equal": {
      const scores = [
        [first, second],
        [second, first],
      ].find(([one, other]) => {
        const maximum = makers.get(other);
        return maximum?.opType === "ReduceMax" && maximum.inputs[0] === one;
      })?.[0];
      return scores === undefined ? undefined : { scores, by: "Equal with ReduceMax" };
    }
    default:
      return undefined;
  }
}

function isFilled(makers: ReadonlyMap<string, Node>, value: string): boolean {
  const node = makers.get(value);
  return node === undefined || FILLING.has(node.opType);
}

/** Whether an index is the place of the largest or smallest of something. */
function isChosen(makers: ReadonlyMap<string, Node>, index: string): boolean {
  let node = makers.get(index);
  while (node && keepsElements(node)) node = makers.get(node.inputs[0]);
  return node?.domain === "" && /^(Arg(Max|Min)|TopK)$/.test(node.opType);
}
