import type { DenseSource, ImageArtifact, MaskArtifact } from "../../protocol/artifacts.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import { rangesOf, regionAlong } from "../../protocol/target.ts";
import type { Looks } from "../../protocol/looks.ts";
import { blend, enlargePicture, resizeMap } from "../scene/paint.ts";
import { GLYPH } from "../scene/font.ts";
import { enlargement, TARGET_SIZE, textWidth } from "../scene/parts.ts";
import type { Block, ImagePart, Part } from "../scene/parts.ts";
import { tableOfList } from "../scene/table.ts";
import { pictureImage } from "./image.ts";
import { firstStands, onceFor } from "./kind.ts";
import type { Kind } from "./kind.ts";

const OPTIONS = ["arrangement", "opacity"] as const;

export const mask: Kind<MaskArtifact> = {
  layout: (artifact, { pictures, looks }) =>
    layoutMask(
      artifact,
      pictures.find(({ id }) => id === artifact.over),
      looks,
    ),
  table: (artifact) =>
    tableOfList(artifact.classes, [
      ["class index", "integer", ({ index }) => index],
      ["class", "text", ({ label }) => label],
      ["pixels", "integer", ({ count }) => count],
      ["share", "number", ({ count }) => count / artifact.values.length],
    ]),
  numbers: ({ dims, values }) => ({ dims, values }),
  ...firstStands(),
  compare: {
    values: onceFor(({ id, title, values, scores = values, dims, quantity, over, caption }) => ({
      kind: "heatmap",
      id,
      title,
      values: scores,
      dims,
      axes: { height: 0, width: 1 },
      quantity,
      signed: false,
      ...(over === undefined ? {} : { over }),
      smooth: false,
      caption,
    })),
    label: (artifact, { row, column }) => classAt(artifact, row, column)?.label,
    colored: false,
    options: OPTIONS,
    layout(artifact, { pictures, looks }) {
      const image = maskImage(
        artifact,
        pictures.find(({ id }) => id === artifact.over),
        looks,
      );
      return { width: image.width, height: image.height, parts: [image] };
    },
  },
  options: OPTIONS,
};

const gap = 16;
const scale = 2;
const MOST_CLASSES = 30;

/** A place's class; undefined beside the map. */
export function classAt(
  { values, dims: [height, width], classes }: MaskArtifact,
  row: number,
  column: number,
): MaskArtifact["classes"][number] | undefined {
  if (row < 0 || column < 0 || row >= height || column >= width) return undefined;
  return classes.find(({ index }) => index === values[row * width + column]);
}

/** "61.3%": how much of the map a class has. */
export function shareText(count: number, all: number): string {
  const percent = (100 * count) / all;
  return `${percent > 0 && percent < 0.1 ? "< 0.1" : percent.toFixed(1)}%`;
}

/**
 * Class 0 (the background, in most data sets) is black; others lie on the bits of their number, as in PASCAL VOC's
 * colour map.
 */
export function classColor(index: number): readonly [red: number, green: number, blue: number] {
  const color: [number, number, number] = [0, 0, 0];
  for (let bit = 0, rest = index; bit < 8; bit++, rest >>= 3)
    for (let at = 0; at < 3; at++) color[at] |= ((rest >> at) & 1) << (7 - bit);
  return color;
}

/** The mask in its classes' colours: RGBA bytes [height, width, 4]. `only`: all classes but this one are grey. */
export function maskColors(values: Float32Array, only?: number): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(4 * values.length);
  values.forEach((index, place) => {
    const [red, green, blue] = only === undefined || index === only ? classColor(index) : [128, 128, 128];
    rgba.set([red, green, blue, 255], 4 * place);
  });
  return rgba;
}

/** A rectangle of places: first and before which. */
export interface Area {
  readonly rows: readonly [from: number, before: number];
  readonly columns: readonly [from: number, before: number];
}

/** The rectangle around the places of one class that hang together (by their sides) with this one. */
export function areaAround({ values, dims: [height, width] }: MaskArtifact, row: number, column: number): Area {
  const index = values[row * width + column];
  const seen = new Uint8Array(values.length);
  const open = [row * width + column];
  seen[open[0]] = 1;
  let [top, bottom, left, right] = [row, row, column, column];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const [y, x] = [Math.floor(place / width), place % width];
    [top, bottom, left, right] = [Math.min(top, y), Math.max(bottom, y), Math.min(left, x), Math.max(right, x)];
    for (const [dy, dx] of [
      [0, 1],
      [0, -1],
      [1, 0],
      [-1, 0],
    ]) {
      if (y + dy < 0 || x + dx < 0 || y + dy >= height || x + dx >= width) continue;
      const next = place + dy * width + dx;
      if (seen[next] || values[next] !== index) continue;
      seen[next] = 1;
      open.push(next);
    }
  }
  return { rows: [top, bottom + 1], columns: [left, right + 1] };
}

