import type { HeatmapArtifact, ImageArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import { colorTable, resolveColorMap } from "../scene/colormap.ts";
import { GLYPH } from "../scene/font.ts";
import { blend, enlargePicture, paintMap, resizeMap, withAlpha } from "../scene/paint.ts";
import { clipRange } from "../scene/range.ts";
import type { ValueRange } from "../scene/range.ts";
import { reduceChannels } from "../scene/reduce.ts";
import type { ValueMap } from "../scene/reduce.ts";
import { frameCount, frameGrid, frameIndex, framesIn } from "../scene/frames.ts";
import { enlargement, paragraph, stack, TARGET_SIZE, textWidth } from "../scene/parts.ts";
import type { Block, Part } from "../scene/parts.ts";
import { formatValue, ticks } from "../scene/ticks.ts";

const gap = 16;

/** What a heat map is drawn with. */
export interface HeatmapDrawing {
  /** One value per place, at the artifact's own resolution; of several frames, the one that the looks show. */
  readonly map: ValueMap;
  /** All frames' maps. They have one range. */
  readonly frames: readonly ValueMap[];
  readonly range: ValueRange;
  /** 256 RGB triples. */
  readonly table: Uint8Array;
  readonly signed: boolean;
}

/**
 * A heat map as a panel shows it: reduced and clipped as the looks say; the range is of the values as they are, not
 * resized.
 */
export function heatmapDrawing(artifact: HeatmapArtifact, looks: Looks): HeatmapDrawing {
  const frames = framesIn(artifact).map(({ values, dims, axes }) =>
    reduceChannels(values, dims, axes, looks.reduce, artifact.signed),
  );
  const map = frames[frameIndex(artifact, looks.frame)];
  // A norm has no sign, whatever it is the norm of.
  const signed = artifact.signed && looks.reduce !== "l2";
  const table = colorTable(resolveColorMap(looks.colorMap, signed));
  return {
    map,
    frames,
    range: clipRange(frames.length === 1 ? map.values : joined(frames), looks.clip, signed),
    table,
    signed,
  };
}

function joined(frames: readonly ValueMap[]): Float32Array {
  const all = new Float32Array(frames.reduce((sum, { values }) => sum + values.length, 0));
  frames.reduce((at, { values }) => {
    all.set(values, at);
    return at + values.length;
  }, 0);
  return all;
}

/**
 * All frames of a map in a row or a grid, on one scale: each over its picture, or below it where the looks say side by
 * side and `withPictures`.
 */
export function layoutFrames(
  artifact: HeatmapArtifact,
  pictures: readonly (ImageArtifact | undefined)[],
  looks: Looks,
  drawing: HeatmapDrawing,
  withPictures: boolean,
): Block {
  const edge = TARGET_SIZE / Math.min(4, Math.ceil(Math.sqrt(drawing.frames.length)));
  const blocks = framesIn(artifact).map((frame, index): Block => {
    const image = mapImage(frame, pictures[index], looks, { ...drawing, map: drawing.frames[index] }, edge);
    const picture = pictures[index];
    const map = { width: image.width, height: image.height, parts: [image] };
    if (!picture || !withPictures || looks.arrangement !== "side-by-side") return map;
    const below = pictureImage(picture, edge);
    return stack([{ width: below.width, height: below.height, parts: [below] }, map], gap / 2);
  });
  return frameGrid(blocks, artifact.frames?.names ?? []);
}

/**
 * The picture, the map and a colour bar with numbers, side by side or one over the other; of several frames, all of
 * them (`pictures`: one for each).
 */
export function layoutHeatmap(
  artifact: HeatmapArtifact,
  pictures: readonly (ImageArtifact | undefined)[],
  looks: Looks,
): Block {
  const drawing = heatmapDrawing(artifact, looks);
  const [picture] = pictures;
  if (frameCount(artifact) > 1) {
    const grid = layoutFrames(artifact, pictures, looks, drawing, true);
    const bar = colorBar(drawing.range, drawing.table, grid.height, artifact.quantity);
    return {
      width: grid.width + gap + bar.width,
      height: Math.max(grid.height, bar.height),
      parts: [...grid.parts, ...bar.parts.map((part) => ({ ...part, x: part.x + grid.width + gap }))],
    };
  }
  const parts: Part[] = [];
  let x = 0;
  const add = (part: ImagePart): void => {
    parts.push({ ...part, x });
    x += part.width + gap;
  };
  const map = mapImage(artifact, picture, looks, drawing);
  if (picture && looks.arrangement === "side-by-side") add(pictureImage(picture));
  add(map);
  const bar = colorBar(drawing.range, drawing.table, map.height, artifact.quantity);
  parts.push(...bar.parts.map((part) => ({ ...part, x: part.x + x })));
  return { width: x + bar.width, height: Math.max(map.height, bar.height), parts };
}

type ImagePart = Extract<Part, { kind: "image" }>;

/** A picture at the size it is drawn at, at (0, 0). */
export function pictureImage(picture: ImageArtifact, edge = TARGET_SIZE): ImagePart {
  const factor = enlargement(picture.width, picture.height, edge);
  return {
    kind: "image",
    x: 0,
    y: 0,
    width: picture.width * factor,
    height: picture.height * factor,
    pixelWidth: picture.width,
    pixelHeight: picture.height,
    rgba: withAlpha(picture.pixels),
    label: picture.title,
  };
}

/** The map in its colours at the size it is drawn at, at (0, 0): over its picture where the looks say "overlay". */
export function mapImage(
  artifact: HeatmapArtifact,
  picture: ImageArtifact | undefined,
  looks: Looks,
  { map, range, table }: HeatmapDrawing,
  edge = TARGET_SIZE,
): ImagePart {
  const size = picture ?? map;
  const factor = enlargement(size.width, size.height, edge);
  const [width, height] = [size.width * factor, size.height * factor];
  // Smooth maps are interpolated to what is shown, so that enlarging does not show squares.
  const [shownHeight, shownWidth] = artifact.smooth ? [height, width] : [size.height, size.width];
  const shown = resizeMap(map, shownHeight, shownWidth, artifact.smooth);
  const colors = paintMap(shown, range, table);
  const over = picture && looks.arrangement === "overlay" ? picture : undefined;
  const below = over && enlargePicture(over.pixels, over.height, over.width, shown.width / over.width);
  return {
    kind: "image",
    x: 0,
    y: 0,
    width,
    height,
    pixelWidth: shown.width,
    pixelHeight: shown.height,
    rgba: below ? blend(below, colors, looks.opacity) : colors,
    label: over ? `${artifact.title} over ${over.title}` : artifact.title,
  };
}

/** The colours from the largest value (top) to the smallest, with round numbers, and what one value is below. */
function colorBar(range: ValueRange, table: Uint8Array, height: number, quantity: string): Block {
  const labelHeight = (GLYPH.line + 2) * 2;
  const bar = verticalBar(range, table, Math.max(64, height - labelHeight), 2);
  const name = paragraph(quantity, 2, "muted", Math.max(120, bar.width));
  return {
    width: Math.max(bar.width, name.width),
    height: bar.height + 10 + name.height,
    parts: [...bar.parts, ...name.parts.map((part) => ({ ...part, y: part.y + bar.height + 10 }))],
  };
}

/** The colours from the largest value (top) to the smallest, `length` high, with round numbers beside them. */
export function verticalBar(range: ValueRange, table: Uint8Array, length: number, scale: number): Block {
  const barWidth = 8 * scale;
  const rgba = new Uint8ClampedArray(4 * length);
  for (let y = 0; y < length; y++) {
    const entry = 3 * Math.round(255 * (1 - y / (length - 1)));
    rgba.set([table[entry], table[entry + 1], table[entry + 2], 255], 4 * y);
  }
  const pixels = { pixelWidth: 1, pixelHeight: length, rgba, label: "colour bar" };
  const parts: Part[] = [{ kind: "image", x: 0, y: 0, width: barWidth, height: length, ...pixels }];
  let width = barWidth;
  for (const tick of ticks(range.min, range.max, Math.max(2, Math.floor(length / 70)))) {
    const y = Math.round(((range.max - tick) / (range.max - range.min)) * (length - 1));
    const text = formatValue(tick);
    const top = Math.max(0, Math.min(length - GLYPH.ascent * scale, y - Math.floor((GLYPH.ascent * scale) / 2)));
    parts.push({ kind: "rect", x: barWidth, y, width: 5, height: 1, ink: "foreground" });
    parts.push({ kind: "text", x: barWidth + 10, y: top, text, scale, ink: "foreground" });
    width = Math.max(width, barWidth + 10 + textWidth(text, scale));
  }
  return { width, height: length, parts };
}
