import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { DataError } from "../model/errors.ts";
import {
  checkNames,
  completeRecipe,
  loadRecipe,
  parseRecipeFile,
  parseSampleSpecs,
  withOwnClasses,
} from "../data/index.ts";
import { readSampleFile } from "../data/sample-file.ts";
import { isArrayName } from "../protocol/file-types.ts";
import { isSampleName, type InputSources } from "../protocol/sample.ts";
import { samplesOf, sourceOf, type Job, type TargetSpec } from "../protocol/job.ts";
import type { SampleFiles } from "../techniques/framework/prepared-input.ts";
import type { RecipeReport } from "../protocol/recipe.ts";
import { joinList, splitList } from "../protocol/list.ts";
import { parseTarget, usualOutput } from "../protocol/target.ts";
import { DEFAULT_LOOKS, LOOK_CHOICES, type Looks } from "../protocol/looks.ts";
import { readParam } from "../protocol/params.ts";
import type { ParamSpec, TechniqueInfo } from "../protocol/technique.ts";
import type { LoadedModel } from "../runtime/models.ts";
import { WrongUsage } from "./options.ts";
import { remark } from "./remarks.ts";
import { visible } from "./terminal.ts";
import { techniques } from "../techniques/index.ts";
import { OPTIONS as METHOD_OPTIONS, parseOptions } from "../techniques/checks/checked-method.ts";
import { formatPercent } from "../protocol/format.ts";

/** The options that say what is explained. */
export interface TargetOptions {
  readonly target?: string | undefined;
  readonly against?: string | undefined;
  readonly output?: string | undefined;
}

/** The options that say what a model gets. */
export interface InputOptions {
  readonly input: readonly string[];
  readonly recipe?: string | undefined;
}

export function threadCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
    throw new WrongUsage(`--threads must be a whole number of at least 1, not "${text}".`);
  return threads;
}

/** "285" or "3,17,20". */
function parseIndex(text: string, option: string): number[] {
  if (!/^\s*\d+(\s*,\s*\d+)*\s*$/.test(text))
    throw new WrongUsage(`--${option} must be an index such as 285, or 3,17,20 for a dense output, not "${text}".`);
  return text.split(",").map(Number);
}

/**
 * "15,10:20,:" in a dense output [21, 64, 64]: FROM:BEFORE along an axis, one index, or all of it (":" and open ends by
 * `dims`).
 */
export function parseRegion(
  text: string,
  dims: readonly (number | string | null)[] | undefined,
): NonNullable<TargetSpec["region"]> {
  const target = parseTarget(text, dims);
  if (typeof target === "string") throw new WrongUsage(`--target ${target}.`);
  return target.region ?? target.index!.map((index) => [index, index + 1]);
}

/** What is explained; `outputs` are the model's, for regions with open ends. */
export function targetSpec(
  { target, against, output }: TargetOptions,
  { outputs, explainable }: Pick<LoadedModel["description"], "outputs" | "explainable"> = { outputs: [] },
): TargetSpec {
  if (target !== undefined && /^\s*not\s*:/.test(target)) {
    if (against !== undefined) throw new WrongUsage("--against needs an index as the target, not not:INDEX.");
    const parsed = parseTarget(target);
    if (typeof parsed === "string") throw new WrongUsage(`--target ${parsed}.`);
    return { ...parsed, ...(output === undefined ? {} : { output }) };
  }
  if (target?.includes(":")) {
    if (against !== undefined) throw new WrongUsage("--against needs a single element as the target, not a region.");
    const dims = outputs.find(({ name }) => name === (output ?? usualOutput({ outputs, explainable })))?.dims;
    return { region: parseRegion(target, dims), ...(output === undefined ? {} : { output }) };
  }
  return {
    ...(target === undefined ? {} : { index: parseIndex(target, "target") }),
    ...(against === undefined ? {} : { against: parseIndex(against, "against") }),
    ...(output === undefined ? {} : { output }),
  };
}

/** How a result's channels become one map where it is saved: what --set takes beside a technique's own parameters. */
export const REDUCE: ParamSpec = {
  type: "choice",
  name: "reduce",
  label: "Channels",
  default: DEFAULT_LOOKS.reduce,
  options: LOOK_CHOICES.reduce.map((value) => ({ value, label: value })),
  help: "How channels become one map in a saved picture.",
};

/** --set of a technique's parameters, and of how its result is drawn. */
export function readSettings(set: readonly string[]): {
  readonly settings: Readonly<Record<string, string>>;
  readonly looks: Looks;
} {
  const { reduce = REDUCE.default, ...settings } = parseSettings(set);
  const read = readParam(REDUCE, reduce);
  if ("problem" in read) throw new WrongUsage(read.problem);
  return { settings, looks: { ...DEFAULT_LOOKS, reduce: read.value as Looks["reduce"] } };
}

/** One of a few words that an option takes. */
export function oneOf<T extends string>(option: string, value: string, options: readonly T[]): T {
  const found = options.find((one) => one === value);
  if (found === undefined) throw new WrongUsage(`${option} must be one of ${options.join(", ")}, not "${value}".`);
  return found;
}

/** The format that --out names by its ending. */
export function formatOf<T extends string>(out: string, formats: readonly T[]): T {
  const ending = extname(out);
  const format = formats.find((one) => ending.toLowerCase() === `.${one}`);
  if (format === undefined)
    throw new WrongUsage(`--out must end in ${formats.map((one) => `.${one}`).join(", ")}, not "${ending}".`);
  return format;
}

