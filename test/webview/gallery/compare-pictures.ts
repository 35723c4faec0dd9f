import sharp from "sharp";

/** The most that a channel (0 to 255) may differ by before a pixel counts: less is not seen. */
const unseen = 8;

interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

async function pixelsOf(png: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Which pixels of two pictures (PNG) differ, over the larger of both sizes: what one lacks differs. */
async function mask(a: Uint8Array, b: Uint8Array): Promise<{ width: number; height: number; differs: Uint8Array }> {
  const [one, other] = await Promise.all([pixelsOf(a), pixelsOf(b)]);
  const [width, height] = [Math.max(one.width, other.width), Math.max(one.height, other.height)];
  const differs = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inBoth = [one, other].every((picture) => x < picture.width && y < picture.height);
      const [p, q] = [3 * (y * one.width + x), 3 * (y * other.width + x)];
      const far =
        !inBoth || [0, 1, 2].some((channel) => Math.abs(one.data[p + channel] - other.data[q + channel]) > unseen);
      differs[y * width + x] = far ? 1 : 0;
    }
  return { width, height, differs };
}

/** The part of the pixels in which two pictures differ, 0 to 1. */
export async function differing(a: Uint8Array, b: Uint8Array): Promise<number> {
  const { differs } = await mask(a, b);
  return differs.reduce((sum, one) => sum + one, 0) / differs.length;
}

/** A PNG with those pixels in red, on white. */
export async function difference(a: Uint8Array, b: Uint8Array): Promise<Buffer> {
  const { width, height, differs } = await mask(a, b);
  const rgb = Uint8Array.from({ length: 3 * differs.length }, (_, i) =>
    differs[Math.floor(i / 3)] && i % 3 ? 0 : 255,
  );
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
