import { isRecord } from "./json.ts";

/**
 * What a model's inputs are given, by name: `*.sample.json` files hold it, and so do panels whose inputs were typed.
 * docs/samples.md and media/sample.schema.json describe the file.
 */

/** What one input is given: a file by its path (a text, where the input takes text), or a value. */
export type InputSource = string | InputValue;

export type InputValue =
  /** A text, through the recipe's tokenizer, or as the element of an input of strings. */
  | { readonly text: string }
  /** Numbers (or texts of an input of strings): one, a list, lists of lists for more axes. */
  | { readonly values: NestedValues }
  /** One number everywhere. `shape`: where the model leaves it open. */
  | { readonly fill: number; readonly shape?: readonly number[] };

export type NestedValues = number | boolean | string | readonly NestedValues[];

/** By the model's input name; "" for the only input, or for a file that says itself which inputs it has. */
export type InputSources = Readonly<Record<string, InputSource>>;

/** What is known of what an input is given, before a run. */
export interface InputCheck {
  /** The shape that the model gets. */
  readonly dims?: readonly number[];
  /** Why it cannot be used, as a sentence; and what to do. */
  readonly problem?: string;
  readonly hint?: string;
  /** The input of whose text a tokenizer makes it. */
  readonly madeOf?: string;
  readonly missing?: true;
  /** Of token and category numbers: they are from 0 to one less. */
  readonly range?: number;
}

const ENDING = ".sample.json";

/** Bytes of a sample's file: it names files and holds what a person types, no data sets. */
export const LARGEST_SAMPLE = 4 * 2 ** 20;
/** More than any model has. */
const MOST_INPUTS = 1000;
/** Elements of all values together. */
const MOST_ELEMENTS = 1_000_000;
const DEEPEST = 16;
const LONGEST_TEXT = 1_000_000;
const LONGEST_PATH = 4096;

export function isSampleName(name: string): boolean {
  return name.toLowerCase().endsWith(ENDING);
}

/** "cat and dog" of "cat and dog.sample.json". */
export function sampleStem(name: string): string {
  return isSampleName(name) ? name.slice(0, -ENDING.length) : name;
}

export function sampleName(stem: string): string {
  return `${stem}${ENDING}`;
}

/** An input's entry in a sample, its file not yet looked for. */
export type SampleEntry = { readonly file: string } | { readonly bare: string } | InputValue;

/**
 * A sample's JSON, checked: its entries by input name, or what is wrong with it, as a sentence that names the entry. A
 * number or list is a value; a string is what it would be after `--input NAME=`; objects say which they are.
 */
export function readSampleJson(
  json: unknown,
): { readonly entries: Readonly<Record<string, SampleEntry>> } | { readonly problem: string } {
  if (!isRecord(json))
    return { problem: 'A sample is an object with an entry for each input: {"image": {"file": …}}.' };
  const names = Object.keys(json).filter((name) => name !== "$schema");
  if (names.length === 0) return { problem: "The sample has no entry: it needs one for each of the model's inputs." };
  if (names.length > MOST_INPUTS)
    return { problem: `The sample has ${names.length} entries; at most ${MOST_INPUTS} are read.` };
  const budget = { left: MOST_ELEMENTS };
  const entries: [string, SampleEntry][] = [];
  for (const name of names) {
    const read = readEntry(json[name], budget);
    if ("problem" in read) return { problem: `"${name.slice(0, 100)}": ${read.problem}` };
    entries.push([name, read.entry]);
  }
  return { entries: Object.fromEntries(entries) };
}

