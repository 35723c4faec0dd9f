import { mkdir, writeFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { pythonFor } from "../export/python/index.ts";
import { UsageError } from "../model/errors.ts";
import type { Result } from "../protocol/artifacts.ts";
import { DEFAULT_LOOKS } from "../protocol/panel.ts";
import type { ParamSpec } from "../protocol/technique.ts";
import { saveResult, type SaveFormat } from "../draw/save.ts";
import { ModelCache } from "../runtime/models.ts";
import { techniques } from "../techniques/index.ts";
import { findTechnique, runJob } from "../techniques/run.ts";
import { absoluteFiles, inputsOf, parseArguments, parseSettings, progressLine, targetSpec, threadCount, WrongUsage } from "./arguments.ts";

/** Where the list's texts begin: past the longest id. */
const INDENT = Math.max(...techniques.map(({ info }) => info.id.length)) + 2;
const FORMATS: readonly (SaveFormat | "py")[] = ["png", "svg", "npy", "json", "csv", "py"];

/** `neural-loupe TECHNIQUE MODEL ...`: runs it and writes --out in the format of its ending. */
export async function runTechnique(id: string, args: readonly string[]): Promise<number> {
  const { model: path, options } = parseArguments(args, ["input", "target", "against", "output", "layer", "set", "recipe", "out", "threads"], ["out"]);
  const out = options.out!;
  const format = FORMATS.find((ending) => extname(out).toLowerCase() === `.${ending}`);
  if (!format) throw new WrongUsage(`--out ends in ${FORMATS.map((ending) => `.${ending}`).join(", ")}, not "${extname(out)}".`);
  const { reduce, ...settings } = parseSettings(options.set);
  if (reduce !== undefined && !["max", "mean", "l2"].includes(reduce)) throw new WrongUsage(`reduce is max, mean or l2, not "${reduce}".`);
  const { info } = findTechnique(id);
  const models = new ModelCache({ threads: threadCount(options.threads) });
  const progress = progressLine();
  try {
    const model = await models.get(path);
    const result = await runJob({
      technique: id, model: resolve(path), ...(await inputsOf(model, options)), target: targetSpec(options, model.description),
      ...(options.layer.length > 0 ? { layer: options.layer } : {}), params: absoluteFiles(info, settings),
    }, { models, progress: progress.show, signal: new AbortController().signal });
    progress.end();
    await mkdir(dirname(resolve(out)), { recursive: true });
    await writeFile(out, format === "py" ? pythonCode(result) : saveResult(result, { ...DEFAULT_LOOKS, reduce: (reduce as "max" | undefined) ?? DEFAULT_LOOKS.reduce }, format));
    for (const note of result.notes) process.stderr.write(`${note}\n`);
    return 0;
  } finally {
    progress.end();
    models.dispose();
  }
}

/** Python code that gives the result again; UsageError where there is none. */
function pythonCode({ provenance }: Result): string {
  const made = pythonFor(provenance);
  if ("reason" in made) throw new UsageError(made.reason, provenance.technique);
  return made.code;
}

/** `neural-loupe techniques [--json]`. */
export async function listTechniques(args: readonly string[]): Promise<number> {
  if (args.some((argument) => argument !== "--json")) throw new WrongUsage(`techniques takes --json, not "${args.find((argument) => argument !== "--json")}".`);
  const infos = techniques.map(({ info }) => info);
  if (args.includes("--json")) {
    process.stdout.write(`${JSON.stringify(infos, null, 2)}\n`);
    return 0;
  }
  for (const info of infos) {
    process.stdout.write(`${info.id.padEnd(INDENT)}${info.title}${info.cite ? ` (${info.cite})` : ""}\n${" ".repeat(INDENT)}${info.summary}\n`);
    for (const param of info.params) {
      const kind = kindOf(param);
      process.stdout.write(`${" ".repeat(INDENT)}--set ${param.name}=${kind} (${String(param.default)})  ${param.help}\n`);
    }
  }
  return 0;
}

function kindOf(param: ParamSpec): string {
  switch (param.type) {
    case "choice": return param.options.map(({ value }) => value).join("|");
    case "number": return param.integer ? "integer" : "number";
    case "text": return "text";
    case "boolean": return "true|false";
  }
}
