import { median } from "../statistics.ts";
import { MEASURES } from "./measure.ts";
import type { Measured } from "./measure.ts";

/**
 * The table of all that was measured. `measured`: for each repetition what each build gave, undefined where it failed.
 * `sizes`: of each build.
 */
export function table(
  measured: readonly (readonly (Measured | undefined)[])[],
  sizes: readonly ReadonlyMap<string, number>[],
  names: readonly string[],
): string {
  const rows = [["", ...names, ...(names.length > 1 ? ["medians", "lowest"] : [])]];
  for (const [id, { title, unit }] of Object.entries(MEASURES)) {
    const values = measured.map((row) => row.map((one) => one?.[id as keyof Measured]));
    rows.push([
      title,
      ...names.map((_, index) => {
        const some = values.map((row) => row[index]).filter((value) => value !== undefined);
        return some.length ? `${spread(some, digits(unit))} ${unit}` : "-";
      }),
      ...ratiosOf(values, names.length),
    ]);
  }
  const bundles = new Set(sizes.flatMap((one) => [...one.keys()]).filter((name) => name !== "all bundles"));
  for (const name of [...[...bundles].sort(), "all bundles"]) {
    const values = sizes.map((one) => one.get(name));
    rows.push([
      name,
      ...values.map((value) => (value === undefined ? "-" : `${value.toFixed(1)} kB`)),
      ...ratiosOf([values], names.length),
    ]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[0]))).join("  "),
    )
    .join("\n");
}

/**
 * Of two builds: this one's median over the other's, and its lowest over the other's. What else the machine does only
 * adds to a time, so the second is the steadier one.
 */
function ratiosOf(values: readonly (readonly (number | undefined)[])[], count: number): string[] {
  if (count < 2) return [];
  const [mine, other] = [0, 1].map((index) => values.map((row) => row[index]).filter((one) => one !== undefined));
  if (!mine.length || !other.length) return ["-", "-"];
  return [median(mine) / median(other), Math.min(...mine) / Math.min(...other)].map((ratio) => ratio.toFixed(2));
}

function spread(values: readonly number[], digits: number): string {
  const text = median(values).toFixed(digits);
  if (values.length === 1) return text;
  return `${text} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
}

function digits(unit: string): number {
  return unit === "ms" ? 0 : 1;
}
