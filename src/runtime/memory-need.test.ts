// What a run takes: predictions cost one plain run, a trace holds no activations.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { MemoryBudget } from "./memory.ts";
import { LoadedModel } from "./models.ts";
import { ModelCache } from "./model-cache.ts";
import type { Feeds } from "./ort.ts";
import { openPartialModel } from "./partial-model.ts";
import type { Node } from "../model/graph.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

const models = new ModelCache();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-need-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("predictions", () => {
  const classifier = (name: string, nodes: readonly Node[]): string =>
    writeSmallModel(folder, name, {
      inputs: { x: ["float32", 1, 3] },
      outputs: ["y"],
      nodes,
      weights: [weight("shape", [2], [1, 3], "int64"), weight("yes", [], [1], "bool")],
    });
  const sample = (): string => writeArray(folder, "x.npy", [1, 3], [0, 1, 2]);

  test.each([
    ["a softmax", [node("Softmax", ["x"], ["y"])]],
    ["a softmax behind a Reshape", [node("Softmax", ["x"], ["s"]), node("Reshape", ["s", "shape"], ["y"])]],
    ["values as they are", [node("Identity", ["x"], ["y"])]],
  ])("run the model once and trace nothing: %s", async (_, nodes) => {
    const [traced, forward] = [vi.spyOn(LoadedModel.prototype, "traced"), vi.spyOn(LoadedModel.prototype, "forward")];
    try {
      const { views: artifacts } = await runOn(
        models,
        classifier(`${nodes.map(({ opType }) => opType).join("-")}.onnx`, nodes),
        sample(),
        "predictions",
      );
      expect(traced).not.toHaveBeenCalled();
      expect(forward).toHaveBeenCalledTimes(1);
      expect(artifacts[0]).toMatchObject({ items: [{ index: 2 }, { index: 1 }, { index: 0 }] });
    } finally {
      traced.mockRestore();
      forward.mockRestore();
    }
  });
});

describe("a trace", () => {
  const feeds = (size: number): Feeds => ({
    x: { dataType: "float32", dims: [1, 4, size, size], data: new Float32Array(4 * size * size).fill(0.5) },
  });

  test("keeps the elements of small integers, and of quantised activations and large masks only the shapes", async () => {
    const path = writeSmallModel(folder, "quantised.onnx", {
      inputs: { x: ["float32", 1, 4, "H", "W"] },
      outputs: ["y", "top"],
      nodes: [
        node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        node("Greater", ["d", "half"], ["mask"]),
        node("Cast", ["mask"], ["ones"], { to: { type: "int", value: 6 } }),
        node("Cast", ["ones"], ["back"], { to: { type: "int", value: 1 } }),
        node("Shape", ["d"], ["shape"]),
        node("Reshape", ["back", "flat"], ["row"]),
        node("Reshape", ["row", "shape"], ["y"]),
        node("ArgMax", ["row"], ["top"], { axis: { type: "int", value: 1 } }),
      ],
      weights: [
        weight("scale", [], [0.1]),
        weight("zero", [], [0], "uint8"),
        weight("half", [], [0.2]),
        weight("flat", [2], [1, -1], "int64"),
      ],
    });
    const { trace } = await (await models.get(path)).traced(feeds(160));
    for (const value of ["q", "mask", "ones"]) expect(trace.known.has(value)).toBe(false);
    expect(trace.known.get("top")).toEqual([0]);
    expect(trace.known.get("shape")).toEqual([1, 4, 160, 160]);
    for (const value of ["q", "d", "mask", "ones", "y"]) expect(trace.dims.get(value)).toEqual([1, 4, 160, 160]);
  });

  test("holds an activation no longer than a plain run: 40 layers of 16 MB in less than 400 MB, all of the process counted", async () => {
    const layers = 40;
    const path = writeSmallModel(folder, "deep.onnx", {
      inputs: { x: ["float32", 1, 4, 1024, 1024] },
      outputs: ["y"],
      nodes: Array.from({ length: layers }, (_, i) =>
        node(i % 2 ? "Tanh" : "Abs", [i === 0 ? "x" : `v${i}`], [i === layers - 1 ? "y" : `v${i + 1}`]),
      ),
    });
    const program = resolve("dist/test-trace.js");
    await build({
      stdin: {
        resolveDir: resolve("."),
        loader: "ts",
        contents: `import { LoadedModel } from "./src/runtime/models.ts";
          import { openModel } from "./src/model/open.ts";
          void openModel(process.argv[2]).then(async (open) => {
            const { trace } = await new LoadedModel(open, 1).traced({ x: { dataType: "float32", dims: [1, 4, 1024, 1024], data: new Float32Array(4 * 1024 * 1024) } });
            process.stdout.write(trace.dims.size + " " + process.resourceUsage().maxRSS);
          });`,
      },
      outfile: program,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      external: ["onnxruntime-node", "sharp"],
      logLevel: "error",
    });
    try {
      const { stdout, stderr } = spawnSync(process.execPath, [program, path], { encoding: "utf8" });
      expect(stderr).toBe("");
      const [traced, kibi] = stdout.split(" ").map(Number);
      expect(traced).toBe(layers + 1);
      expect(kibi / 1024).toBeLessThan(400);
    } finally {
      rmSync(program, { force: true });
    }
  }, 120_000);
});

