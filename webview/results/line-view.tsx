import type { ComponentChildren, VNode } from "preact";
import { useCallback, useMemo } from "preact/hooks";
import { isMarked } from "../../src/draw/kinds/line-plot.ts";
import { lineRange } from "../../src/draw/kinds/line-strokes.ts";
import { axisText, channelName, lineOrder, lineSort, linesOf, lineStyle } from "../../src/draw/kinds/line.ts";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import { ticks } from "../../src/draw/scene/ticks.ts";
import type { HeatmapArtifact, LineArtifact, LineAxis } from "../../src/protocol/artifacts.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import type { TargetMark } from "../../src/protocol/result.ts";
import { ColorBar } from "../ui/colorbar.tsx";
import { NotFiniteNote } from "../ui/feedback.tsx";
import { ValuesTable } from "./data-table.tsx";
import { LineStage } from "./line-stage.tsx";
import { readingAt, summary } from "./line-values.ts";
import { drawingOf } from "./map-values.ts";
import { Rows, Track } from "./track.tsx";
import type { Span } from "./zoom.ts";

/** In CSS pixels; the strip as in line.css. */
const [stripHeight, bandHeight] = [10, 22];

/**
 * A signal's lines in the colours of their values, or with a band of them below; a layer's as small lines; or either as
 * rows of colours.
 */
export function Lines({
  artifact,
  frame,
  map,
  looks: { clip, colorMap, reduce, tileSort, tileScale },
  drawn,
  range,
  target,
  children,
}: {
  readonly artifact: LineArtifact;
  readonly frame: number;
  /** The values of this frame. */
  readonly map: HeatmapArtifact;
  readonly looks: Looks;
  readonly drawn: "lines" | "map";
  readonly range?: ValueRange;
  /** What is explained, where it lies on the signal. */
  readonly target?: TargetMark;
  readonly children?: ComponentChildren;
}): VNode {
  const drawing = useMemo(
    () => drawingOf(map, { clip, colorMap, reduce }, range),
    [map, clip, colorMap, reduce, range],
  );
  const signal = useMemo(() => linesOf(artifact, frame), [artifact, frame]);
  const isMap = drawn === "map";
  const lines = isMap ? drawing.map : signal;
  const sort = lineSort(artifact, tileSort);
  const order = useMemo(() => lineOrder(lines, sort), [lines, sort]);
  const shared = useMemo(
    () => (tileScale === "shared" ? lineRange(lines, order) : undefined),
    [lines, order, tileScale],
  );
  const style = lineStyle(artifact);
  const isTiles = !artifact.signal && !isMap && lines.height > 4;
  const height = lines.height > 4 ? (isTiles ? 52 : 44) : lines.height > 1 ? 84 : 170;
  const rowsHeight = Math.max(Math.min(360, 22 * lines.height), Math.min(lines.height, 720));
  const ends = useCallback((channel: number): ValueRange => shared ?? lineRange(lines, [channel]), [shared, lines]);
  const name = (channel: number): string => channelName(artifact, channel);
  return (
    <div class="line-stage" data-testid="line-view">
      <LineStage
        subject={artifact}
        steps={lines.width}
        order={order}
        form={isMap ? "rows" : isTiles ? "tiles" : "tracks"}
        plotHeight={isMap ? rowsHeight : height + (style === "band" ? 0 : stripHeight)}
        label={summary(artifact, drawing, lines.height)}
        keysHelp="Arrow keys read values, M goes to the strongest, plus and minus zoom."
        role={isMap ? "map of lines" : "line chart"}
        name={name}
        ends={ends}
        plot={(channel, span) =>
          isMap ? (
            <Rows map={drawing.map} rows={order} drawing={drawing} span={span} height={rowsHeight} testid="heatmap" />
          ) : (
            <Track
              lines={lines}
              channel={channel}
              range={ends(channel)}
              drawing={drawing}
              span={span}
              height={height}
              style={style}
            />
          )
        }
        band={
          style === "band" && !isMap
            ? (span) => (
                <Rows
                  map={drawing.map}
                  rows={[0]}
                  drawing={drawing}
                  span={span}
                  height={bandHeight}
                  testid="line-band"
                />
              )
            : undefined
        }
        axis={(span) => <Axis axis={artifact.x} length={artifact.dims[artifact.axes.along]} span={span} />}
        peak={{
          channel: Math.min(drawing.peak.row, lines.height - 1),
          step: Math.min(lines.width - 1, Math.floor(((drawing.peak.column + 0.5) / drawing.map.width) * lines.width)),
        }}
        read={(channel, step) => {
          const { text, value, line } = readingAt(artifact, lines, drawing, channel, step, isMap);
          return { text, data: { "data-value": value, "data-line": line } };
        }}
        target={
          target && artifact.signal && !isMap
            ? (channel) =>
                isMarked(target, channel, lines.height) ? { from: target.left, to: target.right } : undefined
            : undefined
        }
        bar={(reading) => (
          <ColorBar
            range={drawing.range}
            table={drawing.table}
            quantity={artifact.quantity}
            clipped={drawing.clipped}
            mark={reading?.data["data-value"]}
          />
        )}
      >
        <p class="caption">
          {[
            artifact.title,
            artifact.signal && !isMap ? styleText(artifact.signal.title, artifact.quantity, style) : "",
            artifact.caption,
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
        {children}
        <NotFiniteNote count={drawing.notFinite} />
      </LineStage>
      <ValuesTable artifact={artifact} testid="line-table" />
    </div>
  );
}

function styleText(signal: string, quantity: string, style: ReturnType<typeof lineStyle>): string {
  return style === "colored" ? `${signal} in the colours of ${quantity}` : `${signal} above, ${quantity} as colour`;
}

/** Round positions of what is seen, and what runs along the axis. */
export function Axis({
  axis,
  length,
  span,
}: {
  readonly axis: LineAxis;
  readonly length: number;
  readonly span: Span;
}): VNode {
  const [first, last] = [axis.start - axis.step / 2, axis.start + (length - 0.5) * axis.step];
  const [low, high] = [first + (last - first) * span.from, first + (last - first) * span.to];
  return (
    <div class="line-axis number" aria-hidden="true" data-testid="line-axis">
      {ticks(low, high, 5).map((value) => (
        <span key={value} style={{ left: `${((value - low) / (high - low)) * 100}%` }}>
          {formatValue(value)}
        </span>
      ))}
      <span class="line-axis-name">{axisText(axis)}</span>
    </div>
  );
}
