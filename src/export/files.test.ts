// What stands where an export is written stays until the new one was checked, its data with it.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { checkPlace, writeFiles } from "./files.ts";
import { replaceTogether } from "./replace.ts";
import { type WritableModel } from "../model/formats/onnx/index.ts";
import { openModel, type OpenModel } from "../model/open.ts";
import type { ExportWeights } from "../protocol/export.ts";
import { openSession } from "../runtime/ort.ts";
import { node, weight, writeSmallModel } from "../../test/support/models.ts";

const folders: string[] = [];
let folder: string;
beforeEach(() => {
  folders.push((folder = mkdtempSync(join(tmpdir(), "loupe-export-files-"))));
});
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true });
});

/** y = x + w over 600 elements, as large as needs to lie outside; every w is `value`. */
async function added(value: number): Promise<{ model: WritableModel; open: OpenModel }> {
  mkdirSync(join(folder, "models"), { recursive: true });
  const open = await openModel(
    writeSmallModel(join(folder, "models"), `add-${value}.onnx`, {
      inputs: { x: ["float32", 600] },
      outputs: ["y"],
      nodes: [node("Add", ["x", "w"], ["y"])],
      weights: [weight("w", [600], new Float32Array(600).fill(value))],
    }),
  );
  return { open, model: open.model };
}

async function computed(path: string): Promise<number> {
  const session = await openSession(path);
  try {
    return Number(
      (await session.run({ x: { dataType: "float32", dims: [600], data: new Float32Array(600).fill(1) } })).get("y")!
        .data[599],
    );
  } finally {
    await session.release();
  }
}

async function exported(
  value: number,
  weights: ExportWeights,
  check: (path: string) => Promise<number> = computed,
): Promise<{ files: string[]; checked: number }> {
  const { model, open } = await added(value);
  try {
    await checkPlace(open, join(folder, "e.onnx"), weights);
    return await writeFiles(model, open, { out: join(folder, "e.onnx"), weights }, check);
  } finally {
    open.close();
  }
}
const left = (): string[] =>
  readdirSync(folder)
    .filter((name) => name !== "models")
    .sort();

describe("an export over an earlier one", () => {
  test("with data in a file of its own takes the place of both, once it was checked where it does not disturb them", async () => {
    await exported(1, "data");
    expect(left()).toEqual(["e.onnx", "e.onnx.data"]);
    const { checked } = await exported(5, "data", async (path) => {
      expect(dirname(path)).not.toBe(folder);
      // Meanwhile the earlier one still works.
      expect(await computed(join(folder, "e.onnx"))).toBe(2);
      return computed(path);
    });
    expect(checked).toBe(6);
    expect(await computed(join(folder, "e.onnx"))).toBe(6);
    expect(left()).toEqual(["e.onnx", "e.onnx.data"]);
  });

  test.each(["data", "included"] as const)(
    "that fails its check leaves the earlier one as it was: %s",
    async (weights) => {
      await exported(1, "data");
      const before = left().map((name) => readFileSync(join(folder, name)));
      await expect(exported(5, weights, () => Promise.reject(new Error("differs")))).rejects.toThrow("differs");
      expect(left()).toEqual(["e.onnx", "e.onnx.data"]);
      expect(left().map((name) => readFileSync(join(folder, name)))).toEqual(before);
      expect(await computed(join(folder, "e.onnx"))).toBe(2);
    },
  );

  test("with its weights included takes the earlier one's data away, and nobody else's", async () => {
    await exported(1, "data");
    await exported(5, "included");
    expect(left()).toEqual(["e.onnx"]);
    writeFileSync(join(folder, "e.onnx.data"), "a person's own");
    await exported(7, "included");
    expect(left()).toEqual(["e.onnx", "e.onnx.data"]);
    expect(await computed(join(folder, "e.onnx"))).toBe(8);
  });

  test("does not write its data over a file that is not part of the export", async () => {
    writeFileSync(join(folder, "e.onnx.data"), "a person's own");
    await expect(exported(1, "data")).rejects.toThrow(
      "A file of this name already exists and is not part of the export.",
    );
    await exported(1, "included");
    await expect(exported(1, "data")).rejects.toThrow(
      "A file of this name already exists and is not part of the export.",
    );
    expect(readFileSync(join(folder, "e.onnx.data"), "utf8")).toBe("a person's own");
  });

  test("into a folder that is not there says so and leaves nothing", async () => {
    const { model, open } = await added(1);
    await expect(
      writeFiles(model, open, { out: join(folder, "none", "e.onnx"), weights: "data" }, computed),
    ).rejects.toThrow(/could not be written \(ENOENT\)/);
    expect(left()).toEqual([]);
    open.close();
  });
});

describe("files that are replaced together", () => {
  test("are put back where one of them cannot be moved", () => {
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    writeFileSync(a, "old a");
    writeFileSync(b, "old b");
    writeFileSync(`${a}.new`, "new a");
    expect(() =>
      replaceTogether([
        { from: `${a}.new`, to: a },
        { from: join(folder, "missing"), to: b },
      ]),
    ).toThrow("ENOENT");
    expect([readFileSync(a, "utf8"), readFileSync(b, "utf8")]).toEqual(["old a", "old b"]);
    expect(readdirSync(folder).sort()).toEqual(["a", "b"]);
  });

  test("leave nothing where nothing stood", () => {
    const a = join(folder, "a");
    writeFileSync(`${a}.new`, "new a");
    expect(() =>
      replaceTogether([
        { from: `${a}.new`, to: a },
        { from: join(folder, "missing"), to: join(folder, "b") },
      ]),
    ).toThrow("ENOENT");
    expect(existsSync(a)).toBe(false);
  });
});
