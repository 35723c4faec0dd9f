import type { EditorState } from "../../src/protocol/editor.ts";

const sorts: readonly EditorState["sort"]["by"][] = ["order", "name", "operator", "shape", "parameters"];
const tabs: readonly EditorState["tab"][] = ["layers", "problems", "about"];

/** What was kept of an earlier page, as far as it makes sense for a model with `count` layers. */
export function reviveState(kept: unknown, count: number): EditorState {
  const { search, sort, selected, tab } = (typeof kept === "object" && kept !== null ? kept : {}) as Record<
    string,
    unknown
  >;
  const { by, descending } = (typeof sort === "object" && sort !== null ? sort : {}) as Record<string, unknown>;
  const layer =
    typeof selected === "number" && Number.isInteger(selected) && selected >= 0 && selected < count
      ? selected
      : undefined;
  return {
    search: typeof search === "string" ? search : "",
    sort: { by: sorts.find((one) => one === by) ?? "order", descending: descending === true },
    tab: tabs.find((one) => one === tab) ?? "layers",
    ...(layer === undefined ? {} : { selected: layer }),
  };
}
