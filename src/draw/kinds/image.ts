import type { ImageArtifact } from "../../protocol/artifacts.ts";
import { withAlpha } from "../scene/paint.ts";
import { enlargement, TARGET_SIZE } from "../scene/parts.ts";
import type { Block, ImagePart } from "../scene/parts.ts";
import { column } from "../scene/table.ts";
import { firstStands } from "./kind.ts";
import type { Kind } from "./kind.ts";

export const image: Kind<ImageArtifact> = {
  layout: (artifact) => pictureBlock(artifact),
  table({ pixels, width, height }) {
    const channel = (name: string, offset: number) => column(name, "integer", (row) => pixels[3 * row + offset]);
    return {
      rows: width * height,
      columns: [
        column("y", "integer", (row) => Math.floor(row / width)),
        column("x", "integer", (row) => row % width),
        channel("red", 0),
        channel("green", 1),
        channel("blue", 2),
      ],
    };
  },
  numbers: ({ height, width, pixels }) => ({ dims: [height, width, 3], values: Float32Array.from(pixels) }),
  /** The input's picture is a file that who reads this has: its name, hash and size stand for it. */
  json({ source, pixels, ...rest }) {
    return source ? { ...rest, ...source } : { ...rest, pixels };
  },
  ...firstStands(),
  compare: { reason: "A picture has no values to compare." },
  options: [],
};

export function pictureBlock(picture: ImageArtifact, edge?: number): Block {
  const image = pictureImage(picture, edge);
  return { width: image.width, height: image.height, parts: [image] };
}

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
