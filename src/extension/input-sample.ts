import * as vscode from "vscode";
import { readSampleFile } from "../data/sample-file.ts";
import { RemoteError } from "../protocol/link.ts";
import { isSampleName, readSource, valueName, type InputSource, type InputSources } from "../protocol/sample.ts";

/**
 * The scheme of inputs that were typed and are not saved: the URI's query is what each input is given, as JSON, so that
 * a state keeps it as it keeps a file.
 */
export const TYPED = "neural-loupe-typed";

/** What was typed as an input's URI. */
export function typedInput(sources: InputSources): vscode.Uri {
  return vscode.Uri.from({ scheme: TYPED, path: "/inputs", query: JSON.stringify(sources) });
}

/** What a typed input's URI holds; undefined for any other, and for one that is not sound. */
export function typedSources(uri: vscode.Uri): InputSources | undefined {
  if (uri.scheme !== TYPED) return undefined;
  try {
    const json: unknown = JSON.parse(uri.query);
    if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
    const entries = Object.entries(json).map(([name, data]) => [name, readSource(data)] as const);
    return entries.every((entry): entry is readonly [string, InputSource] => entry[1] !== undefined)
      ? Object.fromEntries(entries)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What an input's URI gives the model's inputs: a sample's entries, what was typed, or the file itself. DataError where
 * a sample is not sound, or names a file outside its folder and the workspace.
 */
export async function sourcesOf(uri: vscode.Uri): Promise<InputSources> {
  if (uri.scheme === TYPED) {
    const sources = typedSources(uri);
    if (!sources) throw new RemoteError("DataError", "What was typed for the inputs cannot be read.");
    return sources;
  }
  if (!isSampleName(uri.path)) return { "": uri.fragment ? `${uri.fsPath}#${uri.fragment}` : uri.fsPath };
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  try {
    return await readSampleFile(uri.fsPath, folders);
  } catch (error) {
    const { name, message, where, hint } = error as Error & { readonly where?: string; readonly hint?: string };
    throw name === "DataError" ? new RemoteError(name, message, where, hint) : error;
  }
}

/** The files that samples name, without the rows of tables. */
export function sampleFiles(samples: readonly InputSources[]): readonly string[] {
  const sources = samples.flatMap((sample) => Object.values(sample));
  return sources.flatMap((source) => (typeof source === "string" ? [source.replace(/(\.[ct]sv)#\d+$/i, "$1")] : []));
}

/** What typed inputs are called: "photo.png, 4 numbers". */
export function typedName(sources: InputSources): string {
  const names = Object.values(sources).map((source) =>
    typeof source === "string" ? (source.split(/[\\/]/).pop() ?? source) : valueName(source),
  );
  return [...new Set(names)].join(", ");
}
