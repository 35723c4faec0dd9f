import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";

/**
 * The real path of a file that a model, or a recipe beside it, names relative to the model's folder. Undefined where it would lead out: a
 * model from elsewhere must not read the rest of the disk. `by` says what leads out, the name itself or a link on the way. Throws the system's
 * error where there is no such file.
 *
 * Allowed are files in the model's folder or below, links resolved. One more: Hugging Face's cache keeps a repository as links,
 * snapshots/x/model.onnx -> ../../blobs/aaaa. Where the model itself is such a link, a link in its folder may lead to a file in the very
 * folder where the model's own target lies.
 */
export function locateBeside(modelPath: string, name: string): { readonly path: string } | { readonly leadsOut: "name" | "link" } {
  const absolute = path.isAbsolute(name) || path.win32.isAbsolute(name) || /^[a-zA-Z]:/.test(name);
  if (name === "" || name.includes("\0") || absolute || name.split(/[\\/]/).includes("..")) return { leadsOut: "name" };
  const folder = path.dirname(modelPath);
  const file = path.join(folder, name);
  const [realFolder, realFile] = [realpathSync(folder), realpathSync(file)];
  if (isBelow(realFolder, realFile) || isLinkBesideModel(modelPath, realFolder, file, realFile)) return { path: realFile };
  return { leadsOut: "link" };
}

/** The link itself must lie in the model's folder, not behind a folder that is a link, and what it comes to beside what the model's comes to. */
function isLinkBesideModel(modelPath: string, realFolder: string, file: string, realFile: string): boolean {
  const isLink = (one: string): boolean => lstatSync(one).isSymbolicLink();
  if (!isLink(modelPath) || !isLink(file)) return false;
  const parent = realpathSync(path.dirname(file));
  return (parent === realFolder || isBelow(realFolder, parent)) && path.dirname(realFile) === path.dirname(realpathSync(modelPath));
}

function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== "" && relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
