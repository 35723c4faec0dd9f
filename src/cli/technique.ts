import { mkdir, writeFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { pythonFor } from "../export/python/index.ts";
import { UsageError } from "../model/errors.ts";
import type { Result } from "../protocol/result.ts";
import { DEFAULT_LOOKS } from "../protocol/looks.ts";
import { kindOf } from "../draw/kinds/index.ts";
import { headerOf, rowsOf } from "../draw/scene/table.ts";
import { saveResult, type SaveFormat } from "../draw/encode/save.ts";
import { ModelCache } from "../runtime/models.ts";
import { techniques } from "../techniques/index.ts";
import { inputChoices } from "../techniques/framework/input-choices.ts";
import { severalInputs } from "../techniques/framework/joint-input.ts";
import { findTechnique, runJob } from "../techniques/framework/run.ts";
import { printTable, type TableRow } from "./print-table.ts";
import { paramKind } from "./usage.ts";
import { remark } from "./remarks.ts";
import {
  absoluteFiles,
  inputsOf,
  parseArguments,
  parseSettings,
  progressLine,
  targetSpec,
  threadCount,
  WrongUsage,
} from "./arguments.ts";
import { printJson } from "./terminal.ts";

const FORMATS: readonly (SaveFormat | "py")[] = ["png", "svg", "npy", "npz", "json", "csv", "py"];

/**
 * `neural-loupe TECHNIQUE MODEL ...`: runs it and writes --out in the format of its ending; without one, predictions
 * are a table.
 */
export async function runTechnique(id: string, args: readonly string[]): Promise<number> {
  const { model: path, options } = parseArguments(
    args,
    ["input", "target", "against", "output", "layer", "set", "explain", "recipe", "out", "threads"],
    id === "predictions" ? [] : ["out"],
  );
  const { out } = options;
  const format = out === undefined ? undefined : FORMATS.find((ending) => extname(out).toLowerCase() === `.${ending}`);
  if (out !== undefined && !format)
    throw new WrongUsage(
      `--out must end in ${FORMATS.map((ending) => `.${ending}`).join(", ")}, not "${extname(out)}".`,
    );
  const { reduce, ...settings } = parseSettings(options.set);
  if (reduce !== undefined && !["max", "mean", "l2"].includes(reduce))
    throw new WrongUsage(`reduce must be max, mean or l2, not "${reduce}".`);
  const { info } = findTechnique(id);
  const models = new ModelCache({ threads: threadCount(options.threads) });
  const progress = progressLine();
  try {
    const model = await models.get(path);
    const { explain } = options;
    const inputs = await inputsOf(model, options);
    if (format === "npy" && severalInputs(info) !== "leading" && info.needs.layer === "none")
      refuseSeveral(
        explain.length > 0
          ? explain
          : inputChoices(model, inputs.recipe)
              .filter(({ byDefault }) => byDefault)
              .map(({ name }) => name),
      );
    const result = await runJob(
      {
        technique: id,
        model: resolve(path),
        ...inputs,
        ...(explain.length > 0 ? { explain } : {}),
        target: targetSpec(options, model.description),
        ...(options.layer.length > 0 ? { layer: options.layer } : {}),
        params: absoluteFiles(info, settings),
      },
      { models, progress: progress.show, signal: new AbortController().signal },
    );
    progress.end();
    if (format === "npy" && result.arrays.length > 1) refuseSeveral(result.arrays.map(({ name = "" }) => name));
    if (out === undefined || !format) printTable(...resultTable(result));
    else {
      await mkdir(dirname(resolve(out)), { recursive: true });
      await writeFile(
        out,
        format === "py"
          ? pythonCode(result)
          : saveResult(
              result,
              { ...DEFAULT_LOOKS, reduce: (reduce as "max" | undefined) ?? DEFAULT_LOOKS.reduce },
              format,
            ),
      );
    }
    for (const note of result.notes) remark(note);
    return 0;
  } finally {
    progress.end();
    models.dispose();
  }
}

/** A .npy is one array. */
function refuseSeveral(names: readonly string[]): void {
  if (names.length > 1)
    throw new WrongUsage(
      `${names.length} inputs are explained, and a .npy file holds one array: ${names.join(", ")}. Choose one with --explain ${names[0]}, or use --out FILE.npz.`,
    );
}

/** What a .csv of it holds. */
function resultTable({ views: artifacts }: Result): [header: readonly string[], rows: readonly TableRow[]] {
  const table = kindOf(artifacts[0]).table(artifacts[0]);
  return [headerOf(table), [...rowsOf(table)]];
}

/** Python code that gives the result again; UsageError where there is none. */
function pythonCode({ provenance }: Result): string {
  const made = pythonFor(provenance);
  if ("reason" in made) throw new UsageError(made.reason, provenance.technique);
  return made.code;
}

/** `neural-loupe techniques [--json]`: a table of all; `neural-loupe TECHNIQUE --help` says what a parameter does. */
export function listTechniques(args: readonly string[]): Promise<number> {
  const strange = args.find((argument) => argument !== "--json");
  if (strange !== undefined) throw new WrongUsage(`techniques takes only --json, not "${strange}".`);
  const infos = techniques.map(({ info }) => info);
  if (args.includes("--json")) printJson(infos);
  else {
    printTable(
      ["technique", "title", "source", "parameters"],
      infos.map(({ id, title, cite, params }) => [
        id,
        title,
        cite ?? "",
        params.map((param) => `${param.name}=${paramKind(param)} (${String(param.default)})`).join("; "),
      ]),
    );
  }
  return Promise.resolve(0);
}
