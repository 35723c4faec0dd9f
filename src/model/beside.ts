import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";

/**
 * What Hugging Face's repositories keep in their first folder while models lie in the folder `onnx` below it. Recipes
 * may name these one folder above such a model, and nothing else.
 */
export const REPOSITORY_FILES: ReadonlySet<string> = new Set([
  "tokenizer.json",
  "tokenizer_config.json",
  "config.json",
  "preprocessor_config.json",
]);

const NONE: ReadonlySet<string> = new Set();

/**
 * The real path of a file that a model, or a recipe beside it, names relative to the model's folder. Undefined where it
 * would lead out: a model from elsewhere must not read the rest of the disk. `by` says what leads out, the name itself
 * or a link on the way. Throws the system's error where there is no such file.
 *
 * Allowed are files in the model's folder or below, links resolved, in whatever way their names are written
 * (`./a/../b`, `a\b`, absolute). Two more: Hugging Face's cache keeps a repository as links, snapshots/x/model.onnx ->
 * ../../blobs/aaaa. Where the model itself is such a link, a link in its folder may lead to a file in the very folder
 * where the model's own target lies. And `above` are names that are allowed in the folder over one called `onnx`,
 * directly there.
 */
export function locateBeside(
  modelPath: string,
  name: string,
  above = NONE,
): { readonly path: string } | { readonly leadsOut: "name" | "link" } {
  if (name === "" || name.includes("\0") || isOfWindows(name)) return { leadsOut: "name" };
  const folder = path.resolve(path.dirname(modelPath));
  const file = pathBeside(modelPath, name);
  const realFolder = realpathSync(folder);
  const isAbove =
    isIn(path.dirname(folder), file) && above.has(path.basename(file)) && isOnnxFolder(folder, realFolder);
  if (!isAbove && ![folder, realFolder].some((one) => file === one || isBelow(one, file))) return { leadsOut: "name" };
  const realFile = realpathSync(file);
  const isInside = isAbove
    ? isIn(path.dirname(realFolder), realFile)
    : realFile === realFolder || isBelow(realFolder, realFile);
  if (isInside || isLinkBesideModel(modelPath, isAbove ? path.dirname(realFolder) : realFolder, file, realFile))
    return { path: realFile };
  return { leadsOut: "link" };
}

/**
 * Where a name leads, by its letters alone. Models from Windows have backslashes; elsewhere these may be a part of a
 * name, which then goes first.
 */
export function pathBeside(modelPath: string, name: string): string {
  const folder = path.resolve(path.dirname(modelPath));
  const literal = path.resolve(folder, name);
  return name.includes("\\") && !exists(literal) ? path.resolve(folder, name.replaceAll("\\", "/")) : literal;
}

/** An absolute path of another system: there is none here that it could mean. */
function isOfWindows(name: string): boolean {
  return path.sep === "/" && (/^[a-zA-Z]:/.test(name) || /^[\\/]{2}[^\\/]/.test(name) || name.startsWith("\\"));
}

function isOnnxFolder(folder: string, realFolder: string): boolean {
  return (
    path.basename(folder) === "onnx" &&
    path.basename(realFolder) === "onnx" &&
    realpathSync(path.dirname(folder)) === path.dirname(realFolder)
  );
}

/**
 * The link itself must lie in the model's folder, not behind a folder that is a link, and what it comes to beside what
 * the model's comes to.
 */
function isLinkBesideModel(modelPath: string, realFolder: string, file: string, realFile: string): boolean {
  const isLink = (one: string): boolean => lstatSync(one).isSymbolicLink();
  if (!isLink(modelPath) || !isLink(file)) return false;
  const parent = realpathSync(path.dirname(file));
  return (
    (parent === realFolder || isBelow(realFolder, parent)) &&
    path.dirname(realFile) === path.dirname(realpathSync(modelPath))
  );
}

/** Whether a path lies in a folder or in one below; the folder itself does not. */
export function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== "" && relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function isIn(folder: string, file: string): boolean {
  return path.dirname(file) === folder;
}

function exists(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch {
    return false;
  }
}
