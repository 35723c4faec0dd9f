// A result of 200 MB: the extension host gets, keeps and passes it on in pieces, and holds its numbers once.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import type * as V8 from "node:v8";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { withOwnBuffers } from "../extension/own-buffers.ts";
import { hashOf, ResultCache } from "../extension/result-cache.ts";
import { Assembly, partsOf, PIECE } from "../protocol/pieces.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { node, runOn, writeArray, writeSmallModel } from "../../test/support/models.ts";

const seen = vi.hoisted(() => ({ largest: 0 }));
vi.mock("node:v8", async (original) => {
  const v8 = await original<typeof V8>();
  const note = <T extends { readonly length: number }>(bytes: T): T => {
    seen.largest = Math.max(seen.largest, bytes.length);
    return bytes;
  };
  return {
    ...v8,
    serialize: (value: unknown) => note(v8.serialize(value)),
    deserialize: (bytes: Buffer) => v8.deserialize(note(bytes)) as unknown,
  };
});

interface Large {
  readonly raw: { readonly dims: readonly number[]; readonly values: Float32Array };
  readonly artifacts: readonly [
    { readonly kind: "heatmap"; readonly values: Float32Array },
    { readonly kind: "bars"; readonly values: Float32Array },
  ];
  readonly notes: readonly string[];
}

const COUNT = 50 * 2 ** 20;
let folder: string;
let result: Large;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-large-"));
  const values = new Float32Array(COUNT);
  for (let i = 0; i < COUNT; i += 997) values[i] = i;
  result = {
    raw: { dims: [COUNT], values },
    artifacts: [
      { kind: "heatmap", values },
      { kind: "bars", values: Float32Array.of(1, NaN) },
    ],
    notes: ["a"],
  };
});
beforeEach(() => {
  seen.largest = 0;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How often others had their turn while `work` was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, over] = [0, false];
  const turn = (): void => {
    if (!over) {
      turns++;
      setImmediate(turn);
    }
  };
  setImmediate(turn);
  await work();
  over = true;
  return turns;
}

function expectSame(found: unknown): void {
  const { raw, artifacts, notes } = found as Large;
  expect([raw.dims, notes, artifacts[1].values]).toEqual([[COUNT], ["a"], Float32Array.of(1, NaN)]);
  expect(raw.values).toBeInstanceOf(Float32Array);
  expect(raw.values.length).toBe(COUNT);
  for (const at of [0, 997, 997 * 20_000, 997 * 52_000]) expect(raw.values[at]).toBe(result.raw.values[at]);
  // The numbers are there once.
  expect(artifacts[0].values).toBe(raw.values);
}

describe("a large result", () => {
  test("crosses a border in pieces, its numbers once", () => {
    const parts = [...partsOf({ link: "ok", id: 1, reply: result })];
    expect(parts).toHaveLength((4 * COUNT) / PIECE + 1);
    const sizes = parts.map(
      (part) => (part as { bytes?: Uint8Array }).bytes?.byteLength ?? JSON.stringify(part).length,
    );
    expect(Math.max(...sizes)).toBe(PIECE);
    const received: unknown[] = [];
    const assembly = new Assembly((message) => received.push(message));
    for (const [index, part] of parts.entries()) {
      expect(received).toHaveLength(0);
      // What arrives is a copy.
      assembly.take(
        index < parts.length - 1 ? { ...(part as object), bytes: (part as { bytes: Uint8Array }).bytes.slice() } : part,
      );
    }
    expect(received).toMatchObject([{ link: "ok", id: 1 }]);
    expectSame((received[0] as { reply: unknown }).reply);
  });

  test("is kept on disk and read again in pieces: nothing serialises it whole, and others have their turns in between", async () => {
    const cache = new ResultCache(
      join(folder, "results"),
      () => 2 ** 30,
      (line) => {
        throw new Error(line);
      },
    );
    const key = hashOf("large");
    const pieces = (4 * COUNT) / PIECE;
    expect(await turnsDuring(() => cache.put(key, result))).toBeGreaterThan(pieces / 2);
    const { size } = statSync(join(folder, "results", `${key}.result`));
    // Once, not twice.
    expect(size).toBeGreaterThan(4 * COUNT);
    expect(size).toBeLessThan(4 * COUNT + 10_000);
    let found: unknown;
    expect(
      await turnsDuring(async () => {
        found = await cache.get(key);
      }),
    ).toBeGreaterThan(pieces / 2);
    expectSame(found);
    expect(seen.largest).toBeGreaterThan(0);
    expect(seen.largest).toBeLessThan(10_000);
  });

  test("that is more than the cache may hold is not written at all", async () => {
    const cache = new ResultCache(
      join(folder, "small"),
      () => 2 ** 20,
      (line) => {
        throw new Error(line);
      },
    );
    await cache.put(hashOf("large"), result);
    expect(await cache.get(hashOf("large"))).toBeUndefined();
  });

  test("is not copied on its way to a webview where its arrays have buffers of their own; what stands there twice is copied once", () => {
    expect(withOwnBuffers(result).raw.values).toBe(result.raw.values);
    const view = new Float32Array(new ArrayBuffer(64), 8, 4);
    const { a, b } = withOwnBuffers({ a: view, b: [view] });
    expect(a).not.toBe(view);
    expect(b[0]).toBe(a);
  });
});

