/** The comparison as it stands in the window, as a figure to be saved. */
import type { SavedFigure } from "../../src/draw/figure/figure-files.ts";
import type { FigureCell } from "../../src/draw/figure/figure.ts";
import type { Result } from "../../src/protocol/result.ts";
import type { AxisEntry, CompareBoot, CompareState, ScaleSharing } from "../../src/protocol/compare.ts";
import type { Snapshot } from "./controller.ts";
import type { Place } from "./jobs.ts";
import { entryLabel } from "./labels.ts";

/** Places with the same word share a colour scale. */
export function scaleGroup({ key, state, technique }: Place, sharing: ScaleSharing): string {
  switch (sharing) {
    case "all":
      return "all";
    case "method":
      return JSON.stringify([
        state.technique,
        technique?.params.map(({ name, default: usual }) => state.params[state.technique]?.[name] ?? usual),
      ]);
    case "own":
      return key;
  }
}

/** The labels of columns and rows, with what results know of them. */
export function labelsOf(
  { places, cells }: Snapshot,
  boot: CompareBoot,
  state: CompareState,
): { readonly columns: readonly string[]; readonly rows: readonly string[] } {
  const label = (entry: AxisEntry, along: (place: Place) => boolean, others: readonly AxisEntry[]): string =>
    entryLabel(entry, {
      techniques: boot.techniques,
      params: state.base.params,
      models: others.flatMap((other) => (other.kind === "model" ? [other.model] : [])),
      results: places.filter(along).flatMap((place) => resultOf(place, cells) ?? []),
    });
  const { columns, rows } = state;
  return {
    columns: columns.entries.map((entry, index) => label(entry, ({ column }) => column === index, columns.entries)),
    rows: rows?.entries.map((entry, index) => label(entry, ({ row }) => row === index, rows.entries)) ?? [""],
  };
}

/** What is saved: the whole grid, or one row of it. Cells taken out are empty places. */
export function figureOf(snapshot: Snapshot, boot: CompareBoot, state: CompareState, only?: number): SavedFigure {
  const { places, cells } = snapshot;
  const labels = labelsOf(snapshot, boot, state);
  const rows = labels.rows.map((_, row) => row).filter((row) => only === undefined || row === only);
  return {
    axes: { columns: state.columns.kind, ...(state.rows ? { rows: state.rows.kind } : {}) },
    columns: labels.columns,
    rows: rows.map((row) => labels.rows[row]),
    looks: state.looks,
    cells: rows.map((row) =>
      places
        .filter((place) => place.row === row)
        .map((place) => (place.removed ? undefined : cellOf(place, cells, state.scale))),
    ),
  };
}

function cellOf(place: Place, cells: Snapshot["cells"], sharing: ScaleSharing): FigureCell {
  const cell = cells.get(place.job);
  const group = scaleGroup(place, sharing);
  switch (cell?.kind) {
    case "done":
      return { group, result: cell.result };
    case "failed":
      return { group, failure: [cell.failure.message, cell.failure.hint].filter(Boolean).join(" ") };
    default:
      return { group, failure: "Not computed." };
  }
}

function resultOf(place: Place, cells: Snapshot["cells"]): Result | undefined {
  const cell = place.removed ? undefined : cells.get(place.job);
  return cell?.kind === "done" ? cell.result : undefined;
}
