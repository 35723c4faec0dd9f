import type { InputCheck, InputSource, InputSources } from "../../../src/protocol/sample.ts";
import type { FormInput } from "../../../src/protocol/sample-form.ts";

/** What the extension would find in what inputs are given: files are there, numbers have to be as many as they must. */
export function checkedInputs(
  inputs: readonly FormInput[],
  sources: InputSources,
): Readonly<Record<string, InputCheck>> {
  return Object.fromEntries(inputs.map((input) => [input.name, checkOf(input, sources[input.name])]));
}

function checkOf({ name, type, dims = [] }: FormInput, source: InputSource | undefined): InputCheck {
  const range = type === "int64" ? { range: 40 } : {};
  if (source === undefined) return { ...range, missing: true };
  if (typeof source === "string") {
    if (!/gone/.test(source)) return { dims: dims.map((dim) => (typeof dim === "number" ? dim : 1)) };
    return { problem: "The file does not exist.", hint: "Paths are relative to the model's folder." };
  }
  if ("fill" in source)
    return { ...range, dims: source.shape ?? dims.map((dim) => (typeof dim === "number" ? dim : 1)) };
  if ("text" in source) return { dims: [1, 5] };
  const numbers = [source.values].flat(3) as readonly number[];
  const wrong = numbers.find((number) => type === "int64" && number >= 40);
  if (wrong !== undefined)
    return { ...range, dims: [1, numbers.length], problem: `The number ${wrong} of ${name} is beyond 0 to 39.` };
  return { ...range, dims: [1, numbers.length] };
}
