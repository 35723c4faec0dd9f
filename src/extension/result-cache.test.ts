import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ResultCache, hashOf } from "./result-cache.ts";
import { writeData } from "./result-file.ts";

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
      "is truncated",
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

  test("an entry of another version's format is dropped, with one line in the log", async () => {
    await cache().put(key("a"), 1);
    const file = path.join(folder, `${key("a")}.result`);
    await rm(file);
    await writeData(file, { format: "neural-loupe 1", key: key("a"), value: { raw: [1, 2, 3] } }, 1e6);
    expect(await cache().get(key("a"))).toBeUndefined();
    expect(await cache().get(key("a"))).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    expect(log).toEqual([expect.stringContaining("dropped")]);
  });

  test("while one window writes, another reads the value from before or the new one, whole", async () => {
    const [writer, reader] = [cache(), cache()];
    const values = Array.from({ length: 40 }, (_, i) => new Float32Array(50_000).fill(i));
    let writing = true;
    const write = async (): Promise<void> => {
      for (const value of values) await writer.put(key("a"), value);
      writing = false;
    };
    const read = async (): Promise<Set<number>> => {
      const seen = new Set<number>();
      while (writing) {
        const value = (await reader.get(key("a"))) as Float32Array | undefined;
        if (value) {
          expect(value).toEqual(values[value[0]]);
          seen.add(value[0]);
        }
      }
      return seen;
    };
    const [, seen] = await Promise.all([write(), read()]);
    expect(seen.size).toBeGreaterThan(1);
    expect(await reader.get(key("a"))).toEqual(values.at(-1));
    expect(log).toEqual([]);
  });

  test("what another window drops for want of room is not there, and no more is said", async () => {
    const [small, reader] = [cache(10_000), cache(10_000)];
    let writing = true;
    const write = async (): Promise<void> => {
      for (let i = 0; i < 60; i++) await small.put(key(`${i % 9}`), new Uint8Array(3000).fill(i % 9));
      writing = false;
    };
    const read = async (): Promise<void> => {
      for (let i = 0; writing; i = (i + 1) % 9) {
        const value = (await reader.get(key(`${i}`))) as Uint8Array | undefined;
        if (value) expect(value).toEqual(new Uint8Array(3000).fill(i));
      }
    };
    await Promise.all([write(), read(), read()]);
    expect((await readdir(folder)).length).toBeLessThanOrEqual(3);
    expect(log).toEqual([]);
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
