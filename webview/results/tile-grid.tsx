import type { RefObject, VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { colorTable, resolveColorMap } from "../../src/draw/scene/colormap.ts";
import { paintMap } from "../../src/draw/scene/paint.ts";
import { tileOrder, tileRange, tilesSigned, valuesRange } from "../../src/draw/kinds/tiles.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { TilesArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { useWidth } from "../ui/hooks.ts";
import { rove } from "../ui/rove.ts";
import { cellIn } from "./pointer.ts";
import type { TilePlace } from "./tiles-input.tsx";
import { useTiles } from "./use-tiles.ts";
import type { Page } from "./view.ts";

const gap = 6;
const captionHeight = 16;
/** Rows made above and below what is seen. */
const spare = 2;

/** Tiles in rows, of which only those in sight exist: two thousand channels scroll as well as thirty. */
export function TileGrid({
  artifact,
  first,
  chosen,
  page,
  place: marked,
  onPlace,
}: {
  /** `first`: what the engine calls the first of these channels, those of earlier frames being before it. */
  readonly artifact: TilesArtifact;
  readonly first: number;
  readonly chosen?: number;
  readonly page: Page;
  /** Marked in all tiles; where the pointer is, for what is beside them. */
  readonly place?: TilePlace;
  readonly onPlace?: (place: TilePlace | undefined) => void;
}): VNode {
  const { looks } = page;
  const root = useRef<HTMLDivElement>(null);
  const width = useWidth(root);
  const order = useMemo(() => tileOrder(artifact, looks.tileSort), [artifact, looks.tileSort]);
  const columns = Math.max(1, Math.floor((width + gap) / (leastTile(artifact.count) + gap)));
  const tile = Math.max(16, (width - gap * (columns - 1)) / columns);
  const rowHeight = Math.round((tile * artifact.tileHeight) / artifact.tileWidth) + captionHeight + gap;
  const rows = Math.ceil(artifact.count / columns);
  const [from, to] = useRowsInSight(root, rowHeight, rows);
  const [active, setActive] = useState(0);
  const moved = useRef(false);
  const table = useMemo(
    () => colorTable(resolveColorMap(looks.colorMap, tilesSigned(artifact))),
    [artifact, looks.colorMap],
  );

  useLayoutEffect(() => {
    setActive(Math.max(0, chosen === undefined ? 0 : order.indexOf(chosen)));
  }, [artifact, order, chosen]);
  const places = Array.from(
    { length: Math.max(0, Math.min(artifact.count, to * columns) - from * columns) },
    (_, i) => from * columns + i,
  );
  const channels = places.map((place) => order[place]);
  const tileOf = useTiles(artifact, first, channels, page);
  if (active < artifact.count && !places.includes(active)) places.push(active);

  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    root.current?.querySelector<HTMLElement>(`[data-place="${active}"]`)?.focus();
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      page.setLooks({ channel: order[active] });
      return;
    }
    const next = rove(event.key, active, artifact.count, columns);
    if (next === undefined) return;
    event.preventDefault();
    setActive(next);
    moved.current = true;
  };

  return (
    <div
      class={marked ? "tiles marked" : "tiles"}
      role="listbox"
      aria-label={`${artifact.title}: ${artifact.count} channels. Enter enlarges.`}
      data-testid="tiles"
      ref={root}
      style={{ height: `${rows * rowHeight}px`, ...(marked ? markOf(marked, artifact) : {}) }}
      onPointerLeave={() => {
        if (marked?.by === "pointer") onPlace?.(undefined);
      }}
      onKeyDown={onKeyDown}
    >
      {width
        ? places.map((place) => {
            const channel = order[place];
            return (
              <Tile
                key={channel}
                channel={channel}
                place={place}
                artifact={artifact}
                values={tileOf(channel)}
                looks={looks}
                table={table}
                stop={place === active}
                chosen={channel === chosen}
                box={{
                  left: `${(place % columns) * (tile + gap)}px`,
                  top: `${Math.floor(place / columns) * rowHeight}px`,
                  width: `${tile}px`,
                }}
                onFocus={() => setActive(place)}
                onPoint={(u, v) => {
                  const cell = onPlace && cellIn({ height: artifact.tileHeight, width: artifact.tileWidth }, u, v);
                  if (cell) onPlace({ cell, channel, by: "pointer" });
                }}
                onChoose={() => {
                  setActive(place);
                  page.setLooks({ channel: channel === chosen ? undefined : channel });
                }}
              />
            );
          })
        : null}
    </div>
  );
}

