import type { VNode } from "preact";
import type { Axis } from "../../src/protocol/compare.ts";
import { Icon } from "../ui/fields.tsx";
import { MenuButton } from "../ui/menu.tsx";
import type { MenuItem } from "../ui/menu.tsx";
import type { CompareController, Side } from "./controller.ts";
import { kindNames } from "./labels.ts";

/** What a column or a row is about, and what can be done with it. */
export function EntryHeader({
  side,
  index,
  label,
  axis,
  flows,
  controller,
  onEdit,
  onSave,
}: {
  readonly side: Side;
  readonly index: number;
  readonly label: string;
  readonly axis: Axis;
  /** The cells flow: each has its entry's header. */
  readonly flows: boolean;
  readonly controller: CompareController;
  readonly onEdit: () => void;
  readonly onSave?: (format: "svg" | "png") => void;
}): VNode {
  const last = axis.entries.length - 1;
  const [before, after] =
    side === "columns"
      ? flows
        ? ["Move forward", "Move back"]
        : ["Move left", "Move right"]
      : ["Move up", "Move down"];
  const keys = side === "columns" ? ["Alt+←", "Alt+→"] : ["Alt+↑", "Alt+↓"];
  const items: MenuItem[] = [
    ...(index > 0
      ? [{ id: "before", label: before, detail: keys[0], run: () => controller.moveEntry(side, index, index - 1) }]
      : []),
    ...(index < last
      ? [{ id: "after", label: after, detail: keys[1], run: () => controller.moveEntry(side, index, index + 1) }]
      : []),
    ...(axis.kind === "method"
      ? [
          { id: "options", label: "Options…", run: onEdit },
          {
            id: "duplicate",
            label: "Duplicate",
            detail: "to use other options",
            run: () => controller.duplicateEntry(side, index),
          },
        ]
      : []),
    ...(onSave
      ? [
          { id: "save-svg", label: "Save row as SVG", run: () => onSave("svg") },
          { id: "save-png", label: "Save row as PNG", run: () => onSave("png") },
        ]
      : []),
    ...(last > 0 ? [{ id: "remove", label: "Remove", run: () => controller.removeEntry(side, index) }] : []),
  ];
  return (
    <div class={`entry entry-${side}`} data-testid={`${side}-${index}`}>
      <span class={`entry-label ${axis.kind === "layer" ? "mono" : ""}`} title={label}>
        <bdi>{label}</bdi>
      </span>
      {items.length ? (
        <MenuButton
          label={label}
          title={`${label}: move, remove and more`}
          items={items}
          testid={`${side}-${index}-menu`}
        >
          <Icon name="ellipsis" />
          <span class="visually-hidden">This {kindNames[axis.kind].one}</span>
        </MenuButton>
      ) : null}
    </div>
  );
}
