import type { Artifact } from "../../protocol/artifacts.ts";
import type { Result } from "../../protocol/result.ts";
import type { Looks } from "../../protocol/looks.ts";
import { GLYPH, glyphsOf, measureText } from "./font.ts";
import type { Glyph } from "./font.ts";
import { coverGlyph } from "./glyph-coverage.ts";
import type { Coverage } from "./glyph-coverage.ts";
import { layoutScene } from "./scene.ts";
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

/** Steps from paper to ink at a letter's edge: more are not seen and make files half as large again. */
const SHADES = 16;

/** A scene in pixels, text in the packed font. */
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
  const coverage = coverages();
  const cover = ({ left, top, ...size }: Coverage, x: number, y: number, ink: Inks[Ink]): void => {
    for (let row = 0, from = 0; row < size.height; row++) {
      for (let column = 0; column < size.width; column++, from++) {
        const [atX, atY] = [x + left + column, y + top + row];
        const share = Math.round((size.alpha[from] * SHADES) / 255) / SHADES;
        if (share === 0 || atX < 0 || atX >= width || atY < 0 || atY >= height) continue;
        const to = 4 * (atY * width + atX);
        for (let c = 0; c < 3; c++) rgba[to + c] += (ink[c] - rgba[to + c]) * share;
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
      const size = GLYPH.em * scale;
      let along = -size * measureText(text) * (anchor === "middle" ? 0.5 : anchor === "end" ? 1 : 0);
      const baseline = Math.round(GLYPH.ascent * scale);
      for (const glyph of glyphsOf(text)) {
        // Turned, the line goes up: a pixel's start is its lower edge.
        const start = turned ? along - y : x + along;
        const pixel = Math.floor(start);
        const covered = coverage(glyph, size, start - pixel, turned === true);
        if (turned) cover(covered, Math.round(x) + baseline, -pixel, inks[ink]);
        else cover(covered, pixel, Math.round(y) + baseline, inks[ink]);
        along += glyph.advance * size;
      }
    },
  };
  for (const part of scene.parts) (draw[part.kind] as (part: Part) => void)(part);
  return { width, height, rgba };
}

/** What glyphs cover, each made once: begun at quarters of a pixel. */
function coverages(): (glyph: Glyph, size: number, shift: number, turned: boolean) => Coverage {
  const made = new Map<Glyph, Map<string, Coverage>>();
  return (glyph, size, shift, turned) => {
    const quarter = Math.floor(4 * shift) / 4;
    const key = `${size} ${quarter} ${turned}`;
    let ofGlyph = made.get(glyph);
    if (!ofGlyph) made.set(glyph, (ofGlyph = new Map()));
    let coverage = ofGlyph.get(key);
    if (!coverage) ofGlyph.set(key, (coverage = coverGlyph(glyph, size, quarter, turned)));
    return coverage;
  };
}
