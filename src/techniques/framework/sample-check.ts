import { DataError } from "../../model/errors.ts";
import type { Recipe } from "../../protocol/recipe.ts";
import type { InputCheck, InputSources } from "../../protocol/sample.ts";
import { readSamples, type Sample } from "../../data/index.ts";
import { changersOf, findLookups } from "../../runtime/lookups.ts";
import type { LoadedModel } from "../../runtime/models.ts";

/**
 * What is known of each input before a run: the shape that it has, what is wrong with what it is given, what it is made
 * of where it is given nothing. Reads files as a run would, and runs nothing.
 */
export async function checkSample(
  model: LoadedModel,
  recipe: Recipe,
  sources: InputSources,
): Promise<Readonly<Record<string, InputCheck>>> {
  const { inputs } = model.description;
  const isText = (name: string): boolean => recipe.inputs[name]?.kind === "text";
  const [maker] = inputs.filter(({ name }) => {
    const source = sources[name];
    return isText(name) && source !== undefined && !(typeof source === "object" && !("text" in source));
  });
  const checks = inputs.map(async (input): Promise<[string, InputCheck]> => {
    const { name } = input;
    const range = numberRange(model, name);
    const known = range === undefined ? {} : { range };
    if (sources[name] === undefined && maker && isText(name)) return [name, { ...known, madeOf: maker.name }];
    if (sources[name] === undefined) return [name, { ...known, missing: true }];
    try {
      const read = await readSamples({ [name]: sources[name] }, recipe, [input], model.open.path);
      const problem = range === undefined ? undefined : rangeProblem(read[name], range);
      return [name, { ...known, dims: read[name].dims, ...(problem === undefined ? {} : { problem }) }];
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return [name, { ...known, problem: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }];
    }
  });
  return Object.fromEntries(await Promise.all(checks));
}

/** How many rows the table has in which the input's numbers are looked up: of several the shortest. */
function numberRange(model: LoadedModel, name: string): number | undefined {
  const { graph } = model.model;
  const lookups = findLookups(graph, [name]).filter(({ kind, table }) => kind === "table" && table !== undefined);
  // Numbers that are changed first (an offset for each column) have other ranges.
  if (lookups.length === 0 || changersOf(graph, name).size > 0) return undefined;
  const sizes = lookups.flatMap(
    ({ table, axis }) => graph.initializers.find((initializer) => initializer.name === table)?.dims[axis] ?? [],
  );
  return sizes.length > 0 ? Math.min(...sizes) : undefined;
}

function rangeProblem({ data }: Sample, range: number): string | undefined {
  const numbers = Array.from(data as ArrayLike<unknown>, Number);
  // As Gather takes them: negative numbers count from the end.
  const place = numbers.findIndex((number) => number < -range || number >= range);
  return place < 0
    ? undefined
    : `The number ${numbers[place]} at position ${place} is looked up in a table of ${range} rows: 0 to ${range - 1}.`;
}
