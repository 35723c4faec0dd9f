import * as vscode from "vscode";
import type { Recipe, RecipeReport } from "../../protocol/recipe.ts";
import { recipeFile } from "../files.ts";
import type { Services } from "../services.ts";
import { write } from "./save.ts";

/**
 * Writes the recipe beside the model and reads it back as the engine sees it; one that the engine refuses is not left
 * there.
 */
export async function saveRecipe({ engine }: Services, model: vscode.Uri, recipe: Recipe): Promise<RecipeReport> {
  const file = recipeFile(model);
  const before = await vscode.workspace.fs.readFile(file).then(
    (bytes) => bytes,
    () => undefined,
  );
  await write(file, Buffer.from(`${JSON.stringify(recipe, null, 2)}\n`));
  try {
    return await engine.call("recipe", { model: model.fsPath });
  } catch (error) {
    if (before) await write(file, before);
    else await vscode.workspace.fs.delete(file);
    throw error;
  }
}
