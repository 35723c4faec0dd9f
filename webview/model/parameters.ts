import type { ModelDescription } from "../../src/protocol/model.ts";
import { group } from "../../src/protocol/format.ts";

/** "4 631 083 float32", or "22 600 000 (22 516 736 int8, 83 264 float32)". */
export function parametersText({
  parameters,
  parameterTypes,
}: Pick<ModelDescription, "parameters" | "parameterTypes">): string {
  const types = parameterTypes.map(({ type, count }) => `${group(count)} ${type}`);
  return types.length === 1 ? types[0] : `${group(parameters)}${types.length > 0 ? ` (${types.join(", ")})` : ""}`;
}
