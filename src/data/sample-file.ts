import { realpath } from "node:fs/promises";
import path from "node:path";
import { isBelow } from "../model/beside.ts";
import { DataError } from "../model/errors.ts";
import { fileKind } from "../protocol/file-types.ts";
import { LARGEST_SAMPLE, readSampleJson, type InputSource, type InputSources } from "../protocol/sample.ts";
import { asDataError, parseJson, readBytes } from "./files.ts";

/**
 * A `*.sample.json` as what each input is given: paths made absolute, from the sample's folder. A sample may come from
 * anywhere, so its files must lie in its own folder or in one of `folders` (the workspace's, or where a command runs),
 * or below, links resolved. DataError that names the entry.
 */
export async function readSampleFile(file: string, folders: readonly string[] = []): Promise<InputSources> {
  const read = readSampleJson(parseJson(await readBytes(file, LARGEST_SAMPLE), file));
  if ("problem" in read) throw new DataError(read.problem, file, "docs/samples.md describes samples.");
  const folder = path.dirname(path.resolve(file));
  const roots = await Promise.all([folder, ...folders].map((one) => realpath(one).catch(() => path.resolve(one))));
  const sources = Object.entries(read.entries).map(async ([name, entry]): Promise<[string, InputSource]> => {
    if ("file" in entry) return [name, await locate(file, name, entry.file, roots)];
    // After `--input NAME=` what is no file's name is a text.
    if ("bare" in entry)
      return [name, namesFile(entry.bare) ? await locate(file, name, entry.bare, roots) : { text: entry.bare }];
    return [name, entry];
  });
  return Object.fromEntries(await Promise.all(sources));
}

function namesFile(text: string): boolean {
  return !text.includes("\n") && fileKind(withoutRow(text)) !== undefined;
}

/** The absolute path of a file that a sample names, a table's row behind it. */
async function locate(sample: string, input: string, name: string, roots: readonly string[]): Promise<string> {
  const row = /#\d+$/.exec(name)?.[0] ?? "";
  const found = path.resolve(path.dirname(sample), withoutRow(name));
  const inside = (file: string): boolean => roots.some((root) => isBelow(root, file));
  let real: string;
  try {
    real = await realpath(found);
  } catch (error) {
    // Whether a file elsewhere exists is not told.
    if (!inside(found)) throw outside(sample, input, name);
    const { message } = asDataError(error, found);
    throw new DataError(`"${input}" names "${name}". ${message}`, sample, "Paths are relative to the sample's folder.");
  }
  if (!inside(real)) throw outside(sample, input, name);
  return `${real}${row}`;
}

function outside(sample: string, input: string, name: string): DataError {
  return new DataError(
    `"${input}" names "${name}", which is outside the sample's folder and the workspace.`,
    sample,
    "Copy the file beside the sample, or choose it in the form of inputs.",
  );
}

function withoutRow(name: string): string {
  return name.replace(/#\d+$/, "");
}
