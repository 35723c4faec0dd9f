import type { TilesArtifact } from "../../protocol/artifacts.ts";
import type { Looks } from "../../protocol/looks.ts";
import { colorTable, resolveColorMap } from "../scene/colormap.ts";
import { GLYPH } from "../scene/font.ts";
import { tilesIn } from "../kinds/frames.ts";
import { paintTile } from "../scene/paint.ts";
import type { Block, Part } from "../scene/parts.ts";
import { paragraph, stack, textWidth } from "../scene/parts.ts";
import { tileOrder, tileRange, tilesSigned } from "./tiles.ts";

const gap = 8;
const leastTile = 72;

/**
 * The tiles that were sent as a grid about as wide as high, in the looks' order, each with its channel's number below;
 * of several frames, a grid for each, one below the other, with its name.
 */
export function layoutTiles(artifact: TilesArtifact, looks: Looks): Block {
  if (!artifact.frames) return gridOf(artifact, looks);
  const grids = tilesIn(artifact)
    .map((frame, index) => ({ frame, name: artifact.frames!.names[index] }))
    .filter(({ frame }) => frame.sent > 0);
  return stack(
    grids.flatMap(({ frame, name }) => [paragraph(name, 2, "foreground", 400), gridOf(frame, looks)]),
    gap,
  );
}

function gridOf(artifact: TilesArtifact, looks: Looks): Block {
  const { tileWidth, tileHeight, sent } = artifact;
  const order = tileOrder(artifact, looks.tileSort).filter((channel) => channel < sent);
  const table = colorTable(resolveColorMap(looks.colorMap, tilesSigned(artifact)));
  const factor = Math.max(1, Math.ceil(leastTile / Math.max(tileWidth, tileHeight)));
  const [width, height] = [tileWidth * factor, tileHeight * factor];
  const label = GLYPH.ascent + 4;
  const [stepX, stepY] = [Math.max(width, textWidth("00000", 1)) + gap, height + label + gap];
  const columns = Math.max(1, Math.min(order.length, Math.ceil(Math.sqrt((order.length * stepY) / stepX))));
  const parts = order.flatMap((channel, i): Part[] => {
    const [x, y] = [(i % columns) * stepX, Math.floor(i / columns) * stepY];
    const rgba = paintTile(artifact.tiles, tileHeight, tileWidth, channel, tileRange(artifact, channel, looks), table);
    return [
      {
        kind: "image",
        x,
        y,
        width,
        height,
        pixelWidth: tileWidth,
        pixelHeight: tileHeight,
        rgba,
        label: `channel ${channel}`,
      },
      { kind: "text", x, y: y + height + 3, text: String(channel), scale: 1, ink: "muted" },
    ];
  });
  return { width: columns * stepX - gap, height: Math.ceil(order.length / columns) * stepY - gap, parts };
}