function readEntry(
  json: unknown,
  budget: { left: number },
): { readonly entry: SampleEntry } | { readonly problem: string } {
  if (typeof json === "string") {
    if (json === "" || json.length > LONGEST_TEXT) return { problem: "The text is empty, or too long." };
    return { entry: { bare: json } };
  }
  if (!isRecord(json)) return readValues(json, budget);
  const keys = Object.keys(json).filter((key) => key !== "shape");
  const [key] = keys;
  if (keys.length !== 1 || !["file", "text", "values", "fill"].includes(key) || ("shape" in json && key !== "fill"))
    return { problem: 'An entry is a value, {"file": …}, {"text": …}, {"values": …} or {"fill": …, "shape": […]}.' };
  const given = json[key];
  switch (key) {
    case "file":
      return typeof given === "string" && given !== "" && given.length <= LONGEST_PATH && !given.includes("\0")
        ? { entry: { file: given } }
        : { problem: `"file" is a path: text of at most ${LONGEST_PATH} characters.` };
    case "text":
      return typeof given === "string" && given.length <= LONGEST_TEXT
        ? { entry: { text: given } }
        : { problem: `"text" is a text of at most ${LONGEST_TEXT} characters.` };
    case "values":
      return readValues(given, budget);
    default: {
      if (typeof given !== "number") return { problem: '"fill" is a number.' };
      if (json.shape === undefined) return { entry: { fill: given } };
      const shape = readShape(json.shape);
      return shape
        ? { entry: { fill: given, shape } }
        : { problem: `"shape" is a list of whole numbers, of at most ${MOST_FILLED} elements together.` };
    }
  }
}

/** A shape's elements are made in memory: a file of a few bytes must not ask for gigabytes. */
const MOST_FILLED = 100_000_000;

function readShape(data: unknown): readonly number[] | undefined {
  if (!Array.isArray(data) || data.length > DEEPEST) return undefined;
  const shape = data.filter((dim): dim is number => Number.isSafeInteger(dim) && dim >= 0);
  return shape.length === data.length && shape.reduce((product, dim) => product * dim, 1) <= MOST_FILLED
    ? shape
    : undefined;
}

function readValues(
  data: unknown,
  budget: { left: number },
): { readonly entry: InputValue } | { readonly problem: string } {
  const problem = problemOf(data, budget, 0);
  return problem === undefined ? { entry: { values: data as NestedValues } } : { problem };
}

function problemOf(data: unknown, budget: { left: number }, depth: number): string | undefined {
  if (Array.isArray(data)) {
    if (depth >= DEEPEST) return `Lists are nested deeper than ${DEEPEST} levels.`;
    for (const one of data) {
      const problem = problemOf(one, budget, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (!["number", "boolean", "string"].includes(typeof data))
    return `Values are numbers, texts, and lists of them, not ${data === null ? "null" : "objects"}.`;
  budget.left--;
  return budget.left < 0
    ? `The sample has more than ${MOST_ELEMENTS} values: save them as .npy and name the file.`
    : undefined;
}

/** What a panel's state or a message holds as an input's source, checked; undefined where it is none. */
export function readSource(data: unknown): InputSource | undefined {
  if (typeof data === "string") return data;
  if (!isRecord(data)) return undefined;
  const read = readEntry(data, { left: MOST_ELEMENTS });
  return "entry" in read && !("file" in read.entry || "bare" in read.entry) ? read.entry : undefined;
}

/** What a value is called where a file's name would stand: "3 numbers", a text's beginning, "all 1". */
export function valueName(value: InputValue): string {
  if ("text" in value) return shortened(value.text);
  if ("fill" in value) return `all ${value.fill}`;
  const [first, count] = firstAndCount(value.values);
  if (typeof first === "string") return count === 1 ? shortened(first) : `${count} texts`;
  return count === 1 ? String(first) : `${count} numbers`;
}

function shortened(text: string): string {
  return text.length > 40 ? `${[...text].slice(0, 39).join("")}…` : text;
}

function firstAndCount(values: NestedValues): [NestedValues | undefined, number] {
  if (!Array.isArray(values)) return [values, 1];
  let [first, count]: [NestedValues | undefined, number] = [undefined, 0];
  for (const one of values as readonly NestedValues[]) {
    const [inner, more] = firstAndCount(one);
    first ??= inner;
    count += more;
  }
  return [first, count];
}
