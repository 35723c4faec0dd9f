import { checkTable } from "../../src/draw/scene/check-table.ts";
import { csvOf } from "../../src/draw/encode/csv.ts";
import { headerOf, rowsOf, type Table } from "../../src/draw/scene/table.ts";
import type { CurveNumber } from "../../src/protocol/artifacts.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import type { Outcome } from "./checks-runs.ts";

/** What a check's result comes to; of several inputs each one's numbers, called by it. */
export function numbersOf({ result }: Outcome): readonly CurveNumber[] {
  return (result?.views ?? []).flatMap((view) =>
    view.kind === "curves"
      ? view.numbers.map((number) =>
          view.input === undefined ? number : { ...number, label: `${view.input}: ${number.label}` },
        )
      : [],
  );
}

/** All numbers of the checks that ran. */
function tableOf(checks: readonly TechniqueInfo[], outcomes: Readonly<Record<string, Outcome>>): Table {
  return checkTable(
    checks.flatMap(({ id, title }) => numbersOf(outcomes[id] ?? {}).map((number) => ({ check: title, number }))),
  );
}

/** As a spreadsheet takes it from the clipboard: cells between tabs. */
export function tsvOf(...about: Parameters<typeof tableOf>): string {
  const table = tableOf(...about);
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell) => String(cell).replace(/[\t\r\n]+/g, " ")).join("\t");
  return [headerOf(table), ...rowsOf(table)].map(line).join("\n");
}

export function csvBytesOf(...about: Parameters<typeof tableOf>): Uint8Array {
  const table = tableOf(...about);
  return new TextEncoder().encode(csvOf(headerOf(table), rowsOf(table)));
}
