import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { DataError } from "../model/errors.ts";
import { decodeNpy } from "./npy.ts";
import { decodePicture, readPicture } from "./picture.ts";

const folder = path.resolve(import.meta.dirname, "../../test/reference/pictures");
const scratch = mkdtempSync(path.join(tmpdir(), "pictures-"));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Entry {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly tolerance: number;
}
// Made by Pillow: test/reference/pictures/make.py.
const entries = JSON.parse(readFileSync(path.join(folder, "index.json"), "utf8")) as Entry[];

test.each(entries)(
  "$file is read as Pillow reads it (to within $tolerance)",
  async ({ file, width, height, tolerance }) => {
    const picture = await readPicture(path.join(folder, file));
    expect([picture.width, picture.height]).toEqual([width, height]);
    const expected = decodeNpy(readFileSync(path.join(folder, `${file}.npy`)), file).data as Uint8Array;
    expect(picture.pixels.length).toBe(expected.length);
    const worst = picture.pixels.reduce((most, byte, i) => Math.max(most, Math.abs(byte - expected[i])), 0);
    expect(worst).toBeLessThanOrEqual(tolerance);
  },
);

describe("what is left out is said", () => {
  const notesOf = async (file: string): Promise<readonly string[]> =>
    (await readPicture(path.join(folder, file))).notes;
  test("transparency, where there is any", async () => {
    for (const file of ["alpha.png", "gray-alpha.png", "palette-alpha.png", "alpha.webp"])
      expect(await notesOf(file)).toEqual(["The picture's alpha channel is ignored: the colours are those below it."]);
    const opaque = await sharp(path.join(folder, "rgb.png")).ensureAlpha().png().toBuffer();
    expect((await decodePicture(opaque, "opaque.png")).notes).toEqual([]);
    for (const file of ["rgb.png", "gray.png", "cmyk.jpg", "cmyk.tif"]) expect(await notesOf(file)).toEqual([]);
  });
  test("the camera's orientation, each of EXIF's, and none where there is nothing to turn", async () => {
    const turned = async (orientation: number): Promise<readonly string[]> =>
      (
        await decodePicture(
          await sharp(path.join(folder, "rgb.png")).withMetadata({ orientation }).jpeg().toBuffer(),
          "a.jpg",
        )
      ).notes;
    expect(await turned(1)).toEqual([]);
    expect(await turned(6)).toEqual([
      "The picture is rotated clockwise by 90°, as its file says (EXIF orientation 6); a program that ignores EXIF gets a different tensor.",
    ]);
    expect((await Promise.all([2, 3, 4, 5, 7, 8].map(turned))).map(([note]) => /is (.*?), as/.exec(note)?.[1])).toEqual(
      [
        "mirrored left to right",
        "rotated by 180°",
        "mirrored top to bottom",
        "mirrored along the main diagonal",
        "mirrored along the other diagonal",
        "rotated counterclockwise by 90°",
      ],
    );
    for (const file of ["rotated.jpg", "rotated.png", "rotated.tif"])
      expect((await notesOf(file)).join()).toContain("EXIF orientation");
  });
  test("what becomes of 16 bits of grey, in which Pillow differs; of RGB it does not", async () => {
    const grey = await sharp(
      Uint16Array.from({ length: 16 }, (_, i) => i * 4000),
      { raw: { width: 4, height: 4, channels: 1 } },
    )
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect((await decodePicture(grey, "grey.png")).notes).toEqual([
      expect.stringMatching(/^The picture has 16 bits of grey: the upper 8/),
    ]);
    expect(await notesOf("deep.png")).toEqual([]);
  });
  test("further frames", async () => {
    const two = await sharp(
      Buffer.alloc(
        2 * 4 * 4 * 3,
        Uint8Array.from({ length: 48 }, (_, i) => i),
      ).fill(200, 48),
      { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } },
    )
      .gif()
      .toBuffer();
    expect((await decodePicture(two, "two.gif")).notes).toEqual(["Only the first of the picture's 2 frames is used."]);
  });
});

/** A little-endian TIFF of one strip, 2×2 pixels of zeros. */
function tiff({
  photometric,
  bits = 8,
  samples = 1,
  format = 1,
  compression = 1,
  big = false,
}: {
  photometric: number;
  bits?: number;
  samples?: number;
  format?: number;
  compression?: number;
  big?: boolean;
}): Buffer {
  const strip = (4 * samples * bits) / 8;
  const entries = [
    [256, 2],
    [257, 2],
    [258, bits],
    [259, compression],
    [262, photometric],
    [273, 0],
    [277, samples],
    [278, 2],
    [279, strip],
    [339, format],
  ];
  const head = big ? 16 : 8;
  const [size, count] = big ? [20, 8] : [12, 2];
  const data = head + count + entries.length * size + (big ? 8 : 4);
  const file = Buffer.alloc(data + strip);
  file.write("II", 0, "latin1");
  file.writeUInt16LE(big ? 43 : 42, 2);
  if (big) file.writeUInt16LE(8, 4);
  file.writeUInt32LE(head, big ? 8 : 4);
  file.writeUInt16LE(entries.length, head);
  entries.forEach(([tag, value], i) => {
    const at = head + count + i * size;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(tag === 273 ? 4 : 3, at + 2);
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(tag === 273 ? data : value, at + (big ? 12 : 8));
  });
  return file;
}

