import type { TextRecipe } from "../protocol/recipe.ts";
import type { Sample, SampleInput } from "./sample.ts";
import { matchDims } from "./shape.ts";
import { elementTypeOf, fromNumbers } from "./tensor.ts";
import { tokenize } from "./text.ts";

/** A text as the part of its tokens that an input takes. DataError as tokenize throws it. */
export async function textSample(
  { text, name, hash, notes }: { readonly text: string } & Required<Pick<Sample, "name" | "hash" | "notes">>,
  recipe: TextRecipe,
  input: SampleInput,
  modelPath: string,
): Promise<Sample> {
  const fixed = input.dims?.at(-1);
  const { values, tokens, of } = await tokenize(text, recipe, modelPath, typeof fixed === "number" ? fixed : undefined);
  const dims = matchDims([1, values.length], input, name, "The tokens have", "Change the recipe's length.");
  const dataType = elementTypeOf(input.type, input.name);
  return {
    name,
    hash,
    dataType,
    dims,
    data: fromNumbers(values, dataType),
    labels: tokens,
    notes: [
      ...notes,
      ...(of > values.length ? [`The text has ${of} tokens and was truncated to ${values.length}.`] : []),
    ],
  };
}
