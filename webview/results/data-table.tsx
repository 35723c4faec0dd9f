import type { VNode } from "preact";
import { useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { kindOf } from "../../src/draw/kinds/index.ts";
import { headingOf } from "../../src/draw/scene/table.ts";
import type { Table } from "../../src/draw/scene/table.ts";
import type { Artifact } from "../../src/protocol/artifacts.ts";
import { TextField } from "../ui/controls.tsx";
import { Announce } from "../ui/feedback.tsx";
import { Disclosure, Icon } from "../ui/fields.tsx";
import "./data-table.css";
import { cellText, rowsShown } from "./rows.ts";
import type { Sort } from "./rows.ts";

/** As in data-table.css, in CSS pixels. */
const rowHeight = 22;
/** Rows made above and below what is seen. */
const spare = 6;
/** More rows than these make an element higher than browsers allow; a filter reaches the others. */
const MOST_ROWS = 500_000;
/** In characters. */
const [widest, widestName] = [40, 20];

/** An artifact's numbers as a table, made when it is opened. */
export function ValuesTable({
  artifact,
  testid,
  title = "Values as a table",
}: {
  readonly artifact: Artifact;
  readonly testid: string;
  /** Tells it apart where there are several. */
  readonly title?: string;
}): VNode {
  const [open, setOpen] = useState(false);
  const table = useMemo(() => (open ? kindOf(artifact).table(artifact) : undefined), [artifact, open]);
  return (
    <Disclosure title={title} open={open} onToggle={setOpen} testid={testid}>
      {() => (table ? <DataTable table={table} label={`${artifact.title}: values`} /> : null)}
    </Disclosure>
  );
}

interface Place {
  /** 0 is the header. */
  readonly row: number;
  readonly column: number;
}

/**
 * A table that can be sorted and filtered; only rows in sight exist, so that a million are as quick as ten. Arrow keys,
 * Page Up and Down, Home and End (with Ctrl: of the table) go from cell to cell, Enter on a column name sorts.
 */
export function DataTable({ table, label }: { readonly table: Table; readonly label: string }): VNode {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<Sort | undefined>(undefined);
  const [filter, setFilter] = useState("");
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  const [view, setView] = useState({ top: 0, height: 300 });
  const found = useMemo(() => rowsShown(table, filter, sort), [table, filter, sort]);
  const rows = useMemo(() => found.subarray(0, MOST_ROWS), [found]);
  const widths = useMemo(() => widthsOf(table), [table]);
  const { columns } = table;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const toggle = (column: number): void =>
    setSort((before) => {
      // Of numbers the largest are asked for first, of texts the first.
      const first = columns[column].type === "number";
      if (before?.column !== column) return { column, descending: first };
      return before.descending === first ? { column, descending: !first } : undefined;
    });
  const go = (place: Place): void => {
    setActive(place);
    const element = scroller.current;
    if (!element) return;
    const top = (place.row - 1) * rowHeight;
    // The header covers the first row's height.
    const room = element.clientHeight - rowHeight;
    if (place.row > 0 && top < element.scrollTop) element.scrollTop = top;
    else if (place.row > 0 && top + rowHeight > element.scrollTop + room) element.scrollTop = top + rowHeight - room;
    element
      .querySelector(`[aria-rowindex="1"] > :nth-child(${place.column + 1})`)
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey) return;
    if ((event.key === "Enter" || event.key === " ") && active.row === 0) {
      event.preventDefault();
      toggle(active.column);
      return;
    }
    const next = moved(event, active, rows.length, columns.length, Math.floor(view.height / rowHeight) - 1);
    if (!next) return;
    event.preventDefault();
    go(next);
  };

  const from = Math.max(0, Math.floor(view.top / rowHeight) - spare);
  const to = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + spare);
  const taken = widths.map((width) => `calc(${width}ch + 16px)`);
  const style = {
    gridTemplateColumns: taken.map((width) => `minmax(${width}, 1fr)`).join(" "),
    minWidth: `calc(${taken.join(" + ")})`,
  };
  const cellId = ({ row, column }: Place): string => `${id}-${row}-${column}`;
  const cell = (row: number, column: number): string =>
    `${active.row === row && active.column === column ? "active " : ""}${columns[column].type === "text" ? "" : "number"}`;
  const isMade = active.row === 0 || (active.row > from && active.row <= to);
  const count = `${found.length === table.rows ? "" : `${found.length} of `}${table.rows} rows${found.length > rows.length ? `, the first ${rows.length} shown` : ""}`;
  return (
    <div class="data-table" data-testid="data-table">
      <div class="data-table-bar">
        <TextField
          value={filter}
          onInput={setFilter}
          label={`Filter ${label}`}
          placeholder={`Filter: words, or ${hintOf(table)}`}
          title="Words that occur in a row, or a column name with =, !=, <, <=, > or >= and a value"
          testid="table-filter"
          icon="filter"
        />
        <span class="muted number" data-testid="table-count">
          {count}
        </span>
      </div>
      <div
        class="data-table-scroll"
        role="grid"
        aria-label={`${label}. Arrow keys move, Enter on a column name sorts.`}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={isMade ? cellId(active) : undefined}
        tabIndex={0}
        ref={scroller}
        data-testid="table-grid"
        onKeyDown={onKeyDown}
        onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      >
        <div class="data-table-row data-table-head" role="row" aria-rowindex={1} style={style}>
          {columns.map((one, column) => {
            const direction = sort?.column === column ? (sort.descending ? "descending" : "ascending") : undefined;
            return (
              <div
                key={column}
                id={cellId({ row: 0, column })}
                role="columnheader"
                aria-sort={direction ?? "none"}
                class={cell(0, column)}
                title={`Sort by ${headingOf(one)}`}
                data-testid={`column-${column}`}
                onClick={() => {
                  setActive({ row: 0, column });
                  toggle(column);
                }}
              >
                <span>{headingOf(one)}</span>
                {direction ? <Icon name={direction === "descending" ? "arrow-down" : "arrow-up"} /> : null}
              </div>
            );
          })}
        </div>
        <div class="data-table-rows" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
          {Array.from({ length: Math.max(0, to - from) }, (_, i) => {
            const place = from + i;
            const row = rows[place];
            return (
              <div
                key={row}
                class="data-table-row"
                role="row"
                aria-rowindex={place + 2}
                data-row={row}
                style={{ ...style, top: `${place * rowHeight}px` }}
              >
                {columns.map((one, column) => {
                  const value = one.at(row);
                  return (
                    <div
                      key={column}
                      id={cellId({ row: place + 1, column })}
                      role="gridcell"
                      class={cell(place + 1, column)}
                      title={String(value)}
                      onClick={() => setActive({ row: place + 1, column })}
                    >
                      {cellText(one, row)}
                    </div>
                  );
                })}
              </div>
            );
          })}
        </div>
      </div>
      <Announce testid="table-live" text={filter || sort ? `${count}${sortText(table, sort)}` : ""} />
    </div>
  );
}

