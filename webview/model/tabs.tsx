import type { VNode } from "preact";
import type { EditorState } from "../../src/protocol/editor.ts";
import type { ModelDescription } from "../../src/protocol/model.ts";
import { Icon } from "../ui/fields.tsx";
import { roveFocus } from "../ui/roving.ts";

interface Tab {
  readonly id: EditorState["tab"];
  readonly label: string;
  readonly icon: string;
  readonly count?: number;
  readonly alarm?: boolean;
}

/** The views of a model, in the bar's order: a new one is an entry here and a branch in the view. */
function tabsOf({ problems }: ModelDescription, layers: number): readonly Tab[] {
  return [
    { id: "layers", label: "Layers", icon: "list-flat", count: layers },
    {
      id: "problems",
      label: "Problems",
      icon: "warning",
      count: problems.length,
      alarm: problems.some(({ severity }) => severity === "error"),
    },
    { id: "about", label: "About", icon: "info" },
  ];
}

/** @param layers How many are listed when nothing is searched. */
export function Tabs({
  model,
  layers,
  chosen,
  onChoose,
}: {
  readonly model: ModelDescription;
  readonly layers: number;
  readonly chosen: EditorState["tab"];
  readonly onChoose: (tab: EditorState["tab"]) => void;
}): VNode {
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={(event) => roveFocus(event)?.click()}>
      {tabsOf(model, layers).map(({ id, label, icon, count, alarm }) => (
        <button
          key={id}
          type="button"
          role="tab"
          class="tab"
          data-rove
          data-testid={`tab-${id}`}
          id={`tab-${id}`}
          aria-selected={chosen === id}
          aria-controls="view"
          tabIndex={chosen === id ? 0 : -1}
          onClick={() => onChoose(id)}
        >
          <Icon name={icon} />
          {label}
          {count === undefined ? null : <span class={`count ${alarm ? "alarm" : ""}`}>{count}</span>}
        </button>
      ))}
    </div>
  );
}