describe('TIFF pixels that Pillow\'s convert("RGB") would make other bytes of are refused by their name', () => {
  test.each<[string, Parameters<typeof tiff>[0], string]>([
    ["CIE Lab", { photometric: 8, samples: 3 }, "in CIE Lab, as integers of 8 bits"],
    ["ICC Lab", { photometric: 9, samples: 3 }, "in ICC Lab, as"],
    ["ITU Lab", { photometric: 10, samples: 3 }, "in ITU Lab"],
    ["YCbCr", { photometric: 6, samples: 3 }, "in YCbCr, as integers of 8 bits"],
    ["CMYK of 16 bits", { photometric: 5, samples: 4, bits: 16 }, "in CMYK, as integers of 16 bits"],
    ["RGB floats", { photometric: 2, samples: 3, bits: 32, format: 3 }, "in RGB, as floats of 32 bits"],
    ["RGB of 32 bits", { photometric: 2, samples: 3, bits: 32 }, "in RGB, as integers of 32 bits"],
    ["doubles", { photometric: 1, bits: 64, format: 3 }, "in grey, as floats of 64 bits"],
    ["signed bytes", { photometric: 1, format: 2 }, "in grey, as signed integers of 8 bits"],
    ["signed 16 bits", { photometric: 1, bits: 16, format: 2 }, "in grey, as signed integers of 16 bits"],
    ["complex numbers", { photometric: 1, bits: 64, format: 6 }, "in grey, as complex floats of 64 bits"],
    ["five channels", { photometric: 1, samples: 5 }, "in grey, with 5 channels"],
    ["two channels of RGB", { photometric: 2, samples: 2 }, "in RGB, with 2 channels"],
    ["camera raw", { photometric: 32803, bits: 16 }, "in a camera's raw colour filter"],
    ["LogLuv", { photometric: 32845, samples: 3 }, "in LogLuv"],
    ["an unknown space", { photometric: 99 }, "in an unknown colour space (photometric interpretation 99)"],
  ])("%s", async (_, pixels, reason) => {
    for (const big of [false, true]) {
      const error = await decodePicture(tiff({ ...pixels, big }), "t.tif").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DataError);
      expect((error as DataError).message).toContain(`This TIFF image is ${reason}`);
      expect((error as DataError).hint).toContain('convert("RGB")');
    }
  });
  test("and what is cut off or rounded is said", async () => {
    for (const file of ["float.tif", "int.tif"])
      expect((await readPicture(path.join(folder, file))).notes.join()).toMatch(
        /of 32 bits, which are clipped to 0 and 255, as in Pillow/,
      );
    expect((await decodePicture(tiff({ photometric: 1, bits: 16 }), "t.tif")).notes.join()).toContain(
      "16 bits of grey: the upper 8 bits are used",
    );
    expect((await decodePicture(tiff({ photometric: 2, samples: 3, bits: 16 }), "t.tif")).notes).toEqual([]);
  });
  test.each([
    [50000, "Zstandard"],
    [34925, "LZMA"],
  ])("a compression that is not supported is no damage: %s is %s", async (compression, name) => {
    await expect(decodePicture(tiff({ photometric: 2, samples: 3, compression }), "t.tif")).rejects.toThrow(
      `This TIFF image is compressed with ${name}, an unsupported compression.`,
    );
  });
  test("one that breaks off is a TIFF picture all the same", async () => {
    for (const end of [5, 9, 30, 100])
      await expect(decodePicture(tiff({ photometric: 2, samples: 3 }).subarray(0, end), "t.tif")).rejects.toThrow(
        /This is a TIFF picture that could not be read|cannot be decoded/,
      );
  });
});

test("a picture's hash is its file's SHA-256", async () => {
  // sha256sum test/reference/pictures/rgb.bmp would say the same: computed here by another library call.
  const { createHash } = await import("node:crypto");
  const bytes = readFileSync(path.join(folder, "rgb.bmp"));
  expect((await readPicture(path.join(folder, "rgb.bmp"))).hash).toBe(createHash("sha256").update(bytes).digest("hex"));
});

describe("what is not a picture is refused with what it looks like", () => {
  const png = readFileSync(path.join(folder, "rgb.png"));
  test.each<[string, Uint8Array, string]>([
    ["empty.png", new Uint8Array(0), "an empty file"],
    ["text.png", Buffer.from("just some words"), "but text"],
    [
      "pointer.png",
      Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"),
      "a Git LFS pointer",
    ],
    ["page.jpg", Buffer.from("<!DOCTYPE html><p>404"), "a web page"],
    ["array.png", Buffer.from("\x93NUMPY\x01\x00rest", "latin1"), "a NumPy array"],
    ["random.png", Uint8Array.from({ length: 300 }, (_, i) => (i * 197) % 256), "another kind"],
    ["cut.png", png.subarray(0, png.length - 400), "cannot be decoded"],
    ["drawing.svg", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), "format (svg)"],
    ["cut.bmp", readFileSync(path.join(folder, "rgb.bmp")).subarray(0, 200), "is truncated"],
  ])("%s", async (name, bytes, reason) => {
    const file = path.join(scratch, name);
    writeFileSync(file, bytes);
    const error = await readPicture(file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toContain(reason);
    expect((error as DataError).where).toBe(file);
  });

  test("a file that is not there, and a folder", async () => {
    await expect(readPicture(path.join(scratch, "none.png"))).rejects.toThrow("The file does not exist.");
    await expect(readPicture(scratch)).rejects.toThrow(/not a file|folder/);
  });

  test("more pixels than fit in memory", async () => {
    const huge = await sharp({ create: { width: 11_000, height: 10_000, channels: 3, background: "black" } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    await expect(decodePicture(huge, "huge.png")).rejects.toThrow("11000×10000");
  });
});
