import type { ImageArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import type { Result } from "../../protocol/result.ts";
import { pictureUnder } from "../kinds/frames.ts";
import type { HeatmapDrawing } from "../kinds/heatmap.ts";
import { pictureBlock } from "../kinds/image.ts";
import { comparisonOf, isKnown, unknownKind } from "../kinds/index.ts";
import { horizontalBar, verticalBar } from "../scene/color-bar.ts";
import { picturesOf } from "../../protocol/result.ts";
import { paragraph, textWidth } from "../scene/parts.ts";
import type { Block, Part, Scene } from "../scene/parts.ts";
import { layoutArtifact, targetText } from "../scene/scene.ts";
import { rowsByInput } from "./figure-inputs.ts";
import { sharedDrawings, valuesOf } from "./scales.ts";

/** A comparison's grid, to be drawn as one figure. */
export interface Figure<R extends Result = Result> {
  /** Labels above the columns, and left of the rows; rows without labels have "". */
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** One for each row and column; absent: an empty place. */
  readonly cells: readonly (readonly (FigureCell<R> | undefined)[])[];
  readonly looks: Looks;
}

export interface FigureCell<R extends Result = Result> {
  readonly result?: R;
  /** Why there is no result, in a sentence: stands in the cell's place. */
  readonly failure?: string;
  /** Cells of one group share a scale. */
  readonly group: string;
}

const margin = 24;
const gap = 16;
const labelScale = 3;
const numberScale = 2;
const leastBlock = 160;

/**
 * Lays the figure out: labels above and to the left, the input first where the looks say side by side, one colour bar
 * at the right where all maps share a scale, else one below each. Results about several inputs have a row for each.
 * Below stands the target that all have. Colours that follow from sharing are sharedDrawings()'.
 */
export function layoutFigure(given: Figure): Scene {
  const figure = rowsByInput(given);
  const drawings = drawingsOf(figure);
  const scales = new Set(drawings.values());
  const all = figure.cells.flat().filter((cell) => ["heatmap", "tokens"].includes(cell?.result?.views[0]?.kind ?? ""));
  // One scale for all is one group; a lone map has its bar below it.
  const shared = all.length > 1 && new Set(all.map((cell) => cell?.group)).size === 1 ? [...scales][0] : undefined;
  const withInput = figure.looks.arrangement === "side-by-side" && figure.cells.some(pictureOf);
  const rows = figure.cells.map((cells, row) => [
    ...(withInput ? [inputBlock(figure, row)] : []),
    ...cells.map((cell) => cell && cellBlock(cell, figure.looks, drawings.get(cell), shared === undefined)),
  ]);
  const columns = [...(withInput ? ["Input"] : []), ...figure.columns];
  const widths = columns.map((_, column) => Math.max(leastBlock, ...rows.map((cells) => cells[column]?.width ?? 0)));
  // A row of words alone is as high as its label needs.
  const heights = rows.map((cells, row) =>
    Math.max(
      leastBlock / 2,
      Math.min(2 * leastBlock, textWidth(figure.rows[row], labelScale)),
      ...cells.map((block) => block?.height ?? 0),
    ),
  );
  const heads = columns.map((label, column) => centred(label, widths[column]));
  const sides = figure.rows.map((label, row) => turned(label, heights[row]));
  const left = Math.max(0, ...sides.map(({ width }) => width));
  const origin = {
    x: margin + (left ? left + gap : 0),
    y: margin + Math.max(0, ...heads.map(({ height }) => height)) + (columns.some(Boolean) ? gap / 2 : 0),
  };

  const parts: Part[] = [];
  const put = (block: Block, x: number, y: number): void => {
    parts.push(...block.parts.map((part) => ({ ...part, x: part.x + x, y: part.y + y })));
  };
  let x = origin.x;
  const places = widths.map((width) => {
    const place = x;
    x += width + gap;
    return place;
  });
  // Labels stand on one line, right above the pictures.
  heads.forEach((head, column) => put(head, places[column], origin.y - gap / 2 - head.height));
  let y = origin.y;
  rows.forEach((cells, row) => {
    put(sides[row], margin, y);
    cells.forEach((block, column) => {
      if (block) put(block, places[column] + Math.floor((widths[column] - block.width) / 2), y);
    });
    y += heights[row] + gap;
  });
  const [right, bottom] = [x - gap, y - gap];
  const bar = shared && verticalBar(shared.range, shared.table, bottom - origin.y, numberScale);
  if (bar) put(bar, right + gap, origin.y);
  const width = right + (bar ? gap + bar.width : 0);
  const foot = paragraph(commonTarget(figure), numberScale, "foreground", width - margin);
  if (foot.height) put(foot, margin, bottom + gap);
  return { width: width + margin, height: bottom + (foot.height ? gap + foot.height : 0) + margin, parts };
}

/** The target, where it is the same in all cells; where it is not, columns or rows are named after theirs. */
function commonTarget({ cells }: Figure): string {
  const targets = new Set(cells.flat().flatMap((cell) => (cell?.result ? [targetText(cell.result)] : [])));
  return targets.size === 1 ? [...targets][0] : "";
}

/** What each cell's map is drawn with, the scales shared by group. */
function drawingsOf({ cells, looks }: Figure): Map<FigureCell, HeatmapDrawing> {
  const maps = cells.flat().flatMap((cell) => {
    const artifact = valuesOf(cell?.result?.views[0]);
    return cell && artifact ? [{ cell, artifact, group: cell.group }] : [];
  });
  const drawings = sharedDrawings(maps, looks);
  return new Map(maps.map(({ cell }, index) => [cell, drawings[index]]));
}

/** The row's input, where it is another one than the row's above. */
function inputBlock({ cells }: Figure, row: number): Block | undefined {
  const picture = pictureOf(cells[row]);
  const above = row > 0 ? pictureOf(cells[row - 1]) : undefined;
  if (!picture || (above && samePixels(above, picture))) return undefined;
  return pictureBlock(picture);
}

function pictureOf(cells: readonly (FigureCell | undefined)[]): ImageArtifact | undefined {
  for (const cell of cells) {
    const picture = cell?.result && pictureUnder(cell.result.views[0], picturesOf(cell.result));
    if (picture) return picture;
  }
  return undefined;
}

/** Whether two pictures are the same: each result brings its own copy. */
function samePixels(a: ImageArtifact, b: ImageArtifact): boolean {
  return (
    a === b ||
    (a.width === b.width && a.height === b.height && a.pixels.every((value, index) => value === b.pixels[index]))
  );
}

function cellBlock(
  { result, failure }: FigureCell,
  looks: Looks,
  drawing: HeatmapDrawing | undefined,
  ownBar: boolean,
): Block {
  const artifact = result?.views[0];
  if (!result || !artifact || !isKnown(artifact.kind)) {
    const words = paragraph(
      failure ?? (artifact ? unknownKind(artifact.kind) : "No result"),
      numberScale,
      "muted",
      340,
    );
    return { width: Math.max(leastBlock, words.width), height: words.height, parts: words.parts };
  }
  const comparison = comparisonOf(artifact);
  if (!comparison || !drawing) return layoutArtifact(result, artifact, looks);
  const block = comparison.layout(
    artifact,
    { pictures: picturesOf(result), looks, ...(result.context.target ? { target: result.context.target } : {}) },
    drawing,
  );
  if (!comparison.colored || !ownBar) return block;
  const { range, table, map } = drawing;
  const width = map.height > 1 ? block.width : Math.max(leastBlock, block.width);
  return withBar(block, horizontalBar(range, table, width, comparison.values(artifact).quantity));
}

function withBar(block: Block, bar: Block): Block {
  return {
    width: Math.max(block.width, bar.width),
    height: block.height + 8 + bar.height,
    parts: [...block.parts, ...bar.parts.map((part) => ({ ...part, y: part.y + block.height + 8 }))],
  };
}

function centred(label: string, width: number): Block {
  const block = paragraph(label, labelScale, "foreground", width);
  return {
    ...block,
    width,
    parts: block.parts.map((part) => ({ ...part, x: Math.round(width / 2), anchor: "middle" })),
  };
}

/** Lines from bottom to top, centred along the height. */
function turned(label: string, height: number): Block {
  const block = paragraph(label, labelScale, "foreground", height);
  const parts = block.parts.map((part): Part =>
    part.kind === "text" ? { ...part, x: part.y, y: Math.round(height / 2), anchor: "middle", turned: true } : part,
  );
  return { width: block.height, height, parts };
}
