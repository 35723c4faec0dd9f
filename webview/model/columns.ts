import { LAYER_COLUMNS, type EditorState, type LayerColumn } from "../../src/protocol/editor.ts";

export interface ColumnView {
  readonly by: LayerColumn;
  readonly label: string;
  readonly class: string;
  /** What it needs, in CSS pixels, and the share of the rest that it takes. */
  readonly least: number;
  readonly share: number;
}

const VIEWS: Readonly<Record<LayerColumn, Omit<ColumnView, "by">>> = {
  order: { label: "#", class: "c-order", least: 44, share: 0 },
  name: { label: "Name", class: "c-name", least: 124, share: 3 },
  operator: { label: "Operator", class: "c-operator", least: 84, share: 1.2 },
  shape: { label: "Output shape", class: "c-shape", least: 136, share: 1 },
  parameters: { label: "Parameters", class: "c-parameters", least: 108, share: 0.8 },
};

export const COLUMNS: readonly ColumnView[] = LAYER_COLUMNS.map((by) => ({ by, ...VIEWS[by] }));

/** What a person may give a column, in CSS pixels. */
export const NARROWEST = 40;
export const WIDEST = 1600;

/** A width within those bounds. */
export function widthWithin(width: number): number {
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));
}

/** The rows' grid, and how wide they are at least. */
export function gridOf(widths: EditorState["widths"]): { readonly columns: string; readonly least: string } {
  const columns = COLUMNS.map(({ by, least, share }) => {
    const width = widths[by];
    if (width !== undefined) return `${width}px`;
    return share === 0 ? `${least}px` : `minmax(${least}px, ${share}fr)`;
  });
  const least = COLUMNS.reduce((sum, column) => sum + (widths[column.by] ?? column.least), 0);
  return { columns: columns.join(" "), least: `${least}px` };
}
