import { parseArgs } from "node:util";
import { techniques } from "../techniques/index.ts";

/** The words on the command line do not make a call: exit code 2. */
export class WrongUsage extends Error {
  override readonly name = "WrongUsage";
}

export interface Option {
  /** What its value is called in usage and help; a flag has none. */
  readonly value?: string;
  readonly repeated?: true;
  readonly help: string;
}

const anOption = <const O extends Readonly<Record<string, Option>>>(options: O): O => options;

/** Every option of the command line, in the order of usage and help. */
export const OPTIONS = anOption({
  input: {
    value: "[NAME=]FILE",
    repeated: true,
    help: "A file for the model's input, or for the input called NAME; or a .sample.json with an entry for each. More files for one input are more samples.",
  },
  fetch: { value: "VALUE", repeated: true, help: "A layer or value to save." },
  methods: {
    value: "A,B",
    repeated: true,
    help: "Techniques separated by commas; each may have parameters of its own: saliency,saliency:samples=20.",
  },
  target: {
    value: "T",
    help: "What to explain: an index (285 or 3,17,20), not:INDEX, or a region (15,10:20,:). Default: the largest.",
  },
  against: { value: "T", help: "Explain the difference between the target and this index." },
  output: { value: "NAME", help: "The output that the target is in." },
  layer: { value: "L", repeated: true, help: "The layer to look at, by its name or its value's." },
  layers: { value: "A,B", repeated: true, help: "Several layers, separated by commas." },
  set: { value: "PARAM=VALUE", repeated: true, help: "Sets a parameter of the technique." },
  explain: { value: "INPUT", repeated: true, help: "An input to explain, where the model has several." },
  columns: { value: "AXIS", help: "What the columns are: methods, models, layers or targets." },
  rows: { value: "AXIS", help: "What the rows are: methods, models, layers or targets." },
  scale: { value: "own|method|all", help: "Which cells share a colour scale. Default: own." },
  arrangement: {
    value: "side-by-side|overlay|map",
    help: "How a map and the picture are arranged. Default: side-by-side.",
  },
  background: { value: "white|dark|none", help: "The figure's background. Default: white." },
  recipe: { value: "FILE", help: "How files become tensors. Default: the recipe beside the model, else a guess." },
  weights: { value: "included|external|data", help: "Where the weights are stored. Default: included." },
  "target-input": {
    value: "optional|required|fixed",
    help: "Whether the target is an input. Default: optional, with --triton required.",
  },
  threads: { value: "N", help: "Number of threads that run the model. Default: ONNX Runtime's choice." },
  seed: { value: "N", help: "Seed of the random directions. Default: 0." },
  json: { help: "Prints JSON." },
  out: { value: "FILE", help: "The file to write." },
  triton: { value: "DIR", help: "Writes a folder for a Triton model repository." },
  help: { help: "Prints this help." },
});

/** Of commands that take one sample. */
export const ONE_SAMPLE = "A file for the model's input, or for the input called NAME; or a .sample.json with each.";

export type OptionName = keyof typeof OPTIONS;

/** How a command takes an option, where that is not as the table says. */
export interface Use extends Partial<Omit<Option, "repeated">> {
  readonly repeated?: boolean;
  /**
   * "always": the parser insists on it. "usually": the usage shows it as needed, and the command says where it is
   * missing.
   */
  readonly needed?: "always" | "usually";
  /** The option that may stand in its place. */
  readonly or?: OptionName;
}

export type Uses = Readonly<Partial<Record<OptionName, Use>>>;

type Value<O extends Option, U> = O extends { readonly value: string }
  ? U extends { readonly repeated: infer Repeated }
    ? OneOrMore<Repeated, U>
    : OneOrMore<O extends { readonly repeated: true } ? true : false, U>
  : boolean;

type OneOrMore<Repeated, U> = Repeated extends true
  ? readonly string[]
  : U extends { readonly needed: "always" }
    ? string
    : string | undefined;

/** The options of a command, by name: repeated ones are lists, flags are booleans. */
export type Values<U> = { readonly [Name in keyof U & OptionName]: Value<(typeof OPTIONS)[Name], U[Name]> };

