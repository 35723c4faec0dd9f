import type { Artifact } from "../../protocol/artifacts.ts";
import { picturesOf } from "../../protocol/result.ts";
import type { Figure, FigureCell } from "./figure.ts";

/**
 * The figure with a row of pictures for each explained input, under its name, where results are about several; itself
 * elsewhere.
 */
export function rowsByInput(figure: Figure): Figure {
  const inputs = figure.cells.map(inputsOf);
  if (inputs.every((names) => names.length < 2)) return figure;
  const oneScale = new Set(figure.cells.flat().map((cell) => cell?.group)).size === 1;
  const rows: string[] = [];
  const cells: (FigureCell | undefined)[][] = [];
  figure.cells.forEach((row, r) => {
    const names = inputs[r];
    if (names.length < 2) {
      rows.push(figure.rows[r]);
      cells.push([...row]);
      return;
    }
    for (const [which, name] of names.entries()) {
      rows.push([figure.rows[r], name].filter(Boolean).join(": "));
      // Values of two inputs have no unit in common: where cells do not all share one scale, an input's share their
      // own.
      cells.push(
        row.map(
          (cell) =>
            cell &&
            placedIn(cell, name, which === placeOf(cell, row, names), oneScale ? cell.group : `${cell.group}\n${name}`),
        ),
      );
    }
  });
  return { ...figure, rows, cells };
}

/** The inputs that a row's results are about, by name; none where each is about one. */
function inputsOf(row: Figure["cells"][number]): readonly string[] {
  return [...new Set(row.flatMap((cell) => (cell?.result ? cell.result.views.flatMap(inputOf) : [])))];
}

function inputOf(artifact: Artifact): readonly string[] {
  return "input" in artifact && artifact.input !== undefined ? [artifact.input] : [];
}

/**
 * What a cell shows in an input's row: the input's artifact first. A cell that is about one input, or failed, stands in
 * one row (`here`).
 */
function placedIn(cell: FigureCell, name: string, here: boolean, group: string): FigureCell | undefined {
  const { result } = cell;
  if (!result || !result.views.some((artifact) => inputOf(artifact).length > 0))
    return here ? { ...cell, group } : undefined;
  const main = result.views.find((artifact) => inputOf(artifact)[0] === name);
  // Bars and tokens of an input lie over no picture, and another input's is not theirs.
  const pictures = "over" in (main ?? {}) ? picturesOf(result) : [];
  return main && { ...cell, group, result: { ...result, views: [main], context: { ...result.context, pictures } } };
}

/** The row in which a cell about one input stands: that of the maps over the same picture, else the first. */
function placeOf({ result }: FigureCell, row: Figure["cells"][number], names: readonly string[]): number {
  const over = overOf(result?.views[0]);
  const all = row.flatMap((cell) => cell?.result?.views ?? []);
  return Math.max(
    0,
    over === undefined
      ? 0
      : names.findIndex((name) => all.some((artifact) => inputOf(artifact)[0] === name && overOf(artifact) === over)),
  );
}

function overOf(artifact: Artifact | undefined): string | undefined {
  return artifact && "over" in artifact ? artifact.over : undefined;
}
