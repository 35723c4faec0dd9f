import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { saveFigure, type SavedFigure } from "../draw/figure/figure-files.ts";
import type { FigureCell } from "../draw/figure/figure.ts";
import type { WholeResult } from "../protocol/result.ts";
import type { AxisEntry, AxisKind, ScaleSharing } from "../protocol/compare.ts";
import { methodLabel } from "../protocol/compare.ts";
import type { Job } from "../protocol/job.ts";
import { describeError } from "../protocol/link.ts";
import { ONNX } from "../protocol/formats.ts";
import { paramKind } from "../protocol/params.ts";
import type { Params } from "../protocol/technique.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { techniques } from "../techniques/index.ts";
import { findTechnique, runJob } from "../techniques/framework/run.ts";
import { inputsOf, progressLine, REDUCE, targetSpec } from "./arguments.ts";
import { OPTIONS, readRequest, type Request } from "./compare-request.ts";
import { command, WrongUsage } from "./options.ts";
import { printError } from "./terminal.ts";

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
