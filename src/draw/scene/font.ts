import outlines from "../font/glyphs.json" with { type: "json" };

/**
 * Sizes in pixels of a text of scale 1: the height of capital letters above the baseline, from one line to the next, and
 * of an em.
 */
export const GLYPH = { ascent: 7, line: 12, em: 10 } as const;

/** The faces that are as wide as the packed one, letter by letter: for programs that draw text by themselves. */
export const FONT_FAMILY = "Arimo, Arial, Helvetica, 'Liberation Sans', sans-serif";

/** One character's shape. */
export interface Glyph {
  /** To the next one, in em. */
  readonly advance: number;
  /** Closed curves in em, y upwards from the baseline, x from where the character begins; inside by winding number. */
  readonly contours: readonly (readonly OutlinePoint[])[];
}

export interface OutlinePoint {
  readonly x: number;
  readonly y: number;
  /** Else the control point of a quadratic curve. */
  readonly on: boolean;
}

const advanceUnits = 2048;
const outlineUnits = 1024;
const packed = outlines as Readonly<Record<string, string>>;
const known = new Map<string, readonly Glyph[]>();

/** The advances of a text's characters, summed, in em. */
export function measureText(text: string): number {
  let width = 0;
  for (const { advance } of glyphsOf(text)) width += advance;
  return width;
}

/**
 * What is drawn for a text, one after the other. A character that the font lacks is a box (one for what is joined to one
 * sign, as emoji are), but an accent it lacks is left out and a compatibility form (a ligature, full width) written in
 * full.
 */
export function glyphsOf(text: string): Glyph[] {
  const plain = text.normalize("NFC");
  const signs = /^[ -\u017f]*$/.test(plain) ? plain : graphemes(plain);
  return [...signs].flatMap(glyphsOfSign);
}

/** Whether the font has each of a text's characters. */
export function isDrawn(text: string): boolean {
  return !glyphsOf(text).some((glyph) => glyph === wideBox || glyph === box);
}

function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

function glyphsOfSign(sign: string): readonly Glyph[] {
  let glyphs = known.get(sign);
  if (!glyphs) known.set(sign, (glyphs = findGlyphs(sign)));
  return glyphs;
}

function findGlyphs(sign: string): readonly Glyph[] {
  const written = (text: string): Glyph[] | undefined => {
    const characters = [...text].filter((character) => !/[\p{Cc}\p{Cf}\ufe0f]/u.test(character));
    return characters.every((character) => packed[character])
      ? characters.map((character) => readGlyph(packed[character]))
      : undefined;
  };
  const spaces = sign.replace(/[\p{Zs}\t]/gu, (space) => (packed[space] ? space : " "));
  const decomposed = sign.normalize("NFKD");
  const boxOf = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}]/u;
  return (
    written(spaces) ??
    written(decomposed) ??
    written(decomposed.replace(/\p{M}/gu, "") || "\ufffd") ?? [boxOf.test(sign) ? wideBox : box]
  );
}

function readGlyph(entry: string): Glyph {
  const space = entry.indexOf(" ");
  return { advance: Number(entry.slice(0, space)) / advanceUnits, contours: readContours(entry.slice(space + 1)) };
}

/** The format is that of test/reference/font/make.py, which writes it. */
function readContours(outline: string): OutlinePoint[][] {
  if (outline.startsWith("="))
    return [...outline.slice(1).matchAll(/(.),(-?\d+),(-?\d+)(?: |$)/gu)].flatMap(([, part, dx, dy]) =>
      readGlyph(packed[part]).contours.map((contour) =>
        contour.map(({ x, y, on }) => ({ x: x + Number(dx) / outlineUnits, y: y + Number(dy) / outlineUnits, on })),
      ),
    );
  if (outline === "") return [];
  const bytes = atob(outline);
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.charCodeAt(at++);
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  let [x, y] = [0, 0];
  const point = (): OutlinePoint => {
    const across = next();
    x += signed(across >> 1);
    y += signed(next());
    return { x: x / outlineUnits, y: y / outlineUnits, on: (across & 1) === 1 };
  };
  return Array.from({ length: next() }, () => Array.from({ length: next() }, point));
}

/** 0, -1, 1, -2, … of 0, 1, 2, 3, … */
function signed(value: number): number {
  return value & 1 ? -(value + 1) / 2 : value / 2;
}

/** An empty frame as high as capitals. */
function frame(advance: number): Glyph {
  const [line, side, top] = [0.06, 0.08, 0.69];
  const corners = (inset: number): OutlinePoint[] =>
    [
      [side + inset, inset],
      [side + inset, top - inset],
      [advance - side - inset, top - inset],
      [advance - side - inset, inset],
    ].map(([x, y]) => ({ x, y, on: true }));
  return { advance, contours: [corners(0), corners(line).reverse()] };
}

const box = frame(0.6);
const wideBox = frame(1);
