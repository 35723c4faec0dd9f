import { UsageError } from "../../model/errors.ts";
import { isFloat } from "../../model/graph.ts";
import type { SampleContext, LayerInfo } from "../framework/technique.ts";

/**
 * The layer asked for, or the last before the score: any value that the input has a say in. UsageError for weights and
 * integers.
 */
export async function layerOf(context: SampleContext): Promise<LayerInfo> {
  const layer = await context.layer("any");
  const { specialised, trace } = await context.traced();
  if (!specialised.tainted.has(layer.value)) {
    throw new UsageError(
      `"${layer.value}" does not depend on the input: it is a weight, or computed from weights only.`,
      layer.value,
      "Choose a layer that depends on the input.",
    );
  }
  const type = trace.types.get(layer.value);
  if (type !== undefined && !isFloat(type))
    throw new UsageError(
      `"${layer.value}" holds ${type}: only float values have attributions.`,
      layer.value,
      "Choose another layer.",
    );
  return layer;
}
