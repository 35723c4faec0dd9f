import { readlink, realpath, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { DataError } from "../model/errors.ts";
import type { ModelDescription } from "../protocol/model.ts";
import { recipeName, type InputRecipe, type Recipe, type RecipeReport } from "../protocol/recipe.ts";
import { readClasses } from "./classes.ts";
import { asDataError, parseJson, readBytes } from "./files.ts";
import type { ReadConstant } from "./graph-front.ts";
import { guessRecipe } from "./guess.ts";
import { validateRecipe } from "./validate.ts";

export { validateRecipe } from "./validate.ts";

const fileLimit = 16 * 2 ** 20;

/** Where a model's recipe is kept. */
function recipePath(modelPath: string): string {
  return path.join(path.dirname(modelPath), recipeName(path.basename(modelPath)));
}

/** A recipe from a file. Throws a DataError that names the file and the place in it. */
export async function parseRecipeFile(file: string): Promise<Recipe> {
  return validateRecipe(parseJson(await readBytes(file, fileLimit), file), file);
}

/**
 * The recipe beside the model, its gaps guessed, or else a guess; with the class names. `readConstant` gives the
 * numbers of a constant by its name, so that a normalization inside the graph can be understood. Throws a DataError
 * where there is a recipe file that cannot be used: silently guessing over it would hide the mistake.
 */
export async function loadRecipe(description: ModelDescription, readConstant?: ReadConstant): Promise<RecipeReport> {
  const file = recipePath(description.path);
  let kept: Recipe | undefined;
  try {
    kept = await parseRecipeFile(file);
  } catch (error) {
    if (!(error instanceof DataError && error.cause === "missing")) throw error;
  }
  return kept
    ? completeRecipe(kept, description, path.basename(file), readConstant)
    : guessRecipe(description, readConstant);
}

/** A recipe's report: what it leaves open (inputs, class names) is guessed, what the model does not have is said. */
export async function completeRecipe(
  recipe: Recipe,
  description: ModelDescription,
  file?: string,
  readConstant?: ReadConstant,
): Promise<RecipeReport> {
  const guess = await guessRecipe(description, readConstant);
  const inputs = description.inputs.map((input) => input.name);
  const missing = inputs.filter((name) => !Object.hasOwn(recipe.inputs, name));
  const strange = Object.keys(recipe.inputs).filter((name) => !inputs.includes(name));
  const problems = strange.map(
    (name) =>
      `The recipe names the input "${name}", which the model does not have; its inputs are ${inputs.join(", ")}.`,
  );
  const reasons = [...missing.map((name) => `The recipe does not name the input "${name}": guessed.`), ...problems];
  const chosen = (name: string): InputRecipe => (missing.includes(name) ? guess.recipe : recipe).inputs[name];
  const complete: Recipe = { ...recipe, inputs: Object.fromEntries(inputs.map((name) => [name, chosen(name)])) };
  const { classes, reason, notes = [] } = await readClasses(recipe.classes, description.path);
  reasons.push(...notes, ...(reason ? [reason] : []));
  return { recipe: complete, file, reasons, classes, ...(problems.length > 0 && { problems }) };
}

/**
 * A recipe from a file that need not lie beside the model, with the class names whose files lie beside it, or below it,
 * in the place of those files; what was taken from where is in `reasons`. Files that are not there are looked for
 * beside the model, later.
 */
export async function withOwnClasses(
  recipe: Recipe,
  file: string,
  modelPath: string,
): Promise<{ recipe: Recipe; reasons: readonly string[] }> {
  if (path.resolve(path.dirname(file)) === path.resolve(path.dirname(modelPath))) return { recipe, reasons: [] };
  const reasons: string[] = [];
  const own = async (classes: Recipe["classes"]): Promise<Recipe["classes"]> => {
    if (typeof classes !== "string") return classes;
    const { classes: names, reason, missing } = await readClasses(classes, file);
    if (names.length > 0)
      reasons.push(`The class names "${classes}" are taken from beside the recipe ${path.basename(file)}.`);
    else if (!missing && reason)
      reasons.push(`Beside the recipe: ${reason} Looking for them beside the model instead.`);
    else if (missing && (await readClasses(classes, modelPath)).missing)
      reasons.push(`The class names file "${classes}" is not beside the recipe.`);
    return names.length > 0 ? names : classes;
  };
  const classes = await own(recipe.classes);
  const outputs = await Promise.all(
    Object.entries(recipe.outputs ?? {}).map(async ([name, output]) => {
      const names = await own(output.classes);
      return [name, names === undefined ? output : { ...output, classes: names }] as const;
    }),
  );
  return {
    recipe: {
      ...recipe,
      ...(classes === undefined ? {} : { classes }),
      ...(recipe.outputs ? { outputs: Object.fromEntries(outputs) } : {}),
    },
    reasons,
  };
}

/**
 * Keeps a recipe beside its model; gives the file's name. It appears whole or not at all. A link stays one: what it
 * points to is written, if that is a .json file as well (DataError else).
 */
export async function saveRecipe(modelPath: string, recipe: Recipe): Promise<string> {
  const file = recipePath(modelPath);
  const text = `${formatRecipe(validateRecipe(recipe, file))}\n`;
  const target = await linkTarget(file).catch((error: unknown) => {
    throw asDataError(error, file);
  });
  if (path.extname(target).toLowerCase() !== ".json")
    throw new DataError("The recipe is a link to a file that is not .json; it was not written.", file);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw asDataError(error, file);
  }
  return path.basename(file);
}

/**
 * Where links lead, whether or not there is a file yet; a file's own path else. Links in folders count as the system
 * counts them; links in a circle are an error (ELOOP).
 */
async function linkTarget(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const folder = await realpath(path.dirname(file)).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? new DataError(`There is no folder "${path.dirname(file)}".`, file) : error;
  });
  const own = path.join(folder, path.basename(file));
  const to = await readlink(own).catch(() => undefined);
  if (to === undefined) return own;
  // The system goes through a link's folders one by one: "a/.." is not here where a is a link.
  return linkTarget(path.isAbsolute(to) ? to : `${folder}${path.sep}${to}`);
}

/** JSON for people: lists of numbers on one line. */
function formatRecipe(recipe: Recipe): string {
  return JSON.stringify(recipe, null, 2).replace(
    /\[\s+(-?[\d.][^[\]{}"]*?)\s+\]/g,
    (_, list: string) => `[${list.replace(/\s*\n\s*/g, " ")}]`,
  );
}
