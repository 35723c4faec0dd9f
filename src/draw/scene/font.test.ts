import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { glyphsOf, isDrawn, measureText } from "./font.ts";
import { coverGlyph } from "./glyph-coverage.ts";
import { paragraph, textWidth } from "./parts.ts";

interface Drawn {
  readonly character: string;
  readonly size: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly alpha: string;
}

// Made of the fonts themselves with fonttools and FreeType: test/reference/font/make.py.
const reference = JSON.parse(
  readFileSync(new URL("../../../test/reference/font/reference.json", import.meta.url), "utf8"),
) as { readonly widths: readonly { text: string; width: number }[]; readonly drawn: readonly Drawn[] };

describe("the packed font", () => {
  test.each(reference.widths)("$text is as wide as the font's table says", ({ text, width }) => {
    expect(measureText(text) * 2048).toBeCloseTo(width, 6);
    expect(textWidth(text, 2)).toBe(Math.ceil((width / 2048) * 20));
  });

  test.each(reference.drawn)("$character at $size pixels is FreeType's", ({ character, size, ...expected }) => {
    const coverage = coverGlyph(glyphsOf(character)[0], size, 0);
    const alpha = Buffer.from(expected.alpha, "base64");
    const at = (x: number, y: number): number => {
      const [column, row] = [x - coverage.left, y - coverage.top];
      return column < 0 || column >= coverage.width || row < 0 || row >= coverage.height
        ? 0
        : coverage.alpha[row * coverage.width + column];
    };
    let [largest, sum] = [0, 0];
    for (let y = -1; y <= expected.height; y++)
      for (let x = -1; x <= expected.width; x++) {
        const inside = x >= 0 && x < expected.width && y >= 0 && y < expected.height;
        const other = inside ? alpha[y * expected.width + x] : 0;
        largest = Math.max(largest, Math.abs(at(x + expected.left, y - expected.top) - other));
        sum += other;
      }
    expect(sum).toBeGreaterThan(0);
    // FreeType rounds points to 1/64 pixel, the packed ones are rounded to 1/1024 em: each edge in a pixel is off by up to
    // 1/40 of it, and a thin stroke has two, where an accent meets its letter more.
    expect(largest).toBeLessThanOrEqual(24);
  });

  test("begun a quarter of a pixel later, the same ink lies further right", () => {
    const [glyph] = glyphsOf("B");
    const centre = (shift: number): number => {
      const { left, width, alpha } = coverGlyph(glyph, 20, shift);
      const sum = alpha.reduce((all, one) => all + one, 0);
      return alpha.reduce((all, one, i) => all + one * (left + (i % width) + 0.5), 0) / sum;
    };
    expect(centre(0.25) - centre(0)).toBeCloseTo(0.25, 1);
  });

  test("turned, a glyph lies as rotated by a quarter", () => {
    const [glyph] = glyphsOf("R");
    const [plain, turned] = [coverGlyph(glyph, 20, 0), coverGlyph(glyph, 20, 0, true)];
    expect([turned.width, turned.height]).toEqual([plain.height, plain.width]);
    for (let y = 0; y < plain.height; y++)
      for (let x = 0; x < plain.width; x++) {
        const rotated = turned.alpha[(turned.height - 1 - x) * turned.width + y];
        expect(Math.abs(rotated - plain.alpha[y * plain.width + x])).toBeLessThanOrEqual(1);
      }
  });
});

describe("what the font lacks", () => {
  test("is a box for each character, wide where the character is", () => {
    expect(glyphsOf("猫")).toEqual(glyphsOf("犬"));
    expect(measureText("猫犬")).toBe(2);
    expect(glyphsOf("ض")).toEqual(glyphsOf("ש"));
    expect(measureText("ض")).toBe(0.6);
    for (const text of ["猫", "ض", "🐈"]) expect([glyphsOf(text).length, isDrawn(text)]).toEqual([1, false]);
  });
  test("joined signs are one box", () => expect(glyphsOf("👨‍👩‍👧")).toHaveLength(1));
  test("accents and compatibility forms are taken apart first", () => {
    expect(glyphsOf("é")).toEqual(glyphsOf("e\u0301"));
    expect(glyphsOf("ḁ")).toEqual(glyphsOf("a"));
    expect(glyphsOf("ﬁ")).toEqual(glyphsOf("fi"));
    expect(glyphsOf("Ａ")).toEqual(glyphsOf("A"));
  });
  test("what cannot be seen has no width", () => expect(measureText("\u200e\n\u2060")).toBe(0));
  test("spaces of every kind are spaces", () => {
    for (const space of ["\u00a0", "\u2009", "\u3000", "\t"]) {
      expect(measureText(space)).toBeGreaterThan(0);
      expect(glyphsOf(space).flatMap(({ contours }) => contours)).toEqual([]);
    }
  });
});

test("every character that stands in the program's own text can be drawn", () => {
  const root = path.join(import.meta.dirname, "../..");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  expect(files.length).toBeGreaterThan(300);
  const characters = new Set(
    files.flatMap((file) => [...readFileSync(path.join(root, file), "utf8").normalize("NFC")]),
  );
  expect([...characters].filter((character) => !isDrawn(character))).toEqual([]);
});

describe("a paragraph", () => {
  const widest = (text: string, scale: number, width: number): number =>
    Math.max(
      ...paragraph(text, scale, "foreground", width).parts.map((part) =>
        part.kind === "text" ? measureText(part.text) * 10 * scale : NaN,
      ),
    );
  const lines = (text: string, width: number): string[] =>
    paragraph(text, 2, "foreground", width).parts.map((part) => (part.kind === "text" ? part.text : ""));

  test("fits its width and keeps every word", () => {
    const text = "Where the channels that support the target are active, by the mean over space of the gradient";
    for (const width of [120, 200, 320, 500]) {
      expect(widest(text, 2, width)).toBeLessThanOrEqual(width);
      expect(lines(text, width).join(" ")).toBe(text);
    }
  });
  test("breaks words that are too long, and never an emoji", () => {
    const name = "efficientnet_blocks.15._project_conv.weight👨‍👩‍👧👨‍👩‍👧".repeat(3);
    expect(widest(name, 2, 200)).toBeLessThanOrEqual(200);
    expect(lines(name, 200).join("")).toBe(name);
    expect(lines("👨‍👩‍👧👨‍👩‍👧", 20)).toEqual(["👨‍👩‍👧", "👨‍👩‍👧"]);
  });
  test("is as many pixels high as its lines, in whole numbers", () => {
    expect(paragraph("a b", 1.5, "muted", 1).height).toBe(36);
    expect(paragraph("", 2, "muted", 100)).toMatchObject({ width: 0, height: 0 });
  });
});