/** The sum of a class's scores in an area (all of the map where none is given) as a target; undefined without scores. */
export function areaTarget(
  { source, dims: [height, width] }: Pick<MaskArtifact, "source" | "dims">,
  channel: number | undefined,
  area: Area = { rows: [0, height], columns: [0, width] },
): TargetSpec | undefined {
  if (!source || channel === undefined) return undefined;
  const { output, dims, axes } = source;
  return {
    output,
    region: regionAlong(
      dims,
      new Map([
        [axes.height, area.rows],
        [axes.width, area.columns],
        [axes.channel, [channel, channel + 1]],
      ]),
    ),
  };
}

/** What of the map a target is: its channel and area; undefined for another output's. */
export function areaOfTarget(
  source: DenseSource,
  target: TargetSpec,
): { readonly channel: number; readonly area: Area } | undefined {
  const ranges = rangesOf(source, target);
  if (!ranges) return undefined;
  const { axes } = source;
  return {
    channel: axes.channel === undefined ? 0 : ranges[axes.channel - 1][0],
    area: { rows: ranges[axes.height - 1], columns: ranges[axes.width - 1] },
  };
}

function maskImage(artifact: MaskArtifact, picture: ImageArtifact | undefined, looks: Looks): ImagePart {
  const [rows, columns] = artifact.dims;
  const size = picture ?? { height: rows, width: columns };
  const factor = enlargement(size.width, size.height);
  const [height, width] = [size.height * factor, size.width * factor];
  const over = picture && looks.arrangement === "overlay" ? picture : undefined;
  const shown = resizeMap({ height: rows, width: columns, values: artifact.values }, height, width, false);
  const colors = maskColors(shown.values);
  return {
    kind: "image",
    x: 0,
    y: 0,
    width,
    height,
    pixelWidth: width,
    pixelHeight: height,
    rgba: over ? blend(enlargePicture(over.pixels, over.height, over.width, factor), colors, looks.opacity) : colors,
    label: over ? `${artifact.title} over ${over.title}` : artifact.title,
  };
}

/** The picture and the mask, side by side or one over the other, and the legend beside them. */
function layoutMask(artifact: MaskArtifact, picture: ImageArtifact | undefined, looks: Looks): Block {
  const parts: Part[] = [];
  let x = 0;
  let height = 0;
  const add = (part: ImagePart): void => {
    parts.push({ ...part, x });
    x += part.width + gap;
    height = Math.max(height, part.height);
  };
  if (picture && looks.arrangement === "side-by-side") add(pictureImage(picture));
  add(maskImage(artifact, picture, looks));
  const legend = layoutLegend(artifact, Math.min(height, TARGET_SIZE));
  parts.push(...legend.parts.map((part) => ({ ...part, x: part.x + x })));
  return { width: x + legend.width, height: Math.max(height, legend.height), parts };
}

/** A swatch, the class's name and its share of the places, as many as there is room for. */
function layoutLegend({ classes, values }: MaskArtifact, room: number): Block {
  const step = GLYPH.line * scale + 6;
  const most = Math.max(1, Math.min(MOST_CLASSES, Math.floor(room / step)));
  const shown = classes.length <= most ? classes : classes.slice(0, Math.max(1, most - 1));
  const side = GLYPH.ascent * scale;
  const texts = [
    ...shown.map(({ label, count }) => `${label} ${shareText(count, values.length)}`),
    ...(shown.length < classes.length ? [`and ${classes.length - shown.length} more`] : []),
  ];
  const parts = texts.flatMap((text, row): Part[] => {
    const y = row * step;
    const label: Part = { kind: "text", x: side + 10, y, text, scale, ink: shown[row] ? "foreground" : "muted" };
    if (!shown[row]) return [label];
    const swatch = { kind: "image", x: 0, y, width: side, height: side, pixelWidth: 1, pixelHeight: 1 } as const;
    const rgba = Uint8ClampedArray.of(...classColor(shown[row].index), 255);
    return [{ ...swatch, rgba, label: `colour of ${shown[row].label}` }, label];
  });
  return {
    width: side + 10 + Math.max(0, ...texts.map((text) => textWidth(text, scale))),
    height: texts.length * step,
    parts,
  };
}
