/** Which rows of a table are shown, and in which order. */
import { headingOf } from "../../src/draw/scene/table.ts";
import type { Column, Table } from "../../src/draw/scene/table.ts";
import { formatValue, formatWhole } from "../../src/protocol/format.ts";

export interface Sort {
  /** The column's place. */
  readonly column: number;
  readonly descending: boolean;
}

/** How a column's cell is shown; a number that is not there is an empty text. */
export function cellText({ type, at }: Pick<Column, "type" | "at">, row: number): string {
  const value = at(row);
  if (typeof value !== "number") return value;
  return type === "integer" ? formatWhole(value) : formatValue(value);
}

/**
 * The rows that a filter finds, sorted. Every word must hold: `x>10`, `value<=-0.5`, `class=cat` ask about the column
 * whose name begins so (`>0.5` about any number that is no place); other words occur in a text, or begin a number.
 */
export function rowsShown(table: Table, filter: string, sort: Sort | undefined): Uint32Array {
  const tests = wordsOf(filter).map((word) => testOf(word, table.columns));
  let rows = Uint32Array.from({ length: table.rows }, (_, row) => row);
  if (tests.length > 0) rows = rows.filter((row) => tests.every((holds) => holds(row)));
  return sort ? sorted(rows, table.rows, table.columns[sort.column], sort.descending) : rows;
}

/** Words by spaces; what stands in quotes is one. */
function wordsOf(filter: string): string[] {
  return (filter.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

type Test = (row: number) => boolean;

function testOf(word: string, columns: readonly Column[]): Test {
  const [, name, operator, asked] = /^(.*?)(<=|>=|!=|<|>|=)(.*)$/.exec(word) ?? [];
  if (operator === undefined || asked === "") return contains(word, columns);
  const wanted = columns.filter((one) =>
    name === "" ? one.type === "number" : headingOf(one).toLowerCase().startsWith(name.toLowerCase()),
  );
  if (wanted.length === 0) return contains(word, columns);
  const number = Number(asked.replace("−", "-"));
  const one = name === "" ? wanted : wanted.slice(0, 1);
  return (row) => one.some(({ type, at }) => compares(type === "text" ? undefined : number, asked, operator, at(row)));
}

function compares(number: number | undefined, text: string, operator: string, value: string | number): boolean {
  const equal =
    number === undefined
      ? String(value).toLowerCase() === text.toLowerCase()
      : value === number || value === Math.fround(number);
  switch (operator) {
    case "=":
      return equal;
    case "!=":
      return !equal;
  }
  if (number === undefined || typeof value === "string") return false;
  switch (operator) {
    case "<":
      return value < number;
    case "<=":
      return equal || value < number;
    case ">":
      return value > number;
    default:
      return equal || value > number;
  }
}

function contains(word: string, columns: readonly Column[]): Test {
  const wanted = word.toLowerCase();
  return (row) =>
    columns.some((one) => {
      const text = cellText(one, row).toLowerCase();
      return one.type === "text" ? text.includes(wanted) : text.startsWith(wanted.replace("-", "−"));
    });
}

/** `count`: of all rows. NaN stands last either way; equal ones stay in the table's order. */
function sorted(rows: Uint32Array, count: number, { type, at }: Column, descending: boolean): Uint32Array {
  const direction = descending ? -1 : 1;
  if (type === "text") {
    const texts = new Map(Array.from(rows, (row) => [row, String(at(row))]));
    const collator = new Intl.Collator(undefined, { numeric: true });
    return rows.sort((a, b) => direction * collator.compare(texts.get(a)!, texts.get(b)!) || a - b);
  }
  const values = new Float64Array(count);
  for (const row of rows) values[row] = numberOf(at(row));
  return rows.sort((a, b) => {
    const [one, other] = [values[a], values[b]];
    if (Number.isNaN(one) || Number.isNaN(other))
      return Number(Number.isNaN(one)) - Number(Number.isNaN(other)) || a - b;
    return direction * (one < other ? -1 : one > other ? 1 : 0) || a - b;
  });
}

function numberOf(value: string | number): number {
  return typeof value === "number" ? value : NaN;
}
