import { listNames } from "./columns.ts";

/** Class names by index, and what was assumed or is missing in them, in sentences. */
export interface ReadNames {
  readonly names: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Names from a text, one a line: by line, or by the number that each line begins with where these are 0 to n − 1, each
 * once ("3 dog", "3: dog", "3,dog"). Numbers that are no such indices stay part of the names, which is said.
 */
export function namesFromLines(lines: readonly string[], file: string): ReadNames {
  const filled = lines.filter((line) => line !== "");
  const numbered = filled.map((line) => /^(\d{1,6})(?:\s*[:;,.)=|\t-]\s*|\s+)(\S.*)$/.exec(line));
  if (filled.length > 0 && numbered.every((match) => match !== null)) {
    const pairs = numbered.map((match) => [Number(match[1]), match[2]] as const);
    const names = byIndex(pairs);
    if (names)
      return { names, notes: [`The lines of "${file}" begin with a class index, which is used to assign the names.`] };
    const indices = pairs.map(([index]) => index);
    if (new Set(indices).size === indices.length) {
      return {
        names: lines,
        notes: [
          `The lines of "${file}" begin with numbers from ${Math.min(...indices)} to ${Math.max(...indices)}, which are not the indices 0 to ${indices.length - 1}: the names are assigned by line, and keep their numbers.`,
        ],
      };
    }
  }
  return { names: lines, notes: gapNotes(lines, file) };
}

const INDEX = /^(index|idx|id|no|number|(class|label|category)[ _-]?(index|idx|id|number|no))$/i;
const NAME = /^(labels?|names?|class(es)?|categor(y|ies)|(class|label|display|category)[ _-]?names?)$/i;

/** Names from a table's rows: by the column of indices where there is one, else by row. */
export function namesFromRows(rows: readonly (readonly string[])[], file: string): ReadNames {
  const cells = rows.map((row) => row.map((cell) => cell.trim()));
  const [first = []] = cells;
  const isHeader = first.some((cell) => NAME.test(cell)) && first.every((cell) => !/^\d+$/.test(cell));
  const body = isHeader ? cells.slice(1) : cells;
  const columns = first.map((_, column) => body.map((row) => row[column] ?? ""));
  const isIndex = (column: number): boolean =>
    byIndex(columns[column].map((cell) => [/^\d{1,6}$/.test(cell) ? Number(cell) : -1, cell] as const)) !== undefined;
  const header = (pattern: RegExp): number => (isHeader ? first.findIndex((cell) => pattern.test(cell)) : -1);
  const numberedBy = header(INDEX);
  const index =
    numberedBy >= 0 ? numberedBy : columns.length > 1 ? columns.findIndex((_, column) => isIndex(column)) : -1;
  const called = header(NAME);
  const name = called >= 0 ? called : columns.findIndex((_, column) => column !== index);
  const where = (column: number): string => (isHeader ? `"${first[column]}"` : `${column + 1}`);
  const texts = columns[name] ?? [];
  if (index < 0)
    return {
      names: texts,
      notes: [`Class names of "${file}": its column ${where(name)}, by row.`, ...gapNotes(texts, file)],
    };
  const names = byIndex(
    texts.map((text, row) => [/^\d{1,6}$/.test(columns[index][row]) ? Number(columns[index][row]) : -1, text] as const),
  );
  if (!names)
    return {
      names: texts,
      notes: [
        `Class names of "${file}": its column ${where(name)}, by row, because its column ${where(index)} does not hold the indices 0 to ${texts.length - 1}.`,
      ],
    };
  return {
    names,
    notes: [
      `Class names of "${file}": its column ${where(name)}, by the index in its column ${where(index)}.`,
      ...gapNotes(names, file),
    ],
  };
}

/** In the order of their indices, where these are 0 to n − 1, each once. */
function byIndex(pairs: readonly (readonly [number, string])[]): string[] | undefined {
  const names = new Array<string>(pairs.length);
  const seen = new Set<number>();
  for (const [index, name] of pairs) {
    if (index < 0 || index >= pairs.length || seen.has(index)) return undefined;
    seen.add(index);
    names[index] = name;
  }
  return names;
}

/** Classes in the middle without a name. */
export function gapNotes(names: readonly string[], file: string): string[] {
  const empty = names.flatMap((name, index) => (name === "" ? [String(index)] : []));
  return empty.length === 0 || empty.length === names.length
    ? []
    : [`"${file}" has no name for class ${listNames(empty)}.`];
}
