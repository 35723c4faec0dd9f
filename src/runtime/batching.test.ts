import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../test/support/command-line.ts";
import { decodeNpy } from "../data/index.ts";
import { ModelError, UsageError } from "../model/errors.ts";
import { manyGradients, type Batching, type ManyGradients, type RunGradients } from "./batch-gradients.ts";
import { memoryNeed, needOf } from "./memory-need.ts";
import { ModelCache } from "./model-cache.ts";
import type { LoadedModel } from "./models.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

const MEBI = 2 ** 20;
const models = new ModelCache({ maxModels: 8 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-batching-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** y = Σ tanh(x·A)·b, whose batch axis is as said. */
function network(
  name: string,
  batch: number | string,
  middle: Parameters<typeof writeSmallModel>[2]["nodes"] = [node("Tanh", ["z"], ["h"])],
): string {
  return writeSmallModel(folder, name, {
    inputs: { x: ["float32", batch, 3] },
    outputs: ["y"],
    weights: [
      weight(
        "A",
        [3, 4],
        Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)),
      ),
      weight(
        "b",
        [4, 2],
        Array.from({ length: 8 }, (_, i) => Math.cos(i)),
      ),
      weight("one", [2], [1, -1], "int64"),
    ],
    nodes: [node("MatMul", ["x", "A"], ["z"]), ...middle, node("MatMul", ["h", "b"], ["y"])],
  });
}

const points = Array.from({ length: 23 }, (_, i) => Float32Array.from([Math.sin(i), Math.cos(3 * i), i / 10]));

interface Ran {
  readonly found: RunGradients[];
  readonly batching: Batching;
  readonly starts: number[];
}

async function run(path: string, more: Partial<ManyGradients> = {}): Promise<Ran> {
  const [found, starts]: [RunGradients[], number[]] = [[], []];
  const batching = await manyGradients({
    model: await models.get(path),
    feeds: { x: { dataType: "float32", dims: [1, 3], data: points[0] } },
    varied: "x",
    count: points.length,
    memory: 0,
    request: { of: "y", seed: Float32Array.from([0, 1]), wrt: ["x", "h"], fetch: ["h"] },
    point: (index) => points[index],
    before: (index) => {
      starts.push(index);
    },
    each: (index, one) => {
      expect(index).toBe(found.length);
      found.push(one);
    },
    ...more,
  });
  return { found, batching, starts };
}

function expectSame(found: readonly RunGradients[], expected: readonly RunGradients[]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((one, i) => {
    for (const name of ["x", "h"])
      one.gradients
        .get(name)!
        .forEach((value, at) => expect(value).toBeCloseTo(expected[i].gradients.get(name)![at], 5));
    one.values.get("h")!.forEach((value, at) => expect(value).toBeCloseTo(expected[i].values.get("h")![at], 5));
  });
}

