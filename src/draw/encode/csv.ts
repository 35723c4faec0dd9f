import type { Artifact } from "../../protocol/artifacts.ts";
import { kindOf } from "../kinds/index.ts";
import type { InputArtifact } from "../scene/inputs.ts";
import { headerOf, rowsOf } from "../scene/table.ts";

/**
 * An artifact's numbers as CSV (RFC 4180): a header, then one row per part, item, value, channel or pixel; every digit
 * kept.
 */
export function encodeCsv(artifact: Artifact): string {
  const table = kindOf(artifact).table(artifact);
  return csvOf(headerOf(table), rowsOf(table));
}

/** A header and rows as CSV. */
export function csvOf(header: readonly string[], rows: Iterable<Row>): string {
  let text = `${header.map(field).join(",")}\r\n`;
  for (const row of rows) text += `${row.map(field).join(",")}\r\n`;
  return text;
}

/** Several inputs' numbers in one table: a first column `input`, then what tells their rows apart, then the value. */
export function encodeCsvOfInputs(artifacts: readonly InputArtifact[]): string {
  const tables = artifacts.map((artifact) => {
    const table = kindOf<Artifact>(artifact).table(artifact);
    // Tokens and parts are counted and called something, as bars are.
    return {
      input: artifact.input,
      columns: [
        ...headerOf(table)
          .slice(0, -1)
          .map((name) => ({ token: "index", text: "label" })[name] ?? name),
        "value",
      ],
      rows: rowsOf(table),
    };
  });
  const columns = [...new Set(tables.flatMap((table) => table.columns.slice(0, -1))), "value"];
  let text = `${["input", ...columns].map(field).join(",")}\r\n`;
  for (const table of tables) {
    const places = columns.map((column) => table.columns.indexOf(column));
    for (const row of table.rows)
      text += `${[table.input, ...places.map((place) => (place < 0 ? "" : row[place]))].map(field).join(",")}\r\n`;
  }
  return text;
}

type Row = readonly (string | number)[];

function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
