import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { lineRange } from "../../src/draw/kinds/line-plot.ts";
import { axisText, channelName, lineOrder, lineSort, linesOf } from "../../src/draw/kinds/line.ts";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import { formatValue } from "../../src/protocol/format.ts";
import { ticks } from "../../src/draw/scene/ticks.ts";
import type { HeatmapArtifact, LineArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { ColorBar } from "../ui/colorbar.tsx";
import { Announce, NotFiniteNote } from "../ui/feedback.tsx";
import { IconButton } from "../ui/fields.tsx";
import { ValuesTable } from "./data-table.tsx";
import "./line.css";
import { endsOf, readingAt, summary } from "./line-values.ts";
import { drawingOf } from "./map-values.ts";
import { Track, WHOLE_SPAN } from "./track.tsx";
import type { Span } from "./track.tsx";

/** As in line.css, in CSS pixels: of a track what is not its line. */
const [stripHeight, nameHeight, trackGap] = [12, 17, 8];
/** Tracks made above and below what is seen. */
const spare = 2;
/** So many values at the least are seen. */
const LEAST_SEEN = 8;

interface Cursor {
  /** The step of the lines, and the place of the track in their order. */
  readonly step: number;
  readonly place: number;
  readonly by: "pointer" | "keys";
}

/**
 * Lines below one another over one axis, under each the colours of the values there. The cursor is the pointer, or arrow
 * keys: one step, ten with Shift, up and down another line, Home and End the ends, M the strongest, Escape away. Plus,
 * minus and 0 zoom, as Ctrl and the wheel do. Only tracks in sight are drawn.
 */
export function Lines({
  artifact,
  frame,
  map,
  looks: { clip, colorMap, reduce, tileSort, tileScale },
  range,
  children,
}: {
  readonly artifact: LineArtifact;
  readonly frame: number;
  /** The values of this frame. */
  readonly map: HeatmapArtifact;
  readonly looks: Looks;
  readonly range?: ValueRange;
  readonly children?: ComponentChildren;
}): VNode {
  const drawing = useMemo(
    () => drawingOf(map, { clip, colorMap, reduce }, range),
    [map, clip, colorMap, reduce, range],
  );
  const lines = useMemo(() => linesOf(artifact, frame), [artifact, frame]);
  const order = useMemo(() => lineOrder(lines, lineSort(artifact, tileSort)), [artifact, lines, tileSort]);
  const shared = useMemo(
    () => (tileScale === "shared" ? lineRange(lines, order) : undefined),
    [lines, order, tileScale],
  );
  const [span, setSpan] = useState<Span>(WHOLE_SPAN);
  const [cursor, setCursor] = useState<Cursor | undefined>(undefined);
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  useLayoutEffect(() => {
    setCursor(undefined);
    setSpan(WHOLE_SPAN);
  }, [artifact]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const several = lines.height > 1;
  const height = several ? (lines.height > 4 ? 44 : 76) : 170;
  const trackHeight = height + stripHeight + trackGap + (several ? nameHeight : 0);
  const from = Math.max(0, Math.floor(view.top / trackHeight) - spare);
  const to = Math.min(order.length, Math.ceil((view.top + view.height) / trackHeight) + spare);
  const at = cursor && cursor.step < lines.width && cursor.place < order.length ? cursor : undefined;
  const reading = at && readingAt(artifact, lines, drawing, order[at.place], at.step);

  const zoom = (factor: number, about: number): void =>
    setSpan(({ from: low, to: high }) => {
      const size = Math.min(1, Math.max(Math.min(1, LEAST_SEEN / lines.width), (high - low) / factor));
      const start = Math.min(1 - size, Math.max(0, about - ((about - low) / (high - low)) * size));
      return { from: start, to: start + size };
    });
  const middle = at ? (at.step + 0.5) / lines.width : (span.from + span.to) / 2;
  /** Moves to a step, and what is seen along with it. */
  const go = (step: number, place: number): void => {
    setCursor({ step, place, by: "keys" });
    const u = (step + 0.5) / lines.width;
    setSpan((now) => {
      const size = now.to - now.from;
      if (u >= now.from && u <= now.to) return now;
      const start = Math.min(1 - size, Math.max(0, u - size / 2));
      return { from: start, to: start + size };
    });
    const element = scroller.current;
    if (!element) return;
    if (place * trackHeight < element.scrollTop) element.scrollTop = place * trackHeight;
    else if ((place + 1) * trackHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = (place + 1) * trackHeight - element.clientHeight;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { step, place } = at ?? { step: Math.floor(middle * lines.width), place: 0 };
    const far = event.shiftKey ? 10 : 1;
    const move = (steps: number, places: number): void =>
      at === undefined
        ? go(step, place)
        : go(
            Math.min(lines.width - 1, Math.max(0, step + steps)),
            Math.min(order.length - 1, Math.max(0, place + places)),
          );
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => move(-far, 0),
      ArrowRight: () => move(far, 0),
      ArrowUp: () => move(0, -1),
      ArrowDown: () => move(0, 1),
      Home: () => go(0, place),
      End: () => go(lines.width - 1, place),
      m: () => {
        const { row, column } = drawing.peak;
        go(
          Math.min(lines.width - 1, Math.floor(((column + 0.5) / drawing.map.width) * lines.width)),
          Math.max(0, order.indexOf(Math.min(row, lines.height - 1))),
        );
      },
      Escape: () => setCursor(undefined),
      "+": () => zoom(1.5, middle),
      "-": () => zoom(1 / 1.5, middle),
      "0": () => setSpan(WHOLE_SPAN),
    };
    const action = actions[event.key === "M" ? "m" : event.key === "=" ? "+" : event.key];
    if (!action || (event.key === "Escape" && !at)) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  const pointAt = (event: MouseEvent): number | undefined => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const across = (event.clientX - box.left) / box.width;
    return across < 0 || across >= 1 ? undefined : span.from + across * (span.to - span.from);
  };
  const left = (u: number): string => `${((u - span.from) / (span.to - span.from)) * 100}%`;
  const crossAt = at && (at.step + 0.5) / lines.width;
  return (
    <div class="line-stage" data-testid="line-view">
      <div class="line-with-bar">
        <div
          class="line-frame"
          tabIndex={0}
          role="application"
          aria-roledescription="line chart"
          aria-label={`${summary(artifact, drawing, lines.height)} Arrow keys read values, M goes to the strongest.`}
          data-testid="line-frame"
          onKeyDown={onKeyDown}
          onBlur={() => {
            if (cursor?.by === "keys") setCursor(undefined);
          }}
        >
          <div
            class="line-tracks"
            ref={scroller}
            onScroll={(event) =>
              setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
            }
          >
            <div class="line-length" style={{ height: `${order.length * trackHeight - trackGap}px` }}>
              {Array.from({ length: Math.max(0, to - from) }, (_, i) => {
                const place = from + i;
                const channel = order[place];
                const ends = shared ?? lineRange(lines, [channel]);
                return (
                  <div
                    key={channel}
                    class="line-track"
                    style={{ top: `${place * trackHeight}px` }}
                    data-channel={channel}
                  >
                    {several ? <div class="line-name">{channelName(artifact, channel)}</div> : null}
                    <div class="line-ends number" style={{ height: `${height}px` }} aria-hidden="true">
                      <span>{formatValue(ends.max)}</span>
                      <span>{formatValue(ends.min)}</span>
                    </div>
                    <div
                      class="line-plot"
                      onPointerMove={(event) => {
                        const u = pointAt(event);
                        if (u !== undefined) setCursor({ step: Math.floor(u * lines.width), place, by: "pointer" });
                      }}
                      onPointerLeave={() => {
                        if (cursor?.by === "pointer") setCursor(undefined);
                      }}
                      onWheel={(event) => {
                        const u = event.ctrlKey || event.metaKey ? pointAt(event) : undefined;
                        if (u === undefined) return;
                        event.preventDefault();
                        zoom(Math.exp(-event.deltaY / 300), u);
                      }}
                    >
                      <Track
                        lines={lines}
                        channel={channel}
                        range={ends}
                        drawing={drawing}
                        span={span}
                        height={height}
                      />
                      {crossAt !== undefined && crossAt >= span.from && crossAt <= span.to ? (
                        <div
                          class={`line-cross ${at?.place === place ? "here" : ""}`}
                          style={{ left: left(crossAt) }}
                        />
                      ) : null}
                    </div>
                  </div>
                );
              })}
            </div>
          </div>
          <Axis artifact={artifact} span={span} />
        </div>
        <ColorBar
          range={drawing.range}
          table={drawing.table}
          quantity={artifact.quantity}
          clipped={drawing.clipped}
          mark={reading?.value}
        />
      </div>
      <div class="line-foot">
        <p
          class="line-reading number"
          data-testid="line-reading"
          data-step={at?.step}
          data-value={reading?.value}
          data-line={reading?.line}
        >
          {reading ? reading.text : "\u00a0"}
        </p>
        <span class="line-zoom" role="group" aria-label="Zoom">
          <IconButton
            icon="zoom-out"
            label="Zoom out"
            testid="line-zoom-out"
            disabled={span.to - span.from >= 1}
            onClick={() => zoom(1 / 1.5, middle)}
          />
          <IconButton
            icon="zoom-in"
            label="Zoom in (Ctrl and wheel on a line)"
            testid="line-zoom-in"
            onClick={() => zoom(1.5, middle)}
          />
        </span>
      </div>
      <p class="caption">
        {[
          artifact.title,
          artifact.signal ? `${artifact.signal.title} above, ${artifact.quantity} as colour` : "",
          artifact.caption,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {children}
      <NotFiniteNote count={drawing.notFinite} />
      <Announce testid="line-live" text={reading && at?.by === "keys" ? reading.text : ""} />
      <ValuesTable artifact={artifact} testid="line-table" />
    </div>
  );
}

/** Round positions of what is seen, and what runs along the axis. */
function Axis({ artifact, span }: { readonly artifact: LineArtifact; readonly span: Span }): VNode {
  const { first, last } = endsOf(artifact);
  const [low, high] = [first + (last - first) * span.from, first + (last - first) * span.to];
  return (
    <div class="line-axis number" aria-hidden="true" data-testid="line-axis">
      {ticks(low, high, 6).map((value) => (
        <span key={value} style={{ left: `${((value - low) / (high - low)) * 100}%` }}>
          {formatValue(value)}
        </span>
      ))}
      <span class="line-axis-name">{axisText(artifact.x)}</span>
    </div>
  );
}
