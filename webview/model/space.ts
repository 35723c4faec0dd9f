import type { LayerDescription, LayerDetails } from "../../src/protocol/model.ts";

/** Whether a layer's output may be of a float type, as feature maps need; what is not known yet may be. */
export function mayBeFloat(
  { outputs }: Pick<LayerDescription, "outputs">,
  details?: Pick<LayerDetails, "outputs">,
): boolean {
  const type = details?.outputs[0]?.type;
  return outputs.length > 0 && (type === undefined || /^b?float/.test(type));
}

/**
 * Whether a layer's output may have places and channels, as class activation maps need: a float value of which two
 * axes besides the batch are longer than one. What is not known yet may be.
 */
export function mayHaveSpace(
  { outputDims, outputs }: Pick<LayerDescription, "outputDims" | "outputs">,
  details?: Pick<LayerDetails, "outputs">,
): boolean {
  if (!mayBeFloat({ outputs }, details)) return false;
  return outputDims === undefined || outputDims.slice(1).filter((dim) => dim !== 1).length >= 2;
}
