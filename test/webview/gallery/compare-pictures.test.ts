import sharp from "sharp";
import { expect, test } from "vitest";
import { difference, differing } from "./compare-pictures.ts";

/** A PNG of one colour, with some pixels of another from its top left on. */
function picture(width: number, height: number, color: number, others = 0, other = 0): Promise<Buffer> {
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i < 3 * others ? other : color));
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

test("the part of the pixels that differ", async () => {
  const plain = await picture(20, 10, 100);
  expect(await differing(plain, plain)).toBe(0);
  expect(await differing(plain, await picture(20, 10, 100, 3, 200))).toBeCloseTo(3 / 200, 12);
});

test("what nobody sees is no difference", async () => {
  expect(await differing(await picture(20, 10, 100), await picture(20, 10, 108))).toBe(0);
  expect(await differing(await picture(20, 10, 100), await picture(20, 10, 109))).toBe(1);
});

test("a picture of another size differs by what one of them lacks", async () => {
  expect(await differing(await picture(20, 10, 100), await picture(20, 12, 100))).toBeCloseTo(2 / 12, 12);
});

test("the difference is a picture: red where they differ", async () => {
  const png = await difference(await picture(4, 1, 100), await picture(4, 1, 100, 1, 0));
  expect([...(await sharp(png).removeAlpha().raw().toBuffer())]).toEqual([
    255,
    0,
    0,
    ...new Array<number>(9).fill(255),
  ]);
});
