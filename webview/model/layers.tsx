import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LayerDescription, ModelDescription } from "../../src/protocol/model.ts";
import { formatShape, group } from "../../src/protocol/format.ts";
import { Dot } from "./dot.tsx";
import { operatorName } from "./search.ts";
import type { Sort } from "./search.ts";

/** Every row is as high as this, in CSS pixels: so a row's place is known without measuring ten thousand of them. */
const rowHeight = 24;
/** Rows made above and below what is seen. */
const spare = 12;

const columns: readonly { readonly by: Sort["by"]; readonly label: string; readonly class: string }[] = [
  { by: "order", label: "#", class: "c-order" },
  { by: "name", label: "Name", class: "c-name" },
  { by: "operator", label: "Operator", class: "c-operator" },
  { by: "shape", label: "Output shape", class: "c-shape" },
  { by: "parameters", label: "Parameters", class: "c-parameters" },
];

/**
 * The model's layers as a grid of which only the rows in sight exist. Arrow keys, Page Up and Down, Home and End move;
 * Enter opens the inspector, Escape closes it; while it is open it follows.
 */
export function Layers({
  layers,
  total,
  operators,
  sort,
  selected,
  inspecting,
  onSort,
  onSelect,
  onClose,
}: {
  readonly layers: readonly LayerDescription[];
  readonly total: readonly LayerDescription[];
  readonly operators: ModelDescription["operators"];
  readonly sort: Sort;
  readonly selected?: number;
  readonly inspecting: boolean;
  readonly onSort: (sort: Sort) => void;
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
    const page = Math.max(1, Math.floor((view.height - rowHeight) / rowHeight) - 1);
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

  const from = Math.max(0, Math.floor(view.top / rowHeight) - spare);
  const to = Math.min(layers.length, Math.ceil((view.top + view.height) / rowHeight) + spare);
  // The row that Tab leads to exists even when it is out of sight.
  const places = range(from, to);
  if (row >= 0 && (row < from || row >= to)) places.push(row);

  return (
    <div
      class="grid"
      role="grid"
      aria-label="Layers"
      aria-rowcount={layers.length + 1}
      aria-colcount={columns.length}
      data-testid="layers"
      ref={scroller}
      onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      onKeyDown={move}
    >
      <div class="row head" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <div
            key={column.by}
            role="columnheader"
            class={column.class}
            aria-sort={sort.by === column.by ? (sort.descending ? "descending" : "ascending") : "none"}
          >
            <button
              type="button"
              class="sort"
              data-testid={`sort-${column.by}`}
              title={`Sort by ${column.label === "#" ? "position in the graph" : column.label.toLowerCase()}`}
              onClick={() =>
                onSort({
                  by: column.by,
                  descending:
                    sort.by === column.by ? !sort.descending : column.by === "parameters" || column.by === "shape",
                })
              }
            >
              {column.label}
              {sort.by === column.by ? (
                <span class={`codicon codicon-${sort.descending ? "arrow-down" : "arrow-up"}`} aria-hidden="true" />
              ) : null}
            </button>
          </div>
        ))}
      </div>
      <div role="rowgroup" class="rows" style={{ height: `${layers.length * rowHeight}px` }}>
        {places.map((place) => {
          const layer = layers[place];
          return (
            <div
              key={layer.index}
              role="row"
              class="row"
              aria-rowindex={place + 2}
              aria-selected={layer.index === selected}
              tabIndex={place === row ? 0 : -1}
              data-row={place}
              data-testid={`layer-${layer.index}`}
              style={{ transform: `translateY(${place * rowHeight}px)` }}
              onFocus={() => setActive(place)}
              onClick={() => {
                setActive(place);
                onSelect(layer.index);
              }}
            >
              <div role="gridcell" class="c-order number muted">
                {layer.index}
              </div>
              <div role="gridcell" class="c-name" title={layer.name}>
                {layer.name}
              </div>
              <div role="gridcell" class="c-operator">
                <Dot operator={operatorName(layer)} among={operators} />
                {operatorName(layer)}
              </div>
              <div role="gridcell" class={`c-shape number ${layer.outputDims ? "" : "muted"}`}>
                {layer.outputDims ? formatShape(layer.outputDims) : "—"}
              </div>
              <div role="gridcell" class={`c-parameters number ${layer.parameters ? "" : "muted"}`}>
                {layer.parameters > largest / 30 ? (
                  <i class="share" aria-hidden="true" style={{ width: `${(layer.parameters / largest) * 100}%` }} />
                ) : null}
                <span>{layer.parameters ? group(layer.parameters) : "—"}</span>
              </div>
            </div>
          );
        })}
      </div>
      {layers.length === 0 ? (
        <p class="empty" data-testid="no-hits">
          {total.length
            ? "No layer matches. Use op:Conv to filter by operator, or words to filter by name."
            : "The graph has no nodes."}
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
  const top = place * rowHeight;
  const room = element.clientHeight - rowHeight;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + rowHeight > element.scrollTop + room) element.scrollTop = top + rowHeight - room;
}
