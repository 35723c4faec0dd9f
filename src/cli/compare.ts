import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { FIGURE_FORMATS, saveFigure, WHITE, type FigureColors, type SavedFigure } from "../draw/figure/figure-files.ts";
import type { FigureCell } from "../draw/figure/figure.ts";
import type { WholeResult } from "../protocol/result.ts";
import type { AxisEntry, AxisKind, ScaleSharing } from "../protocol/compare.ts";
import { isComparable, methodLabel } from "../protocol/compare.ts";
import type { Job } from "../protocol/job.ts";
import { describeError } from "../protocol/link.ts";
import { ONNX } from "../protocol/formats.ts";
import { LOOK_CHOICES, type Looks } from "../protocol/looks.ts";
import { paramKind } from "../protocol/params.ts";
import type { Params } from "../protocol/technique.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { techniques } from "../techniques/index.ts";
import { checkParams } from "../techniques/framework/params.ts";
import { findTechnique, runJob } from "../techniques/framework/run.ts";
import {
  absoluteFiles,
  formatOf,
  inputsOf,
  oneOf,
  parseSettings,
  progressLine,
  readSettings,
  REDUCE,
  targetSpec,
  threadCount,
  type InputOptions,
} from "./arguments.ts";
import { command, WrongUsage, type Values } from "./options.ts";
import { printError } from "./terminal.ts";

const KINDS: readonly AxisKind[] = ["method", "model", "layer", "target"];
const SCALES: readonly ScaleSharing[] = ["own", "method", "all"];

const DARK: FigureColors = {
  theme: { foreground: "#cccccc", background: "#1f1f1f" },
  inks: { foreground: [204, 204, 204], background: [31, 31, 31], muted: [157, 157, 157], accent: [0, 120, 212] },
};
const BACKGROUNDS: Readonly<Record<string, FigureColors>> = {
  white: WHITE,
  dark: DARK,
  none: { ...WHITE, theme: { ...WHITE.theme, background: "none" } },
};

const OPTIONS = {
  input: { needed: "usually" },
  methods: { needed: "usually" },
  target: { repeated: true },
  against: {},
  output: {},
  layer: {},
  layers: {},
  set: {},
  explain: {},
  columns: {},
  rows: {},
  scale: { value: SCALES.join("|") },
  arrangement: { value: LOOK_CHOICES.arrangement.join("|") },
  background: { value: Object.keys(BACKGROUNDS).join("|") },
  recipe: {},
  threads: {},
  out: { value: `FILE.(${FIGURE_FORMATS.join("|")})`, needed: "always" },
} as const;

/** What fails says so in its own cell. Exit 1 when all fail. */
export const compare = command({
  name: "compare",
  summary:
    "Draws methods, targets, layers or models side by side in one figure. What is given several times becomes an axis, two at most.",
  positional: ["MODEL..."],
  options: OPTIONS,
  details: [`Of the picture:\n  --set ${REDUCE.name}=${paramKind(REDUCE)}  ${REDUCE.help}`],
  example: `compare model.${ONNX.extensions[0]} --input cat.png --methods saliency,grad-cam --out figure.svg`,
  run: ({ positional, options }) => drawComparison(readRequest(positional, options)),
});

async function drawComparison(request: Request): Promise<number> {
  const models = new ModelCache({ threads: request.threads });
  const progress = progressLine();
  try {
    const cells: FigureCell<WholeResult>[][] = [];
    let done = 0;
    const count = request.rows.length * request.columns.length;
    for (const row of request.rows) {
      cells.push([]);
      for (const column of request.columns) {
        const before = done++;
        cells[cells.length - 1].push(
          await runCell(request, models, [column, row], ({ fraction, text }) =>
            progress.show({ fraction: (before + (fraction ?? 0)) / count, text: `${done} of ${count}: ${text}` }),
          ),
        );
      }
    }
    progress.end();
    const figure = figureOf(request, cells);
    await mkdir(dirname(resolve(request.out)), { recursive: true });
    await writeFile(request.out, saveFigure(figure, request.format, request.colors));
    cells.forEach((row, r) =>
      row.forEach(({ failure }, c) => {
        if (failure !== undefined)
          printError(`${[figure.rows[r], figure.columns[c]].filter(Boolean).join(", ")}: ${failure}\n`);
      }),
    );
    return cells.flat().some(({ result }) => result) ? 0 : 1;
  } finally {
    progress.end();
    models.dispose();
  }
}

