import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import { ticks } from "../../src/draw/scene/ticks.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { PixelCanvas } from "./canvas.tsx";

/**
 * What the colours mean: the map from bottom to top with numbers beside it. `clipped` says that values beyond the ends
 * exist; `mark` points at a value under the cursor.
 */
export function ColorBar({
  range,
  table,
  quantity,
  clipped,
  mark,
}: {
  readonly range: ValueRange;
  readonly table: Uint8Array;
  readonly quantity: string;
  readonly clipped: { readonly low: boolean; readonly high: boolean };
  readonly mark?: number;
}): VNode {
  const rgba = useMemo(() => strip(table), [table]);
  const numbers = useMemo(() => barTicks(range), [range.min, range.max]);
  const place = (value: number): string =>
    `${(1 - Math.min(1, Math.max(0, (value - range.min) / (range.max - range.min)))) * 100}%`;
  const text = (value: number): string =>
    `${clipped.high && value === range.max ? "≥ " : clipped.low && value === range.min ? "≤ " : ""}${formatValue(value)}`;
  return (
    <div
      class="colorbar"
      data-testid="colorbar"
      role="img"
      aria-label={`Colour scale of ${quantity}: from ${formatValue(range.min)}${clipped.low ? " and less" : ""} to ${formatValue(range.max)}${clipped.high ? " and more" : ""}`}
    >
      <PixelCanvas width={1} height={256} rgba={rgba} smooth class="colorbar-strip" />
      <div class="colorbar-numbers" aria-hidden="true">
        {numbers.map((value) => (
          <span key={value} style={{ top: place(value) }}>
            {text(value)}
          </span>
        ))}
      </div>
      {mark !== undefined && Number.isFinite(mark) ? <div class="colorbar-mark" style={{ top: place(mark) }} /> : null}
    </div>
  );
}

/** The ends, exactly, and round numbers between that do not come too near to them. */
function barTicks({ min, max }: ValueRange): number[] {
  const room = (max - min) * 0.09;
  return [min, ...ticks(min, max, 4).filter((value) => value - min > room && max - value > room), max];
}

function strip(table: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(256 * 4);
  for (let row = 0; row < 256; row++) {
    const entry = 3 * (255 - row);
    rgba.set([table[entry], table[entry + 1], table[entry + 2], 255], 4 * row);
  }
  return rgba;
}
