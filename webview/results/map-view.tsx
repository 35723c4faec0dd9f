import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { paintMap, resizeMap, withAlpha } from "../../src/draw/scene/paint.ts";
import type { ValueRange } from "../../src/draw/scene/range.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { Artifact, HeatmapArtifact, ImageArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { barWidth, ColorBar } from "../ui/colorbar.tsx";
import { Announce, NotFiniteNote } from "../ui/feedback.tsx";
import { Tooltip } from "../ui/tooltip.tsx";
import { ValuesTable } from "./data-table.tsx";
import { cellUnder, drawingOf, readingAt, readingLines, reductionText, summarise } from "./map-values.ts";
import type { Cell, Drawing, Reading } from "./map-values.ts";

interface Cursor {
  readonly cell: Cell;
  readonly point?: { readonly u: number; readonly v: number };
  readonly by: "pointer" | "keys";
}

/**
 * A map beside, over, or without its picture, and what it says under the cursor. The cursor is the pointer, or arrow
 * keys: one cell, ten with Shift; Home and End the row's ends, M the strongest place, Escape away.
 */
export function Heatmap({
  artifact,
  picture,
  looks,
  range,
  channelNames,
  values = artifact,
  tableTitle,
  over,
  children,
}: {
  /** Drawn over the map and its picture: the target. */
  readonly over?: ComponentChildren;
  readonly artifact: HeatmapArtifact;
  /** What the values are a table of, where the map is made of another artifact. */
  readonly values?: Artifact;
  readonly tableTitle?: string;
  readonly picture?: ImageArtifact;
  readonly looks: Looks;
  readonly range?: ValueRange;
  readonly channelNames?: readonly string[];
  /** The controls: right under what they control. */
  readonly children?: ComponentChildren;
}): VNode {
  const { reduce, clip, colorMap } = looks;
  const drawing = useMemo(
    () => drawingOf(artifact, { reduce, clip, colorMap }, range),
    [artifact, reduce, clip, colorMap, range],
  );
  const [cursor, setCursor] = useState<Cursor | undefined>(undefined);
  // Before the next key can come: an effect after the paint would take away what that key did.
  useLayoutEffect(() => setCursor(undefined), [artifact]);

  const size = picture ?? { width: drawing.map.width, height: drawing.map.height };
  const arrangement = picture ? looks.arrangement : "map";
  const colors = useMemo(() => paint(drawing, size), [drawing, size.width, size.height]);
  const below = useMemo(() => picture && withAlpha(picture.pixels), [picture]);
  const cell = cursor && inside(cursor.cell, drawing) ? cursor.cell : undefined;
  const reading = useMemo(
    () => cell && readingAt(drawing, cell, size, cursor?.point),
    [drawing, cell, cursor?.point, size.width, size.height],
  );
  const reduced = reductionText(artifact, reduce);
  const summary = useMemo(() => summarise(drawing), [drawing]);

  const point = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [u, v] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (u < 0 || v < 0 || u >= 1 || v >= 1) return;
    setCursor({ cell: cellUnder(drawing, u, v), point: { u, v }, by: "pointer" });
  };
  const leave = (): void => {
    if (cursor?.by === "pointer") setCursor(undefined);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = step(event, cursor?.cell, drawing);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setCursor(next === "away" ? undefined : { cell: next, by: "keys" });
  };
  const frame = { aspectRatio: `${size.width} / ${size.height}` };
  const cross = reading ? <Crosshair reading={reading} drawing={drawing} size={size} /> : null;
  const tip = reading ? (
    <HeatTip drawing={drawing} reading={reading} size={size} names={channelNames} reduce={reduce} />
  ) : null;

  return (
    <div class="heat" data-arrangement={arrangement}>
      <div
        class="heat-pictures"
        style={{
          "--aspect": String(size.width / size.height),
          "--across": arrangement === "side-by-side" ? "2" : "1",
          "--bar": barWidth(drawing.range, drawing.clipped),
        }}
      >
        {arrangement === "side-by-side" && picture && below ? (
          <figure class="heat-figure">
            <div class="frame" style={frame} onPointerMove={point} onPointerLeave={leave}>
              <PixelCanvas
                width={picture.width}
                height={picture.height}
                rgba={below}
                smooth
                label={`Input: ${picture.title}`}
                testid="picture"
              />
              {over}
              {cross}
            </div>
            <figcaption>{picture.caption || picture.title}</figcaption>
          </figure>
        ) : null}
        <figure class="heat-figure with-bar">
          <div
            class="frame"
            style={frame}
            tabIndex={0}
            role="application"
            aria-roledescription="heat map"
            aria-label={`${summary} Arrow keys read values; M moves to the strongest.`}
            data-testid="heatmap-view"
            onPointerMove={point}
            onPointerLeave={leave}
            onKeyDown={onKeyDown}
            onBlur={() => {
              if (cursor?.by === "keys") setCursor(undefined);
            }}
          >
            {arrangement === "overlay" && picture && below ? (
              <PixelCanvas
                width={picture.width}
                height={picture.height}
                rgba={below}
                smooth
                testid="picture"
                class="under"
              />
            ) : null}
            <PixelCanvas
              width={colors.width}
              height={colors.height}
              rgba={colors.rgba}
              smooth={artifact.smooth}
              testid="heatmap"
              opacity={arrangement === "overlay" ? looks.opacity : 1}
            />
            {over}
            {cross}
            {tip}
          </div>
          <ColorBar
            range={drawing.range}
            table={drawing.table}
            quantity={artifact.quantity}
            clipped={drawing.clipped}
            mark={reading?.value}
          />
          <figcaption>{[artifact.title, artifact.caption, reduced].filter(Boolean).join(" · ")}</figcaption>
        </figure>
      </div>
      {children}
      <NotFiniteNote count={drawing.notFinite} />
      <Announce testid="heatmap-live" text={reading && cursor?.by === "keys" ? spoken(reading, drawing) : ""} />
      <ValuesTable artifact={values} testid="heatmap-table" title={tableTitle} />
    </div>
  );
}

