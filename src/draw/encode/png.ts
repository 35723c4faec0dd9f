import { zlibSync } from "fflate";

/**
 * A PNG file: 8-bit RGBA, or RGB where everything is opaque. `text` becomes iTXt chunks (UTF-8; keywords of
 * 1 to 79 Latin-1 characters). Source: PNG (third edition), W3C 2025.
 */
export function encodePng(
  width: number,
  height: number,
  rgba: Uint8Array | Uint8ClampedArray,
  options: { readonly text?: Readonly<Record<string, string>> } = {},
): Uint8Array<ArrayBuffer> {
  if (rgba.length !== width * height * 4) {
    throw new RangeError(`encodePng: ${width}×${height} RGBA needs ${width * height * 4} bytes, not ${rgba.length}.`);
  }
  let opaque = true;
  for (let i = 3; i < rgba.length && opaque; i += 4) opaque = rgba[i] === 255;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, opaque ? 2 : 6, 0, 0, 0], 8);
  return concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...Object.entries(options.text ?? {}).map(([keyword, text]) => chunk("iTXt", internationalText(keyword, text))),
    chunk("IDAT", zlibSync(filterRows(width, height, rgba, opaque ? 3 : 4), { level: 6 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** The PNG with these texts put in, as encodePng writes them: for files that a browser encoded. */
export function addPngText(png: Uint8Array, text: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  // The signature and IHDR, which every PNG begins with, have 33 bytes.
  const head = 33;
  if (png.length < head || png[1] !== 0x50 || String.fromCharCode(...png.subarray(12, 16)) !== "IHDR")
    throw new RangeError("This is not a PNG file.");
  return concat([
    png.subarray(0, head),
    ...Object.entries(text).map(([keyword, value]) => chunk("iTXt", internationalText(keyword, value))),
    png.subarray(head),
  ]);
}

/** Each row by the filter whose result has the least sum of magnitudes: the specification's own advice (12.7). */
function filterRows(width: number, height: number, rgba: Uint8Array | Uint8ClampedArray, channels: 3 | 4): Uint8Array {
  const length = width * channels;
  const filtered = new Uint8Array(height * (length + 1));
  let above = new Uint8Array(length);
  let row = new Uint8Array(length);
  const attempt = new Uint8Array(length);
  for (let y = 0; y < height; y++) {
    for (let x = 0, from = 4 * y * width, to = 0; x < width; x++, from += 4) {
      for (let c = 0; c < channels; c++) row[to++] = rgba[from + c];
    }
    let best = Infinity;
    const start = y * (length + 1);
    filters.forEach((predict, type) => {
      let cost = 0;
      for (let i = 0; i < length; i++) {
        const left = i < channels ? 0 : row[i - channels];
        const corner = i < channels ? 0 : above[i - channels];
        const byte = (row[i] - predict(left, above[i], corner)) & 0xff;
        attempt[i] = byte;
        cost += byte < 128 ? byte : 256 - byte;
      }
      if (cost >= best) return;
      best = cost;
      filtered[start] = type;
      filtered.set(attempt, start + 1);
    });
    [above, row] = [row, above];
  }
  return filtered;
}

/** PNG's filters 0 to 4: what a byte is predicted to be from the ones to the left, above, and above left. */
const filters: readonly ((left: number, up: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_left, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => {
    const estimate = left + up - corner;
    const [dl, du, dc] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
    return dl <= du && dl <= dc ? left : du <= dc ? up : corner;
  },
];

/** An iTXt chunk's data: keyword, not compressed, no language, no translated keyword, text. */
function internationalText(keyword: string, text: string): Uint8Array {
  if (!/^[\x20-\x7e\xa1-\xff]{1,79}$/.test(keyword)) throw new RangeError(`"${keyword}" cannot be a PNG keyword.`);
  const key = Uint8Array.from(keyword, (character) => character.charCodeAt(0));
  return concat([key, Uint8Array.of(0, 0, 0, 0, 0), new TextEncoder().encode(text)]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