describe("messages in pieces", () => {
  const through = (message: unknown): unknown => {
    let received: unknown;
    const assembly = new Assembly((one) => {
      received = one;
    });
    for (const part of partsOf(message)) assembly.take(part);
    return received;
  };

  test("short ones go as they are", () => {
    const message = { link: "ok", reply: { values: Float32Array.of(1), nothing: undefined, list: [null, NaN] } };
    expect([...partsOf(message)]).toEqual([message]);
    expect([...partsOf(message)][0]).toBe(message);
    expect(through(message)).toBe(message);
  });

  test.each([Uint8Array, Int32Array, Float64Array, BigInt64Array])("every kind of array: %o", (Kind) => {
    const array = new Kind(2 ** 21);
    array[5] = (Kind === BigInt64Array ? 7n : 7) as never;
    const [first] = through([array, "x"]) as [typeof array];
    expect(first).toBeInstanceOf(Kind);
    expect([first.length, first[5]]).toEqual([array.length, array[5]]);
  });

  test("views of a larger buffer bring their own numbers alone; Buffers are bytes", () => {
    const large = new Float32Array(2 ** 20).map((_, i) => i);
    const [view, bytes] = through([large.subarray(100, 100 + 2 ** 19), Buffer.alloc(2 ** 20, 3)]) as [
      Float32Array,
      Uint8Array,
    ];
    expect([view.length, view[0], view.buffer.byteLength]).toEqual([2 ** 19, 100, 2 ** 21]);
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes[9]).toBe(3);
  });

  test("several at once do not mix", () => {
    const received: { id: number; values: Uint8Array }[] = [];
    const assembly = new Assembly((one) => received.push(one as (typeof received)[number]));
    const ways = [1, 2].map((id) => partsOf({ id, values: new Uint8Array(3 * PIECE).fill(id) }));
    for (let step = ways.map((way) => way.next()); step.some(({ done }) => !done); step = ways.map((way) => way.next()))
      for (const { done, value } of step) if (!done) assembly.take(value);
    expect(received.map(({ id, values }) => [id, values[0], values[3 * PIECE - 1]])).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ]);
  });
});

test("a technique's raw numbers and its picture's are the same array", async () => {
  const models = new ModelCache();
  const model = writeSmallModel(folder, "m.onnx", {
    inputs: { x: ["float32", 1, 3, 8, 8] },
    outputs: ["y"],
    nodes: [node("Mul", ["x", "x"], ["z"]), node("Flatten", ["z"], ["y"])],
  });
  const input = writeArray(
    folder,
    "x.npy",
    [1, 3, 8, 8],
    Array.from({ length: 192 }, (_, i) => i),
  );
  for (const technique of ["saliency", "input-x-gradient", "integrated-gradients", "occlusion", "predictions"]) {
    const {
      arrays: [raw],
      views: artifacts,
    } = await runOn(models, model, input, technique, technique === "predictions" ? {} : { target: { index: [4] } });
    const [first] = artifacts;
    expect([technique, "values" in first && first.values === raw.values]).toEqual([technique, true]);
  }
  models.dispose();
});
