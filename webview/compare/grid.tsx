import type { VNode } from "preact";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { pictureUnder } from "../../src/draw/kinds/frames.ts";
import { picturesOf } from "../../src/protocol/result.ts";
import type { ImageArtifact } from "../../src/protocol/artifacts.ts";
import type { CompareBoot, CompareState } from "../../src/protocol/compare.ts";
import { step } from "../results/map-view.tsx";
import { cellUnder } from "../results/map-values.ts";
import { ColorBar } from "../ui/colorbar.tsx";
import { Announce } from "../ui/feedback.tsx";
import { IconButton } from "../ui/fields.tsx";
import { CellContent, cellSentence } from "./cell.tsx";
import type { CompareController, Side, Snapshot } from "./controller.ts";
import { EntryHeader } from "./entry-header.tsx";
import { labelsOf } from "./figure.ts";
import type { Place } from "./jobs.ts";
import { InputPicture } from "../results/linked.tsx";
import type { Cursor, Linked } from "../results/linked.tsx";
import { acrossOf, focusCell, neighbour } from "./grid-keys.ts";
import { labelAt, readingsOf, spokenValues } from "./readings.ts";
import { useScales } from "./use-scales.ts";
import { pan, reveal, zoomAt, zoomBy, WHOLE } from "../results/zoom.ts";
import type { Zoom } from "../results/zoom.ts";

export interface GridProps {
  readonly snapshot: Snapshot;
  readonly boot: CompareBoot;
  readonly state: CompareState;
  readonly zoom: Zoom;
  readonly onZoom: (change: (zoom: Zoom) => Zoom) => void;
  readonly onEdit: (side: Side, index: number) => void;
  readonly onSaveRow: (row: number, format: "svg" | "png") => void;
  readonly controller: CompareController;
}

/**
 * The cells. With two axes a table; with one they flow. Keys on a cell: arrows go to its neighbours, Enter reads values
 * in it (arrows, Home, End, M for the strongest place, Escape), Alt with arrows moves its column or row, Delete takes
 * it out, plus and minus zoom, 0 shows the whole.
 */
