import type { CurveNumber } from "../../protocol/artifacts.ts";
import { standing } from "../../protocol/checks.ts";
import { column, type Table } from "./table.ts";

interface CheckRow {
  /** The check's title. */
  readonly check: string;
  readonly number: CurveNumber;
}

/**
 * The numbers of checks beside those of random maps, a row for each: what the command line prints, and what the window
 * copies and saves. Cells are empty where there are no random maps, or neither direction is better.
 */
export function checkTable(rows: readonly CheckRow[]): Table {
  const of = (row: number): CurveNumber => rows[row].number;
  return {
    rows: rows.length,
    columns: [
      column("check", "text", (row) => rows[row].check),
      column("number", "text", (row) => of(row).label),
      column("explanation", "number", (row) => of(row).value),
      column("random map", "number", (row) => of(row).random?.mean ?? ""),
      column("random map deviation", "number", (row) => of(row).random?.deviation ?? ""),
      column("random maps", "integer", (row) => of(row).random?.values.length ?? ""),
      column("better is", "text", (row) => of(row).better ?? ""),
      column("better than", "text", (row) => {
        const found = standing(of(row));
        return found ? `${found.better} of ${found.of}` : "";
      }),
      column("what it says", "text", (row) => of(row).help),
    ],
  };
}
