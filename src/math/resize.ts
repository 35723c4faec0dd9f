import type { Interpolation } from "../protocol/recipe.ts";

/** Bytes of a picture, [height, width, channels] in row-major order. */
export interface ByteImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/**
 * A picture at another size, byte for byte as Pillow's Image.resize gives it for modes L, RGB and the like: filters are
 * widened when shrinking (anti-aliasing), sums are in 22-bit fixed point, and each of the two passes is rounded to
 * bytes. With a window, that part of the resized picture alone is made: the same bytes. Source: Pillow's
 * src/libImaging/Resample.c and Geometry.c (MIT-CMU), from the description of what they compute.
 */
export function resizeImage(
  image: ByteImage,
  width: number,
  height: number,
  interpolation: Interpolation,
  window: Window = { left: 0, top: 0, width, height },
): ByteImage {
  if (width === image.width && height === image.height)
    return window.width === width && window.height === height
      ? image
      : cropImage(image, window.left, window.top, window.width, window.height);
  const [columns, rows] = [
    { of: width, begin: window.left, count: window.width },
    { of: height, begin: window.top, count: window.height },
  ];
  if (interpolation === "nearest") return nearest(image, columns, rows);
  const filter = filters[interpolation];
  // Pillow 13's rule; versions before always took the rows first. It shows in the last bit, by the rounding between
  // passes.
  const columnsFirst = height < image.height && image.height - height > 2 * (image.width - width);
  return columnsFirst
    ? resampleRows(resampleColumns(image, rows, filter), columns, filter)
    : resampleColumns(resampleRows(image, columns, filter), rows, filter);
}

interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Along one axis: `count` pixels from `begin` on, of the `of` that the whole resized picture has. */
interface Span {
  readonly of: number;
  readonly begin: number;
  readonly count: number;
}

/** A window of a picture; it must lie inside. */
export function cropImage(image: ByteImage, left: number, top: number, width: number, height: number): ByteImage {
  if (left < 0 || top < 0 || left + width > image.width || top + height > image.height) {
    throw new RangeError(
      `A crop of ${width}×${height} at (${left}, ${top}) does not lie in ${image.width}×${image.height}.`,
    );
  }
  const { channels } = image;
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * channels;
    pixels.set(image.pixels.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, pixels };
}

interface Filter {
  readonly support: number;
  weight(x: number): number;
}

const filters: Record<Exclude<Interpolation, "nearest">, Filter> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(x) {
      const a = -0.5;
      const d = Math.abs(x);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

const precisionBits = 22; // 32 − 8 bits of a pixel − 2 of headroom for weights beyond one: sums stay in 32 bits
const half = 1 << (precisionBits - 1);

interface Taps {
  /** Taps per output pixel at most: the row length of `weights`. */
  readonly size: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
}

/** For each output pixel of a span, which input pixels it is made of, and their fixed-point weights. */
function tapsOf(from: number, { of, begin, count: to }: Span, filter: Filter): Taps {
  const scale = from / of;
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const size = Math.ceil(support) * 2 + 1;
  const taps: Taps = { size, first: new Int32Array(to), count: new Int32Array(to), weights: new Int32Array(to * size) };
  const row = new Float64Array(size);
  const inverse = 1 / filterScale;
  for (let out = 0; out < to; out++) {
    const center = (begin + out + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(from, Math.trunc(center + support + 0.5)) - first;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += row[i] = filter.weight((i + first - center + 0.5) * inverse);
    for (let i = 0; i < count; i++) {
      const weight = (sum === 0 ? row[i] : row[i] / sum) * 2 ** precisionBits;
      taps.weights[out * size + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    taps.first[out] = first;
    taps.count[out] = count;
  }
  return taps;
}

function resampleRows(image: ByteImage, span: Span, filter: Filter): ByteImage {
  if (span.of === image.width)
    return span.count === image.width ? image : cropImage(image, span.begin, 0, span.count, image.height);
  const { height, channels, pixels } = image;
  const width = span.count;
  const { size, first, count, weights } = tapsOf(image.width, span, filter);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (y * image.width + first[x]) * channels;
      const [begin, end] = [x * size, x * size + count[x]];
      for (let c = 0; c < channels; c++, to++) {
        let sum = half;
        for (let i = begin, from = start + c; i < end; i++, from += channels)
          sum = (sum + pixels[from] * weights[i]) | 0;
        out[to] = toByte(sum);
      }
    }
  }
  return { width, height, channels, pixels: out };
}

function resampleColumns(image: ByteImage, span: Span, filter: Filter): ByteImage {
  if (span.of === image.height)
    return span.count === image.height ? image : cropImage(image, 0, span.begin, image.width, span.count);
  const { width, channels, pixels } = image;
  const height = span.count;
  const { size, first, count, weights } = tapsOf(image.height, span, filter);
  const stride = width * channels;
  const out = new Uint8Array(stride * height);
  // Whole input rows are added up one after another: memory is met in its own order.
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    for (let i = 0; i < count[y]; i++) {
      const weight = weights[y * size + i];
      const start = (first[y] + i) * stride;
      for (let x = 0; x < stride; x++) sums[x] += pixels[start + x] * weight;
    }
    for (let x = 0, to = y * stride; x < stride; x++, to++) out[to] = toByte(sums[x]);
  }
  return { width, height, channels, pixels: out };
}

function toByte(sum: number): number {
  return Math.max(0, Math.min(255, sum >> precisionBits));
}

function nearest(image: ByteImage, across: Span, down: Span): ByteImage {
  const { channels, pixels } = image;
  const [width, height] = [across.count, down.count];
  const [columns, rows] = [nearestIndices(image.width, across), nearestIndices(image.height, down)];
  const out = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y] * image.width + columns[x]) * channels;
      for (let c = 0; c < channels; c++) out[to++] = pixels[from + c];
    }
  }
  return { width, height, channels, pixels: out };
}

/** Pillow adds up the step instead of multiplying it; the rounding errors of that decide which pixel is the nearest. */
function nearestIndices(from: number, { of, begin, count }: Span): Int32Array {
  const step = from / of;
  const indices = new Int32Array(count);
  for (let i = 0, at = step * 0.5; i < begin + count; i++, at += step)
    if (i >= begin) indices[i - begin] = Math.min(from - 1, Math.trunc(at));
  return indices;
}
