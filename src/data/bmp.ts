import { DataError } from "../model/errors.ts";

/**
 * An uncompressed BMP picture (BITMAPINFOHEADER or later, 8 bits with a palette, 24 or 32 bits) as RGB bytes.
 * The picture library does not read BMP. Source: Microsoft's "Bitmap Storage".
 */
export function decodeBmp(
  bytes: Uint8Array,
  where: string,
  pixelLimit: number,
): { width: number; height: number; pixels: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string): DataError => new DataError(`The BMP picture ${what}.`, where, "Save it as PNG.");
  if (bytes.length < 54) throw fail("is truncated");
  const start = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (headerSize < 40 || width <= 0 || height === 0) throw fail("has an unreadable header");
  // 3 is BI_BITFIELDS: with the usual masks (blue first) the bytes lie as without it.
  const usualMasks = compression === 3 && bits === 32 && bytes.length >= 66 && view.getUint32(54, true) === 0xff0000;
  if (![8, 24, 32].includes(bits) || (compression !== 0 && !usualMasks)) {
    throw fail(`has ${bits} bits per pixel and compression ${compression}, which is not supported`);
  }
  if (width * height > pixelLimit)
    throw fail(`has ${width}×${height} pixels; at most ${pixelLimit / 1e6} million are supported`);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.length) throw fail("is truncated");
  const palette = 14 + headerSize;
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    // Rows lie from the bottom up unless the height is negative.
    const row = start + stride * (signedHeight < 0 ? y : height - 1 - y);
    for (let x = 0; x < width; x++, to += 3) {
      const from = bits === 8 ? palette + 4 * bytes[row + x] : row + (x * bits) / 8;
      if (from + 2 >= bytes.length) throw fail("has a truncated palette");
      for (let c = 0; c < 3; c++) pixels[to + c] = bytes[from + 2 - c];
    }
  }
  return { width, height, pixels };
}