/** --set PARAM=VALUE, repeated. */
export function parseSettings(settings: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    settings.map((setting) => {
      const at = setting.indexOf("=");
      if (at < 1) throw new WrongUsage(`--set must be PARAM=VALUE, not "${setting}".`);
      return [setting.slice(0, at), setting.slice(at + 1)];
    }),
  );
}

/**
 * The files and the recipe that a command names. What was guessed for files that go through the recipe, and what of the
 * recipe the model does not have, is said on standard error. DataError for a recipe that names inputs the model lacks
 * in place of those it has.
 */
export async function inputsOf(
  model: LoadedModel,
  { input, recipe }: InputOptions,
): Promise<Pick<Job, "source" | "recipe">> {
  const names = model.description.inputs.map(({ name }) => name);
  const used =
    recipe === undefined ? await loadRecipe(model.description, model.readConstant) : await givenRecipe(model, recipe);
  if (input.length === 0 && names.length > 0)
    throw new DataError("--input is missing.", undefined, `The model's inputs are ${names.join(", ")}.`);
  checkNames(
    input,
    names,
    Object.values(used.recipe.inputs).some(({ kind }) => kind === "text"),
  );
  const samples = await Promise.all(parseSampleSpecs(input, names).map((sample) => withSample(sample)));
  const throughRecipe = input.some((file) => !isArrayName(file));
  for (const reason of (throughRecipe ? used.reasons : used.problems) ?? []) remark(reason);
  return { source: sourceOf(samples), recipe: used.recipe };
}

/** A sample's file taken apart; what is named beside it goes before its entries. */
async function withSample({ "": common, ...named }: InputSources): Promise<InputSources> {
  if (typeof common !== "string" || !isSampleName(common))
    return { ...named, ...(common === undefined ? {} : { "": common }) };
  return { ...(await readSampleFile(common, [process.cwd()])), ...named };
}

/**
 * A recipe from a file anywhere. One that leaves an input out is completed; one that has another in its place is
 * mistaken.
 */
async function givenRecipe({ description, readConstant }: LoadedModel, file: string): Promise<RecipeReport> {
  const { recipe, reasons } = await withOwnClasses(await parseRecipeFile(file), file, description.path);
  for (const reason of reasons) remark(reason);
  const names = description.inputs.map(({ name }) => name);
  const strange = Object.keys(recipe.inputs).filter((name) => !names.includes(name));
  if (strange.length > 0 && names.some((name) => !Object.hasOwn(recipe.inputs, name))) {
    throw new DataError(
      `The recipe names the input "${strange[0]}", which the model does not have; its inputs are ${names.join(", ")}.`,
      file,
      "Rename it in the recipe.",
    );
  }
  return completeRecipe(recipe, description, file, readConstant);
}

/** For commands that take one sample. */
export function oneSample({ source, recipe }: Pick<Job, "source" | "recipe">): SampleFiles {
  const [inputs, ...more] = samplesOf(source);
  if (more.length > 0)
    throw new WrongUsage(`--input gives ${more.length + 1} samples, but this command takes only one.`);
  return { inputs, recipe };
}

/**
 * Files named in parameters, relative to where one is on a command line, by their absolute paths. A path may hold
 * commas: what exists as a whole is one file.
 */
export function absoluteFiles(info: TechniqueInfo, settings: Readonly<Record<string, string>>): Record<string, string> {
  const takesFiles = new Set(info.params.filter((spec) => spec.type === "text" && spec.files).map(({ name }) => name));
  const absolutes = (value: string): string =>
    joinList((value.includes('"') ? splitList(value) : wholePaths(value)).map(absolute));
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      takesFiles.has(name)
        ? absolutes(value)
        : name === METHOD_OPTIONS.name
          ? optionsWithFiles(info, settings, value)
          : value,
    ]),
  );
}

/** The options of the method that a check is of, their files as the command's own are. */
function optionsWithFiles(
  { params }: TechniqueInfo,
  { method }: Readonly<Record<string, string>>,
  text: string,
): string {
  const methods = params.find((spec) => spec.name === "method");
  const checked = techniques.find(({ info }) => info.id === (method ?? methods?.default));
  if (!methods || !checked) return text;
  return Object.entries(absoluteFiles(checked.info, parseOptions(text)))
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
}

/** The parts of a list, put together again where that is the path of a file: the longest that is one. */
function wholePaths(text: string): string[] {
  const parts = text.split(",");
  const whole: string[] = [];
  for (let from = 0; from < parts.length;) {
    let to = parts.length;
    while (to > from + 1 && !isPath(parts.slice(from, to).join(",").trim())) to--;
    whole.push(parts.slice(from, to).join(",").trim());
    from = to;
  }
  return whole.filter((part) => part !== "");
}

function absolute(part: string): string {
  return isPath(part) ? resolve(part) : part;
}

/** A file, or the row of one. */
function isPath(part: string): boolean {
  return existsSync(part) || existsSync(part.replace(/#\d+$/, ""));
}

/** Progress on stderr: one line that is written over on a terminal, else nothing but what lasts. */
export function progressLine(): { show(progress: { fraction?: number; text: string }): void; end(): void } {
  if (!process.stderr.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = false;
  return {
    show({ fraction, text }) {
      shown = true;
      process.stderr.write(`\r\x1b[K${fraction === undefined ? "" : `${formatPercent(fraction)} `}${visible(text)}`);
    },
    end() {
      if (shown) process.stderr.write("\r\x1b[K");
    },
  };
}
