import { DataError } from "../model/errors.ts";
import type { RowRecipe } from "../protocol/recipe.ts";
import { decodeText, readBytes, sha256 } from "./files.ts";

const fileLimit = 256 * 2 ** 20;

/** "t.csv#12" taken apart; without a number the first row is meant. A "#" elsewhere belongs to the name. */
export function splitRow(spec: string): { file: string; row: number } {
  const match = /^(.*\.(?:csv|tsv))#(\d{1,9})$/is.exec(spec);
  return match ? { file: match[1], row: Number(match[2]) } : { file: spec, row: 0 };
}

/**
 * A row of a .csv or .tsv table as numbers: the recipe's columns (by name, or by number from 0) in its order, or else all columns
 * that hold a number in this row; normalised as the recipe says. Rows count from 0, after the header if there is one.
 * Throws a DataError that names the row and column of what is not a number.
 */
export async function readRow(spec: string, recipe: RowRecipe): Promise<{ values: number[]; columns: readonly string[]; hash: string }> {
  const { file, row } = splitRow(spec);
  const bytes = await readBytes(file, fileLimit);
  const { header, rows } = await parseTable(decodeText(bytes, file), file);
  const cells = rows[row];
  if (!cells) throw new DataError(`There is no row ${row}: the table has ${rows.length} rows, numbered from 0.`, file);
  const names = header ?? cells.map((_, i) => String(i));
  const positions = recipe.columns ? recipe.columns.map((column) => findColumn(column, names, file)) : numericColumns(cells);
  if (positions.length === 0) throw new DataError(`Row ${row} holds no numbers.`, file);
  const values = positions.map((position) => {
    const value = numberOf(cells[position] ?? "");
    if (value === undefined) {
      throw new DataError(`Row ${row}, column "${names[position]}" holds ${JSON.stringify(cells[position] ?? "")}, not a number.`, file,
        "Name the columns that the model takes in the recipe.");
    }
    return value;
  });
  return { values: normalise(values, recipe), columns: positions.map((position) => names[position]), hash: sha256(bytes, `#${row}`) };
}

/** Rows of cells. The first is a header where it has text above numbers, or nothing but text. */
async function parseTable(
  text: string, file: string,
): Promise<{ header?: readonly string[]; rows: readonly (readonly string[])[] }> {
  const { default: papaparse } = await import("papaparse");
  const { data, errors } = papaparse.parse<string[]>(text, { skipEmptyLines: "greedy" });
  const broken = errors.find((error) => error.type === "Quotes");
  if (broken) throw new DataError(`The table is damaged: ${broken.message}.`, broken.row === undefined ? file : `${file}, line ${broken.row + 1}`);
  if (data.length === 0) throw new DataError("The table is empty.", file);
  const [first, second] = data;
  const isText = (cell: string): boolean => cell.trim() !== "" && numberOf(cell) === undefined;
  const isHeader = first.some((cell, i) => isText(cell) && (second === undefined || numberOf(second[i] ?? "") !== undefined)) ||
    first.every((cell) => isText(cell) || cell.trim() === "");
  return isHeader ? { header: first.map((cell) => cell.trim()), rows: data.slice(1) } : { rows: data };
}

function findColumn(column: string, names: readonly string[], file: string): number {
  const position = names.indexOf(column);
  if (position >= 0) return position;
  const index = Number(column);
  if (/^\d+$/.test(column) && index < names.length) return index;
  const shown = names.slice(0, 20).join(", ") + (names.length > 20 ? " …" : "");
  throw new DataError(`The table has no column "${column}".`, file, `It has ${shown}. The recipe names the columns.`);
}

function numericColumns(cells: readonly string[]): number[] {
  return cells.flatMap((cell, i) => (numberOf(cell) === undefined ? [] : [i]));
}

function numberOf(cell: string): number | undefined {
  const text = cell.trim();
  if (/^[-+]?(nan|inf(inity)?)$/i.test(text)) return /nan/i.test(text) ? NaN : text.startsWith("-") ? -Infinity : Infinity;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function normalise(values: readonly number[], { mean, std }: RowRecipe): number[] {
  for (const list of [mean, std]) {
    if (list && list.length !== 1 && list.length !== values.length) {
      throw new DataError(`The recipe has ${list.length} means or deviations for ${values.length} columns.`, undefined,
        "One for each column, or one for all.");
    }
  }
  const at = (list: readonly number[] | undefined, i: number, otherwise: number): number =>
    list?.[list.length === 1 ? 0 : i] ?? otherwise;
  return values.map((value, i) => (value - at(mean, i, 0)) / at(std, i, 1));
}