describe("gradients at many points", () => {
  it.each([2, 4, 7, 8, 32])("are in batches of %i what they are one by one, in order", async (batch) => {
    const path = network("open.onnx", "N");
    const alone = await run(path, { batch: 1 });
    expect(alone.batching.batch).toBe(1);
    expect(alone.starts).toEqual(Array.from({ length: 23 }, (_, i) => i));
    const together = await run(path, { batch });
    // 21 are left after the two that ran alone: equal parts of at most the batch.
    expect(together.batching.batch).toBe(Math.ceil(21 / Math.ceil(21 / batch)));
    expect(together.starts.length).toBeLessThanOrEqual(2 + Math.ceil(22 / together.batching.batch) + 1);
    expectSame(together.found, alone.found);
  });

  it("run one by one where the score is one number for the whole batch", async () => {
    const path = writeSmallModel(folder, "summed.onnx", {
      inputs: { x: ["float32", "N", 3] },
      outputs: ["y"],
      weights: [
        weight(
          "A",
          [3, 4],
          Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)),
        ),
      ],
      nodes: [
        node("MatMul", ["x", "A"], ["z"]),
        node("Tanh", ["z"], ["h"]),
        node("ReduceSum", ["h"], ["y"], { keepdims: { type: "int", value: 0 } }),
      ],
    });
    const request = { of: "y", seed: Float32Array.of(1), wrt: ["x", "h"], fetch: ["h"] };
    const together = await run(path, { batch: 8, request });
    expect(together.batching.batch).toBe(1);
    expectSame(together.found, (await run(path, { batch: 1, request })).found);
  });

  it("run one by one where the batch axis is fixed, and where it says it is open and is not", async () => {
    const alone = await run(network("open.onnx", "N"), { batch: 1 });
    const reshaped = [node("Tanh", ["z"], ["t"]), node("Reshape", ["t", "one"], ["h"])];
    for (const path of [network("fixed.onnx", 1), network("says-open.onnx", "N", reshaped)]) {
      const { found, batching } = await run(path, { batch: 8 });
      expect(batching.batch).toBe(1);
      expect(batching.unfit).toBeUndefined();
      expectSame(found, alone.found);
    }
  });

  it("run one by one where a batch's entries mix: each is taken from the mean of all", async () => {
    const mixing = [
      node("ReduceMean", ["z"], ["mean"], { axes: { type: "ints", value: [0] } }),
      node("Sub", ["z", "mean"], ["d"]),
      node("Add", ["d", "z"], ["s"]),
      node("Tanh", ["s"], ["h"]),
    ];
    const path = network("mixing.onnx", "N", mixing);
    const [alone, { found, batching }] = [await run(path, { batch: 1 }), await run(path, { batch: 8 })];
    expect(batching.batch).toBe(1);
    expectSame(found, alone.found);
  });

  it("are put into smaller batches, or none, where the memory holds no more", async () => {
    const path = network("open.onnx", "N");
    const model = await models.get(path);
    const { specialised } = await model.traced({ x: { dataType: "float32", dims: [1, 3], data: points[0] } });
    const need = memoryNeed(model, specialised, { of: "y", wrt: ["x", "h"], fetch: ["h"] });
    // What a tiny network keeps is far under a megabyte: a network that keeps more stands in for it.
    const wide = writeSmallModel(folder, "wide.onnx", {
      inputs: { x: ["float32", "N", 3] },
      outputs: ["y"],
      weights: [
        weight("A", [3, 500_000], new Float32Array(1_500_000).fill(1e-3)),
        weight("b", [500_000, 2], new Float32Array(1_000_000).fill(1e-6)),
      ],
      nodes: [node("MatMul", ["x", "A"], ["z"]), node("Tanh", ["z"], ["h"]), node("MatMul", ["h", "b"], ["y"])],
    });
    const large = await models.get(wide);
    const traced = await large.traced({ x: { dataType: "float32", dims: [1, 3], data: points[0] } });
    const wideNeed = memoryNeed(large, traced.specialised, { of: "y", wrt: ["x"] });
    expect(wideNeed.each).toBeGreaterThan(20 * need.each);
    const request = { of: "y", seed: Float32Array.from([0, 1]), wrt: ["x"] };
    const within = await run(wide, { request, batch: 8, memory: Math.ceil(needOf(wideNeed, 3) / MEBI) });
    expect(within.batching).toMatchObject({ batch: 3, unfit: 8 });
    const without = await run(wide, { request, batch: 8, memory: Math.ceil(wideNeed.alone / MEBI) });
    expect(without.batching).toMatchObject({ batch: 1, unfit: 8 });
    without.found.forEach((one, i) =>
      one.gradients
        .get("x")!
        .forEach((value, at) => expect(value).toBeCloseTo(within.found[i].gradients.get("x")![at], 5)),
    );
    await expect(run(wide, { request, memory: Math.floor(wideNeed.alone / MEBI) - 1 })).rejects.toThrow(
      /One forward and backward run of the model takes about \d+ MB, more than the memory limit of \d+ MB/,
    );
  });

  it("end with the figure and what to do where ONNX Runtime gets no memory", async () => {
    const model = await models.get(network("open.onnx", "N"));
    const starved = Object.create(model, {
      gradients: {
        value: () =>
          Promise.reject(
            new ModelError("ONNX Runtime failed while it ran the model: there is not enough memory (bad allocation)."),
          ),
      },
    }) as LoadedModel;
    await expect(run(network("open.onnx", "N"), { model: starved })).rejects.toSatisfy(
      (error) =>
        error instanceof UsageError &&
        /takes about \d+ MB, more than this machine has/.test(error.message) &&
        /smaller input/.test(error.hint!),
    );
  });

  it("stop where they are told to, between runs", async () => {
    let seen = 0;
    await expect(
      run(network("open.onnx", "N"), {
        batch: 4,
        before: () => {
          if (++seen === 4) throw new Error("enough");
        },
      }),
    ).rejects.toThrow("enough");
    expect(seen).toBe(4);
  });
});

