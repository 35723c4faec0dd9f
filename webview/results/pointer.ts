import type { Cell } from "./map-values.ts";

/** The cell at a point, both from 0 to 1 across and down; undefined beside the map. */
export function cellIn(
  { height, width }: { readonly height: number; readonly width: number },
  u: number,
  v: number,
): Cell | undefined {
  if (u < 0 || v < 0 || u >= 1 || v >= 1) return undefined;
  return { row: Math.floor(v * height), column: Math.floor(u * width) };
}

/** The cell under the pointer, of a map that takes all of the element that listens. */
export function cellAtPointer(event: MouseEvent, grid: Parameters<typeof cellIn>[0]): Cell | undefined {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return cellIn(grid, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
}
