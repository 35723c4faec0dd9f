import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pythonFor } from "../export/python/index.ts";
import { UsageError } from "../model/errors.ts";
import type { Job } from "../protocol/job.ts";
import { NO_RECIPE } from "../protocol/recipe.ts";
import type { Result } from "../protocol/result.ts";
import { ONNX } from "../protocol/formats.ts";
import { paramKind } from "../protocol/params.ts";
import { takesInput, type TechniqueInfo } from "../protocol/technique.ts";
import { kindOf } from "../draw/kinds/index.ts";
import { checkTable } from "../draw/scene/check-table.ts";
import { headerOf, rowsOf } from "../draw/scene/table.ts";
import { pictureNote, SAVE_FORMATS, saveResult } from "../draw/encode/save.ts";
import type { LoadedModel } from "../runtime/models.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { techniques } from "../techniques/index.ts";
import { inputChoices } from "../techniques/framework/input-choices.ts";
import { severalInputs } from "../techniques/framework/joint-input.ts";
import { runJob } from "../techniques/framework/run.ts";
import { printTable, type TableRow } from "./print-table.ts";
import { remark } from "./remarks.ts";
import {
  absoluteFiles,
  formatOf,
  inputsOf,
  progressLine,
  readSettings,
  REDUCE,
  targetSpec,
  threadCount,
} from "./arguments.ts";
import { paramsHelp, techniqueSummary } from "./help.ts";
import { command, WrongUsage, type Command, type Values } from "./options.ts";
import { printJson } from "./terminal.ts";

const FORMATS = [...SAVE_FORMATS, "py"] as const;

const OUT = {
  value: `FILE.(${FORMATS.join("|")})`,
  help: "The file to write; its ending says in which format.",
} as const;

const CHECK_OUTPUT = `Without --out:
  A table of the check's numbers beside the mean and the deviation of those of random maps, and than how many of
  those the explanation is better. FILE.json has them as artifacts[0].numbers[].random.`;

/** Of techniques that look at samples. */
const SAMPLE_OPTIONS = {
  input: { needed: "usually" },
  target: {},
  against: {},
  output: {},
  layer: {},
  set: {},
  explain: {},
  recipe: {},
  threads: {},
  out: OUT,
} as const;

/** Of techniques that look at the model alone. */
const MODEL_OPTIONS = { set: {}, threads: {}, out: OUT } as const;

/**
 * Predictions, and a check's numbers beside those of random maps, without --out are a table on standard output; all else
 * is written in the format of its ending.
 */
export function techniqueCommand(info: TechniqueInfo): Command {
  const { id } = info;
  const isTable = id === "predictions" || info.group === "checks";
  const out = isTable ? OUT : ({ ...OUT, needed: "always" } as const);
  const common = {
    name: id,
    summary: techniqueSummary(info),
    positional: ["MODEL"],
    details: [...(info.group === "checks" ? [CHECK_OUTPUT] : []), paramsHelp([...info.params, REDUCE])],
  };
  const call = (input: string): string =>
    `${id} model.${ONNX.extensions[0]}${input}${isTable ? "" : ` --out ${id}.png`}`;
  if (!takesInput(info))
    return command({
      ...common,
      options: { ...MODEL_OPTIONS, out },
      example: call(""),
      run: ({ positional: [path], options }) =>
        runTechnique(info, path, options, () => Promise.resolve({ source: { kind: "none" }, recipe: NO_RECIPE })),
    });
  return command({
    ...common,
    options: { ...SAMPLE_OPTIONS, out },
    example: call(" --input cat.png"),
    run: ({ positional: [path], options }) =>
      runTechnique(info, path, options, (model) => aboutSamples(model, options)),
  });
}

/** What a job is about, beside its model. */
type About = Omit<Job, "technique" | "model" | "params">;

async function runTechnique(
  info: TechniqueInfo,
  path: string,
  options: Values<typeof MODEL_OPTIONS>,
  aboutOf: (model: LoadedModel) => Promise<About>,
): Promise<number> {
  const { out } = options;
  const format = out === undefined ? undefined : formatOf(out, FORMATS);
  const { settings, looks } = readSettings(options.set);
  const models = new ModelCache({ threads: threadCount(options.threads) });
  const progress = progressLine();
  try {
    const model = await models.get(path);
    const about = await aboutOf(model);
    if (format === "npy") refuseSeveral(explainedInputs(info, model, about));
    const result = await runJob(
      { technique: info.id, model: resolve(path), ...about, params: absoluteFiles(info, settings) },
      { models, progress: progress.show, signal: new AbortController().signal },
    );
    progress.end();
    if (format === "npy") refuseSeveral(result.arrays.map(({ name = "" }) => name));
    if ((format === "npy" || format === "npz") && result.arrays.length === 0)
      throw new UsageError(`${info.title} gives no array of numbers.`, info.id, "Use --out FILE.csv or FILE.json.");
    if (out === undefined || !format) printTable(...resultTable(info, result));
    else {
      await mkdir(dirname(resolve(out)), { recursive: true });
      await writeFile(out, format === "py" ? pythonCode(result) : saveResult(result, looks, format));
    }
    for (const note of result.notes) remark(note);
    const lacks = out !== undefined && format === "png" ? pictureNote(result, looks, format) : undefined;
    if (lacks !== undefined) remark(lacks);
    return 0;
  } finally {
    progress.end();
    models.dispose();
  }
}

async function aboutSamples(model: LoadedModel, options: Values<typeof SAMPLE_OPTIONS>): Promise<About> {
  const { explain, layer } = options;
  return {
    ...(await inputsOf(model, options)),
    ...(explain.length > 0 ? { explain } : {}),
    target: targetSpec(options, model.description),
    ...(layer.length > 0 ? { layer } : {}),
  };
}

/** The inputs that a technique gives numbers for, as far as one knows before it runs. */
function explainedInputs(info: TechniqueInfo, model: LoadedModel, { explain, recipe }: About): readonly string[] {
  if (!takesInput(info) || severalInputs(info) === "leading" || info.needs.layer !== "none") return [];
  const usual = inputChoices(model, recipe).filter(({ byDefault }) => byDefault);
  return explain ?? usual.map(({ name }) => name);
}

/** A .npy is one array. */
function refuseSeveral(names: readonly string[]): void {
  if (names.length > 1)
    throw new WrongUsage(
      `${names.length} inputs are explained, and a .npy file holds one array: ${names.join(", ")}. Choose one with --explain ${names[0]}, or use --out FILE.npz.`,
    );
}

/** What a .csv of it holds; of a check its numbers. */
function resultTable(
  { title }: TechniqueInfo,
  { views }: Result,
): [header: readonly string[], rows: readonly TableRow[]] {
  const table = views.every((view) => view.kind === "curves")
    ? checkTable(
        views.flatMap(({ numbers, input }) =>
          numbers.map((number) => ({ check: input === undefined ? title : `${title}: ${input}`, number })),
        ),
      )
    : kindOf(views[0]).table(views[0]);
  return [headerOf(table), [...rowsOf(table)]];
}

/** Python code that gives the result again; UsageError where there is none. */
function pythonCode({ provenance }: Result): string {
  const made = pythonFor(provenance);
  if ("reason" in made) throw new UsageError(made.reason, provenance.technique);
  return made.code;
}

/** A table of all. */
export const techniquesCommand = command({
  name: "techniques",
  summary: "Lists the techniques and their parameters.",
  positional: [],
  options: { json: {} },
  example: "techniques --json",
  run: ({ options: { json } }) => {
    const infos = techniques.map(({ info }) => info);
    if (json) printJson(infos);
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
  },
});
