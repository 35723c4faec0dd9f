import type { ImageArtifact, OutputImageArtifact } from "../../protocol/artifacts.ts";
import type { TargetSpec } from "../../protocol/job.ts";
import { regionAlong } from "../../protocol/target.ts";
import { formatNumber } from "../../protocol/format.ts";
import { paragraph } from "../scene/parts.ts";
import type { Block, Part } from "../scene/parts.ts";
import { stridesOf } from "../scene/reduce.ts";
import { column } from "../scene/table.ts";
import { pictureImage } from "./image.ts";
import { firstStands, onceFor } from "./kind.ts";
import type { Kind } from "./kind.ts";
import type { Area } from "./mask.ts";

export const outputImage: Kind<OutputImageArtifact> = {
  layout: (artifact, { pictures }) =>
    layoutImages(
      artifact,
      pictures.find(({ id }) => id === artifact.input),
    ),
  table(artifact) {
    const { width, height, source } = artifact;
    const channels = channelCount(artifact);
    const value = (row: number): number => {
      const place = Math.floor(row / channels);
      return valueAt(artifact, row % channels, Math.floor(place / width), place % width);
    };
    return {
      rows: width * height * channels,
      columns: [
        column("y", "integer", (row) => Math.floor(row / channels / width)),
        column("x", "integer", (row) => Math.floor(row / channels) % width),
        ...(source.axes.channel === undefined ? [] : [column("channel", "integer", (row) => row % channels)]),
        column("value", "number", value),
      ],
    };
  },
  numbers: ({ dims, values }) => ({ dims, values }),
  jsonTop: ({ compared, range }) => ({ image: { range, ...compared } }),
  ...firstStands(),
  compare: {
    values: onceFor(({ id, title, values, dims, source, input, caption }) => ({
      kind: "heatmap",
      id,
      title,
      values,
      dims,
      axes: source.axes,
      quantity: source.output,
      signed: false,
      ...(input === undefined ? {} : { over: input }),
      smooth: false,
      caption,
    })),
    colored: false,
    options: [],
    layout(artifact) {
      const image = pictureImage(asPicture(artifact));
      return { width: image.width, height: image.height, parts: [image] };
    },
  },
  options: [],
};

const gap = 16;

/** The output alone, as a picture. */
function asPicture({ id, title, width, height, pixels, caption }: OutputImageArtifact): ImageArtifact {
  return { kind: "image", id, title, width, height, pixels, caption };
}

export function channelCount({ source: { axes }, dims }: OutputImageArtifact): number {
  return axes.channel === undefined ? 1 : dims[axes.channel];
}

/** The model's own value. */
export function valueAt(
  { values, dims, source: { axes } }: OutputImageArtifact,
  channel: number,
  row: number,
  x: number,
): number {
  const strides = stridesOf(dims);
  return values[
    (axes.channel === undefined ? 0 : channel * strides[axes.channel]) +
      row * strides[axes.height] +
      x * strides[axes.width]
  ];
}

/** All channels of an area as a target. */
export function pixelTarget(
  { source: { output, dims, axes } }: OutputImageArtifact,
  { rows, columns }: Area,
): TargetSpec {
  return {
    output,
    region: regionAlong(
      dims,
      new Map([
        [axes.height, rows],
        [axes.width, columns],
      ]),
    ),
  };
}

/** "mean absolute difference 0.031, PSNR 27.4 dB"; undefined where there is nothing to compare with. */
export function comparedText({ compared }: OutputImageArtifact): string | undefined {
  if (!compared) return undefined;
  const psnr = compared.psnr === Infinity ? "∞" : compared.psnr.toFixed(1);
  return `mean absolute difference ${formatNumber(compared.meanAbsolute, 3)} of the range, PSNR ${psnr} dB`;
}

/** The input beside the output, with the numbers below. */
function layoutImages(artifact: OutputImageArtifact, picture: ImageArtifact | undefined): Block {
  const parts: Part[] = [];
  let x = 0;
  let height = 0;
  for (const one of picture ? [picture, asPicture(artifact)] : [asPicture(artifact)]) {
    const image = pictureImage(one);
    parts.push({ ...image, x });
    x += image.width + gap;
    height = Math.max(height, image.height);
  }
  const width = x - gap;
  const words = paragraph(comparedText(artifact) ?? "", 2, "muted", width);
  return {
    width,
    height: height + (words.height > 0 ? gap + words.height : 0),
    parts: [...parts, ...words.parts.map((part) => ({ ...part, y: part.y + height + gap }))],
  };
}
