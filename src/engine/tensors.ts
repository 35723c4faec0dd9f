import { constantOf } from "../model/constants.ts";
import { UsageError } from "../model/errors.ts";
import type { OpenModel } from "../model/open.ts";
import type { TensorRef } from "../model/graph.ts";
import { summarise } from "../model/tensor.ts";
import type { TensorSummary } from "../protocol/model.ts";

/**
 * A constant of the main graph summed up. UsageError when the graph has none of that name, ModelError when its bytes
 * are not there.
 */
export function tensorSummary(open: OpenModel, name: string): TensorSummary {
  const tensor = findTensor(open, name);
  if (!tensor)
    throw new UsageError(`The model has no constant "${name}".`, name, "The file may have changed: reload it.");
  return summarise(tensor, open.bytesOf(tensor));
}

function findTensor({ model: { graph } }: OpenModel, name: string): TensorRef | undefined {
  const initializer = graph.initializers.find((tensor) => tensor.name === name);
  if (initializer) return initializer;
  const node = graph.nodes.find(({ opType, outputs }) => opType === "Constant" && outputs[0] === name);
  return node && constantOf(node);
}
