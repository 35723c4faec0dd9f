import type { EditorState } from "../../src/protocol/editor.ts";
import type { LayerDescription } from "../../src/protocol/model.ts";

export type Sort = EditorState["sort"];

/**
 * Layers that a search text finds: every word must occur in the name, the operator or an output's name; `op:Conv` asks
 * for an operator by its whole name. Case does not matter. Order is kept.
 */
export function findLayers(layers: readonly LayerDescription[], text: string): readonly LayerDescription[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return layers;
  return layers.filter((layer) => {
    const operator = layer.operator.toLowerCase();
    const haystack = `${layer.name}\n${operatorName(layer)}\n${layer.outputs.join("\n")}`.toLowerCase();
    return words.every((word) => {
      if (!word.startsWith("op:")) return haystack.includes(word);
      const wanted = word.slice(3);
      return wanted === "" || operator === wanted || operatorName(layer).toLowerCase() === wanted;
    });
  });
}

/** A sorted copy; equal ones stay in the graph's order, unknown shapes come last. */
export function sortLayers(layers: readonly LayerDescription[], { by, descending }: Sort): readonly LayerDescription[] {
  if (by === "order") return descending ? [...layers].reverse() : layers;
  const compare = comparisons[by];
  const direction = descending ? -1 : 1;
  return [...layers].sort((a, b) => direction * compare(a, b) || a.index - b.index);
}

const names = new Intl.Collator("en", { numeric: true });

const comparisons: Record<Exclude<Sort["by"], "order">, (a: LayerDescription, b: LayerDescription) => number> = {
  name: (a, b) => names.compare(a.name, b.name),
  operator: (a, b) => names.compare(operatorName(a), operatorName(b)),
  parameters: (a, b) => a.parameters - b.parameters,
  shape: (a, b) => elements(a) - elements(b),
};

/** Elements of the output; symbols count as 1, so that [N,3,224,224] compares by what is known. Unknown: −1. */
function elements(layer: LayerDescription): number {
  if (!layer.outputDims) return -1;
  return layer.outputDims.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : 1), 1);
}

/** "Conv", or "com.microsoft.FusedConv" outside ai.onnx. */
export function operatorName(layer: LayerDescription): string {
  return layer.domain && layer.domain !== "ai.onnx" ? `${layer.domain}.${layer.operator}` : layer.operator;
}