interface Request {
  readonly models: readonly string[];
  readonly options: InputOptions & { readonly explain: readonly string[] };
  readonly columns: readonly AxisEntry[];
  /** One undefined: a figure of one row. */
  readonly rows: readonly (AxisEntry | undefined)[];
  readonly axes: SavedFigure["axes"];
  /** What holds for all cells: one of each kind that is no axis. */
  readonly fixed: readonly AxisEntry[];
  readonly looks: Looks;
  readonly scale: ScaleSharing;
  readonly out: string;
  readonly format: (typeof FIGURE_FORMATS)[number];
  readonly colors: FigureColors;
  readonly threads?: number;
}

function readRequest(positionals: readonly string[], values: Values<typeof OPTIONS>): Request {
  const format = formatOf(values.out, FIGURE_FORMATS);
  const { settings, looks } = readSettings(values.set);
  const layers = [...values.layer, ...values.layers.flatMap((list) => list.split(","))]
    .map((layer) => layer.trim())
    .filter(Boolean);
  const entries: Readonly<Record<AxisKind, readonly AxisEntry[]>> = {
    method: methodEntries(values.methods, settings),
    model: positionals.map((model) => ({ kind: "model", model: resolve(model) })),
    layer: layers.map((layer) => ({ kind: "layer", layer })),
    target: targetEntries(values),
  };
  const axes = chooseAxes(entries, values);
  return {
    models: positionals,
    options: { input: values.input, recipe: values.recipe, explain: values.explain },
    axes,
    columns: entries[axes.columns],
    rows: axes.rows ? entries[axes.rows] : [undefined],
    fixed: KINDS.filter((kind) => kind !== axes.columns && kind !== axes.rows).flatMap((kind) => entries[kind]),
    looks: {
      ...looks,
      arrangement: oneOf("--arrangement", values.arrangement ?? looks.arrangement, LOOK_CHOICES.arrangement),
    },
    scale: oneOf("--scale", values.scale ?? "own", SCALES),
    out: values.out,
    format,
    colors: BACKGROUNDS[oneOf("--background", values.background ?? "white", Object.keys(BACKGROUNDS))],
    threads: threadCount(values.threads),
  };
}

/**
 * "saliency,saliency:samples=20:noise=0.1,occlusion:window=3,15,15": ids with options of their own, over those of
 * --set.
 */
function methodEntries(lists: readonly string[], settings: Readonly<Record<string, string>>): AxisEntry[] {
  // A comma before a digit is an option's, no id begins with one.
  const words = lists
    .flatMap((list) => list.split(/,(?=\s*[a-z])/i))
    .map((word) => word.trim())
    .filter(Boolean);
  if (words.length === 0)
    throw new WrongUsage("--methods is missing: technique IDs separated by commas, such as saliency,grad-cam.");
  const used = new Set<string>();
  const found = words.map((word): AxisEntry => {
    const [id, ...own] = word.split(":");
    const { info } = findTechnique(id);
    if (!isComparable(info)) throw new WrongUsage(`${info.title} has no map to compare.`);
    const common = Object.entries(settings).filter(([name]) => info.params.some((spec) => spec.name === name));
    for (const [name] of common) used.add(name);
    return {
      kind: "method",
      technique: id,
      params: checkParams(info, absoluteFiles(info, { ...Object.fromEntries(common), ...parseSettings(own) })),
    };
  });
  const unused = Object.keys(settings).find((name) => !used.has(name));
  if (unused !== undefined) throw new WrongUsage(`None of these methods has a parameter "${unused}".`);
  return found;
}

function targetEntries({
  target,
  against,
  output,
}: Pick<Values<typeof OPTIONS>, "target" | "against" | "output">): AxisEntry[] {
  return (target.length ? target : [undefined]).map((text) => ({
    // A region's open ends are the model's to say.
    kind: "target",
    target: text?.includes(":")
      ? { ...(output === undefined ? {} : { output }) }
      : targetSpec({ target: text, against, output }),
    label: text ?? "largest",
  }));
}