/** The words on the command line as a command takes them. */
export interface Arguments<U> {
  readonly positional: readonly string[];
  readonly options: Values<U>;
}

export interface Command<U extends Uses = Uses> {
  readonly name: string;
  /** One sentence: what it does. */
  readonly summary: string;
  /** The words before the options: "MODEL"; "MODEL..." is one or more. */
  readonly positional: readonly string[];
  readonly options: U;
  /** What else there is to know of it: paragraphs or tables of its help. */
  readonly details?: readonly string[];
  /** A call that works, without the program's name. */
  readonly example: string;
  run(args: Arguments<U>): Promise<number>;
}

/** A command, its arguments typed by the options that it takes. */
export function command<const U extends Uses>(one: Command<U>): Command {
  return one as unknown as Command;
}

/** An option as a command takes it. */
export function optionOf(name: OptionName, uses: Uses): Omit<Option, "repeated"> & Use {
  return { ...OPTIONS[name], ...uses[name] };
}

/** A command's options in the order of the table; all take --help. */
export function optionNames(uses: Uses): OptionName[] {
  return (Object.keys(OPTIONS) as OptionName[]).filter((name) => name === "help" || Object.hasOwn(uses, name));
}

/** The words that follow a command's name; WrongUsage for what the command does not take. */
export function parseArguments<U extends Uses>(words: readonly string[], taker: Command<U>): Arguments<U> {
  const taken = optionNames(taker.options).map((name) => [name, optionOf(name, taker.options)] as const);
  const parsed = parseWords(words, taken);
  checkPositional(parsed.positionals, taker);
  const values = Object.fromEntries(
    taken.map(([name, { value, repeated, needed }]) => {
      const given = parsed.values[name];
      if (needed === "always" && given === undefined) throw new WrongUsage(`--${name} is missing.`);
      if (value === undefined) return [name, given === true];
      if (repeated) return [name, given ?? []];
      if (Array.isArray(given) && given.length > 1) throw new WrongUsage(`${taker.name} takes only one --${name}.`);
      return [name, Array.isArray(given) ? given[0] : given];
    }),
  );
  return { positional: parsed.positionals, options: values as Values<U> };
}

/** Calls a command with the words that follow its name; gives the exit code. */
export function runCommand(one: Command, words: readonly string[]): Promise<number> {
  return one.run(parseArguments(words, one));
}

function parseWords(
  words: readonly string[],
  taken: readonly (readonly [OptionName, Use])[],
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    taken.map(([name, { value, repeated = false }]) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        // What others take several times is refused, not overwritten, where one is taken.
        multiple: repeated || (OPTIONS[name] as Option).repeated === true,
        ...(name === "help" ? { short: "h" } : {}),
      },
    ]),
  );
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new WrongUsage(parseProblem(error instanceof Error ? error.message : String(error)));
  }
}

/** Node's words for what is wrong, shorter. */
function parseProblem(message: string): string {
  const [, name, how] = /^Option '(?:-\w, )?(--[\w-]+)[^']*' argument (missing|is ambiguous)/.exec(message) ?? [];
  if (how === "missing") return `${name} needs a value.`;
  if (how !== undefined) return `${name} needs a value; one that begins with a dash is written ${name}=VALUE.`;
  return message.split(". To specify")[0];
}

function checkPositional(given: readonly string[], { name, positional }: Pick<Command, "name" | "positional">): void {
  for (const [at, kind] of positional.entries()) {
    if (kind === "TECHNIQUE" && !techniques.some(({ info }) => info.id === given[at]))
      throw new WrongUsage(
        `${name} needs a technique as its first argument; there is no technique "${given[at] ?? ""}".`,
      );
    if (given[at] === undefined) throw new WrongUsage("The model file is missing.");
  }
  const tooMany = positional.at(-1)?.endsWith("...") ? [] : given.slice(positional.length);
  if (tooMany.length === 0) return;
  throw new WrongUsage(
    positional.length === 0
      ? `${name} takes only options, not "${tooMany[0]}".`
      : `Expected one MODEL, got several; also given: ${tooMany.join(" ")}`,
  );
}
