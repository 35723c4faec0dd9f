// Weights in a file of their own are the model's: when they change, the model has changed.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { DataFiles, modelStamp } from "../extension/stamps.ts";
import { writeModel } from "../model/formats/onnx/index.ts";
import { ModelCache } from "./model-cache.ts";
import { floatsOf } from "./ort.ts";
import { node } from "../../test/support/models.ts";

const folders: string[] = [];
let folder: string;
let model: string;
beforeEach(() => {
  folders.push((folder = mkdtempSync(join(tmpdir(), "loupe-external-"))));
  mkdirSync(join(folder, "parts"));
  model = join(folder, "m.onnx");
  // Neither the name nor the place says that these are weights.
  const weights = {
    name: "w",
    dataType: "float32" as const,
    dims: [512],
    storage: { kind: "file" as const, file: "parts/one", offset: 0, length: 2048 },
  };
  writeFileSync(
    model,
    writeModel(
      {
        irVersion: 9,
        opsets: { "": 17 },
        graph: {
          name: "g",
          nodes: [node("Add", ["x", "w"], ["y"])],
          initializers: [weights],
          sparseInitializers: [],
          valueInfo: [],
          inputs: [{ name: "x", type: { kind: "tensor", dataType: "float32", dims: [512] } }],
          outputs: [{ name: "y", type: { kind: "unknown" } }],
        },
      },
      { bytesOf: () => new Uint8Array() },
      { external: true },
    ).bytes,
  );
});
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true });
});

/** As a download does: written aside, then renamed. Of another size each time, so that no clock decides. */
function putWeights(value: number, path = join(folder, "parts", "one")): void {
  writeFileSync(`${path}.part`, new Uint8Array(new Float32Array(512 + value).fill(value).buffer));
  renameSync(`${path}.part`, path);
}

describe("external data", () => {
  const first = async (cache: ModelCache): Promise<number> =>
    cache.use(
      model,
      async (loaded) =>
        floatsOf(
          (await loaded.forward({ x: { dataType: "float32", dims: [512], data: new Float32Array(512) } }, ["y"])).get(
            "y",
          )!,
        )[0],
    );

  test("that changed is read anew, without a word from the model's own file", async () => {
    const cache = new ModelCache();
    putWeights(1);
    expect(await first(cache)).toBe(1);
    putWeights(2);
    expect(await first(cache)).toBe(2);
    cache.dispose();
  });

  test("that was missing is read once it is there", async () => {
    const cache = new ModelCache();
    await expect(first(cache)).rejects.toThrow(/does not exist/);
    putWeights(3);
    expect(await first(cache)).toBe(3);
    cache.dispose();
  });

  test("is named in the model's description, links with what they lead to, missing ones where they should lie", async () => {
    const cache = new ModelCache();
    const filesNow = () => cache.use(model, ({ description }) => description.dataFiles);
    const place = join(folder, "parts", "one");
    expect(await filesNow()).toEqual([place]);
    putWeights(1, join(folder, "parts", "real"));
    symlinkSync("real", place);
    expect(await filesNow()).toEqual([place, join(folder, "parts", "real")]);
    cache.dispose();
  });

  test("makes the window's stamp of the model, once it is known where it lies", async () => {
    putWeights(1);
    const data = new DataFiles();
    const told: string[] = [];
    data.onLearned((path) => told.push(path));
    const unknown = await modelStamp(model, data);
    data.learn(model, [join(folder, "parts", "one")]);
    data.learn(model, [join(folder, "parts", "one")]);
    expect(told).toEqual([model]);
    const before = await modelStamp(model, data);
    expect(before).not.toBe(unknown);
    expect(await modelStamp(model, data)).toBe(before);
    putWeights(2);
    const changed = await modelStamp(model, data);
    expect(changed).not.toBe(before);
    rmSync(join(folder, "parts", "one"));
    expect(await modelStamp(model, data)).toContain("gone");
  });
});
