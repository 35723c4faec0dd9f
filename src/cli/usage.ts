import type { ParamSpec } from "../protocol/technique.ts";
import { techniques } from "../techniques/index.ts";

const COMPARE = `neural-loupe compare MODEL... --input FILE --methods A,B,... [--target T]... [--layer L]... [--columns AXIS] [--rows AXIS]
             [--scale own|method|all] [--set PARAM=VALUE]... [--explain INPUT]... [--background white|dark|none] --out FIGURE.(svg|png|npz|json)`;

const EXPORT = `neural-loupe export TECHNIQUE MODEL --input [NAME=]FILE... [--target T] [--against T] [--output NAME] [--layer L]
             [--set PARAM=VALUE]... [--explain INPUT] [--recipe FILE] [--weights included|external|data] [--target-input optional|required|fixed] [--json]
             --out FILE.onnx | --triton DIR`;

const MEMORY =
  "The environment variable NEURAL_LOUPE_MEMORY=MB limits the memory of running models (default: half of the available memory).";

/** How each command is called. */
const COMMANDS: Readonly<Record<string, string>> = {
  techniques: "neural-loupe techniques [--json]",
  inspect: "neural-loupe inspect MODEL [--json] [--out FILE.(json|csv)]",
  run: "neural-loupe run MODEL --input [NAME=]FILE... --fetch VALUE... --out DIR",
  gradcheck: "neural-loupe gradcheck MODEL --input [NAME=]FILE... [--target T] [--output NAME] [--json]",
  compare: COMPARE,
  export: EXPORT,
};

/** How a technique is called, or any of them: "TECHNIQUE". What predictions give can be a table on the terminal. */
function techniqueUsage(id: string): string {
  const out = "--out FILE.(npy|npz|png|svg|json|csv|py)";
  return `neural-loupe ${id} MODEL --input [NAME=]FILE... [--target T] [--against T] [--output NAME] [--layer L]...
             [--set PARAM=VALUE]... [--explain INPUT]... [--recipe FILE] [--threads N] ${id === "predictions" ? `[${out}]` : out}`;
}

/** How a command or technique is called; all of them where the word is none. */
export function usageOf(word: string | undefined): string {
  if (word !== undefined && Object.hasOwn(COMMANDS, word)) return COMMANDS[word];
  const ids = techniques.map(({ info }) => info.id);
  if (word !== undefined && ids.includes(word)) return techniqueUsage(word);
  const { compare, export: exported, ...others } = COMMANDS;
  return [
    ...Object.values(others),
    techniqueUsage("TECHNIQUE"),
    compare,
    exported,
    "",
    MEMORY,
    "",
    `TECHNIQUE is one of: ${ids.join(", ")}`,
  ].join("\n");
}

/** The same, with what a technique is and its parameters. */
export function helpOf(word: string | undefined): string {
  const info = techniques.find((one) => one.info.id === word)?.info;
  if (!info) return usageOf(word);
  const params = info.params.map(
    (param) => `  --set ${param.name}=${paramKind(param)} (${String(param.default)})  ${param.help}`,
  );
  return [usageOf(word), "", `${info.title}: ${info.summary}${info.cite ? ` (${info.cite})` : ""}`, ...params].join(
    "\n",
  );
}

/** What a parameter takes: "mean|max", "integer". */
export function paramKind(param: ParamSpec): string {
  switch (param.type) {
    case "choice":
      return param.options.map(({ value }) => value).join("|");
    case "number":
      return param.integer ? "integer" : "number";
    case "text":
      return "text";
    case "boolean":
      return "true|false";
  }
}
