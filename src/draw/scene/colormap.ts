import type { ColorMapName } from "../../protocol/looks.ts";
import { PUBLISHED } from "./tables.ts";

/** The map that "auto" stands for: diverging where the sign means something. */
export function resolveColorMap(choice: ColorMapName | "auto", signed: boolean): ColorMapName {
  return choice !== "auto" ? choice : signed ? "blue-red" : "inferno";
}

const cache = new Map<ColorMapName, Uint8Array>();

/** 256 RGB triples, lowest value first: [256, 3] bytes. Do not change the array: it is shared. */
export function colorTable(name: ColorMapName): Uint8Array {
  let table = cache.get(name);
  if (!table) cache.set(name, (table = makers[name]()));
  return table;
}

const makers: Record<ColorMapName, () => Uint8Array> = {
  inferno: () => decodeBase64(PUBLISHED.inferno),
  viridis: () => decodeBase64(PUBLISHED.viridis),
  magma: () => decodeBase64(PUBLISHED.magma),
  turbo: () => fromFunction(turbo),
  gray: () => fromFunction((t) => [t * 255, t * 255, t * 255]),
  // End colours differ in lightness order as well as in hue along the blue–yellow axis, which the common
  // colour-vision deficiencies leave intact: either map can be read with deuteranopia and protanopia.
  "blue-red": () =>
    diverging(
      [
        [8, 29, 88],
        [33, 102, 172],
        [124, 180, 214],
      ],
      [
        [103, 0, 18],
        [194, 40, 48],
        [244, 160, 124],
      ],
    ),
  "purple-green": () =>
    diverging(
      [
        [50, 4, 80],
        [112, 52, 142],
        [178, 150, 204],
      ],
      [
        [0, 58, 30],
        [24, 118, 56],
        [140, 200, 128],
      ],
    ),
};

function fromFunction(color: (t: number) => readonly number[]): Uint8Array {
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    color(i / 255).forEach((channel, c) => {
      table[3 * i + c] = Math.max(0, Math.min(255, Math.round(channel)));
    });
  }
  return table;
}

/**
 * Turbo by its published polynomial of degree 5 (Anton Mikhailov, Google, 2019; Apache-2.0):
 * https://research.google/blog/turbo-an-improved-rainbow-colormap-for-visualization/
 */
function turbo(t: number): readonly number[] {
  const powers = [1, t, t ** 2, t ** 3, t ** 4, t ** 5];
  const polynomials = [
    [0.13572138, 4.6153926, -42.66032258, 132.13108234, -152.94239396, 59.28637943],
    [0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604],
    [0.1066733, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973],
  ];
  return polynomials.map((coefficients) => 255 * coefficients.reduce((sum, k, i) => sum + k * powers[i], 0));
}

type Rgb = readonly [number, number, number];

/**
 * A diverging map: `low` and `high` list colours from the end towards the middle, which is white. Interpolated in OKLab
 * (Ottosson 2020), so that lightness rises evenly. The two middle entries are both white: zero falls between them.
 */
function diverging(low: readonly Rgb[], high: readonly Rgb[]): Uint8Array {
  const white: Rgb = [250, 250, 250];
  const sides = [low, high].map((side) => [...side, white].map(toOklab));
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const side = sides[i < 128 ? 0 : 1];
    const fromEnd = ((i < 128 ? i : 255 - i) / 127) * (side.length - 1);
    const from = Math.min(Math.floor(fromEnd), side.length - 2);
    const part = fromEnd - from;
    const lab = side[from].map((value, c) => value + (side[from + 1][c] - value) * part);
    table.set(fromOklab(lab), 3 * i);
  }
  return table;
}

function toOklab(rgb: Rgb): number[] {
  const [r, g, b] = rgb.map((byte) => {
    const s = byte / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: readonly number[]): number[] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((v) => {
    const c = Math.max(0, Math.min(1, v));
    return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
  });
}

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  return Uint8Array.from({ length: binary.length }, (_, i) => binary.charCodeAt(i));
}
