import { describeError } from "../protocol/link.ts";
import { UsageError } from "../model/errors.ts";
import { commandOf, COMMANDS } from "./commands.ts";
import { helpOf, overview, usageOf } from "./help.ts";
import { runCommand, WrongUsage, type Command } from "./options.ts";
import { remark } from "./remarks.ts";
import { print, printError } from "./terminal.ts";

async function main(words: readonly string[]): Promise<number> {
  const [word, ...rest] = words;
  if (word === undefined) throw new WrongUsage("A command is missing.");
  if (word === "--help" || word === "-h" || word === "help") {
    print(`${rest[0] === undefined ? overview(COMMANDS) : helpOf(named(rest[0]))}\n`);
    return 0;
  }
  const command = named(word);
  if (rest.includes("--help") || rest.includes("-h")) {
    print(`${helpOf(command)}\n`);
    return 0;
  }
  warnOfEnvironment();
  return runCommand(command, rest);
}

function named(word: string): Command {
  const command = commandOf(word);
  if (!command) throw new WrongUsage(`There is no command or technique "${word}".`);
  return command;
}

/** What a wrong call is told: how the command is called, or which there are. */
function usageFor([word = ""]: readonly string[]): string {
  const command = commandOf(word);
  return command ? usageOf(command) : overview(COMMANDS);
}

/** A bound that cannot be followed is said: it was set for a reason. */
function warnOfEnvironment(): void {
  const { NEURAL_LOUPE_MEMORY: memory = "" } = process.env;
  if (memory !== "" && !(Number(memory) > 0))
    remark(
      `NEURAL_LOUPE_MEMORY=${memory} is not a positive number of MB and is ignored: running models may use half of the available memory.`,
    );
}

/** One plain line: what is wrong, where, and what helps. */
function explain(error: unknown): string {
  const { message, where, hint } = describeError(error);
  return [where && !message.includes(where) ? `${where}: ${message}` : message, hint]
    .filter(Boolean)
    .join(" ")
    .replace(/\s+/g, " ");
}

// Who reads a pipe may stop when they have seen enough. What a command writes to a file is still written.
process.stdout.on("error", endQuietly);
process.stderr.on("error", endQuietly);

function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exitCode ??= 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // The line that matters is the last: a terminal shows the end.
    if (error instanceof WrongUsage) printError(`${usageFor(process.argv.slice(2))}\n\n`);
    printError(`neural-loupe: ${explain(error)}\n`);
    process.exitCode = error instanceof WrongUsage ? 2 : 1;
    if (!(error instanceof Error) || (process.env.NEURAL_LOUPE_DEBUG && !(error instanceof UsageError)))
      console.error(error);
  },
);
