import type { ModelDescription } from "../../protocol/model.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import { readClasses } from "../../data/classes.ts";
import type { OutputHints } from "./output.ts";

/**
 * What a recipe says of outputs, its files of class names read from the model's folder; and what of that could not be
 * used.
 */
export async function outputHints(
  recipe: Recipe,
  { outputs }: Pick<ModelDescription, "outputs">,
  modelPath: string,
): Promise<OutputHints & { readonly notes: readonly string[] }> {
  const own = await readClasses(recipe.classes, modelPath);
  const said = await Promise.all(
    Object.entries(recipe.outputs ?? {}).map(async ([name, { classes, ...other }]) => {
      const names = classes === undefined ? undefined : await readClasses(classes, modelPath);
      return {
        name,
        reasons: [...(names?.notes ?? []), ...(names?.reason ? [names.reason] : [])],
        hint: { ...other, ...(names && names.classes.length > 0 ? { classes: names.classes } : {}) },
      };
    }),
  );
  const known = outputs.map(({ name }) => name);
  const strange = said.filter(({ name }) => !known.includes(name)).map(({ name }) => name);
  return {
    classes: own.classes,
    outputs: Object.fromEntries(said.map(({ name, hint }) => [name, hint])),
    notes: [
      ...(own.notes ?? []),
      ...(own.reason ? [own.reason] : []),
      ...said.flatMap(({ reasons }) => reasons),
      ...strange.map(
        (name) =>
          `The recipe describes the output "${name}", which the model does not have; its outputs are ${known.join(", ")}.`,
      ),
    ],
  };
}