/** Pixels of the map: interpolated to about the size it is shown at where it is smooth, else its own cells. */
export function paint(
  { artifact, map, range, table }: Drawing,
  size: { readonly width: number; readonly height: number },
): { width: number; height: number; rgba: Uint8ClampedArray<ArrayBuffer> } {
  const factor = Math.max(1, Math.round(448 / Math.max(size.width, size.height)));
  const shown = artifact.smooth ? resizeMap(map, size.height * factor, size.width * factor, true) : map;
  return { width: shown.width, height: shown.height, rgba: paintMap(shown, range, table) };
}

function inside(cell: Cell, { map }: Drawing): boolean {
  return cell.row < map.height && cell.column < map.width;
}

/** Where a key leads from a cell: to another one, away from all; undefined where the key means nothing here. */
export function step(
  event: KeyboardEvent,
  from: Cell | undefined,
  { map, peak }: { readonly map: { readonly height: number; readonly width: number }; readonly peak: Cell },
): Cell | "away" | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  const start = from ?? { row: Math.floor((map.height - 1) / 2), column: Math.floor((map.width - 1) / 2) };
  const far = event.shiftKey ? 10 : 1;
  const go = (rows: number, columns: number): Cell =>
    from === undefined
      ? start
      : {
          row: Math.min(map.height - 1, Math.max(0, start.row + rows)),
          column: Math.min(map.width - 1, Math.max(0, start.column + columns)),
        };
  switch (event.key) {
    case "ArrowUp":
      return go(-far, 0);
    case "ArrowDown":
      return go(far, 0);
    case "ArrowLeft":
      return go(0, -far);
    case "ArrowRight":
      return go(0, far);
    case "Home":
      return { row: start.row, column: 0 };
    case "End":
      return { row: start.row, column: map.width - 1 };
    case "m":
    case "M":
      return peak;
    case "Escape":
      return from === undefined ? undefined : "away";
    default:
      return undefined;
  }
}

function spoken(reading: Reading, { artifact }: Drawing): string {
  const where = reading.coarse
    ? `Row ${reading.cell.row}, column ${reading.cell.column}`
    : `x ${reading.x}, y ${reading.y}`;
  return `${where}: ${artifact.quantity} ${formatValue(reading.value)}${Number.isNaN(reading.percentile) ? "" : `, percentile ${reading.percentile.toFixed(1)}`}`;
}

/** Two lines through the point; where cells are coarse, also the cell. */
export function Crosshair({
  reading,
  drawing: { map },
  size,
}: {
  readonly reading: Pick<Reading, "x" | "y" | "coarse" | "cell">;
  readonly drawing: { readonly map: { readonly height: number; readonly width: number } };
  readonly size: { readonly width: number; readonly height: number };
}): VNode {
  const percent = (part: number): string => `${part * 100}%`;
  return (
    <div class="crosshair" aria-hidden="true">
      <div class="cross-x" style={{ left: percent((reading.x + 0.5) / size.width) }} />
      <div class="cross-y" style={{ top: percent((reading.y + 0.5) / size.height) }} />
      {reading.coarse ? (
        <div
          class="cross-cell"
          style={{
            left: percent(reading.cell.column / map.width),
            top: percent(reading.cell.row / map.height),
            width: percent(1 / map.width),
            height: percent(1 / map.height),
          }}
        />
      ) : null}
    </div>
  );
}

function HeatTip({
  drawing,
  reading,
  size,
  names,
  reduce,
}: {
  readonly drawing: Drawing;
  readonly reading: Reading;
  readonly size: { readonly width: number; readonly height: number };
  readonly names?: readonly string[];
  readonly reduce: Looks["reduce"];
}): VNode {
  return (
    <Tooltip
      u={(reading.x + 0.5) / size.width}
      v={(reading.y + 0.5) / size.height}
      rows={readingLines(drawing, reading, names, reduce)}
      testid="tooltip"
      data={{
        x: reading.x,
        y: reading.y,
        row: reading.cell.row,
        column: reading.cell.column,
        value: reading.value,
        channels: reading.channels.join(","),
      }}
    />
  );
}