describe("Integrated Gradients under a memory budget", () => {
  const sample = resolve("samples/efficientnet-lite0.onnx");
  const cat = resolve("test/reference/efficientnet-cat/input.npy");
  let program = "";
  beforeAll(async () => {
    // Inside the project, where it finds onnxruntime-node and sharp; the child says its own peak as it ends.
    program = resolve("dist/test-memory.js");
    const peak = "process.on('exit', () => process.stderr.write(`peak ${process.resourceUsage().maxRSS}\\n`));";
    await buildProgram(program, { footer: { js: peak } });
  });
  afterAll(() => rmSync(program, { force: true }));
  const loupe = (...settings: string[]): { code: number | null; err: string; out: string } => {
    const out = join(folder, "ig.npy");
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        program,
        "integrated-gradients",
        sample,
        "--input",
        cat,
        "--target",
        "285",
        ...settings.flatMap((setting) => ["--set", setting]),
        "--out",
        out,
      ],
      { encoding: "utf8" },
    );
    return { code: status, err: stderr, out };
  };

  it("stays within 512 MB on EfficientNet-Lite0, all of the process counted", () => {
    const { code, err, out } = loupe("memory=512", "steps=6");
    expect(code).toBe(0);
    const kibi = Number(/peak (\d+)/.exec(err)![1]);
    // Node and ONNX Runtime alone take 80 MB: a peak under that would not be one.
    expect(kibi / 1024).toBeGreaterThan(80);
    expect(kibi / 1024).toBeLessThan(512);
    expect(decodeNpy(readFileSync(out), out).dims).toEqual([1, 3, 224, 224]);
  }, 120_000);

  it("says what it would take where the budget is too small, and works with that", () => {
    const { code, err } = loupe("memory=100", "steps=2");
    expect(code).toBe(1);
    expect(err).toMatch(/about \d+ MB, more than the memory limit of 100 MB\. Set memory to \d+ or more/);
    const enough = Number(/Set memory to (\d+)/.exec(err)![1]);
    const second = loupe(`memory=${enough}`, "steps=2");
    expect(second.code).toBe(0);
    expect(Number(/peak (\d+)/.exec(second.err)![1]) / 1024).toBeLessThan(enough);
  }, 120_000);
});

describe("a technique", () => {
  it("says that the memory made its batches smaller, only then", async () => {
    const path = network("open.onnx", "N");
    const input = writeArray(folder, "open.npy", [1, 3], [0.3, -1, 2]);
    const {
      notes,
      arrays: [raw],
    } = await runOn(models, path, input, "integrated-gradients", { params: { steps: 3000 } });
    expect(notes.join(" ")).not.toContain("memory");
    const few = await runOn(models, path, input, "integrated-gradients", { params: { steps: 60 } });
    raw.values.forEach((value, i) => expect(value).toBeCloseTo(few.arrays[0].values[i], 4));
  });
});
