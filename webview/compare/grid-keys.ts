/** The cell that a key leads to from another, `across` of them beside each other; undefined where it means nothing here. */
export function neighbour(key: string, index: number, count: number, across: number): number | undefined {
  const start = index - (index % across);
  switch (key) {
    case "ArrowRight":
      return Math.min(count - 1, index + 1);
    case "ArrowLeft":
      return Math.max(0, index - 1);
    case "ArrowDown":
      return index + across < count ? index + across : index;
    case "ArrowUp":
      return index - across >= 0 ? index - across : index;
    case "Home":
      return start;
    case "End":
      return Math.min(count - 1, start + across - 1);
    default:
      return undefined;
  }
}

/** How many cells flow beside each other. */
export function acrossOf(root: HTMLElement | null): number {
  const tops = [...(root?.querySelectorAll<HTMLElement>("[data-cell]") ?? [])].map(({ offsetTop }) => offsetTop);
  return Math.max(1, tops.filter((top) => top === tops[tops.length - 1 > 0 ? Math.floor(tops.length / 2) : 0]).length);
}

export function focusCell(root: HTMLElement | null, index: number): void {
  root?.querySelector<HTMLElement>(`[data-cell="${index}"]`)?.focus();
}
