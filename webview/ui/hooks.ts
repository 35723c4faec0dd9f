import type { RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { memory } from "./host.ts";

/** State that a reload of the page finds again. `revive` makes good state of whatever was kept. */
export function usePersistedState<T>(revive: (kept: unknown) => T): [T, (change: Partial<T>) => void] {
  const [state, setState] = useState<T>(() => revive(memory.read()));
  const change = useCallback(
    (part: Partial<T>) =>
      setState((before) => {
        const after = { ...before, ...part };
        memory.write(after);
        return after;
      }),
    [],
  );
  return [state, change];
}

/** Grows by one when the colour theme changes: what is painted by hand is then painted again. */
export function useTheme(): number {
  const [version, setVersion] = useState(0);
  useLayoutEffect(() => {
    const observer = new MutationObserver(() => setVersion((before) => before + 1));
    observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
    return () => observer.disconnect();
  }, []);
  return version;
}

/** An element's width in CSS pixels, followed. 0 before it is measured. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) return undefined;
    setWidth(element.current.clientWidth);
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/**
 * Calls the latest `action` once, `delay` ms after the last call of what it returns. What waits is dropped when the
 * view goes.
 */
export function useDebounced<A extends readonly unknown[]>(
  action: (...args: A) => void,
  delay: number,
): (...args: A) => void {
  const latest = useRef(action);
  latest.current = action;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (...args: A) => {
      clearTimeout(timer.current);
      timer.current = setTimeout(() => latest.current(...args), delay);
    },
    [delay],
  );
}

/** What a controller shows, as it is now: every change draws again. */
export function useSnapshot<T>(controller: { readonly snapshot: T; subscribe(listener: () => void): () => void }): T {
  const [snapshot, setSnapshot] = useState(controller.snapshot);
  useEffect(() => {
    const update = (): void => setSnapshot(controller.snapshot);
    update();
    return controller.subscribe(update);
  }, [controller]);
  return snapshot;
}
