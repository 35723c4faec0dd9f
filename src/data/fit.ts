import { stat } from "node:fs/promises";
import { DataError } from "../model/errors.ts";
import { isArrayName, isNpy, isNpz } from "../protocol/file-types.ts";
import type { Recipe } from "../protocol/recipe.ts";
import { isSampleName, LARGEST_SAMPLE, readSampleJson } from "../protocol/sample.ts";
import { parseJson, readBytes, readHead } from "./files.ts";
import { decodeNpz, npyHeader } from "./npy.ts";
import { columnsProblem } from "./row.ts";
import { asTensorInput, type SampleInput } from "./sample.ts";
import { matchDims } from "./shape.ts";
import { isTable, openTable, splitRow } from "./table.ts";

/** Bytes of a .npy file in which its header ends, and of an archive that is opened to see its names. */
const NPY_HEAD = 16 * 1024;
const LARGEST_ARCHIVE = 4 * 2 ** 20;

/**
 * Why a file cannot be a model's input, as a sentence; undefined where it can, or where only reading it all would tell.
 * Reads a file's first bytes: an array's shape and type, a table's columns, a sample's names.
 */
export async function fitProblem(
  spec: string,
  recipe: Recipe,
  described: readonly SampleInput[],
): Promise<string | undefined> {
  const inputs = described.map(asTensorInput);
  try {
    if (isSampleName(spec)) return await sampleProblem(spec, recipe, inputs);
    if (isNpz(spec)) return await archiveProblem(spec, inputs);
    if (isTable(spec)) return await tableProblem(splitRow(spec).file, recipe, inputs);
    if (inputs.length > 1) {
      const texts = inputs.filter(({ name }) => recipe.inputs[name]?.kind === "text");
      return texts.length === inputs.length && !isArrayName(spec) ? undefined : oneOf(inputs);
    }
    const [input] = inputs;
    if (!isNpy(spec) || !input) return undefined;
    const { dims, dtype } = npyHeader(await readHead(spec, NPY_HEAD), spec);
    if (input.type === "string") return `It holds ${dtype}, and the model takes text.`;
    matchDims(dims, input, spec, `An array of ${dtype}`, "");
    return undefined;
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
}

/** How many rows a table has, after its header. DataError where it is none. */
export async function rowCount(file: string, recipe: Recipe): Promise<number> {
  const row = Object.values(recipe.inputs).find((input) => input.kind === "row");
  return (await openTable(file, row)).rows.length;
}

function oneOf(inputs: readonly SampleInput[]): string {
  return `It is for one of the model's ${inputs.length} inputs: choose it in the form.`;
}

async function sampleProblem(
  file: string,
  recipe: Recipe,
  inputs: readonly SampleInput[],
): Promise<string | undefined> {
  const read = readSampleJson(parseJson(await readBytes(file, LARGEST_SAMPLE), file));
  if ("problem" in read) return read.problem;
  const strange = Object.keys(read.entries).find((name) => !inputs.some((input) => input.name === name));
  if (strange !== undefined) return `The model has no input "${strange}".`;
  const hasText = Object.keys(read.entries).some((name) => recipe.inputs[name]?.kind === "text");
  const missing = inputs.find(
    ({ name }) => !Object.hasOwn(read.entries, name) && !(hasText && recipe.inputs[name]?.kind === "text"),
  );
  return missing && `It has nothing for the input "${missing.name}".`;
}

async function archiveProblem(file: string, inputs: readonly SampleInput[]): Promise<string | undefined> {
  if ((await stat(file)).size > LARGEST_ARCHIVE) return undefined;
  const arrays = decodeNpz(await readBytes(file, LARGEST_ARCHIVE), file, LARGEST_ARCHIVE * 16);
  for (const input of inputs) {
    const array =
      arrays.get(input.name) ?? (inputs.length === 1 && arrays.size === 1 ? [...arrays.values()][0] : undefined);
    if (!array) return `It has no array "${input.name}".`;
    matchDims(array.dims, input, file, "The array is", "");
  }
  return undefined;
}

async function tableProblem(file: string, recipe: Recipe, inputs: readonly SampleInput[]): Promise<string | undefined> {
  const rows = inputs.flatMap((input) => {
    const own = recipe.inputs[input.name];
    if (own?.kind === "row") return [{ ...input, recipe: own }];
    return input.type === "string" ? [{ ...input, recipe: { kind: "row" as const } }] : [];
  });
  if (rows.length === 0) return undefined;
  return rows.length < inputs.length ? oneOf(inputs) : columnsProblem(file, rows);
}
