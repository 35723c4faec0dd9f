import type { HeatmapArtifact, ImageArtifact } from "../protocol/artifacts.ts";
import type { Looks } from "../protocol/panel.ts";
import { colorTable, resolveColorMap } from "./colormap.ts";
import { GLYPH } from "./font.ts";
import { blend, enlargePicture, paintMap, resizeMap, withAlpha } from "./paint.ts";
import { clipRange } from "./range.ts";
import type { ValueRange } from "./range.ts";
import { reduceChannels } from "./reduce.ts";
import type { ValueMap } from "./reduce.ts";
import { enlargement, paragraph, textWidth } from "./parts.ts";
import type { Block, Part } from "./parts.ts";
import { formatValue, ticks } from "./ticks.ts";

const gap = 16;

/** What a heat map is drawn with. */
export interface HeatmapDrawing {
  /** One value per place, at the artifact's own resolution. */
  readonly map: ValueMap;
  readonly range: ValueRange;
  /** 256 RGB triples. */
  readonly table: Uint8Array;
  readonly signed: boolean;
}

/** A heat map as a panel shows it: reduced and clipped as the looks say; the range is of the values as they are, not resized. */
export function heatmapDrawing(artifact: HeatmapArtifact, looks: Looks): HeatmapDrawing {
  const map = reduceChannels(artifact.values, artifact.dims, artifact.axes, looks.reduce, artifact.signed);
  // A norm has no sign, whatever it is the norm of.
  const signed = artifact.signed && looks.reduce !== "l2";
  const table = colorTable(resolveColorMap(looks.colorMap, signed));
  return { map, range: clipRange(map.values, looks.clip, signed), table, signed };
}

/** The picture, the map and a colour bar with numbers, side by side or one over the other. */
export function layoutHeatmap(artifact: HeatmapArtifact, picture: ImageArtifact | undefined, looks: Looks): Block {
  const drawing = heatmapDrawing(artifact, looks);
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
export function pictureImage(picture: ImageArtifact): ImagePart {
  const factor = enlargement(picture.width, picture.height);
  return {
    kind: "image", x: 0, y: 0, width: picture.width * factor, height: picture.height * factor,
    pixelWidth: picture.width, pixelHeight: picture.height, rgba: withAlpha(picture.pixels), label: picture.title,
  };
}

/** The map in its colours at the size it is drawn at, at (0, 0): over its picture where the looks say "overlay". */
export function mapImage(artifact: HeatmapArtifact, picture: ImageArtifact | undefined, looks: Looks, { map, range, table }: HeatmapDrawing): ImagePart {
  const size = picture ?? map;
  const factor = enlargement(size.width, size.height);
  const [width, height] = [size.width * factor, size.height * factor];
  // Smooth maps are interpolated to what is shown, so that enlarging does not show squares.
  const [shownHeight, shownWidth] = artifact.smooth ? [height, width] : [size.height, size.width];
  const shown = resizeMap(map, shownHeight, shownWidth, artifact.smooth);
  const colors = paintMap(shown, range, table);
  const over = picture && looks.arrangement === "overlay" ? picture : undefined;
  const below = over && enlargePicture(over.pixels, over.height, over.width, shown.width / over.width);
  return {
    kind: "image", x: 0, y: 0, width, height, pixelWidth: shown.width, pixelHeight: shown.height, rgba: below ? blend(below, colors, looks.opacity) : colors,
    label: over ? `${artifact.title} over ${over.title}` : artifact.title,
  };
}

/** The colours from the largest value (top) to the smallest, with round numbers, and what one value is below. */
function colorBar(range: ValueRange, table: Uint8Array, height: number, quantity: string): Block {
  const labelHeight = (GLYPH.line + 2) * 2;
  const bar = verticalBar(range, table, Math.max(64, height - labelHeight), 2);
  const name = paragraph(quantity, 2, "muted", Math.max(120, bar.width));
  return { width: Math.max(bar.width, name.width), height: bar.height + 10 + name.height, parts: [...bar.parts, ...name.parts.map((part) => ({ ...part, y: part.y + bar.height + 10 }))] };
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
    const y = Math.round((range.max - tick) / (range.max - range.min) * (length - 1));
    const text = formatValue(tick);
    const top = Math.max(0, Math.min(length - GLYPH.ascent * scale, y - Math.floor(GLYPH.ascent * scale / 2)));
    parts.push({ kind: "rect", x: barWidth, y, width: 5, height: 1, ink: "foreground" });
    parts.push({ kind: "text", x: barWidth + 10, y: top, text, scale, ink: "foreground" });
    width = Math.max(width, barWidth + 10 + textWidth(text, scale));
  }
  return { width, height: length, parts };
}
