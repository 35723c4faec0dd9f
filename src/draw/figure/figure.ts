import type { Artifact, ImageArtifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";
import type { Looks } from "../../protocol/looks.ts";
import { layoutBars } from "../kinds/bars.ts";
import { GLYPH } from "../scene/font.ts";
import { rowsByInput } from "./figure-inputs.ts";
import { frameCount, picturesUnder } from "../scene/frames.ts";
import { layoutFrames, mapImage, pictureImage, verticalBar } from "../kinds/heatmap.ts";
import type { HeatmapDrawing } from "../kinds/heatmap.ts";
import { paintMap } from "../scene/paint.ts";
import { paragraph, textWidth } from "../scene/parts.ts";
import type { Block, Part, Scene } from "../scene/parts.ts";
import { layoutArtifact } from "../scene/scene.ts";
import { sharedDrawings, valuesOf } from "./scales.ts";
import { formatValue } from "../scene/ticks.ts";
import { layoutTokens } from "../kinds/tokens.ts";

/** A comparison's grid, to be drawn as one figure. */
export interface Figure {
  /** Labels above the columns, and left of the rows; rows without labels have "". */
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** One for each row and column; absent: an empty place. */
  readonly cells: readonly (readonly (FigureCell | undefined)[])[];
  readonly looks: Looks;
  /** What stands below the figure. */
  readonly caption?: string;
}

export interface FigureCell {
  readonly result?: Result;
  /** Why there is no result, in a sentence: stands in the cell's place. */
  readonly failure?: string;
  /** Cells of one group share a scale. */
  readonly group: string;
}

const margin = 24;
const gap = 16;
const labelScale = 3;
const numberScale = 2;
/** Of a colour bar below its own cell. */
const barHeight = 12;
const leastBlock = 160;
/** Bars of a table's row beyond these are left out of a figure. */
const mostBars = 12;

/**
 * Lays the figure out: labels above and to the left, the input first where the looks say side by side, one colour bar
 * at the right where all maps share a scale, else one below each. Results about several inputs have a row for each.
 * Colours that follow from sharing are sharedDrawings()'. /
 */
export function layoutFigure(given: Figure): Scene {
  const figure = rowsByInput(given);
  const drawings = drawingsOf(figure);
  const scales = new Set(drawings.values());
  const all = figure.cells.flat().filter((cell) => ["heatmap", "tokens"].includes(cell?.result?.views[0]?.kind ?? ""));
  // One scale for all is one group; a lone map has its bar below it.
  const shared = all.length > 1 && new Set(all.map((cell) => cell?.group)).size === 1 ? [...scales][0] : undefined;
  const withInput = figure.looks.arrangement === "side-by-side";
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
  const foot = paragraph(figure.caption ?? "", numberScale, "muted", width - margin);
  if (foot.height) put(foot, margin, bottom + gap);
  return {
    width: width + margin,
    height: bottom + (foot.height ? gap + foot.height : 0) + margin,
    parts,
    font: "sans",
  };
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

/** The picture that an artifact lies over, or beside, if the result has one. */
export function pictureUnder({ views: artifacts }: Result, artifact: Artifact | undefined): ImageArtifact | undefined {
  const over = artifact && "over" in artifact ? artifact.over : undefined;
  return artifacts.find((one): one is ImageArtifact => one.kind === "image" && (over === undefined || one.id === over));
}

/** The row's input, where it is another one than the row's above. */
function inputBlock({ cells }: Figure, row: number): Block | undefined {
  const picture = pictureOf(cells[row]);
  const above = row > 0 ? pictureOf(cells[row - 1]) : undefined;
  if (!picture || (above && samePixels(above, picture))) return undefined;
  const image = pictureImage(picture);
  return { width: image.width, height: image.height, parts: [image] };
}

function pictureOf(cells: readonly (FigureCell | undefined)[]): ImageArtifact | undefined {
  for (const cell of cells) {
    const picture = cell?.result && pictureUnder(cell.result, cell.result.views[0]);
    if (picture) return picture;
  }
  return undefined;
}

/** Whether two pictures are the same: each result brings its own copy. */
export function samePixels(a: ImageArtifact, b: ImageArtifact): boolean {
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
  if (!result || !artifact) {
    const words = paragraph(failure ?? "No result", numberScale, "muted", 340);
    return { width: Math.max(leastBlock, words.width), height: words.height, parts: words.parts };
  }
  if (artifact.kind === "bars") return layoutBars({ ...artifact, items: artifact.items.slice(0, mostBars) });
  if (artifact.kind === "tokens" && drawing) {
    const rgba = paintMap(drawing.map, drawing.range, drawing.table);
    const text = layoutTokens(
      artifact,
      looks,
      Uint8Array.from({ length: artifact.tokens.length * 3 }, (_, i) => rgba[4 * Math.floor(i / 3) + (i % 3)]),
    );
    return withBar(
      text,
      ownBar ? horizontalBar(drawing, Math.max(leastBlock, text.width), artifact.quantity) : undefined,
    );
  }
  if (artifact.kind !== "heatmap" || !drawing) return layoutArtifact(result, artifact, looks);
  if (frameCount(artifact) > 1) {
    const frames = layoutFrames(
      artifact,
      picturesUnder(
        artifact,
        result.views.filter((one) => one.kind === "image"),
      ),
      looks,
      drawing,
      false,
    );
    return withBar(frames, ownBar ? horizontalBar(drawing, frames.width, artifact.quantity) : undefined);
  }
  const image = mapImage(artifact, pictureUnder(result, artifact), looks, drawing);
  return withBar(
    { width: image.width, height: image.height, parts: [image] },
    ownBar ? horizontalBar(drawing, image.width, artifact.quantity) : undefined,
  );
}

function withBar(block: Block, bar: Block | undefined): Block {
  if (!bar) return block;
  return {
    width: Math.max(block.width, bar.width),
    height: block.height + 8 + bar.height,
    parts: [...block.parts, ...bar.parts.map((part) => ({ ...part, y: part.y + block.height + 8 }))],
  };
}

/** The colours from the least value (left) to the largest, the ends' numbers and what a value is below. */
function horizontalBar({ range, table }: HeatmapDrawing, width: number, quantity: string): Block {
  const rgba = new Uint8ClampedArray(4 * 256);
  for (let i = 0; i < 256; i++) rgba.set([table[3 * i], table[3 * i + 1], table[3 * i + 2], 255], 4 * i);
  const y = barHeight + 6;
  const [low, high] = [formatValue(range.min), formatValue(range.max)];
  const room = width - 2 * Math.max(textWidth(low, numberScale), textWidth(high, numberScale)) - 2 * gap;
  const text = { kind: "text", y, scale: numberScale } as const;
  return {
    width,
    height: y + GLYPH.line * numberScale,
    parts: [
      {
        kind: "image",
        x: 0,
        y: 0,
        width,
        height: barHeight,
        pixelWidth: 256,
        pixelHeight: 1,
        rgba,
        label: `colours from ${low} to ${high}`,
      },
      { ...text, x: 0, text: low, ink: "foreground" },
      ...(textWidth(quantity, numberScale) <= room
        ? [{ ...text, x: Math.round(width / 2), text: quantity, ink: "muted", anchor: "middle" } as const]
        : []),
      { ...text, x: width, text: high, ink: "foreground", anchor: "end" },
    ],
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
