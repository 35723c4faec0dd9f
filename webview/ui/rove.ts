/**
 * Where an arrow key leads from `index` among `count` places in rows of `columns` (one row when absent); undefined for
 * other keys.
 */
export function rove(key: string, index: number, count: number, columns?: number): number | undefined {
  if (!count) return undefined;
  const clamp = (place: number): number => Math.min(count - 1, Math.max(0, place));
  switch (key) {
    case "ArrowRight":
      return clamp(index + 1);
    case "ArrowLeft":
      return clamp(index - 1);
    case "ArrowDown":
      return columns === undefined ? clamp(index + 1) : index + columns < count ? index + columns : index;
    case "ArrowUp":
      return columns === undefined ? clamp(index - 1) : index - columns >= 0 ? index - columns : index;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}
