import { DATA_TYPES, type DataType } from "../model/graph.ts";
import type { AttributeValue } from "./builder.ts";
import { hasTrait } from "../model/operators.ts";

/**
 * The element types of what an operator makes, the last one for all further outputs; undefined where it is float32 (or
 * not known).
 */
export function madeTypes(
  opType: string,
  inputs: readonly (DataType | undefined)[],
  attributes: Readonly<Record<string, AttributeValue>>,
): readonly (DataType | undefined)[] {
  if (hasTrait(opType, "gives-bool")) return ["bool"];
  if (hasTrait(opType, "gives-int64")) return ["int64"];
  if (opType === "Cast") return [typeof attributes.to === "number" ? DATA_TYPES[attributes.to] : undefined];
  if (opType === "MaxPool" || opType === "TopK" || opType === "Unique") return [inputs[0], "int64"];
  if (opType === "Where") return [inputs[1]];
  if (opType === "OneHot") return [inputs[2]];
  return [inputs[0]];
}
