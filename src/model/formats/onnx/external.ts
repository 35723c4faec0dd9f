import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { locateBeside, pathBeside } from "../../beside.ts";
import type { ExternalFile } from "./context.ts";

/** A file of external data that the model may use. */
interface ExternalData {
  /** Relative to the model's folder, as the model names it. */
  readonly file: string;
  /** The real path, links resolved. */
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

export interface ExternalFiles {
  find(location: string): ExternalFile;
  /** By the name that the model gives them. */
  readonly found: ReadonlyMap<string, ExternalData>;
  /** Absolute, of all that was asked for and may be used, missing or not. */
  paths(): readonly string[];
  /** Whether all that was asked for is as it was. */
  areCurrent(): boolean;
}

/**
 * Looks up the external data files of the model at `modelPath`. Only regular files that `locateBeside` allows are
 * given: a model from elsewhere must not read the rest of the disk.
 */
export function externalFiles(modelPath: string): ExternalFiles {
  const found = new Map<string, ExternalData>();
  const answers = new Map<string, ExternalFile>();
  const find = (location: string): ExternalFile => {
    let answer = answers.get(location);
    if (answer === undefined) {
      const data = locate(modelPath, location);
      if ("path" in data) found.set(data.file, data);
      answer = data;
      answers.set(location, answer);
    }
    return answer;
  };
  const areCurrent = (): boolean =>
    [...answers].every(([location, before]) => {
      const now = locate(modelPath, location);
      return "path" in now
        ? now.path === found.get(location)?.path &&
            now.size === found.get(location)?.size &&
            now.modified === found.get(location)?.modified
        : "problem" in before;
    });
  const paths = (): readonly string[] => [
    ...new Set(
      [...answers.keys()].flatMap((location) => {
        const real = found.get(location)?.path;
        if (real === undefined && !isMissing(modelPath, location)) return [];
        // A link may be changed to lead elsewhere, and what it leads to may change.
        return [pathBeside(modelPath, location), ...(real === undefined ? [] : [real])];
      }),
    ),
  ];
  return { find, found, paths, areCurrent };
}

function isMissing(modelPath: string, location: string): boolean {
  if (location === "" || location.includes("\0")) return false;
  try {
    locateBeside(modelPath, location);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

/** Git LFS pointers have about 130 bytes. */
const LONGEST_POINTER = 1024;

function locate(modelPath: string, location: string): ExternalData | { problem: string } {
  const shown = location.length > 200 ? `${location.slice(0, 200)}...` : location;
  if (location === "") return { problem: "the model stores it in another file, but does not name the file." };
  if (location.includes("\0"))
    return { problem: `the name of its data file "${shown.replaceAll("\0", "\\0")}" has a zero byte.` };
  const outside = {
    problem: `its data file "${shown}" is outside the model's folder. A model may only use files in its own folder or below.`,
  };
  let path: string;
  try {
    const located = locateBeside(modelPath, location);
    if ("leadsOut" in located) {
      if (located.leadsOut === "name") return outside;
      return {
        problem: `its data file "${shown}" is a link that leads outside the model's folder. Copy the file itself beside the model.`,
      };
    }
    path = located.path;
  } catch (error) {
    const bare = location.trim();
    const trimmed = bare !== location && !isMissing(modelPath, bare) && "path" in locateBeside(modelPath, bare);
    return {
      problem: trimmed
        ? `its data file "${shown}" does not exist; there is one without the spaces around its name. Export the model again, or rename the file.`
        : reason(error, shown),
    };
  }
  try {
    const status = statSync(path);
    if (!status.isFile()) return { problem: `its data file "${shown}" is not a file.` };
    closeSync(openSync(path, "r"));
    if (status.size < LONGEST_POINTER && readFileSync(path, "latin1").startsWith("version https://git-lfs")) {
      return {
        problem: `its data file "${shown}" is a Git LFS pointer, not the data itself. Run \`git lfs pull\` in the repository to fetch it.`,
      };
    }
    return { file: location, path, size: status.size, modified: status.mtimeMs };
  } catch (error) {
    return { problem: reason(error, shown) };
  }
}

function reason(error: unknown, shown: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR")
    return `its data file "${shown}" does not exist. Put it beside the model.`;
  if (code === "EACCES" || code === "EPERM")
    return `its data file "${shown}" cannot be read: you do not have permission.`;
  return `its data file "${shown}" cannot be opened (${code === "" ? String(error) : code}).`;
}
