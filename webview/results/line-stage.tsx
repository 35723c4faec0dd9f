import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatValue } from "../../src/protocol/format.ts";
import { Announce } from "../ui/feedback.tsx";
import { useSize } from "../ui/hooks.ts";
import "./line.css";
import { Foot } from "./line-foot.tsx";
import { actionOf, type LineCursor } from "./line-keys.ts";
import { Marks } from "./line-marks.tsx";
import { pan, reveal, spanOf, WHOLE, zoomAt, type Span, type Zoom } from "./zoom.ts";

/** As in line.css, in CSS pixels: what of a track is not its plot. */
const [nameHeight, trackGap, tileWidth] = [17, 8, 170];
/** Rows of tracks made above and below what is seen. */
const spare = 2;
/** So many values at the least are seen. */
const LEAST_SEEN = 8;
/** In characters: longer names at a plot's ends are cut. */
const MOST_END = 14;
/** Pixels that a pressed pointer may move and still clicks. */
const STILL = 4;

/** What a place says, and its numbers. */
interface LineReading {
  readonly text: string;
  readonly data: Readonly<Record<`data-${string}`, number | undefined>>;
}

interface Props {
  /** With another one cursor and zoom begin anew. */
  readonly subject: object;
  readonly steps: number;
  /** The channels in the order in which they are shown. */
  readonly order: readonly number[];
  /** tracks: plots below one another. tiles: small ones, as many beside one another as fit. rows: all in one plot. */
  readonly form: "tracks" | "tiles" | "rows";
  readonly plotHeight: number;
  readonly label: string;
  readonly keysHelp: string;
  /** What a screen reader calls it: "line chart". */
  readonly role: string;
  readonly name: (channel: number) => string;
  /** The numbers at a track's upper and lower end. */
  readonly ends: (channel: number) => { readonly min: number; readonly max: number };
  readonly plot: (channel: number, span: Span) => VNode;
  /** Below all tracks, along the same axis. */
  readonly band?: (span: Span) => VNode;
  readonly axis: (span: Span) => VNode;
  readonly peak: { readonly channel: number; readonly step: number };
  readonly read: (channel: number, step: number) => LineReading;
  /** The target's part of a channel's axis, from 0 to 1. */
  readonly target?: (channel: number) => Span | undefined;
  /** Explains a sample, or a span of them. */
  readonly onPick?: (channel: number, from: number, before: number) => void;
  readonly bar?: (reading: LineReading | undefined) => VNode;
  readonly children?: ComponentChildren;
}

/**
 * Plots over one axis. The cursor is the pointer, or arrow keys: one step, ten with Shift, up and down another line, Home
 * and End the ends, M the strongest, Escape away. Plus, minus and 0 zoom, as Ctrl and the wheel do; a drag moves what is
 * seen, and so do Page Up and Page Down. Where places can be picked a drag chooses a span, a click or Enter a sample, and
 * S begins a span that Enter ends. Only plots in sight are drawn.
 */
