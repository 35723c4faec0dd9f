import type { ValueMap } from "./reduce.ts";
import type { ValueRange } from "./range.ts";

/** What NaN and infinities look like: a magenta that no colour map contains. */
export const NOT_FINITE_COLOR = [255, 0, 220] as const;

/** A map in colours: RGBA bytes [height, width, 4], opaque. Values beyond the range take its end's colour. */
export function paintMap(map: ValueMap, range: ValueRange, table: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  return paintValues(map.values, range, table);
}

/** One tile of a TilesArtifact's `tiles` ([sent, tileHeight, tileWidth]) in colours: RGBA bytes. */
export function paintTile(
  tiles: Float32Array,
  tileHeight: number,
  tileWidth: number,
  position: number,
  range: ValueRange,
  table: Uint8Array,
): Uint8ClampedArray<ArrayBuffer> {
  const size = tileHeight * tileWidth;
  return paintValues(tiles.subarray(position * size, (position + 1) * size), range, table);
}

function paintValues(
  values: Float32Array,
  { min, max }: ValueRange,
  table: Uint8Array,
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(values.length * 4);
  const scale = max > min ? 255 / (max - min) : 0;
  for (let i = 0, out = 0; i < values.length; i++, out += 4) {
    const value = values[i];
    if (value - value === 0) {
      // finite
      const entry = 3 * Math.max(0, Math.min(255, Math.round((value - min) * scale)));
      rgba[out] = table[entry];
      rgba[out + 1] = table[entry + 1];
      rgba[out + 2] = table[entry + 2];
    } else rgba.set(NOT_FINITE_COLOR, out);
    rgba[out + 3] = 255;
  }
  return rgba;
}

/**
 * A map at another resolution. smooth: bilinear between cell centres (half-pixel, edges held, no anti-aliasing), the
 * way class activation maps are drawn; else the nearest cell. A not-finite cell makes what touches it not finite.
 */
export function resizeMap(map: ValueMap, height: number, width: number, smooth: boolean): ValueMap {
  if (height === map.height && width === map.width) return map;
  const rows = smooth ? linearTaps(map.height, height) : nearestTaps(map.height, height);
  const columns = smooth ? linearTaps(map.width, width) : nearestTaps(map.width, width);
  const values = new Float32Array(height * width);
  for (let y = 0, out = 0; y < height; y++) {
    const [top, bottom] = [rows.from[y] * map.width, rows.to[y] * map.width];
    for (let x = 0; x < width; x++, out++) {
      const [left, right] = [columns.from[x], columns.to[x]];
      const above = mix(map.values[top + left], map.values[top + right], columns.part[x]);
      const below = mix(map.values[bottom + left], map.values[bottom + right], columns.part[x]);
      values[out] = mix(above, below, rows.part[y]);
    }
  }
  return { height, width, values };
}

/**
 * A map's colours over a picture. picture: RGB [n, 3]; map: RGBA [n, 4]; opacity 0 shows the picture, 1 the map. Gives
 * RGBA.
 */
export function blend(picture: Uint8Array, map: Uint8ClampedArray, opacity: number): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(map.length);
  for (let i = 0, from = 0; i < map.length; i += 4, from += 3) {
    for (let c = 0; c < 3; c++) rgba[i + c] = picture[from + c] + (map[i + c] - picture[from + c]) * opacity;
    rgba[i + 3] = 255;
  }
  return rgba;
}

/** RGB bytes as opaque RGBA. */
export function withAlpha(rgb: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from];
    rgba[to + 1] = rgb[from + 1];
    rgba[to + 2] = rgb[from + 2];
    rgba[to + 3] = 255;
  }
  return rgba;
}

/** RGB bytes at a whole multiple of their size, each pixel a square. */
export function enlargePicture(rgb: Uint8Array, height: number, width: number, factor: number): Uint8Array {
  const large = new Uint8Array(rgb.length * factor * factor);
  for (let y = 0, out = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++, out += 3) {
      const from = 3 * (row + Math.floor(x / factor));
      large[out] = rgb[from];
      large[out + 1] = rgb[from + 1];
      large[out + 2] = rgb[from + 2];
    }
  }
  return large;
}

interface Taps {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly part: Float64Array;
}

function linearTaps(from: number, to: number): Taps {
  const taps: Taps = { from: new Int32Array(to), to: new Int32Array(to), part: new Float64Array(to) };
  for (let i = 0; i < to; i++) {
    const center = Math.max(0, Math.min(from - 1, ((i + 0.5) * from) / to - 0.5));
    taps.from[i] = Math.floor(center);
    taps.to[i] = Math.min(taps.from[i] + 1, from - 1);
    taps.part[i] = center - taps.from[i];
  }
  return taps;
}

function nearestTaps(from: number, to: number): Taps {
  const cells = Int32Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor(((i + 0.5) * from) / to)));
  return { from: cells, to: cells, part: new Float64Array(to) };
}

/** The plain case first: 0 × Infinity would be NaN where nothing is to be mixed. */
function mix(a: number, b: number, part: number): number {
  return part === 0 ? a : a + (b - a) * part;
}
