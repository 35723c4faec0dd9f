import type { PartRow } from "../../protocol/artifacts.ts";

/** Rows and columns that are looked up, not kept: a picture's pixels are a table of millions of cells. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
}

export interface Column {
  readonly name: string;
  /** "integer": places and indices, whole by nature. */
  readonly type: "number" | "integer" | "text";
  readonly unit?: string;
  /** Of a column of numbers a number; "" where there is none. */
  at(row: number): string | number;
}

export function column(name: string, type: Column["type"], at: Column["at"], unit?: string): Column {
  return { name, type, at, ...(unit === undefined ? {} : { unit }) };
}

/** A table of a list: one row for each item. */
export function tableOfList<T>(
  items: readonly T[],
  columns: readonly (readonly [name: string, type: Column["type"], of: (item: T, row: number) => string | number])[],
): Table {
  return {
    rows: items.length,
    columns: columns.map(([name, type, of]) => column(name, type, (row) => of(items[row], row))),
  };
}

/** Parts of an input that were changed as one: each with its effect, once. */
export function tableOfParts(parts: readonly PartRow[], quantity: string): Table {
  return tableOfList(parts, [
    ["index", "integer", ({ index }) => index],
    ["label", "text", ({ label }) => label],
    [quantity, "number", ({ value }) => value],
  ]);
}

/** The columns' names, with their units: "time (ms)". */
export function headerOf({ columns }: Table): string[] {
  return columns.map(headingOf);
}

export function headingOf({ name, unit }: Pick<Column, "name" | "unit">): string {
  return unit === undefined ? name : `${name} (${unit})`;
}

export function* rowsOf({ rows, columns }: Table): Iterable<(string | number)[]> {
  for (let row = 0; row < rows; row++) yield columns.map(({ at }) => at(row));
}
