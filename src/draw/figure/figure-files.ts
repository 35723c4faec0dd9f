import type { AxisKind } from "../../protocol/compare.ts";
import type { Result, WholeResult } from "../../protocol/result.ts";
import { rasterise, WHITE_INKS } from "../scene/compose.ts";
import { textsOf } from "../scene/parts.ts";
import type { Inks } from "../scene/compose.ts";
import { layoutFigure } from "./figure.ts";
import type { Figure } from "./figure.ts";
import { encodeNpz } from "../encode/npz.ts";
import { encodePng } from "../encode/png.ts";
import { jsonArrays, PROVENANCE_KEYWORD, toJson } from "../encode/save.ts";
import { LIGHT_THEME, writeSvg } from "../encode/svg.ts";
import type { Theme } from "../encode/svg.ts";

export const FIGURE_FORMATS = ["svg", "png", "npz", "json"] as const;
export type FigureFormat = (typeof FIGURE_FORMATS)[number];

/** A figure with what its axes are, for the files that keep it. */
export interface SavedFigure<R extends Result = Result> extends Figure<R> {
  readonly axes: { readonly columns: AxisKind; readonly rows?: AxisKind };
}

export interface FigureColors {
  /** Of an SVG; its background may be "none". */
  readonly theme: Theme;
  /** Of a PNG. */
  readonly inks: Inks;
}

export const WHITE: FigureColors = { theme: LIGHT_THEME, inks: WHITE_INKS };

/**
 * A comparison as a file's bytes. svg, png: the figure; npz: the raw numbers of each cell by arrayNames(); json:
 * numbers, notes and how each was made. What failed is in the json with its reason, and in no npz.
 */
export function saveFigure(
  figure: SavedFigure<WholeResult>,
  format: FigureFormat,
  colors: FigureColors = WHITE,
): Uint8Array<ArrayBuffer> {
  switch (format) {
    case "svg":
      return new TextEncoder().encode(figureSvg(figure, colors.theme));
    case "png": {
      const { width, height, rgba } = rasterise(layoutFigure(figure), colors.inks);
      return encodePng(width, height, rgba, { text: figureText(figure) });
    }
    case "npz":
    case "json":
      return saveFigureNumbers(figure, format);
  }
}

/** The same as files of numbers. */
export function saveFigureNumbers(figure: SavedFigure<WholeResult>, format: "npz" | "json"): Uint8Array<ArrayBuffer> {
  switch (format) {
    case "npz": {
      const names = arrayNames(figure);
      return encodeNpz(
        figure.cells.flat().flatMap((cell, index) => {
          const result = cell?.result;
          if (!result) return [];
          return result.arrays.map(({ name = "values", dims, values }, _, all) => ({
            name: all.length > 1 ? `${names[index]}__${name.replace(/[/\\]/g, "_")}` : names[index],
            dims,
            values,
          }));
        }),
      );
    }
    case "json":
      return new TextEncoder().encode(`${toJson(describe(figure, jsonArrays))}\n`);
  }
}

export function figureSvg(figure: SavedFigure, theme: Theme): string {
  return writeSvg(layoutFigure(figure), {
    title: titleOf(figure),
    metadata: toJson(describe(figure, () => ({}))),
    theme,
  });
}

/** The text chunks of a figure's PNG. */
export function figureText(figure: SavedFigure): Readonly<Record<string, string>> {
  return {
    Software: "Neural Loupe",
    Title: titleOf(figure),
    Description: textsOf(layoutFigure(figure)),
    [PROVENANCE_KEYWORD]: toJson(describe(figure, () => ({}))),
  };
}

/**
 * A name in a .npz for each cell, row by row: its labels in letters, digits and "_", a second of the same with "_2".
 */
export function arrayNames({ columns, rows, cells }: Figure): string[] {
  const taken = new Map<string, number>();
  return cells.flatMap((row, r) =>
    row.map((_, c) => {
      const base =
        [rows[r], columns[c]]
          .filter(Boolean)
          .map((label) => label.replace(/[^\p{L}\p{N}.+-]+/gu, "_").replace(/^_+|_+$/g, ""))
          .filter(Boolean)
          .join("__") || "cell";
      const count = (taken.get(base) ?? 0) + 1;
      taken.set(base, count);
      return count === 1 ? base : `${base}_${count}`;
    }),
  );
}

function titleOf({ columns, rows }: Figure): string {
  return [
    `Comparison of ${columns.join(", ")}`,
    ...(rows.some(Boolean) ? [`by ${rows.filter(Boolean).join(", ")}`] : []),
  ].join(" ");
}

/** What the figure is as data; `numbers`: what is said of each cell's. */
function describe<R extends Result>(figure: SavedFigure<R>, numbers: (result: R) => object): unknown {
  const { axes, columns, rows, cells, looks } = figure;
  const names = arrayNames(figure);
  return {
    comparison: {
      columns: { kind: axes.columns, labels: columns },
      ...(axes.rows ? { rows: { kind: axes.rows, labels: rows } } : {}),
    },
    looks: {
      arrangement: looks.arrangement,
      opacity: looks.opacity,
      colorMap: looks.colorMap,
      clip: looks.clip,
      reduce: looks.reduce,
    },
    cells: cells.flatMap((row, r) =>
      row.flatMap((cell, c) =>
        cell
          ? [
              {
                row: r,
                column: c,
                name: names[r * columns.length + c],
                scale: cell.group,
                ...(cell.result
                  ? {
                      provenance: cell.result.provenance,
                      notes: cell.result.notes,
                      time: cell.result.time,
                      ...numbers(cell.result),
                    }
                  : { failure: cell.failure ?? "No result" }),
              },
            ]
          : [],
      ),
    ),
  };
}
