import path from "node:path";
import { DataError } from "../model/errors.ts";
import { hasEnding, TABLE_EXTENSIONS } from "../protocol/file-types.ts";
import type { RowRecipe } from "../protocol/recipe.ts";
import { decimalComma, parseNumber } from "./cell.ts";
import { looksLike, readBytes, readHead, sha256 } from "./files.ts";

const fileLimit = 256 * 2 ** 20;

/** A table file, taken apart into cells. */
export interface Table {
  readonly file: string;
  /** The columns' names; absent where the first line is data. */
  readonly header?: readonly string[];
  /** After the header. Rows may be shorter or longer than the header. */
  readonly rows: readonly (readonly string[])[];
  /** SHA-256 of the file. */
  readonly hash: string;
  /** What was found out about the file, for a sentence: "separated by commas", "no header". */
  readonly found: readonly string[];
}

/** "t.csv#12" taken apart; without a number the first row is meant. A "#" elsewhere belongs to the name. */
export function splitRow(spec: string): { file: string; row: number } {
  const match = /^(.*)#(\d{1,9})$/s.exec(spec);
  return match && hasEnding(match[1], TABLE_EXTENSIONS)
    ? { file: match[1], row: Number(match[2]) }
    : { file: spec, row: 0 };
}

/** Whether a file is read as a table, with or without a row's number. */
export function isTable(spec: string): boolean {
  return hasEnding(splitRow(spec).file, TABLE_EXTENSIONS);
}

/**
 * A .csv or .tsv file as cells: UTF-8, UTF-16 with its byte order mark, or else Windows-1252; separated by commas,
 * semicolons, tabs or bars; quoted as RFC 4180 has it. What the recipe does not settle is found out, and said in
 * `found`. Throws a DataError where the file is no table.
 */
export async function openTable(file: string, recipe: Pick<RowRecipe, "separator" | "header"> = {}): Promise<Table> {
  return parseTable(await readBytes(file, fileLimit), file, recipe);
}

/** Bytes at a table's beginning that show its columns. */
const headLength = 64 * 1024;

/** A table's first rows, of a file of any length: its columns without the rest. Throws as openTable does. */
export async function openTableHead(file: string, recipe: Pick<RowRecipe, "separator" | "header">): Promise<Table> {
  const bytes = await readHead(file, headLength);
  // The last line may be cut.
  const end = bytes.length < headLength ? bytes.length : bytes.lastIndexOf(10) + 1;
  return parseTable(bytes.subarray(0, end), file, recipe);
}

async function parseTable(
  bytes: Uint8Array,
  file: string,
  recipe: Pick<RowRecipe, "separator" | "header">,
): Promise<Table> {
  const { text, encoding } = decodeTable(bytes, file);
  // Excel's own way to say it, in a line above the header.
  const said = /^sep=(.)\r?\n/i.exec(text);
  const body = said ? text.slice(said[0].length) : text;
  const separator = recipe.separator ?? said?.[1] ?? (await sniffSeparator(body, file));
  const lines = withoutTrailing(await parseLines(body, separator ?? ",", file));
  if (lines.length === 0) throw new DataError("The table is empty.", file);
  const isHeader = recipe.header ?? looksLikeHeader(lines);
  const header = isHeader ? lines[0].map((cell) => cell.trim()) : undefined;
  return {
    file,
    hash: sha256(bytes),
    ...(header && { header }),
    rows: header ? lines.slice(1) : lines,
    found: [
      ...(encoding === "UTF-8" ? [] : [encoding]),
      separator === undefined ? "one column" : `separated by ${separatorNames[separator] ?? `"${separator}"`}`,
      header
        ? "header in the first line"
        : `no header${recipe.header === undefined ? ", because the first line is data" : ""}: columns are numbered from 0`,
    ],
  };
}

/** A separator at the end of each line makes a column of nothing, which is left out. */
function withoutTrailing(lines: readonly string[][]): readonly (readonly string[])[] {
  const isEmpty = (line: readonly string[], from: number): boolean =>
    line.slice(from).every((cell) => cell.trim() === "");
  const [first = []] = lines;
  let width = first.length;
  while (width > 1 && isEmpty(first, width - 1) && lines.every((line) => isEmpty(line, width - 1))) width--;
  return width === first.length ? lines : lines.map((line) => line.slice(0, width));
}