describe("what a run will need", () => {
  const wide = (): string =>
    writeSmallModel(folder, "wide.onnx", {
      inputs: { x: ["float32", 1, 64, "H", "W"] },
      outputs: ["y"],
      nodes: [
        node("Tanh", ["x"], ["a"]),
        node("Sin", ["a"], ["b"]),
        node("Tanh", ["b"], ["c"]),
        node("ReduceSum", ["c"], ["y"], { keepdims: { type: "int", value: 0 } }),
      ],
    });
  // [1, 64, 128, 128] floats are 4 MB; two live at once forward, more on the way back.
  const feeds: Feeds = { x: { dataType: "float32", dims: [1, 64, 128, 128], data: new Float32Array(64 * 128 * 128) } };
  const opened = (megabytes: number): Promise<LoadedModel> =>
    new ModelCache({ budget: new MemoryBudget(megabytes * 2 ** 20) }).get(wide());

  test("is estimated before it starts: a run that does not fit is refused with the figure and what to change", async () => {
    await expect((await opened(4)).forward(feeds, ["y"])).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringMatching(
        /^One run of the model needs about 1\d MB, more than the limit of 4 MB \(the memory budget\)\.$/,
      ) as string,
      hint: expect.stringMatching(
        /smaller input.*64 MB with the setting neuralLoupe\.memoryBudget, or NEURAL_LOUPE_MEMORY/,
      ) as string,
    });
    expect((await (await opened(32)).forward(feeds, ["y"])).get("y")!.data[0]).toBe(0);
  });

  test("forward and back is more than forward", async () => {
    const model = await opened(24);
    await model.forward(feeds, ["y"]);
    const request = { of: "y", seed: Float32Array.of(1), wrt: ["x"] };
    await expect(model.gradients(feeds, request)).rejects.toThrow(
      /^One forward and backward run of the model needs about \d+ MB, more than the limit of 24 MB/,
    );
    const { gradients } = await (await opened(64)).gradients(feeds, request);
    // d tanh(sin(tanh x)) at 0 is 1.
    expect(gradients.get("x")!.data[77]).toBe(1);
  });

  test("of part of a model is estimated, too; where a batch of copies does not fit, they run one by one", async () => {
    const path = writeSmallModel(folder, "open.onnx", {
      inputs: { x: ["float32", "N", 64, 128, 128] },
      outputs: ["y"],
      nodes: [
        node("Tanh", ["x"], ["a"]),
        node("Tanh", ["a"], ["b"]),
        node("ReduceSum", ["b", "axes"], ["y"], { keepdims: { type: "int", value: 0 } }),
      ],
      weights: [weight("axes", [2], [2, 3], "int64")],
    });
    const budgets: readonly (readonly [megabytes: number, batch: number])[] = [
      [32, 1],
      [512, 8],
    ];
    for (const [megabytes, batch] of budgets) {
      const model = await new ModelCache({ budget: new MemoryBudget(megabytes * 2 ** 20) }).get(path);
      const tail = (await openPartialModel(model, feeds, { from: "a", to: "y", batch: 8 }))!;
      expect([megabytes, tail.batch]).toEqual([megabytes, batch]);
      expect((await tail.run([tail.values]))[0]).toHaveLength(64);
      await tail.release();
    }
    const model = await new ModelCache({ budget: new MemoryBudget(2 ** 20) }).get(path);
    await expect(openPartialModel(model, feeds, { from: "a", to: "y", batch: 8 })).rejects.toThrow(
      /needs about \d+ MB, more than the limit of 1 MB/,
    );
  });

  test("makes room: what is only kept goes first", async () => {
    const budget = new MemoryBudget(64 * 2 ** 20);
    const model = await new ModelCache({ budget }).get(wide());
    let dropped = false;
    budget.keep("other", {
      bytes: 60 * 2 ** 20,
      drop: () => {
        dropped = true;
      },
    });
    await model.forward(feeds, ["y"]);
    expect(dropped).toBe(true);
  });
});
