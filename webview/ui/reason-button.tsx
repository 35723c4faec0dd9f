import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";

/**
 * A button that, where it cannot be pressed, is still reached by keyboard and says why: as tooltip and as accessible
 * description.
 */
export function ReasonButton({
  kind = "secondary",
  title,
  reason,
  testid,
  onClick,
  children,
}: {
  readonly kind?: "primary" | "secondary";
  readonly title?: string;
  /** Why it cannot be pressed; absent where it can. */
  readonly reason?: string;
  readonly testid?: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}): VNode {
  const id = useId();
  const isOff = reason !== undefined;
  return (
    <>
      <button
        type="button"
        class={`pick ${kind}`}
        title={reason ?? title}
        aria-disabled={isOff ? true : undefined}
        aria-describedby={isOff ? id : undefined}
        data-testid={testid}
        onClick={() => {
          if (!isOff) onClick();
        }}
      >
        {children}
      </button>
      {isOff ? (
        <span class="visually-hidden" id={id}>
          {reason}
        </span>
      ) : null}
    </>
  );
}
