import type { Artifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";
import type { Looks } from "../../protocol/looks.ts";
import { forEachDot } from "./font.ts";
import { layoutScene } from "./scene.ts";
import { textWidth } from "./parts.ts";
import type { Ink, Part, Scene } from "./parts.ts";
import { drawStroke } from "./strokes.ts";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] bytes, opaque. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** The picture a panel shows for an artifact, on white: with title, colour bar, numbers and caption. */
export function composePicture(result: Result, artifact: Artifact, looks: Looks): Picture {
  return rasterise(layoutScene(result, artifact, looks));
}

export type Inks = Readonly<Record<Ink, readonly [red: number, green: number, blue: number]>>;

export const WHITE_INKS: Inks = {
  foreground: [31, 35, 40],
  background: [255, 255, 255],
  muted: [110, 119, 129],
  accent: [9, 105, 218],
};

/** A scene in pixels, text in the bitmap font. */
export function rasterise(scene: Scene, inks: Inks = WHITE_INKS): Picture {
  const width = Math.ceil(scene.width);
  const height = Math.ceil(scene.height);
  const rgba = new Uint8ClampedArray(width * height * 4);
  new Uint32Array(rgba.buffer).fill(new Uint32Array(Uint8Array.of(...inks.background, 255).buffer)[0]);
  const fill = (x: number, y: number, w: number, h: number, [r, g, b]: readonly [number, number, number]): void => {
    for (let row = Math.max(0, y); row < Math.min(height, y + h); row++) {
      for (let column = Math.max(0, x); column < Math.min(width, x + w); column++) {
        rgba.set([r, g, b, 255], 4 * (row * width + column));
      }
    }
  };
  const draw: { [K in Part["kind"]]: (part: Extract<Part, { kind: K }>) => void } = {
    image(part) {
      for (let y = 0; y < part.height; y++) {
        const from = Math.floor((y * part.pixelHeight) / part.height) * part.pixelWidth;
        for (let x = 0; x < part.width; x++) {
          const pixel = 4 * (from + Math.floor((x * part.pixelWidth) / part.width));
          const to = 4 * ((part.y + y) * width + part.x + x);
          for (let c = 0; c < 3; c++) rgba[to + c] = part.rgba[pixel + c];
        }
      }
    },
    line: (part) => drawStroke(rgba, width, height, part),
    rect: (part) => fill(part.x, part.y, part.width, part.height, inks[part.ink]),
    text({ x, y, text, scale, ink, anchor, turned }) {
      const before = Math.round(textWidth(text, scale) * (anchor === "middle" ? 0.5 : anchor === "end" ? 1 : 0));
      forEachDot(text, (column, row) => {
        const [along, down] = [column * scale - before, row * scale];
        if (turned) fill(x + down, y - along - scale, scale, scale, inks[ink]);
        else fill(x + along, y + down, scale, scale, inks[ink]);
      });
    },
  };
  for (const part of scene.parts) (draw[part.kind] as (part: Part) => void)(part);
  return { width, height, rgba };
}
