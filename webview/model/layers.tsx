import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { EditorState, LayerColumn } from "../../src/protocol/editor.ts";
import type { LayerDescription, ModelDescription } from "../../src/protocol/model.ts";
import { COLUMNS, gridOf } from "./columns.ts";
import { LayerHead } from "./layer-head.tsx";
import { LayerRow, ROW_HEIGHT } from "./layer-row.tsx";
import type { Sort } from "./search.ts";

/** Rows made above and below what is seen. */
const spare = 12;

/**
 * The model's layers as a grid of which only the rows in sight exist. Arrow keys, Page Up and Down, Home and End move;
 * Enter opens the inspector, Escape closes it; while it is open it follows.
 */
export function Layers({
  layers,
  total,
  operators,
  sort,
  widths,
  empty,
  selected,
  inspecting,
  onSort,
  onResize,
  onSelect,
  onClose,
}: {
  readonly layers: readonly LayerDescription[];
  readonly total: readonly LayerDescription[];
  readonly operators: ModelDescription["operators"];
  readonly sort: Sort;
  readonly widths: EditorState["widths"];
  /** What is said where there is no row. */
  readonly empty: string;
  readonly selected?: number;
  readonly inspecting: boolean;
  readonly onSort: (sort: Sort) => void;
  readonly onResize: (column: LayerColumn, width: number | undefined) => void;
  readonly onSelect: (index: number) => void;
  readonly onClose: () => void;
}): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      layers.findIndex((layer) => layer.index === selected),
    ),
  );
  const focusActive = useRef(false);
  const largest = useMemo(() => total.reduce((most, layer) => Math.max(most, layer.parameters), 1), [total]);
  const row = Math.min(active, layers.length - 1);
  const grid = useMemo(() => gridOf(widths), [widths]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // The chosen layer stays in sight when search, sort or a link elsewhere moves it.
  useLayoutEffect(() => {
    const place = layers.findIndex((layer) => layer.index === selected);
    if (place < 0) return;
    setActive(place);
    reveal(scroller.current, place);
  }, [selected, layers]);

  useLayoutEffect(() => {
    if (!focusActive.current) return;
    focusActive.current = false;
    scroller.current?.querySelector<HTMLElement>(`[data-row="${row}"]`)?.focus({ preventScroll: true });
  });

  const move = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || !layers.length) return;
    if ((event.key === "Enter" || event.key === " ") && (event.target as HTMLElement).dataset.row !== undefined) {
      event.preventDefault();
      onSelect(layers[row].index);
      return;
    }
    if (event.key === "Escape" && inspecting) {
      onClose();
      return;
    }
    const page = Math.max(1, Math.floor((view.height - ROW_HEIGHT) / ROW_HEIGHT) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -layers.length,
      End: layers.length,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(layers.length - 1, Math.max(0, row + step));
    setActive(next);
    focusActive.current = true;
    reveal(scroller.current, next);
    if (inspecting) onSelect(layers[next].index);
  };

  const from = Math.max(0, Math.floor(view.top / ROW_HEIGHT) - spare);
  const to = Math.min(layers.length, Math.ceil((view.top + view.height) / ROW_HEIGHT) + spare);
  // The row that Tab leads to exists even when it is out of sight.
  const places = range(from, to);
  if (row >= 0 && (row < from || row >= to)) places.push(row);

  return (
    <div
      class="grid"
      role="grid"
      aria-label="Layers"
      aria-rowcount={layers.length + 1}
      aria-colcount={COLUMNS.length}
      data-testid="layers"
      ref={scroller}
      style={{ "--columns": grid.columns, "--row-least": grid.least }}
      onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      onKeyDown={move}
    >
      <LayerHead sort={sort} widths={widths} onSort={onSort} onResize={onResize} />
      <div role="rowgroup" class="rows" style={{ height: `${layers.length * ROW_HEIGHT}px` }}>
        {places.map((place) => {
          const layer = layers[place];
          return (
            <LayerRow
              key={layer.index}
              layer={layer}
              place={place}
              selected={layer.index === selected}
              isStop={place === row}
              largest={largest}
              operators={operators}
              onFocus={() => setActive(place)}
              onClick={() => {
                setActive(place);
                onSelect(layer.index);
              }}
            />
          );
        })}
      </div>
      {layers.length === 0 ? (
        <p class="empty" data-testid="no-hits">
          {empty}
        </p>
      ) : null}
    </div>
  );
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** Scrolls just as far as is needed to see a row below the header. */
function reveal(element: HTMLElement | null, place: number): void {
  if (!element) return;
  const top = place * ROW_HEIGHT;
  const room = element.clientHeight - ROW_HEIGHT;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + ROW_HEIGHT > element.scrollTop + room) element.scrollTop = top + ROW_HEIGHT - room;
}
