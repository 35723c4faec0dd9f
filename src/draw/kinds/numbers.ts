import type { NumbersArtifact } from "../../protocol/artifacts.ts";
import { decimalOfFloat32, formatValue } from "../../protocol/format.ts";
import { GLYPH } from "../scene/font.ts";
import { textWidth, type Block, type Part } from "../scene/parts.ts";
import { tableOfList } from "../scene/table.ts";
import { combineEach, onceFor, type Kind } from "./kind.ts";
import { rowMap } from "./plain-map.ts";

export const numbers: Kind<NumbersArtifact> = {
  layout: layoutNumbers,
  table: ({ items, quantity }) => {
    const units = items.some(({ unit }) => unit !== undefined);
    return tableOfList(items, [
      ["name", "text", ({ label }) => label],
      [quantity, "number", ({ value }) => value],
      ...(units ? [["unit", "text", ({ unit }: NumbersArtifact["items"][number]) => unit ?? ""] as const] : []),
      ["target", "text", ({ target }) => target],
    ]);
  },
  numbers: ({ dims, values }) => ({ dims, values }),
  jsonTop: ({ items }) => ({ numbers: items }),
  combine(all, combine) {
    const values = combineEach(
      all.map((one) => one.values),
      combine,
    );
    return { ...all[0], values, items: all[0].items.map((item, place) => ({ ...item, value: values[place] })) };
  },
  overSamples: (artifact, count) => ({ ...artifact, caption: `${artifact.caption}; mean over ${count} samples` }),
  compare: {
    values: onceFor((artifact) => rowMap(artifact)),
    label: ({ items }, { column }) => items[column]?.label,
    colored: false,
    options: [],
    layout: layoutNumbers,
  },
  options: [],
};

/** "9.27 px": four digits, the rest on hover. */
export function amountText({ value, unit }: Pick<NumbersArtifact["items"][number], "value" | "unit">): string {
  return withUnit(formatValue(value), unit);
}

/** All digits that bring the value back. */
export function exactText({ value, unit }: Pick<NumbersArtifact["items"][number], "value" | "unit">): string {
  return withUnit(Number.isFinite(value) ? String(decimalOfFloat32(value)) : formatValue(value), unit);
}

function withUnit(text: string, unit: string | undefined): string {
  if (unit === undefined) return text;
  return /^[°%]/.test(unit) ? `${text}${unit}` : `${text} ${unit}`;
}

const MOST_ROWS = 50;

/** One number large, several below one another with their names. */
function layoutNumbers({ items }: NumbersArtifact): Block {
  const shown = items.slice(0, MOST_ROWS);
  const scale = shown.length === 1 ? 6 : 2;
  const names = Math.max(0, ...shown.map(({ label }) => textWidth(label, 2))) + 16;
  const step = GLYPH.line * scale + 4;
  const parts = shown.flatMap((item, row): Part[] => {
    const [x, y] = shown.length === 1 ? [0, GLYPH.line * 2 + 6] : [names, row * step];
    return [
      { kind: "text", x: 0, y: row * step, text: item.label, scale: 2, ink: "muted" },
      { kind: "text", x, y, text: amountText(item), scale, ink: "foreground" },
    ];
  });
  const more = items.length - shown.length;
  if (more > 0)
    parts.push({ kind: "text", x: 0, y: shown.length * step, text: `and ${more} more`, scale: 2, ink: "muted" });
  const width = Math.max(
    0,
    ...shown.map((item) => (shown.length === 1 ? 0 : names) + textWidth(amountText(item), scale)),
    ...(shown.length === 1 ? [names] : []),
  );
  const lead = shown.length === 1 ? GLYPH.line * 2 + 6 : 0;
  return { width, height: lead + (shown.length + (more > 0 ? 1 : 0)) * step, parts };
}
