import { pictureUnder } from "../../src/draw/kinds/frames.ts";
import { comparisonOf } from "../../src/draw/kinds/index.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { Artifact } from "../../src/protocol/artifacts.ts";
import type { CompareState } from "../../src/protocol/compare.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import { readingUnder, type Cursor } from "../results/linked.tsx";
import type { Cell, Reading } from "../results/map-values.ts";
import type { Snapshot } from "./controller.ts";
import type { Place } from "./jobs.ts";
import type { Scales } from "./use-scales.ts";

interface Labels {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
}

/** "Saliency, Egyptian cat": what stands along both axes. */
export function labelAt({ columns, rows }: Labels, state: CompareState, { column, row }: Place): string {
  return [columns[column], state.rows ? rows[row] : ""].filter(Boolean).join(", ");
}

/** What each map says at the cursor, by Place.key. */
export function readingsOf(
  { places, cells }: Snapshot,
  { drawings }: Scales,
  cursor: Cursor | undefined,
): ReadonlyMap<string, Reading> {
  const readings = new Map<string, Reading>();
  for (const { key, job } of cursor ? places : []) {
    const [drawing, cell] = [drawings.get(key), cells.get(job)];
    if (cursor && drawing && cell?.kind === "done")
      readings.set(key, readingUnder(drawing, pictureUnder(drawing.artifact, picturesOf(cell.result)), cursor));
  }
  return readings;
}

/** What a cell of a map is called, where its kind has names for places. */
function wordAt(artifact: Artifact | undefined, cell: Cell): string | undefined {
  return artifact && comparisonOf(artifact)?.label?.(artifact, cell);
}

/** The values in all cells at the cursor, in a sentence. */
export function spokenValues(
  { places, cells }: Snapshot,
  readings: ReadonlyMap<string, Reading>,
  labels: Labels,
  state: CompareState,
): string {
  let where: string | undefined;
  const values = places.flatMap((place) => {
    const [reading, cell] = [readings.get(place.key), cells.get(place.job)];
    if (reading && cell?.kind === "done")
      where ??= wordAt(cell.result.views[0], reading.cell) ?? `x ${reading.x}, y ${reading.y}`;
    return reading ? [`${labelAt(labels, state, place)} ${formatValue(reading.value)}`] : [];
  });
  return values.length ? `${where}: ${values.join("; ")}` : "";
}
