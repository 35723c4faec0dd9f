import { describe, expect, it } from "vitest";
import { techniques } from "../techniques/index.ts";
import { checkParams } from "../techniques/framework/params.ts";
import { REDUCE } from "./arguments.ts";
import { commandOf, COMMANDS } from "./commands.ts";
import { helpOf, overview, usageOf } from "./help.ts";
import { OPTIONS, parseArguments, WrongUsage, type Command, type Option, type OptionName } from "./options.ts";

const all = [...COMMANDS, ...techniques.map(({ info }) => commandOf(info.id)!)];

/** Whether the parser knows an option of a command, whatever else it misses. */
function isAccepted(command: Command, name: OptionName): boolean {
  const option: Option = OPTIONS[name];
  try {
    parseArguments([`--${name}${option.value === undefined ? "" : "=x"}`], command);
    return true;
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    return !error.message.startsWith("Unknown option");
  }
}

/** The first words of a section's lines that begin an entry. */
function entries(help: string, section: string): string[] {
  const text = help.split("\n\n").find((part) => part.startsWith(section)) ?? "";
  return [...text.matchAll(/^ {2}(?:-h, )?(?:--)?([\w-]+)/gm)].map(([, name]) => name);
}

describe.each(all.map((command) => [command.name, command] as const))("the help of %s", (name, command) => {
  const help = helpOf(command);
  it("has all options that the parser accepts, and no others", () => {
    const accepted = (Object.keys(OPTIONS) as OptionName[]).filter((option) => isAccepted(command, option));
    expect(entries(help, "Options:")).toEqual(accepted);
    const used = new Set([...usageOf(command).matchAll(/(?<![\w-])--([\w-]+)/g)].map(([, option]) => option));
    expect([...used, "help"].sort()).toEqual([...accepted].sort());
  });
  it("begins with the usage and ends with an example that the parser takes", () => {
    expect(help.startsWith(`neural-loupe ${name}`)).toBe(true);
    const [program, first, ...words] = help.split("\n").at(-1)!.trim().split(" ");
    expect([program, first]).toEqual(["neural-loupe", name]);
    expect(() => parseArguments(words, command)).not.toThrow();
  });
});

it.each(techniques.map(({ info }) => [info.id, info] as const))("the help of %s has its parameters", (id, info) => {
  const listed = entries(helpOf(commandOf(id)!), "Parameters");
  expect(listed).toEqual([...Object.keys(checkParams(info, {})), REDUCE.name]);
});

it("the overview has every command and technique", () => {
  const words = new Set(overview(COMMANDS).split(/[\s,]+/));
  expect(all.map(({ name }) => name).filter((name) => !words.has(name))).toEqual([]);
});

it("an option without its value, or given too often, is said", () => {
  const command = commandOf("export")!;
  const wrong = (...words: string[]): string => {
    try {
      parseArguments(["saliency", "m.onnx", ...words], command);
      return "";
    } catch (error) {
      return String(error);
    }
  };
  expect(wrong("--weights")).toBe("WrongUsage: --weights needs a value.");
  expect(wrong("--weights", "--json")).toMatch(/--weights needs a value; .*--weights=VALUE/);
  expect(wrong("--layer", "a", "--layer", "b")).toBe("WrongUsage: export takes only one --layer.");
});