/** The marked cell's place and size, for the style sheet. */
function markOf({ cell }: TilePlace, { tileHeight, tileWidth }: TilesArtifact): Readonly<Record<string, string>> {
  return {
    "--mark-left": `${(100 * cell.column) / tileWidth}%`,
    "--mark-top": `${(100 * cell.row) / tileHeight}%`,
    "--mark-width": `${100 / tileWidth}%`,
    "--mark-height": `${100 / tileHeight}%`,
  };
}

/** Fewer channels get larger tiles. */
function leastTile(count: number): number {
  return count <= 16 ? 150 : count <= 48 ? 104 : count <= 512 ? 84 : 70;
}

function Tile({
  channel,
  place,
  artifact,
  values,
  looks: { tileScale, clip },
  table,
  stop,
  chosen,
  box,
  onChoose,
  onFocus,
  onPoint,
}: {
  readonly channel: number;
  readonly place: number;
  readonly artifact: TilesArtifact;
  readonly values: Float32Array | undefined;
  readonly looks: Looks;
  readonly table: Uint8Array;
  readonly stop: boolean;
  readonly chosen: boolean;
  readonly box: { readonly left: string; readonly top: string; readonly width: string };
  readonly onChoose: () => void;
  readonly onFocus: () => void;
  /** Where the pointer is in the picture, from 0 to 1 across and down. */
  readonly onPoint: (u: number, v: number) => void;
}): VNode {
  const { tileHeight: height, tileWidth: width } = artifact;
  const rgba = useMemo(() => {
    if (!values) return undefined;
    const range =
      tileScale === "shared"
        ? tileRange(artifact, channel, { tileScale, clip })
        : valuesRange(values, clip, tilesSigned(artifact));
    return paintMap({ height, width, values }, range, table);
  }, [artifact, values, channel, tileScale, clip, table]);
  const [min, max] = [artifact.min[channel], artifact.max[channel]];
  return (
    <div
      role="option"
      class="tile"
      aria-selected={chosen}
      aria-setsize={artifact.count}
      aria-posinset={place + 1}
      tabIndex={stop ? 0 : -1}
      data-place={place}
      data-testid={`tile-${channel}`}
      data-drawn={rgba ? "true" : "false"}
      style={box}
      onFocus={onFocus}
      onClick={onChoose}
      title={`Channel ${channel}\nmin ${formatValue(min)}, max ${formatValue(max)}\nmean ${formatValue(artifact.mean[channel])}, strength ${formatValue(artifact.strength[channel])}`}
    >
      {rgba ? (
        <div
          class="tile-picture"
          onPointerMove={(event) => {
            const pixels = event.currentTarget.getBoundingClientRect();
            onPoint((event.clientX - pixels.left) / pixels.width, (event.clientY - pixels.top) / pixels.height);
          }}
        >
          <PixelCanvas width={width} height={height} rgba={rgba} smooth={false} />
        </div>
      ) : (
        <div class="tile-wait" style={{ aspectRatio: `${width} / ${height}` }} />
      )}
      <span class="tile-caption number">
        <b>
          <span class="visually-hidden">Channel </span>
          {channel}
        </b>
        <span>
          {short(min)}…{short(max)}
        </span>
      </span>
    </div>
  );
}

/** Two digits: what fits under a tile. */
function short(value: number): string {
  return formatValue(Number.isFinite(value) ? Number(value.toPrecision(2)) : value);
}

/** The first row in sight and the one after the last, as the page scrolls. */
function useRowsInSight(
  element: RefObject<HTMLElement | null>,
  rowHeight: number,
  rows: number,
): readonly [number, number] {
  const [sight, setSight] = useState<readonly [number, number]>([0, 12]);
  useLayoutEffect(() => {
    const measure = (): void => {
      if (!element.current) return;
      const { top } = element.current.getBoundingClientRect();
      const from = Math.max(0, Math.floor(-top / rowHeight) - spare);
      const to = Math.min(rows, Math.ceil((window.innerHeight - top) / rowHeight) + spare);
      setSight((before) => (before[0] === from && before[1] === to ? before : [from, Math.max(from, to)]));
    };
    measure();
    window.addEventListener("scroll", measure, { passive: true, capture: true });
    window.addEventListener("resize", measure);
    // What stands above may grow or shrink: an enlarged channel, a banner.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => {
      window.removeEventListener("scroll", measure, { capture: true });
      window.removeEventListener("resize", measure);
      observer.disconnect();
    };
  }, [element, rowHeight, rows]);
  return sight;
}
