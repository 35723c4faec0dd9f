import { resolve } from "node:path";
import { FIGURE_FORMATS, WHITE, type FigureColors, type SavedFigure } from "../draw/figure/figure-files.ts";
import { isComparable, type AxisEntry, type AxisKind, type ScaleSharing } from "../protocol/compare.ts";
import { LOOK_CHOICES, type Looks } from "../protocol/looks.ts";
import { checkParams } from "../techniques/framework/params.ts";
import { findTechnique } from "../techniques/framework/run.ts";
import {
  absoluteFiles,
  formatOf,
  oneOf,
  parseSettings,
  readSettings,
  targetSpec,
  threadCount,
  type InputOptions,
} from "./arguments.ts";
import { WrongUsage, type Values } from "./options.ts";

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

export const OPTIONS = {
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

/** A comparison as the words on the command line ask for it. */
export interface Request {
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

export function readRequest(positionals: readonly string[], values: Values<typeof OPTIONS>): Request {
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
