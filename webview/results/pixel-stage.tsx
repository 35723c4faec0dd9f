import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { withAlpha } from "../../src/draw/scene/paint.ts";
import type { ImageArtifact } from "../../src/protocol/artifacts.ts";
import type { Looks } from "../../src/protocol/looks.ts";
import { PixelCanvas } from "../ui/canvas.tsx";
import { Announce } from "../ui/feedback.tsx";
import { Tooltip } from "../ui/tooltip.tsx";
import type { Cell } from "./map-values.ts";
import { cellAtPointer } from "./pointer.ts";
import { Crosshair, step } from "./map-view.tsx";

/** What a place says. */
export interface PlaceReading {
  readonly rows: readonly { readonly label: string; readonly text: string }[];
  readonly data: Readonly<Record<string, string | number>>;
}

interface Layer {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  /** Interpolated when stretched. */
  readonly smooth?: boolean;
}

/**
 * Pixels beside, over, or without the input's picture, read by pointer or arrow keys (ten cells with Shift, M the
 * strongest place, Escape away); a click or Enter picks a place.
 */
export function PixelStage({
  layer,
  grid,
  picture,
  looks,
  label,
  role,
  caption,
  peak = { row: 0, column: 0 },
  read,
  onCell,
  onPick,
  over,
  testid,
}: {
  readonly layer: Layer;
  /** How many places there are. */
  readonly grid: { readonly height: number; readonly width: number };
  readonly picture?: ImageArtifact;
  readonly looks: Pick<Looks, "arrangement" | "opacity">;
  readonly label: string;
  /** What it is to a screen reader: "segmentation". */
  readonly role: string;
  readonly caption: string;
  readonly peak?: Cell;
  readonly read: (cell: Cell) => PlaceReading;
  /** The place under the cursor, as it changes. */
  readonly onCell?: (cell: Cell | undefined) => void;
  readonly onPick?: (cell: Cell) => void;
  /** Drawn over all pictures: the target. */
  readonly over?: ComponentChildren;
  readonly testid: string;
}): VNode {
  const [cursor, setCursor] = useState<{ readonly cell: Cell; readonly by: "pointer" | "keys" } | undefined>(undefined);
  useLayoutEffect(() => setCursor(undefined), [layer]);
  const below = useMemo(() => picture && withAlpha(picture.pixels), [picture]);
  const size = picture ?? grid;
  const arrangement = picture ? looks.arrangement : "map";
  const cell = cursor && cursor.cell.row < grid.height && cursor.cell.column < grid.width ? cursor.cell : undefined;
  const move = (next: typeof cursor): void => {
    setCursor(next);
    onCell?.(next?.cell);
  };
  const pointer = {
    onPointerMove: (event: PointerEvent) => {
      const next = cellAtPointer(event, grid);
      if (next) move({ cell: next, by: "pointer" });
    },
    onPointerLeave: () => {
      if (cursor?.by === "pointer") move(undefined);
    },
    onClick: (event: MouseEvent) => {
      const next = cellAtPointer(event, grid);
      if (next) onPick?.(next);
    },
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (cell && onPick && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      onPick(cell);
      return;
    }
    const next = step(event, cell, { map: grid, peak });
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(next === "away" ? undefined : { cell: next, by: "keys" });
  };
  const reading = cell && read(cell);
  const [x, y] = cell
    ? [
        Math.floor(((cell.column + 0.5) / grid.width) * size.width),
        Math.floor(((cell.row + 0.5) / grid.height) * size.height),
      ]
    : [0, 0];
  const coarse = grid.width < size.width || grid.height < size.height;
  const cross = cell ? <Crosshair reading={{ x, y, coarse, cell }} drawing={{ map: grid }} size={size} /> : null;
  const frame = { aspectRatio: `${size.width} / ${size.height}` };
  return (
    <div class="heat" data-arrangement={arrangement}>
      <div
        class="heat-pictures"
        style={{ "--aspect": String(size.width / size.height), "--across": arrangement === "side-by-side" ? "2" : "1" }}
      >
        {arrangement === "side-by-side" && picture && below ? (
          <figure class="heat-figure">
            <div class="frame" style={frame} {...pointer}>
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
        <figure class="heat-figure">
          <div
            class="frame"
            style={frame}
            tabIndex={0}
            role="application"
            aria-roledescription={role}
            aria-label={`${label} Arrow keys read places${onPick ? ", Enter explains one" : ""}.`}
            data-testid={testid}
            onKeyDown={onKeyDown}
            onBlur={() => {
              if (cursor?.by === "keys") move(undefined);
            }}
            {...pointer}
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
              width={layer.width}
              height={layer.height}
              rgba={layer.rgba}
              smooth={layer.smooth === true}
              testid={`${testid}-pixels`}
              opacity={arrangement === "overlay" ? looks.opacity : 1}
            />
            {over}
            {cross}
            {cell && reading ? (
              <Tooltip
                u={(x + 0.5) / size.width}
                v={(y + 0.5) / size.height}
                rows={reading.rows}
                data={{ row: cell.row, column: cell.column, ...reading.data }}
                testid={`${testid}-tip`}
              />
            ) : null}
          </div>
          <figcaption>{caption}</figcaption>
        </figure>
      </div>
      <Announce
        testid={`${testid}-live`}
        text={
          reading && cursor?.by === "keys"
            ? reading.rows.map(({ label: name, text }) => `${name} ${text}`).join(", ")
            : ""
        }
      />
    </div>
  );
}
