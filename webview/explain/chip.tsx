import type { ComponentChildren, VNode } from "preact";
import { Icon } from "../ui/fields.tsx";

/** What is explained, as a button that chooses another: what it is in small, its value, an arrow. */
export function Chip({
  what,
  plain,
  title,
  testid,
  disabled,
  icon = "chevron-down",
  pressed,
  onClick,
  children,
}: {
  readonly what: string;
  /** Its value alone says what it is: a narrow panel leaves the small word to screen readers. */
  readonly plain?: boolean;
  readonly title: string;
  readonly testid: string;
  readonly disabled?: boolean;
  readonly icon?: string;
  readonly pressed?: boolean;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <button
      type="button"
      class="pick chip"
      title={title}
      data-testid={testid}
      disabled={disabled}
      aria-expanded={pressed}
      onClick={onClick}
    >
      <span class={plain ? "chip-what spare" : "chip-what"}>{what}</span>
      <span class="pick-text">{children}</span>
      <Icon name={icon} />
    </button>
  );
}
