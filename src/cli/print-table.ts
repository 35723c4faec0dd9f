import { print, visible } from "./terminal.ts";
import { formatNumber } from "../protocol/format.ts";

/** One row: a cell for each column. */
export type TableRow = readonly (string | number)[];

/** How a table is written: aligned, at most so wide, or separated by tabs. */
export interface TableStyle {
  readonly aligned: boolean;
  readonly width?: number;
}

/**
 * A table for people (aligned, numbers short and to the right, the last column cut at the terminal's edge) or for
 * programs (a header and rows of cells between tabs, every digit kept). A tab or line break in a cell becomes a space.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly TableRow[],
  { aligned, width }: TableStyle,
): string {
  if (!aligned)
    return [header, ...rows].map((row) => `${row.map((cell) => oneLine(String(cell))).join("\t")}\n`).join("");
  const shown = rows.map((row) => row.map((cell) => (typeof cell === "number" ? shortNumber(cell) : oneLine(cell))));
  const isNumber = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number" || row[column] === undefined),
  );
  const widths = header.map((name, column) => Math.max(name.length, ...shown.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string => {
    const text = header
      .map((_, column) => {
        const cell = cells[column] ?? "";
        return isNumber[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
      })
      .join("  ")
      .trimEnd();
    return `${width !== undefined && text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text}\n`;
  };
  return [line(header), ...shown.map(line)].join("");
}

/** Writes a table to standard output: aligned on a terminal, separated by tabs elsewhere. */
export function printTable(header: readonly string[], rows: readonly TableRow[]): void {
  const { isTTY, columns } = process.stdout;
  print(formatTable(header, rows, { aligned: isTTY, ...(isTTY && columns > 0 ? { width: columns } : {}) }));
}

function oneLine(text: string): string {
  return visible(text.replace(/[\t\r\n]+/g, " "));
}

function shortNumber(value: number): string {
  return Number.isInteger(value) || !Number.isFinite(value) ? String(value) : formatNumber(value, 6);
}
