import type { ComponentChildren, HTMLAttributes, VNode } from "preact";
import { useMemo } from "preact/hooks";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { ImageArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { cellUnder, readingAt } from "./map-values.ts";
import type { Drawing, Reading } from "./map-values.ts";
import { Crosshair, paint } from "./map-view.tsx";
import { PixelCanvas } from "../ui/canvas.tsx";
import { pointAt, zoomStyle } from "./zoom.ts";
import type { Zoom } from "./zoom.ts";

/** The place that is marked in all pictures at once: u and v from 0 to 1. */
export interface Cursor {
  readonly u: number;
  readonly v: number;
  readonly by: "pointer" | "keys";
}

/** What every picture of the grid is drawn with and tells. */
export interface Linked {
  readonly cursor: Cursor | undefined;
  readonly onCursor: (cursor: Cursor | undefined) => void;
  readonly zoom: Zoom;
  /** By a factor about a point. */
  readonly onZoom: (factor: number, u: number, v: number) => void;
  /** By parts of what is seen. */
  readonly onPan: (right: number, down: number) => void;
}

/** The cursor in the middle of a list's item, as if the list were a row. */
export function cursorAt(
  index: number,
  count: number,
): { readonly u: number; readonly v: number; readonly by: "pointer" } {
  return { u: (index + 0.5) / count, v: 0.5, by: "pointer" };
}

/** What a map says at the cursor. */
export function readingUnder(drawing: Drawing, picture: ImageArtifact | undefined, cursor: Cursor): Reading {
  return readingAt(drawing, cellUnder(drawing, cursor.u, cursor.v), sizeOf(drawing, picture), cursor);
}

function sizeOf(
  { map }: Drawing,
  picture: ImageArtifact | undefined,
): { readonly width: number; readonly height: number } {
  return picture ?? { width: map.width, height: map.height };
}

/**
 * A map, over its picture or alone, as far as the zoom shows it, with the linked cursor and the scale's bar where it is
 * its own.
 */
export function MapPicture({
  drawing,
  picture,
  reading,
  looks,
  linked,
  bar,
  pixels,
  children,
}: {
  readonly drawing: Drawing;
  /** What is drawn in place of the map's colours. */
  readonly pixels?: { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray<ArrayBuffer> };
  /** Drawn over it. */
  readonly children?: ComponentChildren;
  readonly picture?: ImageArtifact;
  readonly reading?: Reading;
  readonly looks: Looks;
  readonly linked: Linked;
  readonly bar: boolean;
}): VNode {
  const { artifact } = drawing;
  const size = sizeOf(drawing, picture);
  const colors = useMemo(() => pixels ?? paint(drawing, size), [pixels, drawing, size.width, size.height]);
  const over = looks.arrangement === "overlay" && picture !== undefined;
  const below = useMemo(() => (over ? withAlpha(picture.pixels) : undefined), [over, picture]);
  return (
    <>
      <Frame size={size} linked={linked} testid="map">
        {over && below ? (
          <PixelCanvas
            width={picture.width}
            height={picture.height}
            rgba={below}
            smooth={linked.zoom.scale < 4}
            class="under"
          />
        ) : null}
        <PixelCanvas
          width={colors.width}
          height={colors.height}
          rgba={colors.rgba}
          smooth={artifact.smooth}
          testid="heatmap"
          opacity={over ? looks.opacity : 1}
        />
        {children}
        {reading ? <Crosshair reading={reading} drawing={drawing} size={size} /> : null}
      </Frame>
      {bar ? <ScaleBar drawing={drawing} mark={reading?.value} /> : null}
    </>
  );
}

/** What the model saw, with the same cursor and zoom. */
export function InputPicture({ picture, linked }: { readonly picture: ImageArtifact; readonly linked: Linked }): VNode {
  const rgba = useMemo(() => withAlpha(picture.pixels), [picture]);
  const { cursor, zoom } = linked;
  const { width, height } = picture;
  const reading = cursor && {
    x: Math.min(width - 1, Math.floor(cursor.u * width)),
    y: Math.min(height - 1, Math.floor(cursor.v * height)),
    coarse: false,
    cell: { row: 0, column: 0 },
  };
  return (
    <Frame size={picture} linked={linked} testid="input-picture">
      <PixelCanvas
        width={width}
        height={height}
        rgba={rgba}
        smooth={zoom.scale < 4}
        label={`Input: ${picture.title}`}
      />
      {reading ? <Crosshair reading={reading} drawing={{ map: { width: 1, height: 1 } }} size={picture} /> : null}
    </Frame>
  );
}

/** A picture's frame that shows what the zoom says. */
function Frame({
  size,
  linked,
  testid,
  children,
}: {
  readonly size: { readonly width: number; readonly height: number };
  readonly linked: Linked;
  readonly testid: string;
  readonly children: ComponentChildren;
}): VNode {
  const { zoom } = linked;
  return (
    <div
      class={`frame ${zoom.scale > 1 ? "zoomed-in" : ""}`}
      style={{ aspectRatio: `${size.width} / ${size.height}` }}
      data-testid={testid}
      {...linkedPointer(linked)}
    >
      <div class="whole" style={zoomStyle(zoom)}>
        {children}
      </div>
    </div>
  );
}

/**
 * Points, drags and zooms: plain wheel turns are the page's, with Ctrl (or pinching) they zoom; a drag moves what is
 * seen. `rowOf`: where a point lies downward, from 0 to 1, of what is zoomed along its width alone.
 */
export function linkedPointer(
  { zoom, onCursor, onZoom, onPan, cursor }: Linked,
  rowOf?: (down: number) => number,
): Pick<HTMLAttributes<HTMLDivElement>, "onPointerDown" | "onPointerMove" | "onPointerLeave" | "onWheel"> {
  const at = (event: MouseEvent): { readonly u: number; readonly v: number; readonly box: DOMRect } | undefined => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (across < 0 || down < 0 || across >= 1 || down >= 1) return undefined;
    const point = pointAt(zoom, across, down);
    return { u: point.u, v: rowOf ? rowOf(down) : point.v, box };
  };
  return {
    onPointerDown: (event) => {
      if (zoom.scale > 1 && event.button === 0) event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event) => {
      const point = at(event);
      const element = event.currentTarget;
      if (zoom.scale > 1 && element.hasPointerCapture(event.pointerId)) {
        const box = element.getBoundingClientRect();
        onPan(-event.movementX / box.width, rowOf ? 0 : -event.movementY / box.height);
      }
      if (point) onCursor({ u: point.u, v: point.v, by: "pointer" });
    },
    onPointerLeave: () => {
      if (cursor?.by === "pointer") onCursor(undefined);
    },
    onWheel: (event) => {
      const point = event.ctrlKey || event.metaKey ? at(event) : undefined;
      if (!point) return;
      event.preventDefault();
      onZoom(Math.exp(-event.deltaY / 300), point.u, point.v);
    },
  };
}

