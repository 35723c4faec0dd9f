// What is kept between runs: models until their last user, sessions and the rest within a budget of bytes.
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Leased } from "./lease.ts";
import { availableMemory, MemoryBudget } from "./memory.ts";
import { ModelCache } from "./model-cache.ts";
import type { LoadedModel } from "./models.ts";
import { floatsOf, type Feeds } from "./ort.ts";
import { channelOf } from "../techniques/activations/layer-views.ts";
import { node, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-memory-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** y = x · w, three columns of 1s, 2s and 3s: [10, 20, 30] for ten 1s. */
const product = (name: string): string =>
  writeSmallModel(folder, name, {
    inputs: { x: ["float32", 1, 10] },
    outputs: ["y"],
    nodes: [node("MatMul", ["x", "w"], ["h"]), node("Relu", ["h"], ["y"])],
    weights: [
      weight(
        "w",
        [10, 3],
        Array.from({ length: 30 }, (_, i) => (i % 3) + 1),
      ),
    ],
  });
const feeds: Feeds = { x: { dataType: "float32", dims: [1, 10], data: new Float32Array(10).fill(1) } };
const outputOf = async (model: LoadedModel, value = "y"): Promise<number[]> =>
  Array.from(floatsOf((await model.forward(feeds, [value])).get(value)!));
const promisesSettled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const isClosed = (model: LoadedModel): boolean => {
  try {
    model.open.fileBytes("");
    return false;
  } catch (error) {
    if (error instanceof Error && error.message === "The model was closed.") return true;
    throw error;
  }
};

describe("a model that is in use", () => {
  test("stays while others are opened, and is given back after its last user", async () => {
    const cache = new ModelCache({ maxModels: 1 });
    let used: LoadedModel | undefined;
    await cache.use(product("used.onnx"), async (model) => {
      used = model;
      for (const name of ["b.onnx", "c.onnx", "d.onnx"]) await cache.use(product(name), outputOf);
      expect(isClosed(model)).toBe(false);
      expect(await outputOf(model)).toEqual([10, 20, 30]);
    });
    await promisesSettled();
    expect(isClosed(used!)).toBe(true);
    cache.dispose();
  });

  test("stays while its file is saved again; the next user gets the new one", async () => {
    const cache = new ModelCache();
    const path = product("saved.onnx");
    await cache.use(path, async (model) => {
      // As editors and exporters do: written aside, then renamed.
      renameSync(product("draft.onnx"), path);
      await cache.use(path, (another) => {
        expect(another).not.toBe(model);
      });
      expect(isClosed(model)).toBe(false);
    });
    cache.dispose();
  });

  test("stays when the one before it is dropped while it is still being opened", async () => {
    const cache = new ModelCache({ maxModels: 1 });
    const results = await Promise.all(["e.onnx", "f.onnx", "g.onnx"].map((name) => cache.use(product(name), outputOf)));
    expect(results).toEqual([
      [10, 20, 30],
      [10, 20, 30],
      [10, 20, 30],
    ]);
    cache.dispose();
  });

  test("a failed opening is tried anew", async () => {
    const cache = new ModelCache();
    const path = join(folder, "late.onnx");
    await expect(cache.use(path, () => 1)).rejects.toThrow("The file does not exist.");
    product("late.onnx");
    expect(await cache.use(path, outputOf)).toEqual([10, 20, 30]);
    cache.dispose();
  });

  test("what was retired is disposed of once, after its last user", async () => {
    const disposed: string[] = [];
    const leased = new Leased("value", (value) => disposed.push(value));
    const ends = [leased.hold(), leased.hold()];
    leased.retire();
    ends[0]();
    ends[0]();
    expect(disposed).toEqual([]);
    ends[1]();
    leased.retire();
    expect(disposed).toEqual(["value"]);
    expect(() => leased.hold()).toThrow();
  });
});

describe("the memory budget", () => {
  const kept = (bytes: number, drops: string[], name: string) => ({ bytes, drop: () => drops.push(name) });

  test("drops what was used longest ago, by bytes", () => {
    const drops: string[] = [];
    const budget = new MemoryBudget(100);
    budget.keep("a", kept(40, drops, "a"));
    budget.keep("b", kept(40, drops, "b"));
    budget.touch("a");
    budget.keep("c", kept(50, drops, "c"));
    expect(drops).toEqual(["b"]);
    expect(budget.used).toBe(90);
    budget.makeRoom(80);
    expect(drops).toEqual(["b", "a", "c"]);
    expect(budget.used).toBe(0);
  });

  test("does not keep what is larger than all of it, and drops others for nothing only as far as it must", () => {
    const drops: string[] = [];
    const budget = new MemoryBudget(100);
    budget.keep("large", kept(101, drops, "large"));
    expect(drops).toEqual(["large"]);
    budget.keep("a", kept(60, drops, "a"));
    budget.keep("a", kept(70, drops, "a again"));
    expect(drops).toEqual(["large", "a"]);
    expect(budget.used).toBe(70);
  });

  test("bounds the sessions of all models together; what was dropped is made again when it is asked for", async () => {
    const budget = new MemoryBudget(20 * 2 ** 20);
    const cache = new ModelCache({ budget });
    for (const name of ["one.onnx", "two.onnx", "three.onnx"]) {
      const model = await cache.get(product(name));
      for (const value of ["h", "y", "x", "w"]) {
        await model.forward(feeds, [value]);
        expect(budget.used).toBeLessThanOrEqual(budget.limit);
      }
      await model.gradients(feeds, { of: "y", seed: new Float32Array([1, 0, 0]), wrt: ["x"] });
    }
    expect(budget.used).toBeGreaterThan(0);
    expect(await outputOf(await cache.get(join(folder, "one.onnx")))).toEqual([10, 20, 30]);
    cache.dispose();
    await promisesSettled();
    expect(budget.used).toBe(0);
  });

  test("a session that was dropped while it runs ends its run first", async () => {
    // More than the tiny model needs, and less than a session is taken for.
    const budget = new MemoryBudget(2 ** 20);
    const cache = new ModelCache({ budget });
    const model = await cache.get(product("tight.onnx"));
    expect(await Promise.all([outputOf(model), outputOf(model, "h"), outputOf(model)])).toEqual([
      [10, 20, 30],
      [10, 20, 30],
      [10, 20, 30],
    ]);
    // Of the three sessions none is kept, only the file's bytes.
    expect(budget.used).toBe(model.open.size.file);
    cache.dispose();
  });

  test("holds the values of the layer that was looked at last, and lets them go", async () => {
    const path = writeSmallModel(folder, "maps.onnx", {
      inputs: { x: ["float32", 1, 2, 64, 64] },
      outputs: ["y"],
      nodes: [node("Relu", ["x"], ["r"]), node("Flatten", ["r"], ["y"])],
    });
    const input = writeArray(
      folder,
      "maps.npy",
      [1, 2, 64, 64],
      Array.from({ length: 8192 }, (_, i) => i),
    );
    const budget = new MemoryBudget(2 ** 30);
    const models = new ModelCache({ budget });
    const env = { models, progress: () => undefined, signal: new AbortController().signal };
    const job = {
      technique: "feature-maps",
      model: path,
      source: { kind: "sample" as const, inputs: { "": input } },
      recipe: { version: 1 as const, inputs: {} },
      params: {},
      layer: "r",
    };
    expect((await channelOf({ job, channel: 1 }, env)).values[5]).toBe(4096 + 5);
    const before = budget.used;
    budget.forget("latest layer");
    expect(before - budget.used).toBe(4 * 8192);
    models.dispose();
  });
});

describe("what is available", () => {
  const told = process as { availableMemory?: () => number };
  const own = told.availableMemory;
  afterEach(() => {
    told.availableMemory = own;
    vi.unstubAllEnvs();
  });

  test("is what the container or the system leaves to this process, where Node can tell; half of that and of its own is the budget", () => {
    told.availableMemory = () => 3 * 2 ** 30;
    expect(availableMemory()).toBe(3 * 2 ** 30);
    const own = process.memoryUsage.rss();
    const { limit, isSet } = new MemoryBudget();
    expect(isSet).toBe(false);
    expect(Math.abs(limit - (3 * 2 ** 30 + own) / 2)).toBeLessThan(64 * 2 ** 20);
  });

  test.each([
    ["has no such function", undefined],
    ["does not know", () => 0],
  ])("is what the machine has free where Node %s", (_, tells) => {
    told.availableMemory = tells;
    expect(availableMemory()).toBeGreaterThan(0);
    expect(availableMemory()).toBeLessThan(totalmem());
  });

  test("does not matter where a person says how much", () => {
    vi.stubEnv("NEURAL_LOUPE_MEMORY", "300");
    expect(new MemoryBudget()).toMatchObject({ limit: 300 * 2 ** 20, isSet: true });
    for (const nothing of ["0", "", "much"]) {
      vi.stubEnv("NEURAL_LOUPE_MEMORY", nothing);
      expect(new MemoryBudget().isSet).toBe(false);
    }
  });
});
