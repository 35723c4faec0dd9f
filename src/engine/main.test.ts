// The real engine, bundled as it is shipped and driven by the real supervisor.
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EngineProcess } from "../extension/engine-process.ts";
import { sourceOf, type Job } from "../protocol/job.ts";
import type { RemoteError } from "../protocol/link.ts";
import type { Recipe } from "../protocol/recipe.ts";

const model = path.resolve("samples/efficientnet-lite0.onnx");
const cat = path.resolve("samples/cat.png");
let script: string;
let folder: string;
let recipe: Recipe;
const open: EngineProcess[] = [];

beforeAll(async () => {
  // Inside the repository, so that the native packages are found from there.
  script = path.resolve(`.cache/engine-test-${process.pid}.cjs`);
  folder = await mkdtemp(path.join(tmpdir(), "loupe-models-"));
  await mkdir(".cache", { recursive: true });
  await build({
    entryPoints: ["src/engine/main.ts"],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
    external: ["onnxruntime-node", "sharp"],
  });
  ({ recipe } = await start().call("recipe", { model }));
});

afterEach(() => {
  for (const engine of open.splice(0)) engine.dispose();
});

afterAll(async () => {
  await rm(script, { force: true });
  await rm(folder, { recursive: true, force: true });
});

function start(): EngineProcess {
  const engine = new EngineProcess({
    fork: () => ({ script, env: { NEURAL_LOUPE_TEST: "1" } }),
    idleMilliseconds: () => 60_000,
    log: () => undefined,
  });
  open.push(engine);
  return engine;
}

