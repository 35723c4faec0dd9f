import type { ComponentChildren, VNode } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { placeMenu } from "./menu-place.ts";
import { roveFocus } from "./roving.ts";
import { typeAhead, type Typed } from "./type-ahead.ts";

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
  /** Why it cannot be taken: it is listed, and says so. */
  readonly reason?: string;
  readonly run: () => void;
}

/**
 * A button that opens a menu, as high and wide as the view has room for. Arrow keys, Home and End move, letters go to
 * the next item that begins with them, Enter takes, Escape closes and goes back to the button.
 */
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
  const [open, setOpen] = useState<"first" | "last" | undefined>(undefined);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const typed = useRef<Typed | undefined>(undefined);
  const id = useId();

  // At once, not after painting: a key pressed right after the one that opened it belongs to the menu.
  useLayoutEffect(() => {
    if (!open) return undefined;
    const place = (): void => placeMenu(menu.current!, button.current!);
    place();
    const all = itemsOf(menu.current);
    all.at(open === "last" ? -1 : 0)?.focus();
    const onPointer = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(undefined);
    };
    const onScroll = (event: Event): void => {
      if (event.target !== menu.current) place();
    };
    window.addEventListener("pointerdown", onPointer, true);
    window.addEventListener("resize", place);
    window.addEventListener("scroll", onScroll, true);
    return () => {
      window.removeEventListener("pointerdown", onPointer, true);
      window.removeEventListener("resize", place);
      window.removeEventListener("scroll", onScroll, true);
    };
  }, [open]);

  const close = (): void => {
    setOpen(undefined);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") setOpen(undefined);
    else if (!roveFocus(event)) typed.current = typeAhead(event, itemsOf(menu.current), typed.current);
  };
  return (
    <div class="menu-root" ref={root}>
      <button
        type="button"
        class="pick"
        ref={button}
        aria-haspopup="menu"
        aria-expanded={open !== undefined}
        aria-controls={open ? id : undefined}
        title={title}
        disabled={disabled}
        data-testid={testid}
        onClick={() => setOpen(open ? undefined : "first")}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          setOpen(event.key === "ArrowDown" ? "first" : "last");
        }}
      >
        {children}
      </button>
      {open ? (
        <div class="menu" role="menu" id={id} aria-label={label} ref={menu} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.id}
              type="button"
              role="menuitem"
              data-rove
              tabIndex={-1}
              class="menu-item"
              aria-disabled={item.reason === undefined ? undefined : true}
              aria-describedby={item.reason === undefined ? undefined : `${id}-${item.id}`}
              title={item.reason}
              data-testid={`${testid}-${item.id}`}
              onClick={() => {
                if (item.reason !== undefined) return;
                close();
                item.run();
              }}
            >
              <span class="menu-label">{item.label}</span>
              {item.detail ? <span class="muted">{item.detail}</span> : null}
              {item.reason === undefined ? null : (
                <span class="visually-hidden" id={`${id}-${item.id}`}>
                  {item.reason}
                </span>
              )}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

function itemsOf(menu: HTMLElement | null): HTMLElement[] {
  return [...(menu?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
}
