import { GLYPH, measureText } from "./font.ts";

/**
 * A drawing as a list of simple parts, in pixels: the PNG and the SVG of an artifact are two ways to write the same
 * scene.
 */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly parts: readonly Part[];
}

export type Ink = "foreground" | "background" | "muted" | "accent";

export type Part =
  /** Pixels drawn into a rectangle that is a whole multiple of them. */
  | (Box & {
      readonly kind: "image";
      readonly pixelWidth: number;
      readonly pixelHeight: number;
      readonly rgba: Uint8ClampedArray;
      readonly label: string;
    })
  | (Box & { readonly kind: "rect"; readonly ink: Ink })
  | LinePart
  /**
   * One line; `y` is the top of capital letters, `scale` times GLYPH its size. `anchor`: what of the text lies at x (its
   * start when absent). `turned`: read from bottom to top, about the point (x, y).
   */
  | {
      readonly kind: "text";
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly scale: number;
      readonly ink: Ink;
      readonly anchor?: "middle" | "end";
      readonly turned?: boolean;
    };

/**
 * A line through points (x, y one after the other, about the part's x and y), or a dot at each. `color`: a number of
 * LINE_COLORS.
 */
export interface LinePart {
  readonly kind: "line";
  readonly x: number;
  readonly y: number;
  readonly points: readonly number[];
  readonly width: number;
  readonly color: number;
  readonly dash?: readonly number[];
  readonly dots?: boolean;
  /** In place of `color`: one RGBA for each of equal columns, from 0 to `width` about the part's x. */
  readonly colors?: { readonly width: number; readonly rgba: Uint8ClampedArray };
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type TextPart = Extract<Part, { kind: "text" }>;
export type ImagePart = Extract<Part, { kind: "image" }>;

/** What a layout gives: its parts with the origin at its own top left. */
export interface Block {
  readonly width: number;
  readonly height: number;
  readonly parts: readonly Part[];
}

/** How large pictures are drawn: at least this high (or wide), by a whole factor. */
export const TARGET_SIZE = 448;

/** The whole factor that makes a picture at least `size` high, as long as it does not get too wide. */
export function enlargement(width: number, height: number, size = TARGET_SIZE): number {
  return Math.max(1, Math.min(Math.ceil(size / height), Math.floor((3 * size) / width)));
}

/** All texts of a scene, a line each: for programs that cannot see it, and for letters that the packed font lacks. */
export function textsOf({ parts }: Scene): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
}

/** In whole pixels, so that what stands beside a text begins with one. */
export function textWidth(text: string, scale: number): number {
  return Math.ceil(measureText(text) * GLYPH.em * scale);
}

/** Text broken at spaces (and where a word is too long) to fit `width`. */
export function paragraph(text: string, scale: number, ink: Ink, width: number): Block {
  const room = width / (GLYPH.em * scale);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (measureText(longer) <= room) {
      line = longer;
      continue;
    }
    if (line) lines.push(line);
    const pieces = piecesOf(word, room);
    lines.push(...pieces.slice(0, -1));
    line = pieces[pieces.length - 1];
  }
  if (line) lines.push(line);
  const parts = lines.map((one, i): TextPart => ({
    kind: "text",
    x: 0,
    y: Math.round(i * GLYPH.line * scale),
    text: one,
    scale,
    ink,
  }));
  return {
    width: Math.max(0, ...lines.map((one) => textWidth(one, scale))),
    height: Math.ceil(lines.length * GLYPH.line * scale),
    parts,
  };
}

/** A word in pieces as long as there is room for, of at least one character. */
function piecesOf(word: string, room: number): string[] {
  const pieces = [""];
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    const advance = measureText(segment);
    if (used + advance > room && used > 0) {
      pieces.push("");
      used = 0;
    }
    pieces[pieces.length - 1] += segment;
    used += advance;
  }
  return pieces;
}

/** Blocks below one another; empty ones take no room. */
export function stack(blocks: readonly Block[], gap = 0): Block {
  let height = 0;
  const parts: Part[] = [];
  for (const block of blocks.filter((one) => one.height > 0)) {
    if (height > 0) height += gap;
    const top = height;
    parts.push(...block.parts.map((part) => ({ ...part, y: part.y + top })));
    height += block.height;
  }
  return { width: Math.max(0, ...blocks.map((block) => block.width)), height, parts };
}
