import { GLYPH } from "./font.ts";
import { paragraph, textWidth } from "./parts.ts";
import type { Block, Part } from "./parts.ts";
import type { ValueRange } from "./range.ts";
import { ticks } from "./ticks.ts";
import { formatValue } from "../../protocol/format.ts";

const gap = 16;
const scale = 2;
/** Of a bar that lies. */
const barHeight = 12;

/** The colours from the largest value (top) to the smallest, with round numbers, and what one value is below. */
export function colorBar(range: ValueRange, table: Uint8Array, height: number, quantity: string): Block {
  const labelHeight = (GLYPH.line + 2) * 2;
  const bar = verticalBar(range, table, Math.max(64, height - labelHeight), 2);
  const name = paragraph(quantity, 2, "muted", Math.max(120, bar.width));
  return {
    width: Math.max(bar.width, name.width),
    height: bar.height + 10 + name.height,
    parts: [...bar.parts, ...name.parts.map((part) => ({ ...part, y: part.y + bar.height + 10 }))],
  };
}

/** The colours from the largest value (top) to the smallest, `length` high, with round numbers beside them. */
export function verticalBar(range: ValueRange, table: Uint8Array, length: number, scale: number): Block {
  const barWidth = 8 * scale;
  const rgba = new Uint8ClampedArray(4 * length);
  for (let y = 0; y < length; y++) {
    const entry = 3 * Math.round(255 * (1 - y / (length - 1)));
    rgba.set([table[entry], table[entry + 1], table[entry + 2], 255], 4 * y);
  }
  const pixels = { pixelWidth: 1, pixelHeight: length, rgba, label: "colour bar" };
  const parts: Part[] = [{ kind: "image", x: 0, y: 0, width: barWidth, height: length, ...pixels }];
  let width = barWidth;
  for (const tick of ticks(range.min, range.max, Math.max(2, Math.floor(length / 70)))) {
    const y = Math.round(((range.max - tick) / (range.max - range.min)) * (length - 1));
    const text = formatValue(tick);
    const top = Math.max(0, Math.min(length - GLYPH.ascent * scale, y - Math.floor((GLYPH.ascent * scale) / 2)));
    parts.push({ kind: "rect", x: barWidth, y, width: 5, height: 1, ink: "foreground" });
    parts.push({ kind: "text", x: barWidth + 10, y: top, text, scale, ink: "foreground" });
    width = Math.max(width, barWidth + 10 + textWidth(text, scale));
  }
  return { width, height: length, parts };
}

/** The colours from the least value (left) to the largest, the ends' numbers and what a value is below. */
export function horizontalBar(range: ValueRange, table: Uint8Array, width: number, quantity: string): Block {
  const rgba = new Uint8ClampedArray(4 * 256);
  for (let i = 0; i < 256; i++) rgba.set([table[3 * i], table[3 * i + 1], table[3 * i + 2], 255], 4 * i);
  const y = barHeight + 6;
  const [low, high] = [formatValue(range.min), formatValue(range.max)];
  const [lowWidth, highWidth] = [textWidth(low, scale), textWidth(high, scale)];
  const room = width - 2 * Math.max(lowWidth, highWidth) - 2 * gap;
  // Where the ends do not fit beside each other, the larger is a line lower.
  const lower = lowWidth + highWidth + gap > width ? GLYPH.line * scale : 0;
  const text = { kind: "text", y, scale: scale } as const;
  return {
    width: Math.max(width, lowWidth, highWidth),
    height: y + GLYPH.line * scale + lower,
    parts: [
      {
        kind: "image",
        x: 0,
        y: 0,
        width,
        height: barHeight,
        pixelWidth: 256,
        pixelHeight: 1,
        rgba,
        label: `colours from ${low} to ${high}`,
      },
      { ...text, x: 0, text: low, ink: "foreground" },
      ...(textWidth(quantity, scale) <= room
        ? [{ ...text, x: Math.round(width / 2), text: quantity, ink: "muted", anchor: "middle" } as const]
        : []),
      { ...text, x: Math.max(width, highWidth), y: y + lower, text: high, ink: "foreground", anchor: "end" },
    ],
  };
}
