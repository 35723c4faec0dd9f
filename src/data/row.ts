import path from "node:path";
import { DataError } from "../model/errors.ts";
import { chooseColumns, describeColumns, type ColumnInput } from "./columns.ts";
import { sha256 } from "./files.ts";
import { matchDims } from "./shape.ts";
import { rowTexts, rowValues } from "./table-cells.ts";
import { columnName, openTable, openTableHead, splitRow, type Table } from "./table.ts";
import { elementTypeOf, type ElementType, type TensorData } from "./tensor.ts";

/** A row's cells as one input takes them. */
export interface RowSample {
  /** "t.csv#12". */
  readonly name: string;
  /** Of the file and the row. */
  readonly hash: string;
  readonly dataType: ElementType | "string";
  readonly dims: readonly number[];
  readonly data: TensorData | readonly string[];
  /** The columns' names. */
  readonly labels: readonly string[];
  readonly notes: readonly string[];
}

/**
 * A row of a .csv or .tsv table ("t.csv#12"; without a number the first) for each of the inputs that share it. Rows
 * count from 0, after the header if there is one. What was found out about the table, which row it is and which columns
 * go where is in the notes. Throws a DataError that names the row and column of what does not fit.
 */
export async function readRows(spec: string, inputs: readonly ColumnInput[]): Promise<Map<string, RowSample>> {
  const { file, row } = splitRow(spec);
  const [separator] = inputs.flatMap(({ recipe }) => recipe.separator ?? []);
  const [header] = inputs.flatMap(({ recipe }) => recipe.header ?? []);
  const table = await openTable(file, { separator, header });
  if (!table.rows[row]) {
    throw new DataError(
      `There is no row ${row}: the table has ${table.rows.length} rows, numbered from 0.`,
      file,
      table.rows.length === 0
        ? 'It has only a header. If its first line is data, set "header": false in the recipe.'
        : undefined,
    );
  }
  const chosen = chooseColumns(table, row, inputs);
  const shared = [
    describeTable(table, row),
    ...describeColumns(table, chosen, table.header?.length ?? table.rows[row].length),
  ];
  return new Map(
    inputs.map((input) => {
      const { positions } = chosen.get(input.name)!;
      const labels = positions.map((position) => columnName(table, position));
      const dims = matchDims(
        rowDims(positions.length, input),
        input,
        spec,
        "The row has",
        `The columns are ${labels.join(", ")}; name the ones to use in the recipe.`,
      );
      const dataType = input.type === "string" ? input.type : elementTypeOf(input.type, input.name);
      const { data, notes } =
        dataType === "string"
          ? rowTexts(table, row, positions)
          : rowValues(table, row, positions, input.recipe, dataType);
      return [
        input.name,
        {
          name: `${path.basename(file)}#${row}`,
          hash: sha256(table.hash, `#${row}`),
          dataType,
          dims,
          data,
          labels,
          notes: [...shared, ...notes],
        },
      ];
    }),
  );
}

/**
 * Why a table's columns are not what the inputs that share it take, judged by its first rows; undefined where they are.
 */
export async function columnsProblem(file: string, inputs: readonly ColumnInput[]): Promise<string | undefined> {
  const [separator] = inputs.flatMap(({ recipe }) => recipe.separator ?? []);
  const [header] = inputs.flatMap(({ recipe }) => recipe.header ?? []);
  try {
    const table = await openTableHead(file, { separator, header });
    const chosen = chooseColumns(table, 0, inputs);
    for (const input of inputs)
      matchDims(rowDims(chosen.get(input.name)!.positions.length, input), input, file, "The row has", "");
    return undefined;
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
}

function describeTable({ file, rows, found }: Table, row: number): string {
  const name = path.basename(file);
  const which =
    rows.length === 1 ? "its one row" : `row ${row} of ${rows.length}, numbered from 0 (${name}#N selects another)`;
  return `${name}: ${which}; ${found.join("; ")}.`;
}

/** A row in the model's own shape where that holds as many numbers ([1,1,28,28] for 784 columns), else [1, columns]. */
function rowDims(count: number, { dims }: Pick<ColumnInput, "dims">): number[] {
  const fixed = dims?.map((dim) => (typeof dim === "number" && dim > 0 ? dim : 1));
  return fixed && fixed.reduce((product, dim) => product * dim, 1) === count ? fixed : [1, count];
}
