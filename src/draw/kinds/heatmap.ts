import type { HeatmapArtifact, ImageArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import type { TargetMark } from "../../protocol/result.ts";
import { colorBar } from "../scene/color-bar.ts";
import { colorTable, resolveColorMap } from "../scene/colormap.ts";
import { blend, enlargePicture, paintMap, resizeMap } from "../scene/paint.ts";
import { enlargement, stack, TARGET_SIZE } from "../scene/parts.ts";
import type { Block, ImagePart, Part } from "../scene/parts.ts";
import { clipRange } from "../scene/range.ts";
import type { ValueRange } from "../scene/range.ts";
import { reduceChannels, stridesOf } from "../scene/reduce.ts";
import type { ValueMap } from "../scene/reduce.ts";
import { column, tableOfParts } from "../scene/table.ts";
import type { Table } from "../scene/table.ts";
import { frameCount, frameGrid, frameIndex, framesIn, pictureUnder, picturesUnder } from "./frames.ts";
import { pictureBlock, pictureImage } from "./image.ts";
import { combineValues } from "./kind.ts";
import type { Kind } from "./kind.ts";

const OPTIONS = ["arrangement", "opacity", "colorMap", "clip", "reduce", "frame"] as const;

export const heatmap: Kind<HeatmapArtifact> = {
  layout: (artifact, { pictures, looks, target }) =>
    layoutHeatmap(artifact, picturesUnder(artifact, pictures), looks, artifact.over === undefined ? undefined : target),
  table: tableOf,
  numbers: ({ dims, values }) => ({ dims, values }),
  combine: combineValues,
  overSamples: ({ over: _, frames, ...map }, count) => ({
    ...map,
    ...(frames ? { frames: { names: frames.names } } : {}),
    caption: `${map.caption}; mean over ${count} samples`,
  }),
  compare: {
    values: (artifact) => artifact,
    colored: true,
    options: OPTIONS,
    layout(artifact, { pictures, looks, target }, drawing) {
      const under = picturesUnder(artifact, pictures);
      if (frameCount(artifact) > 1) return layoutFrames(artifact, under, looks, drawing, false);
      const map = mapImage(artifact, pictureUnder(artifact, pictures), looks, drawing);
      const marked = artifact.over !== undefined && target ? outline(target, map) : [];
      return { width: map.width, height: map.height, parts: [map, ...marked] };
    },
  },
  options: OPTIONS,
};

/** A row for each value, frame by frame, channel by channel; of parts that were changed as one, a row for each. */
function tableOf({ values, dims, axes, parts, quantity }: HeatmapArtifact): Table {
  if (parts) return tableOfParts(parts, quantity);
  const strides = stridesOf(dims);
  const { frame, channel, height, width } = axes;
  const along = [...(frame !== undefined && dims[frame] > 1 ? [frame] : []), channel, height, width];
  const sizes = along.map((axis) => (axis === undefined ? 1 : dims[axis]));
  const repeats = sizes.map((_, place) => sizes.slice(place + 1).reduce((product, size) => product * size, 1));
  const index = (place: number, row: number): number => Math.floor(row / repeats[place]) % sizes[place];
  const at = (row: number): number =>
    along.reduce<number>((sum, axis, place) => sum + (axis === undefined ? 0 : strides[axis] * index(place, row)), 0);
  return {
    rows: sizes.reduce((product, size) => product * size, 1),
    columns: [
      ...["frame", "channel", "y", "x"]
        .slice(-along.length)
        .map((name, place) => column(name, "integer", (row) => index(place, row))),
      column("value", "number", (row) => values[at(row)]),
    ],
  };
}

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
function layoutFrames(
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
    return stack([pictureBlock(picture, edge), map], gap / 2);
  });
  return frameGrid(blocks, artifact.frames?.names ?? []);
}

/**
 * The picture, the map and a colour bar with numbers, side by side or one over the other; of several frames, all of
 * them (`pictures`: one for each).
 */
function layoutHeatmap(
  artifact: HeatmapArtifact,
  pictures: readonly (ImageArtifact | undefined)[],
  looks: Looks,
  target: TargetMark | undefined,
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
    parts.push({ ...part, x }, ...(target ? outline(target, { ...part, x }) : []));
    x += part.width + gap;
  };
  const map = mapImage(artifact, picture, looks, drawing);
  if (picture && looks.arrangement === "side-by-side") add(pictureImage(picture));
  add(map);
  const bar = colorBar(drawing.range, drawing.table, map.height, artifact.quantity);
  parts.push(...bar.parts.map((part) => ({ ...part, x: part.x + x })));
  return { width: x + bar.width, height: Math.max(map.height, bar.height), parts };
}

const LEAST_OUTLINE = 8;

/** The target's rectangle on a picture, light inside dark: seen on any colour. Small ones are drawn around their middle. */
function outline({ left, top, right, bottom }: TargetMark, { x, y, width, height }: ImagePart): Part[] {
  const ends = (from: number, to: number, size: number): [number, number] => {
    const middle = ((from + to) / 2) * size;
    const half = Math.max(LEAST_OUTLINE, (to - from) * size) / 2;
    return [Math.round(Math.max(0, middle - half)), Math.round(Math.min(size, middle + half))];
  };
  const [[x0, x1], [y0, y1]] = [ends(left, right, width), ends(top, bottom, height)];
  const sides = (thick: number, inset: number, ink: "foreground" | "background"): Part[] => {
    const [l, t, w, h] = [x + x0 + inset, y + y0 + inset, x1 - x0 - 2 * inset, y1 - y0 - 2 * inset];
    const side = { kind: "rect", ink } as const;
    return [
      { ...side, x: l, y: t, width: w, height: thick },
      { ...side, x: l, y: t + h - thick, width: w, height: thick },
      { ...side, x: l, y: t, width: thick, height: h },
      { ...side, x: l + w - thick, y: t, width: thick, height: h },
    ];
  };
  return [...sides(1, 0, "foreground"), ...sides(2, 1, "background")];
}

/** The map in its colours at the size it is drawn at, at (0, 0): over its picture where the looks say "overlay". */
function mapImage(
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
