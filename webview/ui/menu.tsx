import type { ComponentChildren, VNode } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { roveFocus } from "./roving.ts";

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
  readonly run: () => void;
}

/** A button that opens a menu: arrow keys move, Enter takes, Escape closes and goes back to the button. */
export function MenuButton({
  label,
  title,
  items,
  testid,
  disabled,
  children,
}: {
  readonly label: string;
  readonly title?: string;
  readonly items: readonly MenuItem[];
  readonly testid: string;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
}): VNode {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  // At once, not after painting: a key pressed right after the one that opened it belongs to the menu.
  useLayoutEffect(() => {
    if (!open) return undefined;
    root.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const onPointer = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    window.addEventListener("pointerdown", onPointer, true);
    return () => window.removeEventListener("pointerdown", onPointer, true);
  }, [open]);

  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class="menu-root" ref={root}>
      <button
        type="button"
        class="pick"
        ref={button}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        title={title}
        disabled={disabled}
        data-testid={testid}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") {
            event.preventDefault();
            setOpen(true);
          }
        }}
      >
        {children}
      </button>
      {open ? (
        <div
          class="menu"
          role="menu"
          id={id}
          aria-label={label}
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              event.stopPropagation();
              close();
            } else if (event.key === "Tab") setOpen(false);
            else roveFocus(event);
          }}
        >
          {items.map((item) => (
            <button
              key={item.id}
              type="button"
              role="menuitem"
              data-rove
              tabIndex={-1}
              class="menu-item"
              data-testid={`${testid}-${item.id}`}
              onClick={() => {
                close();
                item.run();
              }}
            >
              <span>{item.label}</span>
              {item.detail ? <span class="muted">{item.detail}</span> : null}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}
