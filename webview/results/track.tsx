import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { lineAt, stripRows, stripValues, strokesOf } from "../../src/draw/kinds/line-strokes.ts";
import { paintMap } from "../../src/draw/scene/paint.ts";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import type { ValueMap } from "../../src/draw/scene/reduce.ts";
import { LINE_COLORS } from "../../src/draw/scene/strokes.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { useTheme, useWidth } from "../ui/hooks.ts";
import type { Drawing } from "./map-values.ts";
import type { Span } from "./zoom.ts";

/** Fewer values than columns over this are marked by dots. */
const DOTS = 8;
const MOST_COLUMNS = 2048;

/** One line in its range, in the colours of its values or with those below it. */
export function Track({
  lines,
  channel,
  range,
  drawing: { map, range: colors, table, artifact },
  span,
  height,
  style,
}: {
  readonly lines: ValueMap;
  readonly channel: number;
  readonly range: ValueRange;
  readonly drawing: Pick<Drawing, "map" | "range" | "table" | "artifact">;
  readonly span: Span;
  /** Of the line, in CSS pixels. */
  readonly height: number;
  /** As lineStyle has it: in a band the values stand below all lines. */
  readonly style: "colored" | "band" | "strips";
}): VNode {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const columns = Math.max(1, Math.min(MOST_COLUMNS, width));
  const strip = useMemo(
    () =>
      style === "band"
        ? undefined
        : paintMap(
            {
              height: 1,
              width: columns,
              values: stripValues(map, channel, span.from, span.to, columns, artifact.smooth),
            },
            colors,
            table,
          ),
    [map, channel, span.from, span.to, columns, artifact.smooth, colors, table, style],
  );
  const line = lineAt(lines.values, lines.width, channel);
  return (
    <div class="track-plot" ref={place}>
      <Plot
        lines={[line]}
        range={range}
        span={span}
        width={width}
        height={height}
        colors={style === "colored" ? strip : undefined}
        testid={`line-${channel}`}
      />
      {strip ? (
        <PixelCanvas
          width={columns}
          height={1}
          rgba={strip}
          smooth={false}
          class="track-strip"
          testid={`strip-${channel}`}
        />
      ) : null}
    </div>
  );
}

/** Rows of colours along the axis: one for each of `rows`, downward. */
export function Rows({
  map,
  rows,
  drawing: { range, table },
  span,
  height,
  testid,
}: {
  readonly map: ValueMap;
  readonly rows: readonly number[];
  readonly drawing: Pick<Drawing, "range" | "table">;
  readonly span: Span;
  readonly height: number;
  readonly testid: string;
}): VNode {
  const place = useRef<HTMLDivElement>(null);
  const columns = Math.max(1, Math.min(MOST_COLUMNS, useWidth(place)));
  const rgba = useMemo(
    () => paintMap(stripRows(map, rows, span, columns), range, table),
    [map, rows, span.from, span.to, columns, range, table],
  );
  return (
    <div class="track-plot track-rows" ref={place} style={{ height: `${height}px` }}>
      <PixelCanvas width={columns} height={rows.length} rgba={rgba} smooth={false} testid={testid} />
    </div>
  );
}

/** Lines in one range: the first in front, in the colours of its columns where there are some. */
export function Plot({
  lines,
  range: { min, max },
  span: { from, to },
  width,
  height,
  colors,
  testid,
}: {
  readonly lines: readonly Float32Array[];
  readonly range: ValueRange;
  readonly span: Span;
  readonly width: number;
  readonly height: number;
  /** RGBA of equal columns over the whole width. */
  readonly colors?: Uint8ClampedArray<ArrayBuffer>;
  readonly testid: string;
}): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!canvas.current || !context || width < 2) return;
    const css = getComputedStyle(canvas.current);
    const ink = (name: string, otherwise: string): string => css.getPropertyValue(name).trim() || otherwise;
    const atY = (value: number): number => 2 + (1 - (value - min) / (max - min)) * (height - 4);
    const muted = ink("--muted", "#6e7781");
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, width, height);
    context.lineJoin = context.lineCap = "round";
    const stroke = (line: Float32Array, color: string, thick: number): void => {
      context.strokeStyle = context.fillStyle = color;
      context.lineWidth = thick;
      strokeLine(context, line, { from, to }, width, atY);
    };
    if (colors) {
      stroke(lines[0], "#000", 2.25);
      context.globalCompositeOperation = "source-in";
      context.imageSmoothingEnabled = false;
      context.drawImage(asImage(colors), 0, 0, width, height);
      // Around it a line that is seen on any ground, whatever the colours.
      context.globalCompositeOperation = "destination-over";
      stroke(lines[0], muted, 4);
    } else stroke(lines[0], ink("--vscode-charts-blue", LINE_COLORS[0]), 1.5);
    context.globalCompositeOperation = "destination-over";
    context.globalAlpha = 0.6;
    for (const line of lines.slice(1)) stroke(line, muted, 1.5);
    context.globalAlpha = 1;
    if (min < 0 && max > 0) {
      context.fillStyle = ink("--vscode-contrastBorder", ink("--vscode-panel-border", "#80808059"));
      context.fillRect(0, Math.round(atY(0)), width, 1);
    }
  }, [...lines, from, to, min, max, width, height, theme, colors]);
  return (
    <canvas
      ref={canvas}
      class="track-line"
      width={Math.max(1, width) * devicePixelRatio}
      height={height * devicePixelRatio}
      style={{ height: `${height}px` }}
      data-testid={testid}
    />
  );
}

function asImage(rgba: Uint8ClampedArray<ArrayBuffer>): HTMLCanvasElement {
  const image = document.createElement("canvas");
  image.width = rgba.length / 4;
  image.height = 1;
  image.getContext("2d")?.putImageData(new ImageData(rgba, image.width, 1), 0, 0);
  return image;
}

/** The values in sight, with dots where they lie apart. */
function strokeLine(
  context: CanvasRenderingContext2D,
  line: Float32Array,
  { from, to }: Span,
  width: number,
  atY: (value: number) => number,
): void {
  const [first, last] = [from * line.length, to * line.length];
  const strokes = strokesOf(line, width, [first, last]);
  context.beginPath();
  for (const points of strokes)
    for (let i = 0; i < points.length; i += 2) {
      if (i === 0) context.moveTo(points[0], atY(points[1]));
      else context.lineTo(points[i], atY(points[i + 1]));
    }
  context.stroke();
  const areApart = (last - first) * DOTS <= width;
  for (const points of strokes) {
    if (!areApart && points.length > 2) continue;
    for (let i = 0; i < points.length; i += 2) {
      context.beginPath();
      context.arc(points[i], atY(points[i + 1]), 2.5, 0, 2 * Math.PI);
      context.fill();
    }
  }
}
