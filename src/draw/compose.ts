import type { Artifact, Result } from "../protocol/artifacts.ts";
import type { Looks } from "../protocol/panel.ts";
import { forEachDot } from "./font.ts";
import { layoutScene } from "./scene.ts";
import type { Ink, Part, Scene } from "./parts.ts";

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

const inks: Readonly<Record<Ink, readonly [number, number, number]>> = {
  foreground: [31, 35, 40], background: [255, 255, 255], muted: [110, 119, 129], accent: [9, 105, 218],
};

function rasterise(scene: Scene): Picture {
  const width = Math.ceil(scene.width);
  const height = Math.ceil(scene.height);
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
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
        const from = Math.floor(y * part.pixelHeight / part.height) * part.pixelWidth;
        for (let x = 0; x < part.width; x++) {
          const pixel = 4 * (from + Math.floor(x * part.pixelWidth / part.width));
          const to = 4 * ((part.y + y) * width + part.x + x);
          for (let c = 0; c < 3; c++) rgba[to + c] = part.rgba[pixel + c];
        }
      }
    },
    rect: (part) => fill(part.x, part.y, part.width, part.height, inks[part.ink]),
    text: ({ x, y, text, scale, ink }) =>
      forEachDot(text, (column, row) => fill(x + column * scale, y + row * scale, scale, scale, inks[ink])),
  };
  for (const part of scene.parts) (draw[part.kind] as (part: Part) => void)(part);
  return { width, height, rgba };
}