export function LineStage(props: Props): VNode {
  const { subject, steps, order, form, plotHeight, read, onPick, peak } = props;
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const [cursor, setCursor] = useState<LineCursor | undefined>(undefined);
  const [anchor, setAnchor] = useState<{ readonly step: number; readonly place: number } | undefined>(undefined);
  const pressed = useRef<
    { readonly x: number; readonly step: number; readonly place: number; moved: boolean } | undefined
  >(undefined);
  const scroller = useRef<HTMLDivElement>(null);
  const size = useSize(scroller);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setCursor(undefined);
    setAnchor(undefined);
    setZoom(WHOLE);
  }, [subject]);

  const named = form !== "rows" && order.length > 1;
  const trackHeight = plotHeight + trackGap + (named ? nameHeight : 0);
  const across = form === "tiles" ? Math.max(1, Math.floor((size.width + trackGap) / tileWidth)) : 1;
  const rows = form === "rows" ? 1 : Math.ceil(order.length / across);
  const [from, to] = [
    Math.max(0, Math.floor(top / trackHeight) - spare),
    Math.min(rows, Math.ceil((top + (size.height || 600)) / trackHeight) + spare),
  ];
  // What scrolls can be reached by Tab; the arrow keys are the same in it.
  const scrolls = size.height > 0 && rows * trackHeight - trackGap > size.height + 1;
  const places = form === "rows" ? [0] : Array.from(order.keys()).slice(from * across, to * across);
  const at = cursor && cursor.step < steps && cursor.place < order.length ? cursor : undefined;
  const reading = at && read(order[at.place], at.step);
  const span = spanOf(zoom);
  const most = Math.max(1, steps / LEAST_SEEN);
  const middle = at ? (at.step + 0.5) / steps : (span.from + span.to) / 2;
  const zoomBy = (factor: number, about = middle): void => setZoom((now) => zoomAt(now, factor, about, 0.5, most));
  /** Moves to a step, and what is seen along with it. */
  const go = (step: number, place: number): void => {
    setCursor({ step, place, by: "keys" });
    setZoom((now) => reveal(now, (step + 0.5) / steps, now.v));
    const element = scroller.current;
    if (!element || form === "rows") return;
    const y = Math.floor(place / across) * trackHeight;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + trackHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = y + trackHeight - element.clientHeight;
  };
  const pick = (place: number, one: number, other: number): void => {
    setAnchor(undefined);
    onPick?.(order[place], Math.min(one, other), Math.max(one, other) + 1);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const action = actionOf(event, at ?? { step: Math.floor(middle * steps), place: 0, by: "keys" }, {
      steps,
      places: order.length,
      peak: { step: peak.step, place: Math.max(0, order.indexOf(peak.channel)) },
      hasCursor: at !== undefined,
      canPick: onPick !== undefined,
    });
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    if ("go" in action) go(action.go.step, action.go.place);
    else if ("zoom" in action) {
      if (action.zoom === 0) setZoom(WHOLE);
      else zoomBy(action.zoom);
    } else if ("pan" in action) setZoom((now) => pan(now, action.pan, 0));
    else if (action.do === "away") {
      setCursor(undefined);
      setAnchor(undefined);
    } else if (action.do === "anchor") setAnchor(at);
    else if (at) pick(at.place, at.step, anchor?.place === at.place ? anchor.step : at.step);
  };
  /** The step and the place under the pointer; beyond the plot its nearest where `held`. */
  const under = (
    event: MouseEvent,
    place: number | undefined,
    held = false,
  ): { step: number; place: number } | undefined => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [u, v] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (!held && (u < 0 || u >= 1)) return undefined;
    const within = (part: number, count: number): number => Math.min(count - 1, Math.max(0, Math.floor(part * count)));
    return {
      step: within(span.from + Math.min(1, Math.max(0, u)) * (span.to - span.from), steps),
      place: place ?? (form === "rows" ? within(v, order.length) : 0),
    };
  };
  const pointer = (place: number | undefined) => ({
    onPointerDown: (event: PointerEvent) => {
      const point = event.button === 0 ? under(event, place) : undefined;
      if (!point || (!onPick && zoom.scale === 1)) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      pressed.current = { ...point, x: event.clientX, moved: false };
    },
    onPointerMove: (event: PointerEvent) => {
      const start = pressed.current;
      const point = under(event, place, start !== undefined);
      if (start) {
        start.moved ||= Math.abs(event.clientX - start.x) > STILL;
        const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
        if (!onPick || event.shiftKey) setZoom((now) => pan(now, -event.movementX / box.width, 0));
        else if (start.moved) setAnchor({ step: start.step, place: start.place });
      }
      if (point) setCursor({ ...point, by: "pointer" });
    },
    onPointerUp: (event: PointerEvent) => {
      const start = pressed.current;
      pressed.current = undefined;
      const point = start && under(event, place, true);
      if (point && onPick && !event.shiftKey) pick(start.place, start.moved ? start.step : point.step, point.step);
    },
    onPointerCancel: () => {
      pressed.current = undefined;
      setAnchor(undefined);
    },
    onPointerLeave: () => {
      if (cursor?.by === "pointer" && !pressed.current) setCursor(undefined);
    },
    onWheel: (event: WheelEvent) => {
      const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
      const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const u = (event.clientX - box.left) / box.width;
        zoomBy(Math.exp(-event.deltaY / 300), span.from + u * (span.to - span.from));
      } else if (zoom.scale > 1 && Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY))
        setZoom((now) => pan(now, sideways / box.width, 0));
      else return;
      event.preventDefault();
    },
  });
  const marks = (place: number | undefined, channel: number): VNode => (
    <Marks
      span={span}
      steps={steps}
      cursor={at}
      isHere={place === undefined || at?.place === place}
      down={place === undefined && form === "rows" && at ? (at.place + 0.5) / order.length : undefined}
      target={props.target?.(channel)}
      chosen={at && anchor && (place === undefined || anchor.place === place) ? [anchor.step, at.step] : undefined}
    />
  );
  const endsOf = (channel: number): readonly [string, string] => {
    if (form === "rows") return [props.name(channel), props.name(order[order.length - 1])];
    const { min, max } = props.ends(channel);
    return [formatValue(max), formatValue(min)];
  };
  // Wide enough for all of them: a number that is cut would be another one.
  const endsWidth = useMemo(() => {
    if (form === "tiles") return 0;
    const longest = order.flatMap(endsOf).reduce((length, text) => Math.max(length, text.length), 0);
    return Math.min(MOST_END, Math.max(3, longest));
  }, [subject, order, form, props.ends]);
  const held = `line-plot ${onPick ? "picks" : zoom.scale > 1 ? "moves" : ""}`;
  return (
    <>
      <div class={props.bar ? "line-with-bar" : ""}>
        <div
          class="line-frame"
          data-form={form}
          style={{ "--line-ends": `${endsWidth}ch` }}
          tabIndex={0}
          role="application"
          aria-roledescription={props.role}
          aria-label={`${props.label} ${props.keysHelp}`}
          data-testid="line-frame"
          onKeyDown={onKeyDown}
          onBlur={() => {
            if (cursor?.by === "keys") setCursor(undefined);
            setAnchor(undefined);
          }}
        >
          <div
            class="line-tracks"
            ref={scroller}
            tabIndex={scrolls ? 0 : undefined}
            onScroll={(event) => setTop(event.currentTarget.scrollTop)}
          >
            <div class="line-length" style={{ height: `${rows * trackHeight - trackGap}px` }}>
              {places.map((place) => {
                const channel = order[place];
                const [high, low] = endsOf(channel);
                return (
                  <div
                    key={channel}
                    class="line-track"
                    style={{
                      top: `${Math.floor(place / across) * trackHeight}px`,
                      left: `${((place % across) / across) * 100}%`,
                      width: `calc(${100 / across}% - ${across > 1 ? trackGap : 0}px)`,
                    }}
                    data-channel={channel}
                  >
                    {named ? (
                      <div class="line-name" title={props.name(channel)}>
                        <span>{props.name(channel)}</span>
                        {form === "tiles" ? <span class="number">{`${low} to ${high}`}</span> : null}
                      </div>
                    ) : null}
                    <div class="line-ends number" style={{ height: `${plotHeight}px` }} aria-hidden="true">
                      <span>{high}</span>
                      <span>{low}</span>
                    </div>
                    <div class={held} {...pointer(form === "rows" ? undefined : place)}>
                      {props.plot(channel, span)}
                      {marks(form === "rows" ? undefined : place, channel)}
                    </div>
                  </div>
                );
              })}
            </div>
          </div>
          {props.band ? (
            <div class={`line-band ${held}`} {...pointer(0)}>
              {props.band(span)}
              {marks(undefined, order[0])}
            </div>
          ) : null}
          <div class="line-axes" style={{ gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))` }}>
            {Array.from({ length: Math.min(across, order.length) }, () => props.axis(span))}
          </div>
        </div>
        {props.bar?.(reading)}
      </div>
      <Foot
        reading={reading && `${reading.text}${anchor ? ` · span from ${anchor.step}` : ""}`}
        data={{ "data-step": at?.step, ...reading?.data }}
        zoom={{ scale: zoom.scale, most, by: zoomBy }}
      />
      <Announce testid="line-live" text={reading && at?.by === "keys" ? reading.text : ""} />
      {props.children}
    </>
  );
}
