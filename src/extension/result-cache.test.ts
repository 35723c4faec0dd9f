import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ResultCache, hashOf } from "./result-cache.ts";

let folder: string;
let log: string[];
beforeEach(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), "loupe-cache-")), "results");
  log = [];
});
afterEach(() => rm(path.dirname(folder), { recursive: true, force: true }));

const cache = (limit = 1e6): ResultCache =>
  new ResultCache(
    folder,
    () => limit,
    (line) => log.push(line),
  );
const key = (name: string): string => hashOf(name);
const used = (name: string, minutesAgo: number): Promise<void> => {
  const time = new Date(Date.now() - minutesAgo * 60_000);
  return utimes(path.join(folder, `${key(name)}.result`), time, time);
};

describe("the cache of results on disk", () => {
  test("gives back what was put, typed arrays and values that JSON has none for included", async () => {
    const value = { values: new Float32Array([1, NaN, -Infinity]), dims: [3], note: "a" };
    await cache().put(key("a"), value);
    expect(await cache().get(key("a"))).toEqual(value);
  });

  test("knows nothing of other keys, and a folder that does not exist is empty", async () => {
    expect(await cache().get(key("a"))).toBeUndefined();
    expect(log).toEqual([]);
  });

  test.each([
    [
      "is cut off",
      async (file: string) => writeFile(file, (await import("node:fs")).readFileSync(file).subarray(0, 40)),
    ],
    ["is something else", (file: string) => writeFile(file, "no result")],
    ["is empty", (file: string) => writeFile(file, "")],
  ])("a file that %s is dropped and said in the log", async (_, spoil) => {
    await cache().put(key("a"), { values: new Float32Array(100) });
    await spoil(path.join(folder, `${key("a")}.result`));
    expect(await cache().get(key("a"))).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    expect(log.join()).toContain("dropped");
  });

  test("a file under another's name is not believed", async () => {
    await cache().put(key("a"), 1);
    await writeFile(
      path.join(folder, `${key("b")}.result`),
      (await import("node:fs")).readFileSync(path.join(folder, `${key("a")}.result`)),
    );
    expect(await cache().get(key("b"))).toBeUndefined();
    expect(await cache().get(key("a"))).toBe(1);
  });

  test("over the limit, what was used longest ago goes first", async () => {
    const small = cache(10_000);
    for (const [name, minutes] of [
      ["old", 30],
      ["read", 20],
      ["recent", 10],
    ] as const) {
      await small.put(key(name), new Uint8Array(3000));
      await used(name, minutes);
    }
    await small.get(key("read"));
    await small.put(key("new"), new Uint8Array(3000));
    expect(await small.get(key("old"))).toBeUndefined();
    for (const name of ["read", "recent", "new"]) expect(await small.get(key(name))).toHaveLength(3000);
  });

  test("what is larger than the limit is not kept, and drops nothing", async () => {
    const small = cache(1000);
    await small.put(key("a"), 1);
    await small.put(key("b"), new Uint8Array(2000));
    expect(await small.get(key("b"))).toBeUndefined();
    expect(await small.get(key("a"))).toBe(1);
  });

  test("a folder that cannot be written costs the cache, not the result", async () => {
    await writeFile(folder, "a file in the way");
    await cache().put(key("a"), 1);
    expect(log.join()).toContain("cannot keep a result");
  });

  test("leftovers of broken-off writes go after an hour", async () => {
    await cache().put(key("a"), 1);
    const old = path.join(folder, "x.tmp");
    await writeFile(old, "half");
    await writeFile(path.join(folder, "y.tmp"), "half, just now");
    await utimes(old, new Date(0), new Date(0));
    await cache().put(key("b"), 1);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual(["y.tmp"]);
  });

  test("two windows writing the same result at once leave one sound file", async () => {
    const value = new Float32Array(10_000).fill(3);
    await Promise.all(Array.from({ length: 8 }, () => cache().put(key("a"), value)));
    expect(await cache().get(key("a"))).toEqual(value);
    expect(await readdir(folder)).toHaveLength(1);
  });
});

describe("hashOf", () => {
  test("does not depend on the order of keys, and does on everything else", () => {
    expect(hashOf({ a: 1, b: { c: [1, 2], d: 3 } })).toBe(hashOf({ b: { d: 3, c: [1, 2] }, a: 1 }));
    expect(hashOf({ a: [1, 2] })).not.toBe(hashOf({ a: [2, 1] }));
    expect(hashOf({ a: 1 })).not.toBe(hashOf({ a: "1" }));
  });
});
