import type { VNode } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import { ticks } from "../../src/draw/scene/ticks.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { PixelCanvas } from "./canvas.tsx";
import { useSize } from "./hooks.ts";

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
  readonly clipped: Clipped;
  readonly mark?: number;
}): VNode {
  const rgba = useMemo(() => strip(table), [table]);
  const bar = useRef<HTMLDivElement>(null);
  const { height } = useSize(bar);
  const numbers = useMemo(() => barTicks(range, height), [range.min, range.max, height]);
  const place = (value: number): string =>
    `${(1 - Math.min(1, Math.max(0, (value - range.min) / (range.max - range.min)))) * 100}%`;
  return (
    <div
      ref={bar}
      class="colorbar"
      data-testid="colorbar"
      role="img"
      aria-label={`Colour scale of ${quantity}: from ${formatValue(range.min)}${clipped.low ? " and less" : ""} to ${formatValue(range.max)}${clipped.high ? " and more" : ""}`}
    >
      <PixelCanvas width={1} height={256} rgba={rgba} smooth class="colorbar-strip" />
      <div class="colorbar-numbers" aria-hidden="true">
        {numbers.map((value) => (
          <i key={value} data-text={labelOf(value, range, clipped)} />
        ))}
        {numbers.map((value) => (
          <span key={value} style={{ top: place(value) }}>
            {labelOf(value, range, clipped)}
          </span>
        ))}
      </div>
      {mark !== undefined && Number.isFinite(mark) ? <div class="colorbar-mark" style={{ top: place(mark) }} /> : null}
    </div>
  );
}

/** Which values lie beyond the ends. */
interface Clipped {
  readonly low: boolean;
  readonly high: boolean;
}

/** How wide a bar is with its numbers, as a CSS length: for what shares a row with it. Its column may need a little more. */
export function barWidth(range: ValueRange, clipped: Clipped): string {
  const longest = Math.max(...[range.min, range.max].map((value) => labelOf(value, range, clipped).length));
  return `max(70px, calc(17px + ${longest}ch))`;
}

function labelOf(value: number, range: ValueRange, clipped: Clipped): string {
  const beyond = clipped.high && value === range.max ? "≥ " : clipped.low && value === range.min ? "≤ " : "";
  return beyond + formatValue(value);
}

/** From one number's middle to the next one's, in pixels, so that they do not touch. */
const labelRoom = 20;

/** The ends, exactly, and round numbers between where the bar has room for them. */
function barTicks({ min, max }: ValueRange, height: number): number[] {
  if (!(max > min)) return [min];
  const rooms = Math.floor(height / labelRoom);
  // The numbers at the ends lie within the bar, and so reach further.
  const room = ((max - min) * labelRoom * 1.4) / Math.max(1, height);
  const between = ticks(min, max, Math.max(1, Math.min(4, rooms - 2)));
  return [min, ...between.filter((value) => value - min > room && max - value > room), max];
}

function strip(table: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(256 * 4);
  for (let row = 0; row < 256; row++) {
    const entry = 3 * (255 - row);
    rgba.set([table[entry], table[entry + 1], table[entry + 2], 255], 4 * row);
  }
  return rgba;
}