export function Grid({ snapshot, boot, state, zoom, onZoom, onEdit, onSaveRow, controller }: GridProps): VNode {
  const { places, cells } = snapshot;
  const columns = state.columns.entries.length;
  const { looks } = state;
  const [cursor, setCursor] = useState<Cursor | undefined>(undefined);
  const [active, setActive] = useState(0);
  const [reads, setReads] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const follow = useRef<string | undefined>(undefined);
  const scales = useScales(places, cells, looks, state.scale);
  const readings = useMemo(() => readingsOf(snapshot, scales, cursor), [places, cells, scales, cursor]);
  const labels = labelsOf(snapshot, boot, state);
  const stop = Math.min(active, places.length - 1);

  const onLinkedZoom = useCallback(
    (factor: number, u: number, v: number) => onZoom((now) => zoomAt(now, factor, u, v)),
    [onZoom],
  );
  const onPan = useCallback((right: number, down: number) => onZoom((now) => pan(now, right, down)), [onZoom]);
  const linked = useMemo<Linked>(
    () => ({ cursor, onCursor: setCursor, zoom, onZoom: onLinkedZoom, onPan }),
    [cursor, zoom, onLinkedZoom, onPan],
  );

  /** After a move the focus goes with the cell. */
  useLayoutEffect(() => {
    if (follow.current === undefined) return;
    const place = places.findIndex(({ key }) => key === follow.current);
    follow.current = undefined;
    if (place < 0) return;
    setActive(place);
    focusCell(root.current, place);
  }, [places]);

  const stopReading = (): void => {
    setReads(false);
    setCursor(undefined);
  };
  const read = (event: KeyboardEvent, place: Place): void => {
    const drawing = scales.drawings.get(place.key);
    if (!drawing) return stopReading();
    const from = cursor?.by === "keys" ? cellUnder(drawing, cursor.u, cursor.v) : undefined;
    const next = step(event, from, drawing);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (next === "away") return stopReading();
    const [u, v] = [(next.column + 0.5) / drawing.map.width, (next.row + 0.5) / drawing.map.height];
    setCursor({ u, v, by: "keys" });
    onZoom((before) => reveal(before, u, v));
  };
  const move = (event: KeyboardEvent, index: number): void => {
    const { row, column, key } = places[index];
    const side: Side | undefined =
      event.key === "ArrowLeft" || event.key === "ArrowRight"
        ? "columns"
        : state.rows && (event.key === "ArrowUp" || event.key === "ArrowDown")
          ? "rows"
          : undefined;
    if (!side) return;
    event.preventDefault();
    follow.current = key;
    const from = side === "columns" ? column : row;
    controller.moveEntry(side, from, from + (event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 1));
  };
  const onCellKey = (event: KeyboardEvent, index: number): void => {
    if (event.target !== event.currentTarget) return;
    const place = places[index];
    if (event.altKey && !event.ctrlKey && !event.metaKey) return move(event, index);
    if (event.ctrlKey || event.metaKey) return;
    const zoomed = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
    if (zoomed !== undefined || event.key === "0") {
      event.preventDefault();
      return onZoom((now) =>
        zoomed === undefined ? WHOLE : cursor ? zoomAt(now, zoomed, cursor.u, cursor.v) : zoomBy(now, zoomed),
      );
    }
    if (reads) return read(event, place);
    if (event.key === "Enter" || event.key === "F2") {
      const drawing = scales.drawings.get(place.key);
      if (!drawing) return;
      event.preventDefault();
      setReads(true);
      const { peak, map } = drawing;
      return setCursor({ u: (peak.column + 0.5) / map.width, v: (peak.row + 0.5) / map.height, by: "keys" });
    }
    if (event.key === "Delete" && !event.shiftKey) {
      const remove = removal(place, state, controller);
      if (!remove) return;
      event.preventDefault();
      // Where an entry goes with its cell, the focus goes to the one beside it.
      if (!state.rows) follow.current = (places[index + 1] ?? places[index - 1])?.key;
      return remove();
    }
    const next = neighbour(event.key, index, places.length, state.rows ? columns : acrossOf(root.current));
    if (next === undefined) return;
    event.preventDefault();
    setActive(next);
    focusCell(root.current, next);
  };

  const cellOf = (place: Place, index: number): VNode => {
    const cell = cells.get(place.job);
    const label = labelAt(labels, state, place);
    const drawing = scales.drawings.get(place.key);
    return (
      <div
        key={place.key}
        role="gridcell"
        class={`cell ${reads && index === stop ? "reads" : ""}`}
        tabIndex={index === stop ? 0 : -1}
        data-cell={index}
        data-testid={`cell-${place.row}-${place.column}`}
        data-kind={place.removed ? "removed" : (cell?.kind ?? "waiting")}
        onFocus={() => setActive(index)}
        onKeyDown={(event) => onCellKey(event, index)}
        onBlur={(event) => {
          if (reads && event.target === event.currentTarget) stopReading();
        }}
      >
        <span class="visually-hidden" data-testid="sentence">
          {place.removed ? `${label}. Removed.` : cellSentence(label, cell, drawing)}
        </span>
        {state.rows ? null : header("columns", place.column)}
        {place.removed ? (
          <div class="cell-state removed">
            <IconButton
              icon="add"
              label={`Add ${label} back`}
              testid="cell-restore"
              onClick={() => controller.setRemoved(place.key, false)}
            />
          </div>
        ) : (
          <CellContent
            place={place}
            label={label}
            cell={cell}
            drawing={drawing}
            reading={readings.get(place.key)}
            bar={scales.shared === undefined}
            looks={looks}
            linked={linked}
            blocked={boot.blocked !== undefined}
            active={index === stop}
            controller={controller}
            onRemove={removal(place, state, controller)}
          />
        )}
      </div>
    );
  };
  const header = (side: Side, index: number): VNode => (
    <EntryHeader
      side={side}
      index={index}
      label={labels[side][index]}
      axis={(side === "columns" ? state.columns : state.rows) ?? state.columns}
      flows={!state.rows}
      controller={controller}
      onEdit={() => onEdit(side, index)}
      onSave={side === "rows" ? (format) => onSaveRow(index, format) : undefined}
    />
  );
  const withInput = looks.arrangement === "side-by-side";
  const inputs = withInput ? inputsOf(snapshot, state) : [];
  const input = (row: number): VNode | null => {
    const picture = inputs[row];
    if (!picture)
      return withInput && state.rows ? <div role="gridcell" class="cell" aria-label="The same input as above" /> : null;
    return (
      <div role="gridcell" class="cell" data-testid={`input-${row}`}>
        {state.rows ? null : (
          <div class="entry">
            <span class="entry-label">Input</span>
          </div>
        )}
        <InputPicture picture={picture} linked={linked} />
        <div class="cell-foot">
          <span class="muted cell-facts">{picture.caption || picture.title}</span>
        </div>
      </div>
    );
  };

  if (places.length === 0)
    return (
      <p class="empty" data-testid="empty">
        Nothing is compared yet. Add what to compare above.
      </p>
    );
  const spoken = reads && cursor ? spokenValues(snapshot, readings, labels, state) : "";
  return (
    <div class={`grid-part ${scales.shared ? "with-bar" : ""}`}>
      <div
        role="grid"
        aria-label="Comparison"
        class={`grid ${state.rows ? "two-axes" : "flows"}`}
        data-testid="grid"
        ref={root}
        style={{ "--columns": String(columns + (withInput && inputs.some(Boolean) ? 1 : 0)) }}
      >
        {state.rows ? (
          <>
            <div role="row" class="grid-row">
              <div role="columnheader" class="corner">
                <span class="visually-hidden">{state.rows.kind}</span>
              </div>
              {withInput && inputs.some(Boolean) ? (
                <div role="columnheader" class="entry">
                  <span class="entry-label">Input</span>
                </div>
              ) : null}
              {state.columns.entries.map((_, column) => (
                <div key={column} role="columnheader">
                  {header("columns", column)}
                </div>
              ))}
            </div>
            {state.rows.entries.map((_, row) => (
              <div key={row} role="row" class="grid-row">
                <div role="rowheader">{header("rows", row)}</div>
                {inputs.some(Boolean) ? input(row) : null}
                {places.map((place, index) => (place.row === row ? cellOf(place, index) : null))}
              </div>
            ))}
          </>
        ) : (
          <div role="row" class="grid-row">
            {input(0)}
            {places.map(cellOf)}
          </div>
        )}
      </div>
      {scales.shared ? (
        <ColorBar
          range={scales.shared.range}
          table={scales.shared.table}
          quantity={scales.shared.quantity}
          clipped={scales.shared.clipped}
          mark={readings.get(places[stop]?.key ?? "")?.value}
        />
      ) : null}
      <Announce testid="grid-live" text={spoken} />
    </div>
  );
}

/** How a cell is taken out: where there is one axis, its entry; undefined for the last one. */
function removal({ key, column }: Place, state: CompareState, controller: CompareController): (() => void) | undefined {
  if (state.rows) return () => controller.setRemoved(key, true);
  return state.columns.entries.length > 1 ? () => controller.removeEntry("columns", column) : undefined;
}

/** Each row's input picture, where it has one and it is not the same as the row's above. */
function inputsOf({ places, cells }: Snapshot, state: CompareState): readonly (ImageArtifact | undefined)[] {
  const rows = state.rows?.entries.length ?? 1;
  let before: string | undefined;
  return Array.from({ length: rows }, (_, row) => {
    for (const place of places) {
      const cell = place.row === row && !place.removed ? cells.get(place.job) : undefined;
      const picture = cell?.kind === "done" ? pictureUnder(cell.result.views[0], picturesOf(cell.result)) : undefined;
      if (!picture) continue;
      // One model makes one picture of the input.
      const same = before === place.state.model;
      before = place.state.model;
      return same ? undefined : picture;
    }
    return undefined;
  });
}
