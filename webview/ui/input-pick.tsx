import type { VNode } from "preact";
import { Icon } from "./fields.tsx";

/** The input's name, as the button that chooses another one; `name` is undefined while there is none. */
export function InputPick({
  name,
  disabled,
  onPick,
}: {
  readonly name: string | undefined;
  readonly disabled: boolean;
  readonly onPick: () => void;
}): VNode {
  return (
    <button
      type="button"
      class="pick input-pick"
      title={name === undefined ? "Choose an input" : `Input: ${name}. Choose another`}
      data-testid="input"
      disabled={disabled}
      onClick={onPick}
    >
      <span class="pick-text">{name ?? "Choose an input…"}</span>
      <Icon name="chevron-down" />
    </button>
  );
}
