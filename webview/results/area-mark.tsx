import type { VNode } from "preact";
import type { Area } from "../../src/draw/kinds/mask.ts";

/** An outline around a rectangle of places, over the picture that the grid covers. */
export function AreaMark({
  area: { rows, columns },
  grid,
}: {
  readonly area: Area;
  readonly grid: { readonly height: number; readonly width: number };
}): VNode {
  const percent = (part: number): string => `${part * 100}%`;
  return (
    <div
      class="area-mark"
      aria-hidden="true"
      data-testid="area-mark"
      style={{
        left: percent(columns[0] / grid.width),
        top: percent(rows[0] / grid.height),
        width: percent((columns[1] - columns[0]) / grid.width),
        height: percent((rows[1] - rows[0]) / grid.height),
      }}
    />
  );
}
