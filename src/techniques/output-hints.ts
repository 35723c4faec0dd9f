import type { Recipe } from "../protocol/recipe.ts";
import { readClasses } from "../data/classes.ts";
import type { OutputHints } from "./output.ts";

/** What a recipe says of outputs, its files of class names read from the model's folder. */
export async function outputHints(recipe: Recipe, modelPath: string): Promise<OutputHints> {
  const { classes } = await readClasses(recipe.classes, modelPath);
  const outputs = await Promise.all(Object.entries(recipe.outputs ?? {}).map(async ([name, { kind, classes: names }]) => (
    [name, { ...(kind ? { kind } : {}), ...(names === undefined ? {} : { classes: (await readClasses(names, modelPath)).classes }) }] as const)));
  return { classes, outputs: Object.fromEntries(outputs) };
}
