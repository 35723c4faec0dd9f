import type { AxisEntry, CompareState } from "../../src/protocol/compare.ts";
import { cellKey, cellState } from "../../src/protocol/compare.ts";
import type { PanelState } from "../../src/protocol/panel.ts";
import type { TechniqueInfo } from "../../src/protocol/technique.ts";
import { stateKey } from "../../src/protocol/panel-job.ts";

/** A place in the grid: what stands there, and what it asks the engine. */
export interface Place {
  readonly row: number;
  readonly column: number;
  /** cellKey() of its entries, made unique. */
  readonly key: string;
  readonly entries: readonly [column: AxisEntry, row: AxisEntry | undefined];
  /** Taken out by the person: nothing is asked. */
  readonly removed: boolean;
  readonly state: PanelState;
  readonly technique: TechniqueInfo | undefined;
  /** Equal for places that ask for the same. */
  readonly job: string;
}

/** All places, row by row. Without a second axis there is one row. */
export function placesOf(state: CompareState, techniques: readonly TechniqueInfo[]): Place[] {
  const rows: readonly (AxisEntry | undefined)[] = state.rows?.entries ?? [undefined];
  const seen = new Map<string, number>();
  return rows.flatMap((row, r) =>
    state.columns.entries.map((column, c): Place => {
      const cell = cellState(state, [column, row]);
      const technique = techniques.find(({ id }) => id === cell.technique);
      const name = cellKey(column, row);
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      // The same method may stand there twice, until one of the two gets other options.
      const key = count === 1 ? name : `${name} ${count}`;
      return {
        row: r,
        column: c,
        key,
        entries: [column, row],
        removed: row !== undefined && state.removed.includes(key),
        state: cell,
        technique,
        job: stateKey(cell, technique),
      };
    }),
  );
}

/** A list with one of its items at another place; the same list where there is nothing to move. */
export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  if (from === to || to < 0 || to >= list.length || from < 0 || from >= list.length) return list;
  const rest = list.filter((_, index) => index !== from);
  return [...rest.slice(0, to), list[from], ...rest.slice(to)];
}
