import { describe, expect, test } from "vitest";
import { horizontalBar, verticalBar } from "./color-bar.ts";
import { GLYPH } from "./font.ts";
import { textWidth, type Block, type Part } from "./parts.ts";

const table = new Uint8Array(768);
const ranges = [
  [1e-38, 9.876e-38],
  [-2.179e-10, 2.179e-10],
  [0, 1],
  [-1e38, 1e38],
] as const;

interface Extent {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where a block's texts lie. */
function extents({ parts }: Block): Extent[] {
  return parts
    .filter((part): part is Extract<Part, { kind: "text" }> => part.kind === "text")
    .map(({ x, y, text, scale, anchor }) => {
      const width = textWidth(text, scale);
      const left = x - (anchor === "end" ? width : anchor === "middle" ? width / 2 : 0);
      return { left, right: left + width, top: y, bottom: y + GLYPH.ascent * scale };
    });
}

function expectApart(block: Block): void {
  const all = extents(block);
  expect(all.length).toBeGreaterThan(0);
  for (const [index, one] of all.entries()) {
    expect(one.left).toBeGreaterThanOrEqual(0);
    expect(one.right).toBeLessThanOrEqual(block.width);
    expect(one.bottom).toBeLessThanOrEqual(block.height);
    for (const other of all.slice(index + 1))
      expect(
        one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top,
        `${JSON.stringify(one)} and ${JSON.stringify(other)}`,
      ).toBe(true);
  }
}

describe("a colour bar's numbers are inside it, and apart", () => {
  test.each([40, 150, 448].flatMap((width) => ranges.map((range) => [width, ...range] as const)))(
    "lying, %d wide, from %d to %d",
    (width, min, max) => expectApart(horizontalBar({ min, max }, table, width, "|∂y/∂x|")),
  );

  test.each([64, 150, 448].flatMap((length) => ranges.map((range) => [length, ...range] as const)))(
    "standing, %d high, from %d to %d",
    (length, min, max) => expectApart(verticalBar({ min, max }, table, length, 2)),
  );
});
