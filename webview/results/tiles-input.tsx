import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import { formatValue } from "../../src/protocol/format.ts";
import type { ImageArtifact, TilesArtifact } from "../../src/protocol/artifacts.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { Announce } from "../ui/feedback.tsx";
import type { Cell } from "./map-values.ts";
import { cellAtPointer } from "./pointer.ts";
import { Crosshair, step } from "./map-view.tsx";

/** A place that all tiles have: a cell of theirs, and the channel it is read in where the pointer is on a tile. */
export interface TilePlace {
  readonly cell: Cell;
  readonly channel?: number;
  readonly by: "pointer" | "keys";
}

/**
 * The input beside a layer's tiles: the place under the pointer, in a tile or here, is marked in both, and read below.
 * Arrow keys move it, Enter enlarges the channel that is strongest there, Escape takes it away.
 */
export function TilesInput({
  artifact,
  picture,
  place,
  onPlace,
  onChannel,
}: {
  readonly artifact: TilesArtifact;
  readonly picture: ImageArtifact;
  readonly place: TilePlace | undefined;
  readonly onPlace: (place: TilePlace | undefined) => void;
  readonly onChannel: (channel: number) => void;
}): VNode {
  const [focused, setFocused] = useState(false);
  const rgba = useMemo(() => withAlpha(picture.pixels), [picture]);
  const grid = { height: artifact.tileHeight, width: artifact.tileWidth };
  const reading = place && readingOf(artifact, place);
  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.key === "Enter" || event.key === " ") && reading) {
      event.preventDefault();
      onChannel(reading.channel);
      return;
    }
    const next = step(event, place?.cell, { map: grid, peak: place?.cell ?? { row: 0, column: 0 } });
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onPlace(next === "away" ? undefined : { cell: next, by: "keys" });
  };
  return (
    <figure class="tiles-input" data-testid="tiles-input">
      <div
        class="frame"
        style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
        tabIndex={0}
        role="application"
        aria-roledescription="picture"
        aria-label={`Input: ${picture.title}. Arrow keys mark a place in all channels, Enter enlarges the strongest there.`}
        data-testid="tiles-picture"
        onPointerMove={(event) => {
          const cell = cellAtPointer(event, grid);
          if (cell) onPlace({ cell, by: "pointer" });
        }}
        onPointerLeave={() => {
          if (place?.by === "pointer") onPlace(undefined);
        }}
        onClick={(event) => {
          const cell = cellAtPointer(event, grid);
          const found = cell && readingOf(artifact, { cell, by: "pointer" });
          if (found) onChannel(found.channel);
        }}
        onKeyDown={onKeyDown}
        onFocus={() => setFocused(true)}
        onBlur={() => {
          setFocused(false);
          if (place?.by === "keys") onPlace(undefined);
        }}
      >
        <PixelCanvas width={picture.width} height={picture.height} rgba={rgba} smooth testid="picture" />
        {place ? (
          <Crosshair
            reading={{ ...centreOf(place.cell, grid, picture), coarse: true, cell: place.cell }}
            drawing={{ map: grid }}
            size={picture}
          />
        ) : null}
      </div>
      <figcaption>
        <span class="tiles-reading number" data-testid="tiles-reading">
          {reading ? reading.text : "Point at a place to see it in all channels."}
        </span>
        <span>{picture.caption || picture.title}</span>
      </figcaption>
      <Announce testid="tiles-live" text={focused && place?.by === "keys" && reading ? reading.text : ""} />
    </figure>
  );
}

function centreOf(
  cell: Cell,
  grid: { readonly height: number; readonly width: number },
  picture: { readonly height: number; readonly width: number },
): { readonly x: number; readonly y: number } {
  return {
    x: Math.min(picture.width - 1, Math.floor(((cell.column + 0.5) / grid.width) * picture.width)),
    y: Math.min(picture.height - 1, Math.floor(((cell.row + 0.5) / grid.height) * picture.height)),
  };
}

/** What a place says: the value of its channel, or of the one that is strongest there, of those that are here. */
function readingOf(
  { tiles, tileHeight, tileWidth, sent, dims, axes }: TilesArtifact,
  { cell, channel }: TilePlace,
): { readonly channel: number; readonly text: string } | undefined {
  const size = tileHeight * tileWidth;
  const at = cell.row * tileWidth + cell.column;
  const value = (one: number): number => tiles[one * size + at];
  let strongest = 0;
  for (let one = 1; one < sent; one++)
    if ((Math.abs(value(one)) || 0) > (Math.abs(value(strongest)) || 0)) strongest = one;
  const shown = channel ?? strongest;
  if (shown >= sent) return { channel: shown, text: `Channel ${shown}: enlarge it for its values` };
  const [rows, columns] = [dims[axes.height] / tileHeight, dims[axes.width] / tileWidth];
  const mean = rows > 1 || columns > 1 ? ` (mean of ${atMost(rows)}×${atMost(columns)})` : "";
  return {
    channel: shown,
    text: `${channel === undefined ? "Strongest here: channel" : "Channel"} ${shown}, ${formatValue(value(shown))}${mean}`,
  };
}

function atMost(cells: number): string {
  return Number.isInteger(cells) ? String(cells) : `${Math.floor(cells)}–${Math.ceil(cells)}`;
}
