import path from "node:path";
import { DataError } from "../model/errors.ts";
import type { ValueDescription } from "../protocol/model.ts";
import type { RowRecipe } from "../protocol/recipe.ts";
import { decimalComma, parseNumber } from "./cell.ts";
import { columnName, type Table } from "./table.ts";

/** An input that takes columns of a table. */
export interface ColumnInput {
  readonly name: string;
  readonly type: string;
  readonly dims?: ValueDescription["dims"];
  readonly recipe: RowRecipe;
}

/** Which columns an input gets, in its order, and why these. */
export interface ChosenColumns {
  readonly positions: readonly number[];
  readonly how: string;
}

/**
 * The columns of a table for each of the inputs that share it: those that the recipe names; those that are called as an
 * input of one column is; else by place, and then the numbers must fit. Throws a DataError that names the columns where
 * they do not: nothing is shifted. `row` is the one that is read: where there is no header, its cells say how many
 * columns there are.
 */
export function chooseColumns(table: Table, row: number, inputs: readonly ColumnInput[]): Map<string, ChosenColumns> {
  const chosen = new Map<string, ChosenColumns>();
  const count = table.header?.length ?? table.rows[row].length;
  checkLength(table, row, count);
  const ignored = new Set(
    inputs.flatMap(({ recipe }) => (recipe.ignore ?? []).map((name) => findColumn(name, table, count))),
  );
  for (const input of inputs) {
    const named = byRecipe(input, table, count, ignored) ?? byInputName(input, table, ignored, inputs.length);
    if (named) chosen.set(input.name, named);
  }
  const open = inputs.filter(({ name }) => !chosen.has(name));
  const taken = new Set([...chosen.values()].flatMap(({ positions }) => positions));
  const free = Array.from({ length: count }, (_, position) => position).filter(
    (position) => !ignored.has(position) && !taken.has(position),
  );
  const byName = [...chosen.values()].some(({ how }) => how === asInputs);
  for (const [name, columns] of byPlace(table, free, open, byName)) chosen.set(name, columns);
  return chosen;
}

/** What was done with a table's columns, in sentences. */
export function describeColumns(table: Table, chosen: ReadonlyMap<string, ChosenColumns>, count: number): string[] {
  const listed = (positions: readonly number[]): string =>
    listNames(positions.map((position) => columnName(table, position)));
  const taken = new Set([...chosen.values()].flatMap(({ positions }) => positions));
  const left = Array.from({ length: count }, (_, position) => position).filter((position) => !taken.has(position));
  const ways = [...new Set([...chosen.values()].map(({ how }) => how))];
  return ways.map((way, i) => {
    const all = [...chosen].filter(([, { how }]) => how === way);
    const what = all
      .map(([name, { positions }]) =>
        way === asInputs || chosen.size === 1 ? listed(positions) : `${listed(positions)} for "${name}"`,
      )
      .join(way === asInputs ? ", " : "; ");
    return `Columns ${way}: ${what}${i === ways.length - 1 && left.length > 0 ? `; not used: ${listed(left)}` : ""}.`;
  });
}

const asInputs = "by name, one per input";
const inOrder = "by position, because neither the recipe nor the model names them";

function byRecipe(
  { recipe, name }: ColumnInput,
  table: Table,
  count: number,
  ignored: ReadonlySet<number>,
): ChosenColumns | undefined {
  const { columns } = recipe;
  if (!columns) return undefined;
  const isNumbers = columns.every((column) => /^\d+$/.test(column));
  if (!table.header && !isNumbers) {
    const all = Array.from({ length: count }, (_, i) => i).filter((position) => !ignored.has(position));
    if (all.length === columns.length)
      return {
        positions: all,
        how: "by position, in the order of the recipe's names, because the table has no header",
      };
    throw new DataError(
      `The recipe names ${columns.length} columns for the input "${name}", but the table, which has no header, has ${all.length}.`,
      table.file,
      "Add a header to the table, or name columns by their numbers from 0.",
    );
  }
  return { positions: columns.map((column) => findColumn(column, table, count)), how: "by the recipe" };
}

function byInputName(
  input: ColumnInput,
  table: Table,
  ignored: ReadonlySet<number>,
  inputs: number,
): ChosenColumns | undefined {
  // [N] alone may be a vector of columns; one of several such inputs is a column.
  const oneColumn = widths(input).includes(1) || (inputs > 1 && input.dims?.length === 1);
  if (!table.header || !oneColumn) return undefined;
  const found = [(name: string): string => name, plainName]
    .map((form) =>
      table.header!.flatMap((name, position) =>
        form(name) === form(input.name) && !ignored.has(position) ? [position] : [],
      ),
    )
    .find((positions) => positions.length > 0);
  if (!found) return undefined;
  if (found.length > 1) throw ambiguous(input.name, found, table);
  return { positions: found, how: asInputs };
}

/** Converters to ONNX write "sepal length (cm)" as "sepal_length__cm_". */
function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_|_$/g, "");
}

