import path from "node:path";
import { DataError } from "../model/errors.ts";
import { PICTURE_EXTENSIONS, hasEnding, isNpy } from "../protocol/file-types.ts";
import { readBytes, sha256 } from "./files.ts";
import { decodeNpy } from "./npy.ts";
import { readPicture } from "./picture.ts";
import { toNumbers } from "./tensor.ts";

/** An input in parts: equal labels are one part. */
export interface Mask {
  /** The file's name. */
  readonly name: string;
  readonly hash: string;
  /** As in the file: a picture's are [height, width]. */
  readonly dims: readonly number[];
  /** From 0 to `count` − 1, in the order of the file's numbers or colours. */
  readonly labels: Int32Array;
  readonly count: number;
  /** Of each label the number in the file, or the colour (#rrggbb). */
  readonly names: readonly string[];
}

const fileLimit = 2 ** 30;
/**
 * Each part is a run of the model. A photograph, or a mask saved as JPEG, has more colours than anyone would wait for.
 */
const mostParts = 50_000;

/**
 * A mask from an array of whole numbers (.npy) or from a picture, whose colours are the parts. DataError for numbers
 * that are not whole, and for more parts than could be run.
 */
export async function readMask(file: string): Promise<Mask> {
  const name = path.basename(file);
  if (isNpy(file)) {
    const bytes = await readBytes(file, fileLimit);
    const { dims, data, dtype } = decodeNpy(bytes, file);
    const numbers = Array.from(toNumbers(data, dtype));
    const broken = numbers.find((value) => !Number.isInteger(value));
    if (broken !== undefined) {
      throw new DataError(
        `A mask must have integer values; this array (${dtype}) contains ${broken}.`,
        file,
        "Save it as integers: numpy.save(file, mask.astype('int32')).",
      );
    }
    return { name, hash: sha256(bytes), dims, ...numbered(numbers, file) };
  }
  if (!hasEnding(file, PICTURE_EXTENSIONS)) {
    throw new DataError("A mask is an integer array (.npy) or an image with one colour per part.", file);
  }
  const { width, height, pixels, hash } = await readPicture(file);
  const colours = Array.from(
    { length: width * height },
    (_, i) => (pixels[3 * i] << 16) | (pixels[3 * i + 1] << 8) | pixels[3 * i + 2],
  );
  return {
    name,
    hash,
    dims: [height, width],
    ...numbered(colours, file, (colour) => `#${colour.toString(16).padStart(6, "0")}`),
  };
}

function numbered(
  numbers: readonly number[],
  where: string,
  nameOf: (value: number) => string = String,
): Pick<Mask, "labels" | "count" | "names"> {
  const distinct = new Set(numbers);
  if (distinct.size > mostParts) {
    throw new DataError(
      `The mask has ${distinct.size} parts; at most ${mostParts} are supported, because each needs a run of the model.`,
      where,
      "A mask has one number or colour per part. JPEG changes colours; use PNG.",
    );
  }
  const ordered = [...distinct].sort((a, b) => a - b);
  const labels = new Map(ordered.map((value, label) => [value, label]));
  return {
    labels: Int32Array.from(numbers, (value) => labels.get(value)!),
    count: labels.size,
    names: ordered.map(nameOf),
  };
}
