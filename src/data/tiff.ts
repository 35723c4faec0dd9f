/** What a TIFF file says of its first picture's pixels. */
export interface TiffPixels {
  /** PhotometricInterpretation: 0 and 1 grey, 2 RGB, 3 a palette, 5 inks, 6 YCbCr, 8 to 10 Lab. */
  readonly photometric: number;
  readonly bits: number;
  /** SampleFormat: 1 whole numbers, 2 signed, 3 floats, 5 and 6 complex. */
  readonly format: number;
  readonly samples: number;
  /** 6 and 7 are JPEG, whose decoder makes RGB of YCbCr. */
  readonly compression: number;
}

const TAGS = { bits: 258, compression: 259, photometric: 262, samples: 277, format: 339 } as const;
/** Entries that are looked at: what a picture says of itself has a few dozen. */
const MOST_ENTRIES = 4096;

/**
 * The tags of the first picture in a TIFF file (or a BigTIFF); undefined for other files, and where the file breaks
 * off.
 */
export function tiffPixels(bytes: Uint8Array): TiffPixels | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const order = view.getUint16(0);
    const little = order === 0x4949;
    if (!little && order !== 0x4d4d) return undefined;
    const magic = view.getUint16(2, little);
    if (magic !== 42 && magic !== 43) return undefined;
    const big = magic === 43;
    const offset = (at: number): number => (big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
    const start = offset(big ? 8 : 4);
    const count = Math.min(
      MOST_ENTRIES,
      big ? Number(view.getBigUint64(start, little)) : view.getUint16(start, little),
    );
    const [first, size, values] = big ? [start + 8, 20, 12] : [start + 2, 12, 8];
    const found = new Map<number, number>();
    for (let entry = 0; entry < count; entry++) {
      const at = first + entry * size;
      const [tag, type] = [view.getUint16(at, little), view.getUint16(at + 2, little)];
      const length = big ? Number(view.getBigUint64(at + 4, little)) : view.getUint32(at + 4, little);
      if (type !== 3 && type !== 4) continue;
      const width = type === 3 ? 2 : 4;
      const place = length * width <= size - values ? at + values : offset(at + values);
      if (length > 0) found.set(tag, type === 3 ? view.getUint16(place, little) : view.getUint32(place, little));
    }
    const photometric = found.get(TAGS.photometric);
    if (photometric === undefined) return undefined;
    return {
      photometric,
      bits: found.get(TAGS.bits) ?? 1,
      format: found.get(TAGS.format) ?? 1,
      samples: found.get(TAGS.samples) ?? 1,
      compression: found.get(TAGS.compression) ?? 1,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * What pixels are called, and how many samples one has, without and with transparency; where only some are read, which.
 */
const SPACES: Readonly<
  Record<
    number,
    { readonly name: string; readonly samples: readonly number[]; readonly unread?: (pixels: TiffPixels) => boolean }
  >
> = {
  0: { name: "grey", samples: [1, 2] },
  1: { name: "grey", samples: [1, 2] },
  2: { name: "RGB", samples: [3, 4], unread: ({ format }) => format === 3 },
  3: { name: "a palette", samples: [1, 2] },
  4: { name: "a transparency mask", samples: [], unread: () => true },
  5: { name: "CMYK", samples: [4, 5], unread: ({ bits }) => bits !== 8 },
  6: { name: "YCbCr", samples: [3], unread: ({ compression }) => compression !== 6 && compression !== 7 },
  8: { name: "CIE Lab", samples: [3], unread: () => true },
  9: { name: "ICC Lab", samples: [3], unread: () => true },
  10: { name: "ITU Lab", samples: [3], unread: () => true },
  32803: { name: "a camera's raw colour filter", samples: [1], unread: () => true },
  34892: { name: "a camera's raw values", samples: [], unread: () => true },
  32844: { name: "LogL", samples: [1], unread: () => true },
  32845: { name: "LogLuv", samples: [3], unread: () => true },
};

/** Compressions that the decoder here cannot undo, by their number in the file. */
const UNREAD_COMPRESSIONS: Readonly<Record<number, string>> = {
  34925: "LZMA",
  50000: "Zstandard",
  50001: "WebP",
  50002: "JPEG XL",
  34712: "JPEG 2000",
  34887: "LERC",
  34676: "SGI LogLuv",
  34677: "SGI LogLuv",
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  52546: "JPEG XL",
};

/** The name of a compression that is not supported; undefined for the others. */
export function unreadCompression({ compression }: TiffPixels): string | undefined {
  return Object.hasOwn(UNREAD_COMPRESSIONS, compression) ? UNREAD_COMPRESSIONS[compression] : undefined;
}

const FORMATS: Readonly<Record<number, string>> = {
  1: "integers",
  2: "signed integers",
  3: "floats",
  4: "numbers of an unknown type",
  5: "complex integers",
  6: "complex floats",
};

/**
 * Why a TIFF's pixels would come out wrong, in words that end a sentence: its colour space, its numbers, its channels.
 * Undefined where they are read as Pillow reads them.
 */
export function unreadTiff(pixels: TiffPixels): string | undefined {
  const { photometric, bits, format, samples } = pixels;
  const space = Object.hasOwn(SPACES, photometric) ? SPACES[photometric] : undefined;
  if (!space) return `in an unknown colour space (photometric interpretation ${photometric})`;
  const numbers = `${FORMATS[format] ?? FORMATS[4]} of ${bits} bits`;
  if (space.unread?.(pixels)) return `in ${space.name}${space.samples.length > 0 ? `, as ${numbers}` : ""}`;
  const isGrey = photometric < 2;
  const fits = format === 1 ? bits <= 16 || (isGrey && bits === 32) : isGrey && bits === 32 && format < 4;
  if (!fits) return `in ${space.name}, as ${numbers}`;
  return space.samples.includes(samples) ? undefined : `in ${space.name}, with ${samples} channels`;
}

/** How 16 bits become 8, as the end of a sentence. */
export const UPPER_BYTE = 'the upper 8 bits are used, while Pillow\'s convert("RGB") clips values at 255.';

/** What becomes of numbers that are no bytes, in a sentence; undefined for bytes and less. */
export function tiffNumbers({ photometric, bits, format }: TiffPixels): string | undefined {
  if (bits <= 8) return undefined;
  if (bits === 32)
    return `The picture holds ${FORMATS[format]} of 32 bits, which are clipped to 0 and 255, as in Pillow. If their range is another one, such as 0 to 1, scale them first, or give an array (.npy).`;
  return photometric < 2 ? `The picture has 16 bits of grey: ${UPPER_BYTE}` : undefined;
}
