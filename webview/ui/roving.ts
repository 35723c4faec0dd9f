/** Where an arrow key leads from `index` among `count` places in rows of `columns` (one row when absent); undefined for other keys. */
export function rove(key: string, index: number, count: number, columns?: number): number | undefined {
  if (!count) return undefined;
  const clamp = (place: number): number => Math.min(count - 1, Math.max(0, place));
  switch (key) {
    case "ArrowRight": return clamp(index + 1);
    case "ArrowLeft": return clamp(index - 1);
    case "ArrowDown": return columns === undefined ? clamp(index + 1) : index + columns < count ? index + columns : index;
    case "ArrowUp": return columns === undefined ? clamp(index - 1) : index - columns >= 0 ? index - columns : index;
    case "Home": return 0;
    case "End": return count - 1;
    default: return undefined;
  }
}

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
