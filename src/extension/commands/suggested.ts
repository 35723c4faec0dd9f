import type { LayerChoice } from "../../protocol/engine.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import type { TechniqueInfo } from "../../protocol/technique.ts";

/**
 * Methods to begin a comparison with: quick ones of different kinds, class activation maps where the input is a
 * picture.
 */
export function usualMethods(
  techniques: readonly Pick<TechniqueInfo, "id">[],
  { inputs }: Pick<Recipe, "inputs">,
): string[] {
  const pictures = Object.values(inputs).some(({ kind }) => kind === "image");
  const usual = pictures
    ? ["saliency", "integrated-gradients", "guided-backprop", "grad-cam"]
    : ["saliency", "input-x-gradient", "integrated-gradients"];
  return usual.filter((id) => techniques.some((info) => info.id === id));
}

/** Layers to begin with: the default one, and two before it at other depths that compute something. First to last. */
export function startingLayers(
  layers: readonly Pick<LayerChoice, "value" | "moves">[],
  defaultLayer: string | undefined,
): string[] {
  const last = Math.max(
    0,
    layers.findIndex(({ value }) => value === defaultLayer),
  );
  const computed = layers.slice(0, last).filter(({ moves }) => !moves);
  const before = [Math.floor(computed.length / 3), Math.floor((2 * computed.length) / 3)].flatMap(
    (index) => computed[index]?.value ?? [],
  );
  return [...new Set([...before, ...(layers[last] ? [layers[last].value] : [])])];
}
