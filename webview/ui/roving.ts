import { rove } from "./rove.ts";

/**
 * Moves focus among a container's `[data-rove]` children with the arrow keys, Home and End: put it on the container's
 * keydown. Give the chosen child tabIndex 0 and the others -1, so that the row is one stop of the Tab key.
 * Returns the child that got the focus.
 */
export function roveFocus(event: KeyboardEvent): HTMLElement | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  const places = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[data-rove]:not(:disabled)")];
  const next = rove(event.key, places.indexOf(event.target as HTMLElement), places.length);
  if (next === undefined) return undefined;
  event.preventDefault();
  places[next].focus();
  return places[next];
}
