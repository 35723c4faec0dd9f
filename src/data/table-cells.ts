import { DataError } from "../model/errors.ts";
import type { RowRecipe } from "../protocol/recipe.ts";
import { decimalComma, parseNumber } from "./cell.ts";
import { listNames } from "./columns.ts";
import { columnName, type Table } from "./table.ts";
import { elementTypes, fromNumbers, toNumbers } from "./tensor.ts";
import type { ElementType, TensorData } from "./tensor.ts";

/** Cells of one row as what the model's input takes. */
export interface RowValues {
  readonly data: TensorData;
  readonly notes: readonly string[];
}

/**
 * The cells at `positions` of a row as elements of `type`, normalised as the recipe says. Throws a DataError that names
 * the row and column of a cell that is missing or no number (NaN instead where the recipe says `missing: "nan"` and the
 * type has one), and of a number that the type cannot hold.
 */
export function rowValues(
  table: Table,
  row: number,
  positions: readonly number[],
  recipe: RowRecipe,
  type: ElementType,
): RowValues {
  const filled: string[] = [];
  const { decimal = ".", missing = "error" } = recipe;
  const { isFloat } = elementTypes[type];
  const place = (position: number): string => `Row ${row}, column "${columnName(table, position)}"`;
  const numbers = positions.map((position) => {
    const cell = table.rows[row][position];
    const value = parseNumber(cell ?? "", decimal) ?? (type === "bool" ? truth(cell ?? "") : undefined);
    if (value !== undefined) return value;
    const what =
      cell === undefined
        ? "is missing: the line has too few cells"
        : cell.trim() === ""
          ? "is empty"
          : `holds ${JSON.stringify(cell)}, not a number`;
    if (missing === "error" || !isFloat) {
      const noNaN = missing === "nan" ? `; the input takes ${type}, which has no NaN` : "";
      throw new DataError(`${place(position)} ${what}${noNaN}.`, table.file, hintFor(cell ?? "", decimal, missing));
    }
    filled.push(`${columnName(table, position)} (${(cell ?? "").trim() === "" ? "empty" : JSON.stringify(cell)})`);
    return NaN;
  });
  const normalised = normalise(numbers, recipe);
  const data = fromNumbers(normalised, type);
  const kept = toNumbers(data, type);
  normalised.forEach((value, i) => {
    const lost = isFloat
      ? Number.isFinite(value) && !Number.isFinite(kept[i])
      : kept[i] !== value || !Number.isSafeInteger(value);
    if (lost)
      throw new DataError(
        `${place(positions[i])} gives ${value}, which ${type} cannot hold.`,
        table.file,
        `The input takes ${type}.`,
      );
  });
  return { data, notes: filled.length > 0 ? [`Row ${row}: NaN, as set in the recipe, for ${listNames(filled)}.`] : [] };
}

/**
 * The cells at `positions` of a row as the texts that they are; an empty one is the empty text, and that is said.
 * DataError for a cell that is not there.
 */
export function rowTexts(
  table: Table,
  row: number,
  positions: readonly number[],
): { readonly data: readonly string[]; readonly notes: readonly string[] } {
  const data = positions.map((position) => {
    const cell = table.rows[row][position];
    if (cell === undefined)
      throw new DataError(
        `Row ${row}, column "${columnName(table, position)}" is missing: the line has too few cells.`,
        table.file,
        "Complete the line; an empty cell is an empty text.",
      );
    return cell;
  });
  const empty = positions.filter((_, i) => data[i] === "").map((position) => columnName(table, position));
  return { data, notes: empty.length > 0 ? [`Row ${row}: an empty text for ${listNames(empty)}.`] : [] };
}

function truth(cell: string): number | undefined {
  return { true: 1, false: 0 }[cell.trim().toLowerCase()];
}

function hintFor(cell: string, decimal: "." | ",", missing: "error" | "nan"): string {
  if (decimal === "." && decimalComma(cell)) return 'To read decimal commas, set "decimal": "," in the recipe.';
  if (missing === "nan") return "Fill the cell.";
  return 'Fill the cell; or, in the recipe, list the columns to use in "columns" or those to omit in "ignore", or set "missing": "nan".';
}

function normalise(values: readonly number[], { mean, std }: RowRecipe): number[] {
  for (const list of [mean, std]) {
    if (list && list.length !== 1 && list.length !== values.length) {
      throw new DataError(
        `The recipe has ${list.length} means or standard deviations for ${values.length} columns.`,
        undefined,
        "Give one per column, or one for all.",
      );
    }
  }
  const at = (list: readonly number[] | undefined, i: number, otherwise: number): number =>
    list?.[list.length === 1 ? 0 : i] ?? otherwise;
  return values.map((value, i) => (value - at(mean, i, 0)) / at(std, i, 1));
}
