import type { Artifact, HeatmapArtifact, ImageArtifact, TilesArtifact } from "../../protocol/artifacts.ts";
import type { Block, Part } from "../scene/parts.ts";
import { paragraph } from "../scene/parts.ts";
import { stridesOf } from "../scene/reduce.ts";
import { endsOf } from "./tiles.ts";

/** How many pictures an array holds: 1 where it has no frame axis. */
export function frameCount({ axes, dims }: Pick<HeatmapArtifact, "axes" | "dims">): number {
  return axes.frame === undefined ? 1 : dims[axes.frame];
}

/** A frame's number that an array has: the one asked for, or the nearest. */
export function frameIndex(artifact: Pick<HeatmapArtifact, "axes" | "dims">, asked: number | undefined): number {
  return Math.max(0, Math.min(frameCount(artifact) - 1, asked ?? 0));
}

const known = new WeakMap<HeatmapArtifact, readonly HeatmapArtifact[]>();

/**
 * Each frame as a heat map of its own, over its own picture; the same ones each time. An array without a frame axis is
 * its only one.
 */
export function framesIn(artifact: HeatmapArtifact): readonly HeatmapArtifact[] {
  const { frame } = artifact.axes;
  if (frame === undefined) return [artifact];
  let frames = known.get(artifact);
  if (!frames)
    known.set(
      artifact,
      (frames = Array.from({ length: artifact.dims[frame] }, (_, index) => cut(artifact, frame, index))),
    );
  return frames;
}

function cut({ frames, over, parts: _, ...artifact }: HeatmapArtifact, axis: number, index: number): HeatmapArtifact {
  const {
    dims,
    values,
    axes: { frame: __, ...axes },
  } = artifact;
  const inner = stridesOf(dims)[axis];
  const outer = values.length / (inner * dims[axis]);
  const kept = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++)
    kept.set(values.subarray((o * dims[axis] + index) * inner, (o * dims[axis] + index + 1) * inner), o * inner);
  const name = frames?.names[index];
  const below = frames?.over?.[index] ?? over;
  return {
    ...artifact,
    values: kept,
    dims: dims.map((size, one) => (one === axis ? 1 : size)),
    axes,
    title: name === undefined ? artifact.title : `${artifact.title}, ${name}`,
    ...(below === undefined ? {} : { over: below }),
  };
}

const knownTiles = new WeakMap<TilesArtifact, readonly TilesArtifact[]>();

/** Each frame of a layer's channels by itself; the same ones each time. A layer without frames is its only one. */
export function tilesIn(artifact: TilesArtifact): readonly TilesArtifact[] {
  if (!artifact.frames) return [artifact];
  let frames = knownTiles.get(artifact);
  if (!frames) knownTiles.set(artifact, (frames = artifact.frames.names.map((_, frame) => tilesOf(artifact, frame))));
  return frames;
}

function tilesOf({ frames, over, ...artifact }: TilesArtifact, frame: number): TilesArtifact {
  const { count, sent, tileHeight, tileWidth, tiles, title } = artifact;
  const first = frame * count;
  const part = (values: Float32Array): Float32Array => values.subarray(first, first + count);
  const here = Math.max(0, Math.min(count, sent - first));
  const below = frames?.over?.[frame] ?? over;
  return {
    ...artifact,
    title: `${title}, ${frames?.names[frame] ?? frame}`,
    min: part(artifact.min),
    max: part(artifact.max),
    mean: part(artifact.mean),
    strength: part(artifact.strength),
    ends: endsOf(artifact),
    sent: here,
    tiles: tiles.subarray(first * tileHeight * tileWidth, (first + here) * tileHeight * tileWidth),
    ...(below === undefined ? {} : { over: below }),
  };
}

/** The picture that an artifact lies over, or beside. */
export function pictureUnder(
  artifact: Artifact | undefined,
  pictures: readonly ImageArtifact[],
): ImageArtifact | undefined {
  const over = artifact && "over" in artifact ? artifact.over : undefined;
  return over === undefined ? pictures[0] : pictures.find(({ id }) => id === over);
}

/** The pictures under an array's frames; undefined where there is none. */
export function picturesUnder(
  artifact: HeatmapArtifact,
  images: readonly ImageArtifact[],
): (ImageArtifact | undefined)[] {
  return framesIn(artifact).map(({ over }) => (over === undefined ? undefined : images.find(({ id }) => id === over)));
}

const gap = 12;
const labelScale = 2;

/** Frames in a row, or where there are many in a grid about as wide as high, each with its name below. */
export function frameGrid(blocks: readonly Block[], names: readonly string[]): Block {
  const columns = blocks.length <= 6 ? blocks.length : Math.ceil(Math.sqrt(blocks.length * 1.5));
  const cells = blocks.map((block, index) => {
    const label = paragraph(names[index] ?? "", labelScale, "muted", Math.max(80, block.width));
    return {
      width: Math.max(block.width, label.width),
      height: block.height + 4 + label.height,
      parts: [...block.parts, ...label.parts.map((part) => ({ ...part, y: part.y + block.height + 4 }))],
    };
  });
  const [width, height] = [
    Math.max(...cells.map((cell) => cell.width)) + gap,
    Math.max(...cells.map((cell) => cell.height)) + gap,
  ];
  const parts = cells.flatMap((cell, index): Part[] =>
    cell.parts.map((part) => ({
      ...part,
      x: part.x + (index % columns) * width,
      y: part.y + Math.floor(index / columns) * height,
    })),
  );
  return { width: columns * width - gap, height: Math.ceil(cells.length / columns) * height - gap, parts };
}
