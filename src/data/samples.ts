import { existsSync } from "node:fs";
import { DataError } from "../model/errors.ts";
import { isArrayName, isNpz } from "../protocol/file-types.ts";
import type { InputRecipe, Recipe } from "../protocol/recipe.ts";
import { isSampleName, type InputSource, type InputSources } from "../protocol/sample.ts";
import { readBytes } from "./files.ts";
import { readValue } from "./given.ts";
import { isJson, jsonKeys } from "./json-sample.ts";
import { decodeNpz } from "./npy.ts";
import type { ColumnInput } from "./columns.ts";
import { readRows } from "./row.ts";
import { asTensorInput, readSample } from "./sample.ts";
import type { Sample, SampleInput } from "./sample.ts";
import { shapeText } from "./shape.ts";
import { isTable, splitRow } from "./table.ts";

/**
 * Samples for all inputs of a model. `specs` has a file (or text) by input name; "" stands for the only input, for a
 * .npz with one array per input, for a .json with a list per input, for a table's row whose columns are the inputs', or
 * for one text that goes through a tokenizer into several inputs. Throws a DataError that names what is missing.
 */
export async function readSamples(
  specs: InputSources,
  recipe: Recipe,
  described: readonly SampleInput[],
  modelPath?: string,
): Promise<Record<string, Sample>> {
  const inputs = described.map(asTensorInput);
  const given = new Map(Object.entries(specs));
  const strange = [...given.keys()].filter((name) => name !== "" && !inputs.some((input) => input.name === name));
  if (strange.length > 0) {
    throw new DataError(
      `The model has no input "${strange[0]}".`,
      pathOf(given.get(strange[0])),
      `Its inputs are ${inputs.map((input) => input.name).join(", ")}.`,
    );
  }
  const plan = new Map<string, InputSource>();
  const open = inputs.filter((input) => !given.has(input.name));
  for (const input of inputs) if (given.has(input.name)) plan.set(input.name, given.get(input.name)!);
  const common = given.get("");
  if (common !== undefined) for (const name of await shareOf(common, recipe, open)) plan.set(name, common);
  for (const [name, source] of textsOfOthers(plan, recipe, open)) plan.set(name, source);
  const missing = inputs.filter((input) => !plan.has(input.name));
  if (missing.length > 0) {
    const list = missing.map((input) => `"${input.name}" (${input.type} ${shapeText(input.dims)})`).join(", ");
    const several = missing.length > 1;
    throw new DataError(
      `The model's input${several ? "s" : ""} ${list} ${several ? "are" : "is"} missing.`,
      undefined,
      `Give a file for each: ${missing[0].name}=FILE, or one .npz with an array for each.`,
    );
  }
  const rows = await sharedRows(plan, recipe, inputs);
  const samples = await Promise.all(
    inputs.map(
      async (input) =>
        [
          input.name,
          rows.get(input.name) ??
            (await readOne(plan.get(input.name)!, recipeOf(recipe, input.name), input, modelPath)),
        ] as const,
    ),
  );
  const spare = typeof common === "string" ? await spareArrays(common, inputs) : undefined;
  const [first] = samples;
  return Object.fromEntries(
    spare && first
      ? [[first[0], { ...first[1], notes: [...(first[1].notes ?? []), spare] }], ...samples.slice(1)]
      : samples,
  );
}

function readOne(source: InputSource, recipe: InputRecipe, input: SampleInput, modelPath = ""): Promise<Sample> {
  return typeof source === "string"
    ? readSample(source, recipe, input, modelPath || source)
    : readValue(source, recipe, input, modelPath);
}

function pathOf(source: InputSource | undefined): string | undefined {
  return typeof source === "string" ? source : undefined;
}

/**
 * The inputs that nothing was given for, and that a tokenizer makes of a text that another input was given: a mask of
 * its tokens, their types and positions.
 */