/** The colours of one cell's own scale, from left to right, with its ends. */
export function ScaleBar({
  drawing: { range, table, clipped, artifact },
  mark,
}: {
  readonly drawing: Drawing;
  readonly mark?: number;
}): VNode {
  const rgba = useMemo(() => {
    const pixels = new Uint8ClampedArray(4 * 256);
    for (let i = 0; i < 256; i++) pixels.set([table[3 * i], table[3 * i + 1], table[3 * i + 2], 255], 4 * i);
    return pixels;
  }, [table]);
  const [low, high] = [
    `${clipped.low ? "≤ " : ""}${formatValue(range.min)}`,
    `${clipped.high ? "≥ " : ""}${formatValue(range.max)}`,
  ];
  const place =
    mark === undefined || !Number.isFinite(mark)
      ? undefined
      : Math.min(1, Math.max(0, (mark - range.min) / (range.max - range.min)));
  return (
    <div
      class="scale"
      data-testid="scale"
      role="img"
      aria-label={`Colour scale of ${artifact.quantity}: from ${low} to ${high}`}
    >
      <PixelCanvas width={256} height={1} rgba={rgba} smooth class="scale-strip" />
      {place === undefined ? null : <div class="scale-mark" style={{ left: `${place * 100}%` }} />}
      <div class="scale-ends number" aria-hidden="true">
        <span>{low}</span>
        <span class="scale-quantity">{artifact.quantity}</span>
        <span>{high}</span>
      </div>
    </div>
  );
}
