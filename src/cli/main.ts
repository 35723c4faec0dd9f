import { describeError } from "../protocol/link.ts";
import { UsageError } from "../model/errors.ts";
import { techniques } from "../techniques/index.ts";
import { WrongUsage } from "./arguments.ts";
import { compare, COMPARE_USAGE } from "./compare.ts";
import { EXPORT_USAGE, exportModel } from "./export.ts";
import { gradcheck } from "./gradcheck.ts";
import { inspect } from "./inspect.ts";
import { runFetch } from "./run.ts";
import { listTechniques, runTechnique } from "./technique.ts";

/** What each first word does; any technique's id is one too. */
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  techniques: listTechniques,
  inspect,
  run: runFetch,
  gradcheck,
  export: exportModel,
  compare,
};

const USAGE = `neural-loupe techniques [--json]
neural-loupe inspect MODEL [--json]
neural-loupe run MODEL --input [NAME=]FILE... --fetch VALUE... --out DIR
neural-loupe gradcheck MODEL --input [NAME=]FILE... [--target T] [--output NAME] [--json]
neural-loupe TECHNIQUE MODEL --input [NAME=]FILE... [--target T] [--against T] [--output NAME] [--layer L]...
             [--set PARAM=VALUE]... [--recipe FILE] --out FILE.(npy|png|svg|json|csv)
${COMPARE_USAGE}
${EXPORT_USAGE}

NEURAL_LOUPE_MEMORY=MB in the environment bounds what running models may take (default: half of the memory that is available).

TECHNIQUE is one of: ${techniques.map(({ info }) => info.id).join(", ")}`;

async function main(args: readonly string[]): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined || word === "--help" || word === "-h" || word === "help") {
    process.stdout.write(`${USAGE}\n`);
    return word === undefined ? 2 : 0;
  }
  if (Object.hasOwn(COMMANDS, word)) return COMMANDS[word](rest);
  if (techniques.some(({ info }) => info.id === word)) return runTechnique(word, rest);
  throw new WrongUsage(`There is no command or technique "${word}".`);
}

/** One plain line: what is wrong, where, and what helps. */
function explain(error: unknown): string {
  const { message, where, hint } = describeError(error);
  return [where && !message.includes(where) ? `${where}: ${message}` : message, hint].filter(Boolean).join(" ").replace(/\s+/g, " ");
}

main(process.argv.slice(2)).then(
  (code) => { process.exitCode = code; },
  (error: unknown) => {
    process.stderr.write(`neural-loupe: ${explain(error)}\n`);
    if (error instanceof WrongUsage) process.stderr.write(`${USAGE}\n`);
    process.exitCode = error instanceof WrongUsage ? 2 : 1;
    if (!(error instanceof Error) || (process.env.NEURAL_LOUPE_DEBUG && !(error instanceof UsageError))) console.error(error);
  },
);