function byPlace(
  table: Table,
  free: readonly number[],
  open: readonly ColumnInput[],
  othersByName: boolean,
): [string, ChosenColumns][] {
  if (open.length === 0) return [];
  const alone = open.length === 1;
  const missing = open.find((input) => othersByName && widths(input).every((width) => width === 1));
  if (missing) {
    throw new DataError(
      `No column is named like the input "${missing.name}", but other inputs have their columns by name.`,
      table.file,
      `The table has ${listNames(table.header ?? [])}. Name its column in the recipe: "columns".`,
    );
  }
  const total = alone ? widths(open[0]) : [sum(open.map((input) => widths(input)[0]))];
  const fits = (positions: readonly number[]): boolean => total.includes(undefined) || total.includes(positions.length);
  const words = open.some(({ type }) => type === "string")
    ? []
    : free.filter((position) => holdsWords(table, position));
  const numbers = free.filter((position) => !words.includes(position));
  // What is no number in any row cannot be meant; a column that could be is never left out unasked.
  const positions = total.includes(undefined) || (!fits(free) && fits(numbers)) ? numbers : free;
  if (!fits(positions)) throw wrongCount(table, free, open, total);
  if (positions.length === 0)
    throw new DataError("The table has no numeric column.", table.file, 'Name the columns in the recipe: "columns".');
  const how = positions.length < free.length ? `${inOrder}, without text columns` : inOrder;
  if (alone) return [[open[0].name, { positions, how }]];
  if (total.includes(undefined)) {
    throw new DataError(
      `The inputs ${open.map(({ name }) => `"${name}"`).join(", ")} share a table, and each takes any number of columns.`,
      table.file,
      'Name the columns of each in the recipe: "columns".',
    );
  }
  let at = 0;
  return open.map((input) => [input.name, { positions: positions.slice(at, (at += widths(input)[0]!)), how }]);
}

function wrongCount(
  table: Table,
  free: readonly number[],
  open: readonly ColumnInput[],
  total: readonly (number | undefined)[],
): DataError {
  const wanted = [...new Set(total)].join(" or ");
  const who =
    open.length === 1
      ? `the input "${open[0].name}" takes`
      : `the inputs ${open.map(({ name }) => `"${name}"`).join(", ")} together take`;
  const more = free.length > Math.max(...total.map((width) => width ?? 0));
  return new DataError(
    `The table has ${free.length} columns (${listNames(free.map((position) => columnName(table, position)))}), and ${who} ${wanted}.`,
    table.file,
    more
      ? 'In the recipe, list the columns to omit ("ignore": [NAME]) or to use ("columns": [NAME, ...]).'
      : "Add the missing columns, in the model's order.",
  );
}

/**
 * Elements that one row fills: without the batch axis, or all of a fixed shape. Undefined where the model takes any
 * number.
 */
function widths({ dims }: Pick<ColumnInput, "dims">): readonly (number | undefined)[] {
  if (!dims || dims.length === 0) return [dims ? 1 : undefined];
  const product = (list: typeof dims): number | undefined =>
    list.reduce<number | undefined>(
      (all, dim) => (all !== undefined && typeof dim === "number" && dim > 0 ? all * dim : undefined),
      1,
    );
  const row = dims.length === 1 ? product(dims) : product(dims.slice(1));
  return [...new Set([row, ...(dims.length > 1 && typeof dims[0] === "number" ? [product(dims)] : [])])];
}

function holdsWords({ rows }: Table, position: number): boolean {
  const cells = rows.map((row) => row[position] ?? "").filter((cell) => cell.trim() !== "");
  return cells.length > 0 && cells.every((cell) => parseNumber(cell, ".") === undefined && !decimalComma(cell));
}

/** A row longer than the header would be read shifted. */
function checkLength({ file, header, rows }: Table, row: number, count: number): void {
  const cells = rows[row];
  if (!header || cells.slice(count).every((cell) => cell.trim() === "")) return;
  throw new DataError(
    `Row ${row} has ${cells.length} cells, but the header names ${count} columns.`,
    file,
    "Put cells that contain the separator in double quotes.",
  );
}

function findColumn(column: string, table: Table, count: number): number {
  const positions = (table.header ?? []).flatMap((name, position) => (name === column ? [position] : []));
  if (positions.length > 1) throw ambiguous(column, positions, table);
  if (positions.length === 1) return positions[0];
  const index = Number(column);
  if (/^\d+$/.test(column) && index < count) return index;
  const has = table.header ? listNames(table.header) : `no header; columns are numbered 0 to ${count - 1}`;
  throw new DataError(
    `The table has no column "${column}".`,
    table.file,
    `It has ${has}. Columns are named in the recipe.`,
  );
}

function ambiguous(name: string, positions: readonly number[], { file }: Table): DataError {
  return new DataError(
    `${path.basename(file)} has ${positions.length} columns named "${name}".`,
    file,
    `Use the number of the right one: ${positions.join(" or ")}.`,
  );
}

/** Names for a sentence, twenty at most. */
export function listNames(names: readonly string[]): string {
  return names.slice(0, 20).join(", ") + (names.length > 20 ? ` … (${names.length} in all)` : "");
}

function sum(list: readonly (number | undefined)[]): number | undefined {
  return list.reduce((all, one) => (all === undefined || one === undefined ? undefined : all + one), 0);
}