function textsOfOthers(
  plan: ReadonlyMap<string, InputSource>,
  recipe: Recipe,
  open: readonly SampleInput[],
): readonly (readonly [string, InputSource])[] {
  const takesText = (name: string): boolean => recipeOf(recipe, name).kind === "text";
  const texts = [...plan].filter(
    ([name, source]) =>
      takesText(name) && (typeof source === "string" ? !isArrayName(source) && !isJson(source) : "text" in source),
  );
  const [first] = texts;
  // Of two texts it is not clear which is meant.
  if (!first || texts.some(([, source]) => JSON.stringify(source) !== JSON.stringify(first[1]))) return [];
  return open.filter(({ name }) => !plan.has(name) && takesText(name)).map(({ name }) => [name, first[1]]);
}

/** What an archive holds that no input takes, in a sentence. */
async function spareArrays(spec: string, inputs: readonly SampleInput[]): Promise<string | undefined> {
  if (!isNpz(spec) || inputs.length < 1) return undefined;
  const names = [...decodeNpz(await readBytes(spec, 2 ** 30), spec).keys()];
  const spare = names.filter((name) => !inputs.some((input) => input.name === name));
  // A single array of any name is the only input's.
  if (spare.length === 0 || names.length === 1) return undefined;
  return `Not used from ${spec.split(/[\\/]/).pop()}: ${spare.map((name) => `"${name}"`).join(", ")}. The model's inputs are ${inputs.map(({ name }) => name).join(", ")}.`;
}

/**
 * "NAME=FILE" or "FILE" (under ""), as given on a command line. A part before "=" that is no input's name belongs to
 * the file's.
 */
export function parseInputSpecs(args: readonly string[], inputNames: readonly string[]): Record<string, string> {
  const specs = new Map<string, string>();
  for (const arg of args) {
    const name = inputNames.filter((one) => arg.startsWith(`${one}=`)).sort((a, b) => b.length - a.length)[0] ?? "";
    if (specs.has(name)) {
      throw new DataError(
        name ? `The input "${name}" was given twice.` : "Two inputs were given without a name.",
        arg,
        `Name each input: NAME=FILE. The model's inputs are ${inputNames.join(", ")}.`,
      );
    }
    specs.set(name, name ? arg.slice(name.length + 1) : arg);
  }
  return Object.fromEntries(specs);
}

/**
 * Refuses "NAME=FILE" whose NAME is no input's, where it cannot be meant otherwise: a file may have "=" in its path,
 * and a text in itself. DataError that names the inputs.
 */
export function checkNames(args: readonly string[], inputNames: readonly string[], takesText: boolean): void {
  for (const arg of args) {
    const at = arg.indexOf("=");
    if (at < 0 || inputNames.some((name) => arg.startsWith(`${name}=`)) || isFile(arg)) continue;
    const [name, file] = [arg.slice(0, at), arg.slice(at + 1)];
    if (takesText && !isFile(file)) continue;
    throw new DataError(
      isFile(file) ? `The model has no input "${name}".` : `There is no file "${arg}", and no input "${name}".`,
      undefined,
      `Its inputs are ${inputNames.join(", ")}.`,
    );
  }
}

function isFile(spec: string): boolean {
  return existsSync(splitRow(spec).file);
}

/**
 * Several samples on a command line: "NAME=FILE" or "FILE", an input's name as often as there are samples, or once
 * where all share it. DataError where the numbers do not fit, or where it is not clear what a file without a name is
 * for.
 */
