import * as vscode from "vscode";
import { fileKind } from "../../protocol/file-types.ts";
import { isRecipeName } from "../../protocol/recipe.ts";
import { isSampleName } from "../../protocol/sample.ts";
import { nameOf } from "../files.ts";
import { TYPED } from "../input-sample.ts";

/**
 * The input after (`by` 1) or before (−1) another: of a table's row the next row, else the next file of the same kind
 * in its folder, by name as people sort names. Undefined where there is none. `rowCount`: how many rows a table has.
 */
export async function stepInput(
  input: vscode.Uri,
  by: 1 | -1,
  rowCount: (file: string) => Promise<number>,
): Promise<vscode.Uri | undefined> {
  // What was typed has no neighbours.
  if (input.scheme === TYPED) return undefined;
  if (input.fragment) {
    const row = Number(input.fragment) + by;
    if (row < 0 || (by > 0 && row >= (await rowCount(input.fsPath)))) return undefined;
    return input.with({ fragment: String(row) });
  }
  const folder = vscode.Uri.joinPath(input, "..");
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const names = entries.filter(([, type]) => (type & vscode.FileType.File) !== 0).map(([name]) => name);
  const next = neighbour(names, nameOf(input), by);
  return next === undefined ? undefined : vscode.Uri.joinPath(folder, next);
}

/** Samples are stepped over among themselves: other .json files are no inputs, or hold plain lists. */
function kindOf(name: string): unknown {
  return isSampleName(name) ? "sample" : isRecipeName(name) ? "recipe" : fileKind(name);
}

/** The name of the same kind of file after or before `current`, whether that is still there or not. */
export function neighbour(names: readonly string[], current: string, by: 1 | -1): string | undefined {
  const kind = kindOf(current);
  const alike = names.filter((name) => name !== current && kindOf(name) === kind);
  const sorted = [...alike, current].sort((a, b) => a.localeCompare(b, "en", { numeric: true }) || (a < b ? -1 : 1));
  return sorted[sorted.indexOf(current) + by];
}
