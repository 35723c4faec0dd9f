import { describeError } from "../protocol/link.ts";
import { UsageError } from "../model/errors.ts";
import { techniques } from "../techniques/index.ts";
import { WrongUsage } from "./arguments.ts";
import { compare } from "./compare.ts";
import { exportModel } from "./export.ts";
import { gradcheck } from "./gradcheck.ts";
import { inspect } from "./inspect.ts";
import { remark } from "./remarks.ts";
import { runFetch } from "./run.ts";
import { listTechniques, runTechnique } from "./technique.ts";
import { helpOf, usageOf } from "./usage.ts";
import { print, printError } from "./terminal.ts";

/** What each first word does; any technique's id is one too. */
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  techniques: listTechniques,
  inspect,
  run: runFetch,
  gradcheck,
  export: exportModel,
  compare,
};

async function main(args: readonly string[]): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined) throw new WrongUsage("A command is missing.");
  if (word === "--help" || word === "-h" || word === "help") {
    print(`${helpOf(rest[0])}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, word)
    ? COMMANDS[word]
    : techniques.some(({ info }) => info.id === word)
      ? (options: readonly string[]) => runTechnique(word, options)
      : undefined;
  if (!command) throw new WrongUsage(`There is no command or technique "${word}".`);
  if (rest.includes("--help") || rest.includes("-h")) {
    print(`${helpOf(word)}\n`);
    return 0;
  }
  warnOfEnvironment();
  return command(rest);
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
    if (error instanceof WrongUsage) printError(`${usageOf(process.argv[2])}\n\n`);
    printError(`neural-loupe: ${explain(error)}\n`);
    process.exitCode = error instanceof WrongUsage ? 2 : 1;
    if (!(error instanceof Error) || (process.env.NEURAL_LOUPE_DEBUG && !(error instanceof UsageError)))
      console.error(error);
  },
);
