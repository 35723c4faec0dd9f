import type { Metadata } from "sharp";
import { DataError } from "../model/errors.ts";
import { decodeBmp } from "./bmp.ts";
import { hintFor, looksLike, readBytes, sha256 } from "./files.ts";
import { tiffNumbers, tiffPixels, unreadCompression, unreadTiff, UPPER_BYTE } from "./tiff.ts";

/** A picture in display colours. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGB bytes, [height, width, 3]. */
  readonly pixels: Uint8Array;
  /** SHA-256 of the file. */
  readonly hash: string;
  /** What of the file is not in it, in sentences: further frames, transparency. */
  readonly notes: readonly string[];
}

const formats = ["png", "jpeg", "webp", "gif", "tiff", "heif", "avif"];
const fileLimit = 512 * 2 ** 20;
/** Pillow warns of "decompression bombs" from 89 million pixels on. */
const pixelLimit = 100_000_000;

/**
 * A picture file as RGB bytes: PNG, JPEG, WebP, GIF (first frame), TIFF (first page), AVIF, BMP. The camera's
 * orientation (EXIF) is applied; grey becomes RGB, 16 bits become 8 by their upper half (of grey ones, which Pillow
 * cuts off at 255, too). Alpha is dropped and colour profiles are ignored, CMYK's too, as Pillow's convert("RGB") does,
 * so that models get what they get from PyTorch. Throws a DataError that says what the file looks like instead.
 */
export async function readPicture(file: string): Promise<Picture> {
  const bytes = await readBytes(file, fileLimit);
  return { ...(await decodePicture(bytes, file)), hash: sha256(bytes) };
}

/** As readPicture, from bytes. */
export async function decodePicture(bytes: Buffer, where: string): Promise<Omit<Picture, "hash">> {
  if (looksLike(bytes) === "a BMP picture") return { ...decodeBmp(bytes, where, pixelLimit), notes: [] };
  // Loaded when first needed: the native library takes a while, and most calls never come here.
  const { default: sharp } = await import("sharp");
  const problem = (message: string, hint?: string): DataError => new DataError(message, where, hint);
  const options = { limitInputPixels: pixelLimit, failOn: "error", ignoreIcc: true } as const;
  const tiff = tiffPixels(bytes);
  const unread = tiff && unreadTiff(tiff);
  if (unread !== undefined)
    throw problem(
      `This TIFF image is ${unread}, which is not supported.`,
      'Save it as RGB or grey with 8 bits: in Python, Image.open(FILE).convert("RGB").save("rgb.png"); or give an array (.npy).',
    );
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes, { ...options, limitInputPixels: false }).metadata();
  } catch (error) {
    const kind = looksLike(bytes);
    if (/ picture$/.test(kind))
      throw problem(
        `This is ${kind} that could not be read: ${sentence((error as Error).message)}`,
        "It may be damaged or truncated. Save it as PNG or JPEG.",
      );
    throw problem(
      `This is not a picture, but ${looksLike(bytes)}.`,
      hintFor(bytes) ?? "PNG, JPEG, WebP, GIF, TIFF, AVIF and BMP can be read.",
    );
  }
  const { format, width, height, space, pages = 1, orientation = 1 } = metadata;
  if (!format || !formats.includes(format)) {
    throw problem(`This picture's format (${format ?? "unknown"}) is not supported.`, "Save it as PNG or JPEG.");
  }
  if (width * height > pixelLimit) {
    throw problem(
      `The picture has ${width}×${height} pixels; at most ${pixelLimit / 1e6} million are supported.`,
      "Make it smaller.",
    );
  }
  const isCmyk = space === "cmyk";
  try {
    const whole = sharp(bytes, options).autoOrient();
    const decoded = isCmyk ? whole.pipelineColourspace("cmyk").toColourspace("cmyk") : whole.toColourspace("srgb");
    const { data, info } = await decoded.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    const pixels = isCmyk ? fromCmyk(data, info.channels) : toRgb(data, info.channels);
    return {
      width: info.width,
      height: info.height,
      pixels,
      notes: [
        ...notesOf(data, info.channels, { ...metadata, pages }),
        ...(Object.hasOwn(TURNS, orientation)
          ? [
              `The picture is ${TURNS[orientation]}, as its file says (EXIF orientation ${orientation}); a program that ignores EXIF gets a different tensor.`,
            ]
          : []),
        ...(isDeepGrey(metadata) ? [`The picture has 16 bits of grey: ${UPPER_BYTE}`] : []),
        ...(tiff ? [tiffNumbers(tiff)].filter((note) => note !== undefined) : []),
      ],
    };
  } catch (error) {
    const compression = tiff && unreadCompression(tiff);
    if (compression)
      throw problem(
        `This TIFF image is compressed with ${compression}, an unsupported compression.`,
        'Save it with another: in Python, Image.open(FILE).convert("RGB").save("rgb.png").',
      );
    throw problem(
      `The picture (${format}) cannot be decoded: ${sentence((error as Error).message)}`,
      "It may be damaged or truncated.",
    );
  }
}

/** The first line of a decoder's message, with a full stop. */
function sentence(message: string): string {
  const [line] = message.trim().split("\n");
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** What is done to the stored pixels, by EXIF's orientation: Pillow's ImageOps.exif_transpose. */
const TURNS: Readonly<Record<number, string>> = {
  2: "mirrored left to right",
  3: "rotated by 180°",
  4: "mirrored top to bottom",
  5: "mirrored along the main diagonal",
  6: "rotated clockwise by 90°",
  7: "mirrored along the other diagonal",
  8: "rotated counterclockwise by 90°",
};

/** A TIFF says so by its own tags. */
function isDeepGrey({ format, depth, space, channels }: Metadata): boolean {
  return format !== "tiff" && depth === "ushort" && (space === "grey16" || channels < 3);
}

function notesOf(data: Uint8Array, channels: number, { format, pages = 1, space }: Metadata): string[] {
  const notes: string[] = [];
  if (pages > 1)
    notes.push(`Only the first of the picture's ${pages} ${format === "tiff" ? "pages" : "frames"} is used.`);
  const hasAlpha = space !== "cmyk" && channels % 2 === 0;
  if (hasAlpha && data.some((byte, i) => i % channels === channels - 1 && byte < 255)) {
    const black = format === "gif" ? "; transparent pixels are black" : "";
    notes.push(`The picture's alpha channel is ignored: the colours are those below it${black}.`);
  }
  return notes;
}

/** Memory of its own, three channels; alpha is left out. */
function toRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data);
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    for (let c = 0; c < 3; c++) rgb[to + c] = data[from + (channels > 2 ? c : 0)];
  }
  return rgb;
}

/**
 * Pillow's cmyk2rgb (libImaging/Convert.c): (255 − K) − C·(255 − K)/255, rounded. The decoder takes every CMYK JPEG for
 * inverted, as Pillow does.
 */
function fromCmyk(data: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    const light = 255 - data[from + 3];
    for (let c = 0; c < 3; c++) {
      const product = data[from + c] * light + 128;
      rgb[to + c] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return rgb;
}
