import type { VNode } from "preact";
import type { EditorState, LayerColumn } from "../../src/protocol/editor.ts";
import { COLUMNS, NARROWEST, WIDEST, widthWithin, type ColumnView } from "./columns.ts";
import type { Sort } from "./search.ts";

/** By how many pixels an arrow key moves a column's edge; with Shift. */
const [STEP, LEAP] = [8, 40];

/** The names of the columns: each sorts, and its edge makes it wider or narrower. */
export function LayerHead({
  sort,
  widths,
  onSort,
  onResize,
}: {
  readonly sort: Sort;
  readonly widths: EditorState["widths"];
  readonly onSort: (sort: Sort) => void;
  /** undefined: as wide as the view has room for. */
  readonly onResize: (column: LayerColumn, width: number | undefined) => void;
}): VNode {
  return (
    <div class="row head" role="row" aria-rowindex={1}>
      {COLUMNS.map((column) => (
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
            title={`Sort by ${column.by === "order" ? "position in the graph" : column.label.toLowerCase()}`}
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
          <Edge column={column} width={widths[column.by]} onResize={(width) => onResize(column.by, width)} />
        </div>
      ))}
    </div>
  );
}

/** A column's right edge: drag it, or move it with the arrow keys; Enter or a double click gives the width back. */
function Edge({
  column,
  width,
  onResize,
}: {
  readonly column: ColumnView;
  readonly width: number | undefined;
  readonly onResize: (width: number | undefined) => void;
}): VNode {
  const name = column.by === "order" ? "position" : column.label.toLowerCase();
  const drawn = (edge: HTMLElement): number => width ?? edge.parentElement!.getBoundingClientRect().width;
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    const edge = event.currentTarget as HTMLElement;
    const from = drawn(edge) - event.clientX;
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = (moved) => onResize(widthWithin(from + moved.clientX));
    edge.onpointerup = edge.onpointercancel = () => {
      edge.onpointermove = null;
    };
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const direction = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (direction !== 0)
      onResize(widthWithin(drawn(event.currentTarget as HTMLElement) + direction * (event.shiftKey ? LEAP : STEP)));
    else if (event.key === "Enter") onResize(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of the column ${name}`}
      aria-valuemin={NARROWEST}
      aria-valuemax={WIDEST}
      aria-valuenow={Math.round(width ?? column.least)}
      aria-valuetext={width === undefined ? "automatic" : `${width} pixels`}
      class="edge"
      tabIndex={0}
      title={`Drag to change the width of ${name}. Arrow keys do, too; Enter or a double click makes it automatic.`}
      data-testid={`edge-${column.by}`}
      onPointerDown={onPointerDown}
      onDblClick={() => onResize(undefined)}
      onKeyDown={onKeyDown}
    />
  );
}
