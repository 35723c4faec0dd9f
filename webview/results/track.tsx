import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { lineAt, stripValues } from "../../src/draw/kinds/line-plot.ts";
import { envelope, levelsOf } from "../../src/draw/scene/levels.ts";
import { paintMap } from "../../src/draw/scene/paint.ts";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import type { ValueMap } from "../../src/draw/scene/reduce.ts";
import { LINE_COLORS } from "../../src/draw/scene/strokes.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { useTheme, useWidth } from "../ui/hooks.ts";
import type { Drawing } from "./map-values.ts";

/** The part of the axis that is seen, from 0 to 1. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const WHOLE_SPAN: Span = { from: 0, to: 1 };

/** Fewer values than columns over this are marked by dots. */
const DOTS = 8;

/** One line in its range, and below it the colours of the values there. */
export function Track({
  lines,
  channel,
  range: { min, max },
  drawing: { map, range, table, artifact },
  span: { from, to },
  height,
}: {
  readonly lines: ValueMap;
  readonly channel: number;
  readonly range: ValueRange;
  readonly drawing: Pick<Drawing, "map" | "range" | "table" | "artifact">;
  readonly span: Span;
  readonly height: number;
}): VNode {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(place);
  const theme = useTheme();
  const line = lineAt(lines.values, lines.width, channel);
  const columns = Math.max(1, Math.min(2048, width));
  const strip = useMemo(
    () =>
      paintMap(
        { height: 1, width: columns, values: stripValues(map, channel, from, to, columns, artifact.smooth) },
        range,
        table,
      ),
    [map, channel, from, to, columns, artifact.smooth, range, table],
  );
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!canvas.current || !context || width < 2) return;
    const css = getComputedStyle(canvas.current);
    const ink = (name: string, otherwise: string): string => css.getPropertyValue(name).trim() || otherwise;
    const atY = (value: number): number => 1 + (1 - (value - min) / (max - min)) * (height - 2);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (min < 0 && max > 0) {
      context.fillStyle = ink("--vscode-contrastBorder", ink("--vscode-panel-border", "#80808059"));
      context.fillRect(0, Math.round(atY(0)), width, 1);
    }
    const color = ink("--vscode-charts-blue", LINE_COLORS[0]);
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    strokeLine(context, line, { from, to }, width, atY);
  }, [line, from, to, min, max, width, height, theme]);
  return (
    <div class="track-plot" ref={place}>
      <canvas
        ref={canvas}
        class="track-line"
        width={Math.max(1, width) * devicePixelRatio}
        height={height * devicePixelRatio}
        style={{ height: `${height}px` }}
        data-testid={`line-${channel}`}
      />
      <PixelCanvas
        width={columns}
        height={1}
        rgba={strip}
        smooth={false}
        class="track-strip"
        testid={`strip-${channel}`}
      />
    </div>
  );
}

/** The values in sight; of more than there are columns, the least and the largest in each. */
function strokeLine(
  context: CanvasRenderingContext2D,
  line: Float32Array,
  { from, to }: Span,
  width: number,
  atY: (value: number) => number,
): void {
  const [first, last] = [from * line.length, to * line.length];
  let isOpen = false;
  context.beginPath();
  const add = (x: number, value: number): void => {
    if (!Number.isFinite(value)) isOpen = false;
    else if (isOpen) context.lineTo(x, atY(value));
    else {
      context.moveTo(x, atY(value));
      isOpen = true;
    }
  };
  if (last - first > width) {
    const { low, high } = envelope(levelsOf(line), first, last, width);
    for (let column = 0; column < width; column++) {
      const ends = column % 2 === 0 ? [low[column], high[column]] : [high[column], low[column]];
      for (const value of ends) add(column + 0.5, value);
    }
    context.stroke();
    return;
  }
  const atX = (index: number): number => ((index + 0.5 - first) / (last - first)) * width;
  const [begin, end] = [Math.max(0, Math.floor(first) - 1), Math.min(line.length, Math.ceil(last) + 1)];
  for (let i = begin; i < end; i++) add(atX(i), line[i]);
  context.stroke();
  if ((last - first) * DOTS > width) return;
  for (let i = begin; i < end; i++) {
    if (!Number.isFinite(line[i])) continue;
    context.beginPath();
    context.arc(atX(i), atY(line[i]), 2.5, 0, 2 * Math.PI);
    context.fill();
  }
}
