import { fileKind, isNpz, PICTURE_EXTENSIONS, TABLE_EXTENSIONS, TEXT_EXTENSIONS } from "./file-types.ts";
import type { ValueDescription } from "./model.ts";
import type { InputRecipe, Recipe } from "./recipe.ts";
import { readSource, type InputSource, type InputSources, type NestedValues } from "./sample.ts";

/** A model's input, as the form of inputs shows it. */
export type FormInput = Pick<ValueDescription, "name" | "type" | "dims" | "tensor">;

/** How an input's row is filled in; "made": by the tokenizer, of another input's text. */
const HOWS = ["file", "numbers", "text", "fill", "made"] as const;
export type How = (typeof HOWS)[number];

/** A row of the form as it was typed. */
export interface FormRow {
  readonly how: How;
  readonly text: string;
  /** Of one number everywhere: the shape, where the model leaves it open. */
  readonly shape?: string;
}

/** By the model's input name. */
export type FormRows = Readonly<Record<string, FormRow>>;

/** Characters of a row: a text is longer than a list of numbers that anyone types. */
const LONGEST_ROW = 100_000;

/** Rows as they came back from a state or a message: those that are sound. */
export function readRows(data: unknown): FormRows | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const rows = Object.entries(data).flatMap(([name, row]: [string, unknown]): [string, FormRow][] => {
    if (typeof row !== "object" || row === null) return [];
    const { how, text, shape } = row as Record<string, unknown>;
    const isRow = (HOWS as readonly unknown[]).includes(how) && typeof text === "string" && text.length <= LONGEST_ROW;
    if (!isRow || !(shape === undefined || (typeof shape === "string" && shape.length < 200))) return [];
    return [[name, { how: how as How, text, ...(shape === undefined ? {} : { shape }) }]];
  });
  return rows.length <= 1000 ? Object.fromEntries(rows) : undefined;
}

/** Whether an input can be given only by filling in the form, or by a file that has something for each input. */
export function needsForm(inputs: readonly FormInput[], { inputs: recipes }: Pick<Recipe, "inputs">): boolean {
  const shared = (kind: InputRecipe["kind"]): boolean => inputs.every(({ name }) => recipes[name]?.kind === kind);
  return inputs.length > 1 && !shared("text") && !shared("row");
}

/** The ways in which an input can be filled in, the usual one first. */
export function waysOf(input: FormInput, recipe: InputRecipe | undefined): readonly [How, ...How[]] {
  if (input.tensor?.keys) return ["file"];
  if (input.type === "string") return ["text", "file"];
  switch (recipe?.kind) {
    case "image":
      return ["file", "fill"];
    case "text":
      return recipe.part === "ids" ? ["text", "file", "numbers"] : ["made", "numbers", "fill", "file"];
    case "row":
      return ["numbers", "file", "fill"];
    default: {
      const count = input.dims
        ?.slice(1)
        .reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : 1), 1);
      return (count ?? 1) <= 64 ? ["numbers", "file", "fill"] : ["file", "fill", "numbers"];
    }
  }
}

/** An input's row before anything was typed. */
export function emptyRow(input: FormInput, recipe: InputRecipe | undefined): FormRow {
  return { how: waysOf(input, recipe)[0], text: "" };
}

/** The rows of what the inputs are given now. A file without a name goes where its kind fits. */
export function rowsOf(
  sources: InputSources,
  inputs: readonly FormInput[],
  { inputs: recipes }: Pick<Recipe, "inputs">,
): FormRows {
  const common = sources[""];
  const fits = inputs.find(({ name, type }) => typeof common === "string" && isFor(common, recipes[name], type));
  return Object.fromEntries(
    inputs.map((input) => {
      const { name } = input;
      const forAll = inputs.length === 1 || (typeof common === "string" && isNpz(common));
      const source = sources[name] ?? (common !== undefined && (forAll || input === fits) ? common : undefined);
      return [name, (source === undefined ? undefined : rowOf(source)) ?? emptyRow(input, recipes[name])];
    }),
  );
}