const job = (technique: string, more: Partial<Job> = {}): Job => ({
  technique,
  model,
  source: { kind: "sample", inputs: { "": cat } },
  recipe,
  params: {},
  ...more,
});
const failure = (promise: Promise<unknown>): Promise<RemoteError> =>
  promise.then(
    () => {
      throw new Error("It should have been rejected.");
    },
    (error: RemoteError) => error,
  );

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, limit: number): Promise<void> {
  const end = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Still not so after ${limit} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("the engine process", () => {
  test("describes a model, its layers and its tensors without loading ONNX Runtime or running anything", async () => {
    const engine = start();
    const description = await engine.call("describe", { model });
    expect(description).toMatchObject({ name: "efficientnet-lite0.onnx", producer: "pytorch", opsets: { "": 17 } });
    const head = description.layers.at(-1);
    expect(head?.operator).toBe("Gemm");
    const details = await engine.call("layer", { model, index: head?.index ?? -1 });
    const weight = details.inputs.find(({ from }) => from.kind === "constant");
    const summary = await engine.call("tensor", { model, name: weight?.name ?? "" });
    expect(summary).toMatchObject({ type: "float32", dims: [1000, 1280], count: 1_280_000 });
    expect(await engine.call("status", {})).toMatchObject({ runs: 0, onnxruntime: undefined });
  });

  test("runs a technique: its numbers, pictures and provenance come through, and ONNX Runtime is there", async () => {
    const engine = start();
    const progress: string[] = [];
    const result = await engine.call("run", job("saliency", { target: { index: [285] } }), {
      onProgress: ({ text }) => progress.push(text),
    });
    expect(result.arrays[0].dims).toEqual([1, 3, 224, 224]);
    expect(result.views).toMatchObject([{ kind: "heatmap", id: result.arrays[0].view, dims: [1, 3, 224, 224] }]);
    expect(result.context).toMatchObject({ pictures: [{ kind: "image" }], predictions: { kind: "bars" } });
    expect(result.provenance.target).toMatchObject({ index: [285], label: "Egyptian cat" });
    expect(progress.length).toBeGreaterThan(0);
    const status = await engine.call("status", {});
    expect(status.runs).toBe(1);
    expect(status.onnxruntime).toMatch(/^1\.\d+/);
  });

  test("feature maps: tiles, one channel at full size, and the layers to choose from", async () => {
    const engine = start();
    const { layers, defaultLayer } = await engine.call("layers", { model, recipe, inputs: { "": cat } });
    expect(layers.some(({ value }) => value === defaultLayer)).toBe(true);
    const asked = job("feature-maps", { layer: layers.find(({ operator }) => operator === "Conv")?.value });
    const [tiles] = (await engine.call("run", asked)).views;
    expect(tiles).toMatchObject({ kind: "tiles", count: 32, dims: [1, 32, 112, 112] });
    const channel = await engine.call("channel", { job: asked, channel: 31 });
    expect([channel.height, channel.width, channel.values.length]).toEqual([112, 112, 112 * 112]);
    const more = await engine.call("tiles", { job: asked, from: 30, to: 32 });
    expect(more.tiles.length).toBeGreaterThan(0);
    expect((await failure(engine.call("channel", { job: asked, channel: 32 }))).message).toContain("32 channels");
  });

  test("small calls are answered while a job waits for something other than the processor", async () => {
    const engine = start();
    const abort = new AbortController();
    const waiting = failure(
      engine.call("run", job("predictions", { params: { test: "wait" } }), { signal: abort.signal }),
    );
    expect((await engine.call("describe", { model })).name).toBe("efficientnet-lite0.onnx");
    const { pid } = await engine.call("status", {});
    abort.abort();
    expect((await waiting).name).toBe("AbortError");
    expect((await engine.call("run", job("predictions"))).views[0]?.kind).toBe("bars");
    expect((await engine.call("status", {})).pid).toBe(pid);
  });

  test("native code that blocks the thread for 30 s is gone long before, once it is cancelled; another's job ends well", async () => {
    const engine = start();
    const { pid } = await engine.call("status", {});
    const abort = new AbortController();
    const blocked = failure(
      engine.call("run", job("predictions", { params: { test: "block" } }), { signal: abort.signal }),
    );
    const other = engine.call("run", job("predictions"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    abort.abort();
    expect((await blocked).name).toBe("AbortError");
    await until(() => !isAlive(pid), 20_000);
    expect((await other).views[0]?.kind).toBe("bars");
  });

  test("a native crash costs its job and says so", async () => {
    const engine = start();
    const error = await failure(engine.call("run", job("predictions", { params: { test: "crash" } })));
    expect(error.name).toBe("EngineCrashError");
    expect(error.message).toContain("SIGABRT");
    expect((await engine.call("run", job("predictions"))).views[0]?.kind).toBe("bars");
  });

  test("200 noise samples are cancelled, and the next job follows at once", async () => {
    const engine = start();
    const abort = new AbortController();
    const long = failure(
      engine.call("run", job("saliency", { params: { samples: 200 } }), {
        signal: abort.signal,
        onProgress: ({ fraction }) => {
          if (fraction !== undefined && fraction > 0) abort.abort();
        },
      }),
    );
    expect((await long).name).toBe("AbortError");
    await until(() => engine.state.kind === "idle" || engine.state.kind === "stopped", 60_000);
    expect((await engine.call("run", job("predictions"))).views[0]?.kind).toBe("bars");
  });

  test("a model that was changed on disk is read again; one that was deleted is said", async () => {
    const engine = start();
    const changing = path.join(folder, "changing.onnx");
    await copyFile(model, changing);
    const before = await engine.call("describe", { model: changing });
    // ModelProto.doc_string (field 6) may be added at the end.
    await writeFile(changing, Buffer.concat([await readFile(model), Buffer.from([0x32, 3]), Buffer.from("new")]));
    const after = await engine.call("describe", { model: changing });
    expect([before.doc, after.doc]).toEqual(["", "new"]);
    expect(after.stamp).not.toBe(before.stamp);
    await rm(changing);
    expect((await failure(engine.call("describe", { model: changing }))).message).toMatch(
      /changing\.onnx|no such file|does not exist/i,
    );
  });

  test.each([
    ["an unknown technique", { technique: "telepathy" }, /telepathy/],
    ["a target out of range", { target: { index: [1000] } }, /1000/],
    ["an input that is not there", { source: sourceOf([{ "": "/nowhere/cat.png" }]) }, /cat\.png/],
    ["a layer that is not there", { technique: "grad-cam", layer: "no layer" }, /no layer/],
    ["an option that is not there", { params: { volume: 11 } }, /volume/],
  ])("%s is an error that names it", async (_, asked: Partial<Job>, words) => {
    const error = await failure(start().call("run", job("saliency", asked)));
    expect(`${error.message} ${error.where ?? ""}`).toMatch(words);
  });

  test("ends when its parent goes", async () => {
    const engine = start();
    const { pid } = await engine.call("status", {});
    engine.dispose();
    await until(() => !isAlive(pid), 60_000);
  });
});

test("a recipe is saved beside the model and read back; one that is not sound leaves the one before", async () => {
  const copy = path.join(folder, "saved.onnx");
  await copyFile(model, copy);
  const engine = start();
  const report = await engine.call("saveRecipe", { model: copy, recipe });
  expect(report).toMatchObject({ file: "saved.loupe.json", recipe });
  const broken = { version: 1, inputs: { images: { kind: "image" } } } as unknown as Recipe;
  await expect(engine.call("saveRecipe", { model: copy, recipe: broken })).rejects.toMatchObject({ name: "DataError" });
  expect((await engine.call("recipe", { model: copy })).recipe).toEqual(recipe);
});
