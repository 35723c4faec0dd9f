import type { BarsArtifact } from "../../protocol/artifacts.ts";
import { GLYPH } from "../scene/font.ts";
import type { Block, Part } from "../scene/parts.ts";
import { textWidth } from "../scene/parts.ts";
import { formatValue } from "../scene/ticks.ts";

const barLength = 280;
const longestLabel = 32;

/** A picture with more rows than this is no picture. */
const MOST_ROWS = 50;

/**
 * One row per item: its name, a bar from zero, its value. Bars of negative values go to the left. Of many items the
 * first, and how many there are.
 */
export function layoutBars(artifact: BarsArtifact): Block {
  const items = artifact.items.slice(0, MOST_ROWS);
  const rows = items.map((item) => ({
    item,
    name: shorten(item.label),
    amount: formatAmount(item.value, artifact.share),
  }));
  const magnitudes = items.map((item) => (Number.isFinite(item.value) ? item.value : 0));
  const [least, most] = [Math.min(0, ...magnitudes), Math.max(0, ...magnitudes)];
  const perValue = most > least ? barLength / (most - least) : 0;
  const start = Math.max(0, ...rows.map((row) => textWidth(row.name, 2))) + 12;
  const zero = start - least * perValue;
  const step = GLYPH.line * 2 + 4;
  const parts = rows.flatMap(({ item, name, amount }, i): Part[] => {
    const y = i * step;
    const length = Number.isFinite(item.value) ? item.value * perValue : 0;
    return [
      { kind: "text", x: 0, y, text: name, scale: 2, ink: "foreground" },
      {
        kind: "rect",
        x: Math.round(zero + Math.min(0, length)),
        y,
        width: Math.max(1, Math.round(Math.abs(length))),
        height: GLYPH.ascent * 2,
        ink: item.index === artifact.selected ? "accent" : "muted",
      },
      { kind: "text", x: start + barLength + 10, y, text: amount, scale: 2, ink: "foreground" },
    ];
  });
  const more = artifact.items.length - items.length;
  if (more > 0)
    parts.push({ kind: "text", x: 0, y: rows.length * step, text: `and ${more} more`, scale: 2, ink: "muted" });
  const width = start + barLength + 10 + Math.max(0, ...rows.map((row) => textWidth(row.amount, 2)));
  return { width, height: (rows.length + (more > 0 ? 1 : 0)) * step, parts };
}

/** A share as percent ("40.51 %"), anything else as it is. */
export function formatAmount(value: number, share: boolean): string {
  return share && Number.isFinite(value)
    ? `${formatValue(Number((100 * value).toPrecision(4)))} %`
    : formatValue(value);
}

function shorten(label: string): string {
  const characters = [...label];
  return characters.length > longestLabel ? `${characters.slice(0, longestLabel - 1).join("")}…` : label;
}
