import path from "node:path";
import { DataError } from "../model/errors.ts";
import type { ModelDescription } from "../protocol/model.ts";
import type { ClassNamesReport } from "../protocol/recipe.ts";
import { gapNotes, namesFromLines, namesFromRows } from "./class-lines.ts";
import type { ReadNames } from "./class-lines.ts";
import { decodeText, parseJson, readBeside } from "./files.ts";
import { isTable, openTable } from "./table.ts";

const fileLimit = 16 * 2 ** 20;

/**
 * Class names by index, from a list or from a file in the model's folder or below it: .json (a list, an object by
 * index, or a Hugging Face config.json with id2label), .csv and .tsv (a column of names, by a column of indices), else
 * text by line. Names are never worth failing for: a file that cannot be used gives no names and the reason. What was
 * assumed in reading it, and gaps, are in `notes`.
 */
export async function readClasses(
  classes: readonly string[] | string | undefined,
  modelPath: string,
): Promise<{ classes: readonly string[]; reason?: string; missing?: true; notes?: readonly string[] }> {
  if (typeof classes !== "string") return { classes: classes ?? [] };
  try {
    const bytes = await readBeside(modelPath, classes, fileLimit);
    if (!bytes)
      return { classes: [], reason: `The class names file "${classes}" is not beside the model.`, missing: true };
    const { names, notes } = await parseClasses(bytes, classes, modelPath);
    return names.length > 0
      ? { classes: names, notes }
      : { classes: [], reason: `No class names were found in "${classes}".` };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { classes: [], reason: `The class names in "${classes}" could not be used: ${error.message}` };
  }
}

/** What a file of class names holds, without all of them. */
export async function describeClasses(file: string, modelPath: string): Promise<ClassNamesReport> {
  const { classes, reason, notes = [] } = await readClasses(file, modelPath);
  return {
    count: classes.length,
    first: classes.slice(0, 5),
    notes,
    ...(reason === undefined ? {} : { problem: reason }),
  };
}

async function parseClasses(bytes: Uint8Array, name: string, modelPath: string): Promise<ReadNames> {
  if (path.extname(name).toLowerCase() === ".json") {
    const names = namesFrom(parseJson(bytes, name));
    return { names, notes: gapNotes(names, name) };
  }
  if (isTable(name))
    return namesFromRows((await openTable(path.join(path.dirname(modelPath), name), { header: false })).rows, name);
  const lines = decodeText(bytes, name)
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim());
  while (lines.length > 0 && lines[lines.length - 1] === "") lines.pop();
  return namesFromLines(lines, name);
}

/** Names from parsed JSON of any common form; empty where there are none. */
function namesFrom(json: unknown): string[] {
  if (Array.isArray(json)) return json.map(nameOf);
  if (typeof json !== "object" || json === null) return [];
  const object = json as Readonly<Record<string, unknown>>;
  for (const key of ["id2label", "label_names", "names", "classes", "labels"]) {
    if (typeof object[key] === "object" && object[key] !== null) return namesFrom(object[key]);
  }
  const indices = Object.keys(object);
  if (indices.length > 0 && indices.every((key) => /^\d{1,6}$/.test(key))) {
    return byIndex(indices.map((key) => [Number(key), nameOf(object[key])]));
  }
  // { "cat": 0, "dog": 1 }: label2id turned around.
  const values = Object.values(object);
  if (
    values.length > 0 &&
    values.every((value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1e6)
  ) {
    return byIndex(Object.entries(object).map(([name, index]) => [index as number, name]));
  }
  return [];
}

/** Keras keeps ["n02124075", "Egyptian_cat"] for a class: the last text is the name. */
function nameOf(json: unknown): string {
  if (Array.isArray(json)) return nameOf(json[json.length - 1]);
  return typeof json === "string"
    ? json
    : json === null || typeof json === "object" || json === undefined
      ? ""
      : String(json as number);
}

function byIndex(pairs: readonly (readonly [number, string])[]): string[] {
  const names = new Array<string>(Math.max(...pairs.map(([index]) => index)) + 1).fill("");
  for (const [index, name] of pairs) names[index] = name;
  return names;
}

/**
 * Names kept in the model file's metadata: JSON, a Python dictionary or list (Ultralytics writes one), or a
 * comma-separated list.
 */
export function namesFromMetadata(
  metadata: ModelDescription["metadata"],
  keys: readonly string[] = ["names", "class_names", "classes", "labels", "id2label"],
): { names: string[]; key: string } | undefined {
  for (const key of keys) {
    const text = Object.hasOwn(metadata, key) ? metadata[key].trim() : "";
    if (!text) continue;
    const names = /^[{[]/.test(text) ? namesFrom(literal(text)) : text.split(",").map((name) => name.trim());
    if (names.length > 0) return { names, key };
  }
  return undefined;
}

/** JSON, or a Python literal of numbers and quoted texts brought into JSON's form. */
function literal(text: string): unknown {
  // Texts are matched whole, so that nothing inside one is taken for a key or a comma.
  const tokens = /("(?:[^"\\]|\\.)*")|'((?:[^'\\]|\\.)*)'|(\d+)(?=\s*:)|,(?=\s*[}\]])/g;
  const json = text.replace(tokens, (_, double?: string, single?: string, key?: string) => {
    if (double !== undefined) return double;
    return single !== undefined ? JSON.stringify(single.replace(/\\(.)/g, "$1")) : key !== undefined ? `"${key}"` : "";
  });
  for (const candidate of [text, json]) {
    try {
      return JSON.parse(candidate) as unknown;
    } catch {
      // Not in this form; the other, or none.
    }
  }
  return undefined;
}
