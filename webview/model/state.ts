import { LAYER_COLUMNS, type EditorState } from "../../src/protocol/editor.ts";
import { widthWithin } from "./columns.ts";

const tabs: readonly EditorState["tab"][] = ["layers", "problems", "about"];

/** What was kept of an earlier page, as far as it makes sense for a model with `count` layers. */
export function reviveState(kept: unknown, count: number): EditorState {
  const { search, sort, selected, tab, plumbing, widths } = (
    typeof kept === "object" && kept !== null ? kept : {}
  ) as Record<string, unknown>;
  const { by, descending } = (typeof sort === "object" && sort !== null ? sort : {}) as Record<string, unknown>;
  const layer =
    typeof selected === "number" && Number.isInteger(selected) && selected >= 0 && selected < count
      ? selected
      : undefined;
  return {
    search: typeof search === "string" ? search : "",
    sort: { by: LAYER_COLUMNS.find((one) => one === by) ?? "order", descending: descending === true },
    plumbing: plumbing === true,
    widths: reviveWidths(widths),
    tab: tabs.find((one) => one === tab) ?? "layers",
    ...(layer === undefined ? {} : { selected: layer }),
  };
}

function reviveWidths(kept: unknown): EditorState["widths"] {
  const widths = (typeof kept === "object" && kept !== null ? kept : {}) as Record<string, unknown>;
  return Object.fromEntries(
    LAYER_COLUMNS.flatMap((column) => {
      const width = Object.hasOwn(widths, column) ? widths[column] : undefined;
      return typeof width === "number" && Number.isFinite(width) ? [[column, widthWithin(width)]] : [];
    }),
  );
}