/** A column's name; its number where there is no header. */
export function columnName({ header }: Pick<Table, "header">, position: number): string {
  return header?.[position] ?? String(position);
}

const separatorNames: Readonly<Record<string, string>> = {
  ",": "commas",
  ";": "semicolons",
  "\t": "tabs",
  "|": "bars",
};

/** Bytes as text, with what they were found to be. */
function decodeTable(bytes: Uint8Array, file: string): { text: string; encoding: string } {
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : undefined;
  if (marked)
    return { text: plainText(new TextDecoder(marked).decode(bytes), bytes, file), encoding: marked.toUpperCase() };
  const kind = looksLike(bytes);
  if (kind === "an empty file") throw new DataError("The file is empty.", file);
  try {
    return { text: plainText(new TextDecoder("utf-8", { fatal: true }).decode(bytes), bytes, file), encoding: "UTF-8" };
  } catch (error) {
    if (error instanceof DataError) throw error;
    return {
      text: plainText(new TextDecoder("windows-1252").decode(bytes), bytes, file),
      encoding: "read as Windows-1252, because it is not UTF-8",
    };
  }
}

/** Refuses what holds characters that no text has. */
function plainText(text: string, bytes: Uint8Array, file: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what tells binary files from text
  if (!/[\x00-\x08\x0e-\x1f]/.test(text.slice(0, 1 << 16))) return text;
  if (bytes.length > 3 && (bytes[0] === 0 || bytes[1] === 0) && bytes[0] !== bytes[1]) {
    throw new DataError("This is UTF-16 without a byte order mark.", file, "Save the table as UTF-8.");
  }
  const kind = looksLike(bytes);
  throw new DataError(
    `This is not a table, but ${kind}.`,
    file,
    kind === "a zip archive"
      ? "Spreadsheets (.xlsx) are zip archives: save the sheet as CSV."
      : "Save the table as CSV in UTF-8.",
  );
}

async function parseLines(text: string, delimiter: string, file: string, preview = 0): Promise<string[][]> {
  const { default: papaparse } = await import("papaparse");
  const { data, errors } = papaparse.parse<string[]>(text, { skipEmptyLines: "greedy", delimiter, preview });
  const broken = preview === 0 ? errors.find((error) => error.type === "Quotes") : undefined;
  if (broken)
    throw new DataError(
      `The table is damaged: ${broken.message}.`,
      broken.row === undefined ? file : `${file}, line ${broken.row + 1}`,
    );
  return data;
}

/**
 * The separator under which the first lines have equally many cells, and the most of these are numbers; undefined for
 * one column. A comma between digits may be a decimal comma, so counting separators does not do.
 */
async function sniffSeparator(text: string, file: string): Promise<string | undefined> {
  let [best, bestScore] = [undefined as string | undefined, [0, 0, 0]];
  for (const separator of Object.keys(separatorNames)) {
    const lines = await parseLines(text.slice(0, 1 << 18), separator, file, 20);
    const columns = lines[0]?.length ?? 0;
    if (columns < 2) continue;
    const cells = lines.flat();
    const numbers = cells.filter(
      (cell) => parseNumber(cell, ".") !== undefined || cell.trim() === "" || (separator !== "," && decimalComma(cell)),
    );
    const score = [
      lines.filter((line) => line.length === columns).length / lines.length,
      numbers.length / cells.length,
      columns,
    ];
    const differs = score.findIndex((part, i) => part !== bestScore[i]);
    if (differs >= 0 && score[differs] > bestScore[differs]) [best, bestScore] = [separator, score];
  }
  // A table of one column may hold one of the others in a cell; a .tsv's separator is not in doubt.
  return best ?? (path.extname(file).toLowerCase() === ".tsv" && text.includes("\t") ? "\t" : undefined);
}

/** The first line is a header where it has text above numbers, or nothing but text. */
function looksLikeHeader([first, second]: readonly (readonly string[])[]): boolean {
  const isNumber = (cell: string): boolean => parseNumber(cell, ".") !== undefined || decimalComma(cell);
  const isText = (cell: string): boolean => cell.trim() !== "" && !isNumber(cell);
  return (
    first.some((cell, i) => isText(cell) && (second === undefined || isNumber(second[i] ?? ""))) ||
    (first.some(isText) && first.every((cell) => isText(cell) || cell.trim() === ""))
  );
}