/** What is given more than once is an axis: methods along the columns first, unless the person says otherwise. */
function chooseAxes(
  entries: Readonly<Record<AxisKind, readonly AxisEntry[]>>,
  asked: Pick<Values<typeof OPTIONS>, "columns" | "rows">,
): SavedFigure["axes"] {
  const named = (value: string | undefined, option: string): AxisKind | undefined =>
    value === undefined ? undefined : oneOf(`${option} (or its plural)`, value.replace(/s$/, ""), KINDS);
  const [columns, rows] = [named(asked.columns, "--columns"), named(asked.rows, "--rows")];
  if (columns !== undefined && columns === rows) throw new WrongUsage(`Columns and rows are both ${columns}s.`);
  const several = KINDS.filter((kind) => entries[kind].length > 1);
  const left = several.filter((kind) => kind !== columns && kind !== rows);
  const first = columns ?? left.shift() ?? (rows === "method" ? "target" : "method");
  const second = rows ?? left.shift();
  if (left.length > 0)
    throw new WrongUsage(
      `A figure has two axes; ${several.map((kind) => `${kind}s`).join(", ")} are each given more than once.`,
    );
  for (const kind of [first, second]) {
    if (kind !== undefined && entries[kind].length === 0)
      throw new WrongUsage(
        `There is no ${kind} for an axis: name some with --${kind === "method" ? "methods" : kind}.`,
      );
  }
  return second === undefined ? { columns: first } : { columns: first, rows: second };
}

async function runCell(
  request: Request,
  models: ModelCache,
  axes: readonly (AxisEntry | undefined)[],
  progress: (progress: { fraction?: number; text: string }) => void,
): Promise<FigureCell<WholeResult>> {
  const entries = [...request.fixed, ...axes];
  const of = <K extends AxisKind>(kind: K): Extract<AxisEntry, { kind: K }> | undefined =>
    entries.find((entry): entry is Extract<AxisEntry, { kind: K }> => entry?.kind === kind);
  const [method, layer, target, model] = [of("method"), of("layer"), of("target"), of("model")];
  if (!method || !model) throw new WrongUsage("A method and a model are needed.");
  const group = groupOf(request.scale, method, axes);
  try {
    const loaded = await models.get(model.model);
    const { info } = findTechnique(method.technique);
    const job: Job = {
      technique: method.technique,
      model: model.model,
      ...(await inputsOf(loaded, request.options)),
      ...(target
        ? {
            target: target.label.includes(":")
              ? targetSpec({ target: target.label, output: target.target.output }, loaded.description)
              : target.target,
          }
        : {}),
      ...(request.options.explain.length > 0 ? { explain: request.options.explain } : {}),
      ...(layer?.layer !== undefined && info.needs.layer !== "none" ? { layer: layer.layer } : {}),
      params: method.params ?? {},
    };
    return { group, result: await runJob(job, { models, progress, signal: new AbortController().signal }) };
  } catch (error) {
    const { message, hint } = describeError(error);
    return { group, failure: [message, hint].filter(Boolean).join(" ") };
  }
}

function groupOf(
  scale: ScaleSharing,
  method: AxisEntry & { readonly kind: "method" },
  axes: readonly (AxisEntry | undefined)[],
): string {
  switch (scale) {
    case "all":
      return "all";
    case "method":
      return JSON.stringify([method.technique, method.params]);
    case "own":
      return JSON.stringify(axes);
  }
}

function figureOf(
  { columns, rows, axes, looks }: Request,
  cells: readonly (readonly FigureCell<WholeResult>[])[],
): SavedFigure<WholeResult> {
  return {
    axes,
    looks,
    cells,
    columns: columns.map((entry, c) =>
      labelOf(
        entry,
        cells.map((row) => row[c]),
      ),
    ),
    rows: rows.map((entry, r) => (entry ? labelOf(entry, cells[r]) : "")),
  };
}

/** An entry's label; a target's class name as the results along it have it. */
function labelOf(entry: AxisEntry, along: readonly FigureCell<WholeResult>[]): string {
  switch (entry.kind) {
    case "method":
      return methodLabel(
        techniques.find(({ info }) => info.id === entry.technique)?.info,
        entry.technique,
        entry.params satisfies Params | undefined,
      );
    case "layer":
      return entry.layer ?? "automatic layer";
    case "model":
      return basename(entry.model);
    case "target": {
      if (entry.label.includes(":")) return `sum over ${entry.label}`;
      const named = along.map(({ result }) => result?.provenance.target).find((target) => target !== undefined);
      const index = named?.index.join(", ") ?? entry.label;
      return named?.label && named.label !== index ? `${named.label} ${index}` : index;
    }
  }
}
