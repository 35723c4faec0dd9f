import type { BoxesArtifact, DetectedBox, ImageArtifact } from "../../protocol/artifacts.ts";
import { GLYPH } from "../scene/font.ts";
import { enlargement, textWidth, TARGET_SIZE } from "../scene/parts.ts";
import type { Block, Part } from "../scene/parts.ts";
import { LINE_COLORS } from "../scene/strokes.ts";
import { tableOfList } from "../scene/table.ts";
import { leastShownScore } from "../../protocol/boxes.ts";
import { formatValue } from "../../protocol/format.ts";
import { pictureImage } from "./image.ts";
import { firstStands } from "./kind.ts";
import type { Kind } from "./kind.ts";

export const boxes: Kind<BoxesArtifact> = {
  layout: (artifact, { pictures }) =>
    layoutBoxes(
      artifact,
      pictures.find(({ id }) => id === artifact.over),
    ),
  table: (artifact) =>
    tableOfList(artifact.boxes, [
      ["class", "text", (box) => box.class],
      ["class index", "integer", (box) => box.classIndex],
      ["score", "number", (box) => box.score],
      ["x0", "number", (box) => box.x0],
      ["y0", "number", (box) => box.y0],
      ["x1", "number", (box) => box.x1],
      ["y1", "number", (box) => box.y1],
      ["target", "text", (box) => box.target],
      ["output", "text", (box) => box.output],
    ]),
  numbers: ({ dims, values }) => ({ dims, values }),
  /** The boxes, and whose pixels they are in. */
  jsonTop: ({ boxes: found, head, why, selection, width, height, geometry }) => ({
    detections: {
      head,
      why,
      ...(selection ? { selection } : {}),
      pixels: geometry ? "picture file" : "model input",
      width,
      height,
    },
    boxes: found,
  }),
  ...firstStands(),
  compare: { reason: "Boxes are no values that one could compare." },
  options: [],
};

const labelScale = 2;

/** A box as it is drawn: corners from 0 to 1 of the picture below, cut at its edges. */
export interface PlacedBox {
  readonly box: DetectedBox;
  /** Its place in the artifact's list. */
  readonly index: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** A number of LINE_COLORS, by class. */
  readonly color: number;
}

/**
 * The boxes that are drawn over a picture of this size, which may be a part of the one that they are in; those beside
 * it are left out.
 */
export function placeBoxes(
  { boxes, selection, width, height, geometry }: BoxesArtifact,
  size: { readonly width: number; readonly height: number } = { width, height },
): PlacedBox[] {
  const least = leastShownScore({ boxes, selection });
  const across = (x: number): number =>
    geometry ? (x - geometry.left) / geometry.scaleX / size.width : x / size.width;
  const down = (y: number): number => (geometry ? (y - geometry.top) / geometry.scaleY / size.height : y / size.height);
  return boxes.flatMap((box, index) => {
    if (box.score < least) return [];
    const [left, top, right, bottom] = [across(box.x0), down(box.y0), across(box.x1), down(box.y1)].map((at) =>
      Math.max(0, Math.min(1, at)),
    );
    return right > left && bottom > top
      ? [{ box, index, left, top, right, bottom, color: Math.abs(box.classIndex) % LINE_COLORS.length }]
      : [];
  });
}

/** "cat 0.87". */
export function boxLabel({ class: name, score }: DetectedBox): string {
  return `${name} ${formatValue(Number(score.toPrecision(2)))}`;
}

/**
 * The picture with an outline for each box, in its class's colour, and class and score at its top; weaker boxes below
 * stronger ones.
 */
function layoutBoxes(artifact: BoxesArtifact, picture: ImageArtifact | undefined): Block {
  const image = picture && pictureImage(picture);
  const size = picture ?? artifact;
  const factor = image ? 1 : picture ? enlargement(size.width, size.height) : Math.min(1, TARGET_SIZE / size.height);
  const [width, height] = image
    ? [image.width, image.height]
    : [Math.max(1, Math.round(size.width * factor)), Math.max(1, Math.round(size.height * factor))];
  const parts: Part[] = image ? [image] : [];
  for (const { box, left, top, right, bottom, color } of placeBoxes(artifact, size).reverse()) {
    const [x0, y0, x1, y1] = [left * width, top * height, right * width, bottom * height];
    parts.push({ kind: "line", x: 0, y: 0, points: [x0, y0, x1, y0, x1, y1, x0, y1, x0, y0], width: 3, color });
    const text = boxLabel(box);
    const room = { width: textWidth(text, labelScale) + 8, height: GLYPH.line * labelScale };
    const x = Math.max(0, Math.min(width - room.width, Math.round(x0)));
    const y = Math.max(0, Math.min(height - room.height, Math.round(y0)));
    parts.push(
      { kind: "rect", x, y, width: room.width, height: room.height, ink: "background" },
      { kind: "text", x: x + 4, y: y + 4, text, scale: labelScale, ink: "foreground" },
    );
  }
  return { width, height, parts };
}