function isFor(file: string, recipe: InputRecipe | undefined, type: string): boolean {
  const kind = fileKind(file.replace(/#\d+$/, ""));
  if (kind === PICTURE_EXTENSIONS) return recipe?.kind === "image";
  if (kind === TABLE_EXTENSIONS) return recipe?.kind === "row" || type === "string";
  return kind === TEXT_EXTENSIONS ? recipe?.kind === "text" : false;
}

function rowOf(source: InputSource): FormRow {
  if (typeof source === "string") return { how: "file", text: source };
  if ("text" in source) return { how: "text", text: source.text };
  if ("fill" in source)
    return { how: "fill", text: String(source.fill), ...(source.shape ? { shape: source.shape.join(", ") } : {}) };
  const { values } = source;
  const flat = Array.isArray(values) && values.every((one) => typeof one === "number");
  return { how: "numbers", text: flat ? values.join(", ") : JSON.stringify(values) };
}

/** What a row gives its input; nothing yet; or why it cannot be read, as a sentence. */
export type RowReading = { readonly source: InputSource } | { readonly empty: true } | { readonly problem: string };

/** `sizes`: the numbers behind the symbols of open axes, as other inputs have them. */
export function readRow(row: FormRow, input: FormInput, sizes: ReadonlyMap<string, number>): RowReading {
  const text = row.text.trim();
  if (row.how === "made" || (text === "" && row.how !== "text")) return { empty: true };
  switch (row.how) {
    case "file":
      return { source: text };
    case "text":
      return row.text === "" ? { empty: true } : { source: { text: row.text } };
    case "numbers":
      return readNumbers(text, input);
    case "fill":
      return readFill(text, row.shape, input, sizes);
  }
}

function readNumbers(text: string, input: FormInput): RowReading {
  const type = input.tensor?.type ?? input.type;
  if (text.startsWith("[")) return readLists(text);
  const words = text.split(/[\s,;]+/).filter((word) => word !== "");
  const numbers: number[] = [];
  for (const [place, word] of words.entries()) {
    const number = numberOf(word);
    if (number === undefined) return { problem: `"${word.slice(0, 40)}" at position ${place} is not a number.` };
    if (/int/.test(type) && !Number.isInteger(number))
      return { problem: `${word} at position ${place} is not a whole number; the input takes ${type}.` };
    numbers.push(number);
  }
  const inner = input.dims?.slice(1);
  const fixed = inner?.every((dim): dim is number => typeof dim === "number") ? inner : undefined;
  const count = fixed?.reduce((product, dim) => product * dim, 1);
  if (count !== undefined && input.dims!.length > 0 && numbers.length !== count)
    return { problem: `${numbers.length} of ${count} numbers.` };
  return { source: { values: fixed && fixed.length > 1 ? shaped(numbers, fixed) : numbers } };
}

/** Lists as JSON has them: one axis for each level. */
function readLists(text: string): RowReading {
  const problem = 'The lists are not complete: "[[1, 2], [3, 4]]" is [2, 2].';
  try {
    const source = readSource({ values: JSON.parse(text) as unknown });
    return source === undefined ? { problem } : { source };
  } catch {
    return { problem };
  }
}

function shaped(numbers: readonly number[], [first, ...rest]: readonly number[]): NestedValues {
  if (rest.length === 0) return numbers;
  const size = numbers.length / first;
  return Array.from({ length: first }, (_, at) => shaped(numbers.slice(at * size, (at + 1) * size), rest));
}

function readFill(
  text: string,
  shape: string | undefined,
  input: FormInput,
  sizes: ReadonlyMap<string, number>,
): RowReading {
  const fill = numberOf(text);
  if (fill === undefined) return { problem: `"${text.slice(0, 40)}" is not a number.` };
  if (!isOpen(input)) return { source: { fill } };
  const known = shapeFrom(input, sizes);
  const typed = (shape ?? "").split(/[\s,x×]+/).filter((word) => word !== "");
  if (typed.length === 0) return known ? { source: { fill, shape: known } } : { problem: "Say which shape to fill." };
  const dims = typed.map(Number);
  return dims.every((dim) => Number.isInteger(dim) && dim >= 0)
    ? { source: { fill, shape: dims } }
    : { problem: `The shape "${shape}" is not a list of whole numbers.` };
}

/** Whether more than the batch axis is open. */
export function isOpen({ dims }: FormInput): boolean {
  return !dims || dims.some((dim, axis) => axis > 0 && typeof dim !== "number");
}

/** An input's shape where the other inputs say what its open axes are; a batch of one. */
export function shapeFrom({ dims }: FormInput, sizes: ReadonlyMap<string, number>): readonly number[] | undefined {
  const shape = dims?.map((dim, axis) =>
    typeof dim === "number" ? dim : ((dim === null ? undefined : sizes.get(dim)) ?? (axis === 0 ? 1 : undefined)),
  );
  return shape?.every((dim): dim is number => dim !== undefined) ? shape : undefined;
}

/** The numbers behind the symbols of open axes, from inputs whose shapes are known. */
export function sizesOf(
  inputs: readonly FormInput[],
  shapes: Readonly<Record<string, { readonly dims?: readonly number[] }>>,
): ReadonlyMap<string, number> {
  return new Map(
    inputs.flatMap(({ name, dims }) =>
      (dims ?? []).flatMap((dim, axis): [string, number][] => {
        const size = shapes[name]?.dims?.[axis];
        return typeof dim === "string" && size !== undefined ? [[dim, size]] : [];
      }),
    ),
  );
}

function numberOf(word: string): number | undefined {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) ? Number(word) : undefined;
}
