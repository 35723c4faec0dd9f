/**
 * Pictures of telling states, compared with those that were looked at and kept: test/screenshots/gallery.
 * `npm run gallery -- --update` takes them again.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StillPages } from "../still-pages.ts";
import { difference, differing } from "./compare-pictures.ts";
import { pictures } from "./pictures.ts";
import type { Picture } from "./pictures.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const kept = path.join(root, "test/screenshots/gallery");
const failed = path.join(root, "test/screenshots/failed");
const updating = process.env.UPDATE_PICTURES !== undefined;
/** Part of the pixels that may differ. */
const allowed = 0.005;

let pages: StillPages;
beforeAll(async () => {
  pages = await StillPages.start(root);
});
afterAll(() => pages.close());

const versionFile = path.join(kept, "chromium.txt");
const keptVersion = (): string => readFileSync(versionFile, "utf8").trim();

test("the kept pictures are those of the list", () => {
  if (updating) {
    mkdirSync(kept, { recursive: true });
    for (const name of strangers()) rmSync(path.join(kept, name));
    writeFileSync(versionFile, `${pages.version}\n`);
    return;
  }
  if (keptVersion() !== pages.version)
    console.log(
      `The pictures were taken with Chromium ${keptVersion()}, this is ${pages.version}: ` +
        "what differs is printed below, and fails no test.",
    );
  expect(strangers(), "pictures that are in no list").toEqual([]);
});

test.concurrent.each(pictures)("$file", async (picture) => {
  const now = await pages.take(picture);
  const file = path.join(kept, `${picture.file}.png`);
  if (updating) {
    // One in which nobody sees a difference stays, byte for byte.
    if (existsSync(file) && (await differing(readFileSync(file), now)) === 0) return;
    await sharp(now).removeAlpha().png({ compressionLevel: 9, adaptiveFiltering: true }).toFile(file);
    return;
  }
  const before = readFileSync(file);
  const part = await differing(before, now);
  if (part <= allowed) return;
  const words = await leave(picture, before, now, part);
  if (keptVersion() === pages.version) expect.fail(words);
  console.log(words);
});

function strangers(): string[] {
  const wanted = new Set(pictures.map(({ file }) => `${file}.png`));
  return readdirSync(kept).filter((name) => name.endsWith(".png") && !wanted.has(name));
}

/** Leaves the picture as it is now, and where it differs, beside each other's names; says where. */
async function leave({ file }: Picture, before: Buffer, now: Buffer, part: number): Promise<string> {
  mkdirSync(failed, { recursive: true });
  writeFileSync(path.join(failed, `${file}.png`), now);
  writeFileSync(path.join(failed, `${file}.difference.png`), await difference(before, now));
  return (
    `${file}: ${(100 * part).toFixed(2)} % of the pixels differ from test/screenshots/gallery/${file}.png. ` +
    `Look at test/screenshots/failed/${file}.png and ${file}.difference.png; ` +
    `if it is meant to look so: npm run gallery -- --update "${file}".`
  );
}
