import type { BarItem, BarsArtifact } from "../../protocol/artifacts.ts";
import { GLYPH } from "../scene/font.ts";
import type { Block, Part } from "../scene/parts.ts";
import { textWidth } from "../scene/parts.ts";
import { tableOfList, tableOfParts } from "../scene/table.ts";
import { formatPercent, formatValue } from "../../protocol/format.ts";
import { combineEach, combineParts, onceFor } from "./kind.ts";
import type { Combine, Kind } from "./kind.ts";
import { rowMap } from "./plain-map.ts";

export const bars: Kind<BarsArtifact> = {
  layout: (artifact) => layoutBars(artifact),
  table({ items, parts, quantity }) {
    if (parts) return tableOfParts(parts, quantity);
    // What a target takes for it, where it is a prediction.
    const targets = items.some(({ target }) => target !== undefined);
    return tableOfList(items, [
      ["index", "integer", ({ index }) => (index < 0 ? -1 - index : index)],
      ["label", "text", ({ label }) => label],
      [quantity, "number", ({ value }) => value],
      ...(targets ? [["target", "text", ({ target }: BarItem) => target ?? ""] as const] : []),
    ]);
  },
  // Where values were too many to be sent along there are none here.
  numbers: ({ dims, values }) => ({ dims: values.length > 0 ? dims : [0], values }),
  combine: combineBars,
  overSamples: (artifact, count) => ({ ...artifact, caption: `${artifact.caption}; mean over ${count} samples` }),
  compare: {
    // A value for each feature by its index, not by its place among the strongest.
    values: onceFor((artifact) => rowMap(artifact)),
    label: ({ items }, { column }) => items.find(({ index }) => index === column)?.label,
    colored: false,
    options: [],
    layout: (artifact) => layoutBars({ ...artifact, items: artifact.items.slice(0, MOST_COMPARED) }),
  },
  options: [],
};

/** Bars of a figure's cell beyond these are left out. */
const MOST_COMPARED = 12;

function combineBars(all: readonly BarsArtifact[], combine: Combine): BarsArtifact {
  const [{ parts: rows, ...first }] = all;
  const values = combineEach(
    all.map((one) => one.values),
    combine,
  );
  if (rows) {
    const parts = [...(combineParts(all, combine) ?? [])].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    return { ...first, values, items: parts.slice(0, first.items.length), parts };
  }
  const labels = new Map(all.flatMap(({ items }) => items.map(({ index, label }) => [index, label] as const)));
  const order = [...labels.keys()]
    .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]))
    .slice(0, first.items.length);
  return {
    ...first,
    values,
    items: order.map((index) => ({ index, label: labels.get(index)!, value: values[index] })),
  };
}

const barLength = 280;
const longestLabel = 32;

/** A picture with more rows than this is no picture. */
const MOST_ROWS = 50;

/**
 * One row for each item: its name, a bar from zero, its value. Bars of negative values go to the left. Of many items the
 * first, and how many there are.
 */
function layoutBars(artifact: BarsArtifact): Block {
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

/** A share as percent ("40.51%"), anything else as it is. */
function formatAmount(value: number, share: boolean): string {
  return share && Number.isFinite(value) ? formatPercent(value, 4) : formatValue(value);
}

function shorten(label: string): string {
  const characters = [...label];
  return characters.length > longestLabel ? `${characters.slice(0, longestLabel - 1).join("")}…` : label;
}