export function parseSampleSpecs(args: readonly string[], inputNames: readonly string[]): Record<string, string>[] {
  const files = new Map<string, string[]>();
  for (const arg of args) {
    const [[name, file]] = Object.entries(parseInputSpecs([arg], inputNames));
    files.set(name, [...(files.get(name) ?? []), file]);
  }
  const unnamed = files.get("") ?? [];
  const clear =
    inputNames.length <= 1 ||
    unnamed.every((file) => isSampleName(file)) ||
    unnamed.every((file) => isNpz(file)) ||
    unnamed.every((file) => /\.txt$/i.test(file)) ||
    unnamed.every(isTable);
  if (unnamed.length > 1 && !clear) parseInputSpecs(unnamed, inputNames);
  const count = Math.max(1, ...[...files.values()].map((list) => list.length));
  for (const [name, list] of files) {
    if (list.length !== 1 && list.length !== count) {
      throw new DataError(
        `The input "${name}" was given ${list.length} times, another one ${count} times.`,
        list[0],
        "Give each input once, or once for each sample.",
      );
    }
  }
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries([...files].map(([name, list]) => [name, list.length === 1 ? list[0] : list[index]])),
  );
}

/** Rows of tables that several inputs take columns of: read at once, so that no two take the same by place. */
async function sharedRows(
  plan: ReadonlyMap<string, InputSource>,
  recipe: Recipe,
  inputs: readonly SampleInput[],
): Promise<Map<string, Sample>> {
  const shared = new Map<string, ColumnInput[]>();
  for (const input of inputs) {
    const [spec, row] = [plan.get(input.name), recipeOf(recipe, input.name)];
    const columns = row.kind === "row" ? row : input.type === "string" ? { kind: "row" as const } : undefined;
    if (columns && typeof spec === "string" && isTable(spec))
      shared.set(spec, [...(shared.get(spec) ?? []), { ...input, recipe: columns }]);
  }
  const read = await Promise.all([...shared].map(([spec, several]) => readRows(spec, several)));
  return new Map(read.flatMap((rows) => [...rows]));
}

/** The inputs that a file without a name is for. */
async function shareOf(spec: InputSource, recipe: Recipe, open: readonly SampleInput[]): Promise<readonly string[]> {
  if (open.length <= 1 || typeof spec !== "string") return open.map((input) => input.name);
  return (await namedShare(spec, recipe, open)) ?? [open[0].name];
}

/**
 * The inputs that a file says it is for, by its arrays, keys or columns, or by being a text; undefined for a file that
 * is one input's.
 */
async function namedShare(
  spec: string,
  recipe: Recipe,
  open: readonly SampleInput[],
): Promise<readonly string[] | undefined> {
  if (isNpz(spec)) {
    const arrays = decodeNpz(await readBytes(spec, 2 ** 30), spec);
    return open.map((input) => input.name).filter((name) => arrays.has(name));
  }
  if (isJson(spec)) {
    const keys = await jsonKeys(spec);
    return keys && open.map((input) => input.name).filter((name) => keys.includes(name));
  }
  if (isTable(spec)) {
    const rows = open.filter((input) => recipeOf(recipe, input.name).kind === "row" || input.type === "string");
    if (rows.length > 0) return rows.map((input) => input.name);
  }
  const texts = open.filter((input) => recipeOf(recipe, input.name).kind === "text");
  if (texts.length > 0 && !isArrayName(spec)) return texts.map((input) => input.name);
  return undefined;
}

/**
 * One file as samples of the inputs that it has something for: a .csv row's columns, a .json's lists, one text for
 * several inputs. Undefined where it is one array or picture. Throws a DataError as readSamples does.
 */
export async function readShared(
  spec: string,
  recipe: Recipe,
  described: readonly SampleInput[],
  modelPath: string,
): Promise<Readonly<Record<string, Sample>> | undefined> {
  const names = await namedShare(spec, recipe, described.map(asTensorInput));
  return (
    names &&
    readSamples(
      { "": spec },
      recipe,
      described.filter(({ name }) => names.includes(name)),
      modelPath,
    )
  );
}

function recipeOf(recipe: Recipe, name: string): Recipe["inputs"][string] {
  return Object.hasOwn(recipe.inputs, name) ? recipe.inputs[name] : { kind: "array" };
}
