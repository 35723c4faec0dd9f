import { DataError } from "../model/errors.ts";
import type { InputRecipe } from "../protocol/recipe.ts";
import { valueName, type InputValue } from "../protocol/sample.ts";
import { sha256 } from "./files.ts";
import { sampleOfValues } from "./json-sample.ts";
import type { Sample, SampleInput } from "./sample.ts";
import { matchDims, shapeText } from "./shape.ts";
import { elementTypeOf, elementTypes, fromNumbers, toNumbers } from "./tensor.ts";
import { textSample } from "./text-sample.ts";

/**
 * A typed value as what the model's input takes: numbers past the recipe, as those of a .json file are; a text through
 * the recipe's tokenizer. DataError that names the input, both shapes or types, and what to do.
 */
export async function readValue(
  value: InputValue,
  recipe: InputRecipe,
  input: SampleInput,
  modelPath: string,
): Promise<Sample> {
  const name = valueName(value);
  const hash = sha256(JSON.stringify(value), `#${input.name}`);
  if ("fill" in value) return filled(value, input, { name, hash });
  if ("values" in value) {
    const sample = sampleOfValues(value.values, input, { name, hash, where: undefined });
    const columns = recipe.kind === "row" ? recipe.columns : undefined;
    return columns?.length === sample.data.length ? { ...sample, labels: columns } : sample;
  }
  if (input.type === "string")
    return sampleOfValues(
      input.dims?.reduceRight<string | readonly unknown[]>((inner) => [inner], value.text) ?? value.text,
      input,
      { name, hash, where: undefined },
    );
  if (recipe.kind !== "text")
    throw new DataError(
      `The input "${input.name}" (${input.type} ${shapeText(input.dims)}) takes no text.`,
      undefined,
      "Give numbers or a file, or change the kind of this input in the recipe.",
    );
  return textSample({ text: value.text, name, hash, notes: [] }, recipe, input, modelPath);
}

/** One number everywhere, in the model's shape; an open batch axis is 1. */
function filled(
  { fill, shape }: Extract<InputValue, { readonly fill: number }>,
  input: SampleInput,
  { name, hash }: Pick<Sample, "name" | "hash">,
): Sample {
  const open = shape ? undefined : input.dims?.findIndex((dim, axis) => typeof dim !== "number" && axis > 0);
  if (!shape && (!input.dims || open !== -1))
    throw new DataError(
      `The input "${input.name}" ${shapeText(input.dims)} leaves its shape open.`,
      undefined,
      "Say which shape to fill.",
    );
  const wanted = shape ?? input.dims!.map((dim) => (typeof dim === "number" ? dim : 1));
  const dims = matchDims(wanted, input, undefined, "The shape to fill is", "Give the model's shape.");
  const dataType = elementTypeOf(input.type, input.name);
  const [kept] = Array.from(toNumbers(fromNumbers([fill], dataType), dataType));
  if (!elementTypes[dataType].isFloat && kept !== fill)
    throw new DataError(`The input "${input.name}" takes ${dataType}, which cannot hold ${fill}.`);
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { name, hash, dataType, dims, data: fromNumbers(new Float64Array(count).fill(fill), dataType) };
}
