import type { TableArtifact, TableColumn } from "../../protocol/artifacts.ts";
import { GLYPH } from "../scene/font.ts";
import { textWidth } from "../scene/parts.ts";
import type { Block, Part } from "../scene/parts.ts";
import { column, headingOf } from "../scene/table.ts";
import { formatValue, formatWhole } from "../../protocol/format.ts";
import { combineEach } from "./kind.ts";
import type { Combine, Kind } from "./kind.ts";

export const table: Kind<TableArtifact> = {
  layout: layoutTable,
  table: (artifact) => ({
    rows: rowCount(artifact),
    columns: artifact.columns.map(({ name, type, unit, values }) => column(name, type, (row) => values[row], unit)),
  }),
  numbers: numbersOf,
  combine: combineTables,
  overSamples: (artifact, count) => ({ ...artifact, caption: `${artifact.caption}; mean over ${count} samples` }),
  compare: { reason: "A table needs more room than a cell has." },
  options: [],
};

/** A picture with more rows than this is no picture. */
const MOST_ROWS = 50;
const longestText = 40;
const scale = 2;
const gap = 24;

function rowCount({ columns }: TableArtifact): number {
  return columns[0]?.values.length ?? 0;
}

/** The columns of numbers: [rows, columns]. */
function numbersOf(artifact: TableArtifact): { dims: readonly number[]; values: Float32Array } {
  const numeric = artifact.columns.flatMap((one) => (one.type === "text" ? [] : [one.values]));
  const rows = rowCount(artifact);
  return {
    dims: [rows, numeric.length],
    values: Float32Array.from(
      { length: rows * numeric.length },
      (_, i) => numeric[i % numeric.length][Math.floor(i / numeric.length)],
    ),
  };
}

/** Row by row, where all have as many: numbers are combined, names and places are the first one's. */
function combineTables(tables: readonly TableArtifact[], combine: Combine): TableArtifact {
  const [first] = tables;
  const alike = tables.every((one) => one.columns.length === first.columns.length && rowCount(one) === rowCount(first));
  if (!alike) return first;
  return {
    ...first,
    columns: first.columns.map((one, place): TableColumn => {
      if (one.type !== "number") return one;
      const all = tables.map((other) => Float32Array.from(other.columns[place].values as Float32Array));
      return { ...one, values: combineEach(all, combine) };
    }),
  };
}

/** The first rows below the columns' names; numbers stand at their column's right. */
function layoutTable(artifact: TableArtifact): Block {
  const rows = rowCount(artifact);
  const shown = Math.min(rows, MOST_ROWS);
  const step = GLYPH.line * scale + 4;
  const parts: Part[] = [];
  let x = 0;
  for (const one of artifact.columns) {
    const texts = [headingOf(one), ...Array.from({ length: shown }, (_, row) => textOf(one, row))];
    const width = Math.max(...texts.map((text) => textWidth(text, scale)));
    texts.forEach((text, line) => {
      const ink = line === 0 ? "muted" : "foreground";
      const place = { kind: "text", y: line === 0 ? 0 : line * step + 8, text, scale, ink } as const;
      parts.push(one.type === "text" ? { ...place, x } : { ...place, x: x + width, anchor: "end" });
    });
    x += width + gap;
  }
  const width = Math.max(1, x - gap);
  const bottom = (shown + 1) * step + 8;
  parts.push({ kind: "rect", x: 0, y: step, width, height: 1, ink: "muted" });
  if (rows === shown) return { width, height: bottom, parts };
  parts.push({ kind: "text", x: 0, y: bottom, text: `and ${rows - shown} more`, scale, ink: "muted" });
  return { width, height: bottom + step, parts };
}

function textOf({ type, values }: TableColumn, row: number): string {
  if (type !== "text") return type === "integer" ? formatWhole(values[row]) : formatValue(values[row]);
  const characters = [...values[row]];
  return characters.length > longestText ? `${characters.slice(0, longestText - 1).join("")}…` : values[row];
}
