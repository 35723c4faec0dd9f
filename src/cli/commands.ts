import { techniques } from "../techniques/index.ts";
import { compare } from "./compare.ts";
import { exportCommand } from "./export.ts";
import { gradcheck } from "./gradcheck.ts";
import { inspect } from "./inspect.ts";
import type { Command } from "./options.ts";
import { run } from "./run.ts";
import { techniqueCommand, techniquesCommand } from "./technique.ts";

/** Every first word but techniques' ids, in the order of the help. */
export const COMMANDS: readonly Command[] = [techniquesCommand, inspect, run, gradcheck, compare, exportCommand];

/** The command of a first word; any technique's id is one too. */
export function commandOf(word: string): Command | undefined {
  const technique = techniques.find(({ info }) => info.id === word);
  return technique ? techniqueCommand(technique.info) : COMMANDS.find(({ name }) => name === word);
}