/** Where a key leads; undefined where it means nothing here. */
function moved(
  { key, ctrlKey, metaKey }: KeyboardEvent,
  { row, column }: Place,
  rows: number,
  columns: number,
  page: number,
): Place | undefined {
  const far = ctrlKey || metaKey;
  const clamp = (next: number, last: number): number => Math.max(0, Math.min(last, next));
  const down = (by: number): Place => ({ row: clamp(row + by, rows), column });
  switch (key) {
    case "ArrowDown":
      return far ? { row: rows, column } : down(1);
    case "ArrowUp":
      return far ? { row: 0, column } : down(-1);
    case "PageDown":
      return down(Math.max(1, page));
    case "PageUp":
      return down(-Math.max(1, page));
    case "ArrowRight":
      return { row, column: clamp(column + 1, columns - 1) };
    case "ArrowLeft":
      return { row, column: clamp(column - 1, columns - 1) };
    case "Home":
      return { row: far ? 0 : row, column: 0 };
    case "End":
      return { row: far ? rows : row, column: columns - 1 };
    default:
      return undefined;
  }
}

/** Of each column in characters: what its name and a sample of its cells take. */
function widthsOf({ rows, columns }: Table): number[] {
  const every = Math.max(1, Math.floor(rows / 200));
  return columns.map((one) => {
    // A long name is cut: it must not push other columns out of sight.
    let longest = Math.min(headingOf(one).length + 2, widestName);
    for (let row = 0; row < rows; row += every) longest = Math.max(longest, cellText(one, row).length);
    return Math.min(widest, longest);
  });
}

function hintOf({ columns }: Table): string {
  const column = columns.find(({ type }) => type === "number") ?? columns.find(({ type }) => type === "integer");
  return column && /^[\w .]+$/.test(column.name) && !column.name.includes(" ") ? `${column.name}>0.5` : ">0.5";
}

function sortText({ columns }: Table, sort: Sort | undefined): string {
  return sort
    ? `, sorted by ${headingOf(columns[sort.column])}, ${sort.descending ? "largest" : "smallest"} first`
    : "";
}
