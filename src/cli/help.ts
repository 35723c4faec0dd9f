import { FAMILIES, type ParamSpec, type TechniqueInfo } from "../protocol/technique.ts";
import { paramKind } from "../protocol/params.ts";
import { techniques } from "../techniques/index.ts";
import { optionNames, optionOf, type Command, type OptionName, type Uses } from "./options.ts";

const WIDTH = 110;

const MEMORY =
  "The environment variable NEURAL_LOUPE_MEMORY=MB limits the memory of running models (default: half of the available memory).";

/** How a command is called, in lines of at most 110 characters where words allow it. */
export function usageOf({ name, positional, options }: Command): string {
  const alternatives = new Set(Object.values(options).map((use) => use.or));
  const words = optionNames(options)
    .filter((option) => option !== "help" && !alternatives.has(option))
    .map((option) => usageWord(option, options));
  return lines(["neural-loupe", name, ...positional, ...words], " ".repeat(4)).join("\n");
}

function usageWord(name: OptionName, uses: Uses): string {
  const { needed, repeated, or } = optionOf(name, uses);
  const own = optionWord(name, uses);
  const word = or === undefined ? own : `${own} | ${optionWord(or, uses)}`;
  return needed || or !== undefined ? `${word}${repeated ? "..." : ""}` : `[${word}]${repeated ? "..." : ""}`;
}

/** "--input [NAME=]FILE" */
function optionWord(name: OptionName, uses: Uses): string {
  const { value } = optionOf(name, uses);
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** A command's help: usage, what it does, options, details, an example. */
export function helpOf(command: Command): string {
  const { summary, options, details = [], example } = command;
  const taken = optionNames(options).map((name): [string, string] => {
    const { help, repeated } = optionOf(name, options);
    return [
      `${name === "help" ? "-h, " : ""}${optionWord(name, options)}`,
      `${help}${repeated ? " Can be given several times." : ""}`,
    ];
  });
  return [
    usageOf(command),
    lines(summary.split(" ")).join("\n"),
    `Options:\n${columns(taken)}`,
    ...details,
    `Example:\n  neural-loupe ${example}`,
  ].join("\n\n");
}

/** All commands in a line each, the techniques by family. */
export function overview(commands: readonly Command[]): string {
  const families = Object.entries(FAMILIES).map(([family, label]): [string, string] => [
    label,
    techniques
      .filter(({ info }) => info.group === family)
      .map(({ info }) => info.id)
      .join(", "),
  ]);
  return [
    "neural-loupe COMMAND ...",
    `Commands:\n${columns([
      ...commands.map(({ name, summary }): [string, string] => [name, summary]),
      ["TECHNIQUE", "Runs a technique on a model and an input, and saves what it gives."],
    ])}`,
    `Techniques:\n${columns(families)}`,
    "neural-loupe help COMMAND (or TECHNIQUE) says what it takes.",
    MEMORY,
  ].join("\n\n");
}

/** A technique's parameters, a line or more each. */
export function paramsHelp(params: readonly ParamSpec[]): string {
  return `Parameters (--set PARAM=VALUE):\n${columns(
    params.map((spec) => [`${spec.name}=${paramKind(spec)}`, paramText(spec)]),
  )}`;
}

function paramText(spec: ParamSpec): string {
  const { hiddenWhen, shownFor, help } = spec;
  const fallback = spec.default === "" ? "empty" : String(spec.default);
  const facts = [
    `default ${fallback}${spec.type === "number" && spec.unit ? ` ${spec.unit}` : ""}`,
    ...(spec.type === "number" ? [`from ${spec.min} to ${spec.max}`] : []),
    ...(hiddenWhen ? [`no effect when ${hiddenWhen.param} is ${hiddenWhen.is}`] : []),
    ...(shownFor ? [`only when ${shownFor.param} is ${shownFor.values.join(" or ")}`] : []),
  ];
  return `${help} (${facts.join("; ")})`;
}

/** What a technique is, for the head of its help. */
export function techniqueSummary({ title, summary, cite }: TechniqueInfo): string {
  return `${title}: ${summary}${cite ? ` (${cite})` : ""}`;
}

/** Rows of a term and what it means: side by side, or below where the term is long. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const widest = 30;
  const indent = 4 + Math.max(...rows.map(([term]) => (term.length > widest ? 0 : term.length)));
  return rows
    .flatMap(([term, text]) => {
      const [first = "", ...rest] = lines(text.split(" "), "", WIDTH - indent);
      const below = rest.map((line) => " ".repeat(indent) + line);
      return term.length > widest
        ? [`  ${term}`, " ".repeat(indent) + first, ...below]
        : [`  ${term}`.padEnd(indent) + first, ...below];
    })
    .join("\n");
}

/** Words in lines of at most `width`; all but the first begin with `indent`. */
function lines(words: readonly string[], indent = "", width = WIDTH): string[] {
  const made: string[] = [];
  for (const word of words) {
    const last = made.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) made[made.length - 1] = `${last} ${word}`;
    else made.push(made.length === 0 ? word : indent + word);
  }
  return made;
}
