import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DataError } from "../model/errors.ts";
import { readSampleFile } from "./sample-file.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "loupe-samples-")));
const folder = join(top, "samples");
mkdirSync(join(folder, "below"), { recursive: true });
for (const name of ["photo.png", "below/t.csv", "../secret.png"]) writeFileSync(join(folder, name), "1");
symlinkSync(join(top, "secret.png"), join(folder, "link.png"));
afterAll(() => rmSync(top, { recursive: true, force: true }));

function write(content: unknown): string {
  const file = join(folder, "s.sample.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const failure = (content: unknown, folders?: string[]): Promise<DataError> =>
  readSampleFile(write(content), folders).then(
    () => Promise.reject(new Error("It was read.")),
    (error: unknown) => error as DataError,
  );

describe("a sample's file", () => {
  it("gives absolute paths, rows, texts and values", async () => {
    const file = write({
      a: { file: "photo.png" },
      b: "below/t.csv#12",
      c: "a fine film",
      d: [1, 2],
      e: { text: "x.txt" },
    });
    expect(await readSampleFile(file)).toEqual({
      a: join(folder, "photo.png"),
      b: `${join(folder, "below/t.csv")}#12`,
      c: { text: "a fine film" },
      d: { values: [1, 2] },
      e: { text: "x.txt" },
    });
  });

  it("names files in its own folder or a given one, and nowhere else", async () => {
    for (const name of ["../secret.png", join(top, "secret.png"), "link.png", "../no-such.png"]) {
      const error = await failure({ x: { file: name } });
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toContain(`"x" names "${name}", which is outside the sample's folder and the workspace`);
    }
    const inWorkspace = await readSampleFile(write({ x: { file: "../secret.png" } }), [top]);
    expect(inWorkspace).toEqual({ x: join(top, "secret.png") });
  });

  it("says what of it is wrong", async () => {
    expect((await failure("{")).message).toMatch(/^This is not JSON/);
    expect((await failure([1])).message).toMatch(/is an object with an entry for each input/);
    expect((await failure({ x: { file: "gone.png" } })).message).toBe('"x" names "gone.png". The file does not exist.');
    expect((await failure(" ".repeat(4 * 2 ** 20 + 1))).message).toMatch(/the limit is/);
    expect((await readSampleFile(join(folder, "none.sample.json")).catch((e: unknown) => e)) as Error).toHaveProperty(
      "message",
      "The file does not exist.",
    );
  });
});
