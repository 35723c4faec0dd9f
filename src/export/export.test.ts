import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attributions } from "./attributions.ts";
import { exportExplanation } from "./explanation.ts";
import { EXPORTABLE } from "./exportable.ts";
import { tritonConfig } from "./triton.ts";
import { openModel } from "../model/open.ts";
import type { Job } from "../protocol/job.ts";
import type { ExportReport, ExportRequest } from "../protocol/export.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { floatsOf, openSession, type Feeds, type TensorValue } from "../runtime/ort.ts";
import { techniques } from "../techniques/index.ts";
import { findTechnique } from "../techniques/framework/run.ts";
import { loadArchitectures } from "../../test/reference/architectures/load.ts";
import { materialise } from "../../test/reference/architectures/materialise.ts";
import fused from "../../test/reference/fused/cases.json" with { type: "json" };
import { node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

/** Of the largest value: the same float32 graph in another order of sums. */
const TOLERANCE = 1e-4;

const models = new ModelCache({ maxModels: 8 });
const known = loadArchitectures();
let folder = "";
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-export-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Network {
  readonly model: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

async function network(name: string, exporter = "dynamo"): Promise<Network> {
  const { dims, data } = known.find((one) => one.network === name)!.input;
  return { model: await materialise(`${name}-${exporter}`, folder), dims, data: Float32Array.from(data) };
}

/** Three samples: the network's, it reversed, it at a third. */
function samples({ data }: Network): Float32Array[] {
  return [data, data.slice().reverse(), data.map((value) => value / 3)];
}

function exported(
  technique: string,
  model: string,
  input: string,
  more: Partial<Job> = {},
  options: Partial<ExportRequest> = {},
): Promise<ExportReport> {
  return exportExplanation(
    {
      job: {
        technique,
        model,
        source: { kind: "sample", inputs: { "": input } },
        recipe: { version: 1, inputs: {} },
        params: {},
        ...more,
      },
      out: join(folder, `exported-${count++}.onnx`),
      weights: "included",
      target: "required",
      ...options,
    },
    { models, progress: () => undefined, signal: new AbortController().signal },
  );
}

/** What ONNX Runtime computes from a file, as anybody would run it. */
async function runFile(path: string, feeds: Feeds): Promise<Map<string, TensorValue>> {
  const session = await openSession(path);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function floats(dims: readonly number[], data: Float32Array): TensorValue {
  return { dataType: "float32", dims, data };
}

function targets(...indices: number[]): TensorValue {
  return { dataType: "int64", dims: [indices.length], data: BigInt64Array.from(indices, BigInt) };
}

function difference(ours: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(ours.length).toBe(expected.length);
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(ours[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  expect(largest).toBeGreaterThan(0);
  return worst / largest;
}

function row(value: TensorValue, index: number): Float32Array {
  const size = value.data.length / value.dims[0];
  return floatsOf(value).slice(index * size, (index + 1) * size);
}

describe("an exported explanation", () => {
  const few = { "integrated-gradients": { steps: 5, baseline: "0.25" } } as Readonly<Record<string, Job["params"]>>;

  it.each(Object.keys(attributions))(
    "gives %s for each sample of a batch and its own target, as the technique does for one",
    async (technique) => {
      const mobile = await network("mobilenet-v2-small");
      const input = writeArray(folder, "sample.npy", mobile.dims, mobile.data);
      // Grad-CAM's kin look at a layer in the middle, where there is space left.
      const { features } = known.find((one) => one.name === "mobilenet-v2-small-dynamo")!;
      const more = {
        target: { index: [3] },
        params: few[technique] ?? {},
        ...(findTechnique(technique).info.needs.layer === "none" ? {} : { layer: features[0].value }),
      };
      const report = await exported(technique, mobile.model, input, more);
      expect(report.batch).toBe("any");
      for (const { dims } of [...report.inputs.slice(0, 1), ...report.outputs]) expect(typeof dims[0]).toBe("string");
      expect(report.difference).toBeLessThan(TOLERANCE);
      const all = samples(mobile);
      const chosen = [3, 0, 7];
      const batch = new Float32Array(all.flatMap((one) => [...one]));
      const values = await runFile(report.files[0], {
        [report.inputs[0].name]: floats([3, ...mobile.dims.slice(1)], batch),
        target: targets(...chosen),
      });
      for (const [index, data] of all.entries()) {
        const alone = await runOn(
          models,
          mobile.model,
          writeArray(folder, `sample-${index}.npy`, mobile.dims, data),
          technique,
          { ...more, target: { index: [chosen[index]] } },
        );
        expect(difference(row(values.get("attribution")!, index), alone.arrays[0].values)).toBeLessThan(TOLERANCE);
      }
      // The model's own output comes along.
      const plain = await runFile(mobile.model, {
        [report.inputs[0].name]: floats([3, ...mobile.dims.slice(1)], batch),
      });
      const [name, logits] = [...plain][0];
      expect(difference(floatsOf(values.get(name)!), floatsOf(logits))).toBeLessThan(TOLERANCE);
    },
  );

  it("explains the chosen target where none is given, and no other where it is fixed", async () => {
    const mobile = await network("mobilenet-v2-small");
    const input = writeArray(folder, "sample.npy", mobile.dims, mobile.data);
    const expected = await runOn(models, mobile.model, input, "saliency", { target: { index: [6] } });
    for (const target of ["optional", "fixed"] as const) {
      const report = await exported("saliency", mobile.model, input, { target: { index: [6] } }, { target });
      const { graph } = (await openModel(report.files[0])).model;
      // An input that has a value is no input that must be fed.
      expect(graph.inputs.map(({ name }) => name)).toEqual([report.inputs[0].name]);
      expect(graph.initializers.some(({ name }) => name === "target")).toBe(target === "optional");
      expect(report.inputs.map(({ optional }) => optional)).toEqual(
        target === "optional" ? [undefined, true] : [undefined],
      );
      const values = await runFile(report.files[0], {
        [report.inputs[0].name]: floats(
          [2, ...mobile.dims.slice(1)],
          new Float32Array([...mobile.data, ...mobile.data]),
        ),
      });
      expect(difference(row(values.get("attribution")!, 1), expected.arrays[0].values)).toBeLessThan(TOLERANCE);
    }
  });

  it("refuses a target that is none, rather than give zeros", async () => {
    const mobile = await network("mobilenet-v2-small");
    const report = await exported("saliency", mobile.model, writeArray(folder, "sample.npy", mobile.dims, mobile.data));
    await expect(
      runFile(report.files[0], { [report.inputs[0].name]: floats(mobile.dims, mobile.data), target: targets(100_000) }),
    ).rejects.toThrow(/indic/i);
  });

  it("says in the file what made it, and reads as a sound model", async () => {
    const mobile = await network("mobilenet-v2-small");
    const report = await exported(
      "grad-cam",
      mobile.model,
      writeArray(folder, "sample.npy", mobile.dims, mobile.data),
      { target: { index: [2] } },
    );
    const { model } = await openModel(report.files[0]);
    expect(model.problems).toEqual([]);
    expect(model.producer).toBe("neural-loupe");
    expect(model.metadata).toMatchObject({ "neural_loupe.technique": "grad-cam", "neural_loupe.batch": "any" });
    expect(JSON.parse(model.metadata["neural_loupe.target"])).toMatchObject({ index: [2] });
    expect(JSON.parse(model.metadata["neural_loupe.model"])).toMatchObject({ name: basename(mobile.model) });
    expect(JSON.parse(model.metadata["neural_loupe.params"])).toMatchObject({ relu: true, score: "logit" });
    expect(model.metadata["neural_loupe.layer"]).toBeTruthy();
    expect(model.graph.outputs.map(({ name }) => name)[0]).toBe("attribution");
  });

  it("keeps the batch that a model was made for, and says so", async () => {
    const vgg = await network("vgg");
    const input = writeArray(folder, "vgg.npy", vgg.dims, vgg.data);
    const report = await exported("input-x-gradient", vgg.model, input, { target: { index: [1] } });
    expect(report.batch).toMatchObject({ size: 1 });
    expect(report.notes.join(" ")).toContain("The batch is fixed at 1");
    const { model } = await openModel(report.files[0]);
    expect(model.metadata["neural_loupe.batch"]).toMatch(/^1: /);
    expect(model.metadata["neural_loupe.notes"]).toContain("fixed at 1");
    const values = await runFile(report.files[0], {
      [report.inputs[0].name]: floats(vgg.dims, vgg.data),
      target: targets(1),
    });
    expect(
      difference(
        floatsOf(values.get("attribution")!),
        (await runOn(models, vgg.model, input, "input-x-gradient", { target: { index: [1] } })).arrays[0].values,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it("lays the tokens of a vision transformer out as their grid", async () => {
    const vit = await network("vision-transformer");
    const input = writeArray(folder, "vit.npy", vit.dims, vit.data);
    const layer = known.find((one) => one.name === "vision-transformer-dynamo")!.features[0].value;
    for (const more of [{ layer }, {}]) {
      const alone = await runOn(models, vit.model, input, "hires-cam", { target: { index: [0] }, ...more });
      const report = await exported("hires-cam", vit.model, input, { target: { index: [0] }, ...more });
      expect(report.outputs[0].dims).toEqual([1, 4, 4]);
      const values = await runFile(report.files[0], {
        [report.inputs[0].name]: floats(vit.dims, vit.data),
        target: targets(0),
      });
      expect(difference(floatsOf(values.get("attribution")!), alone.arrays[0].values)).toBeLessThan(TOLERANCE);
    }
  });

  it("takes any batch through reshapes and attention whose shapes the model computes", async () => {
    const model = transformer();
    const data = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * 1.7));
    const input = writeArray(folder, "tokens.npy", [1, 4, 6], data);
    const report = await exported("integrated-gradients", model, input, {
      target: { index: [1] },
      params: { steps: 7 },
    });
    expect(report.batch).toBe("any");
    expect(report.outputs.map(({ dims }) => dims)).toEqual([
      ["N", 4, 6],
      ["N", 3],
    ]);
    const alone = await runOn(models, model, input, "integrated-gradients", {
      target: { index: [1] },
      params: { steps: 7 },
    });
    for (const size of [1, 2, 3, 6]) {
      const batch = new Float32Array(size * 24).map((_, i) =>
        i >= (size - 1) * 24 ? data[i - (size - 1) * 24] : Math.cos(i),
      );
      const values = await runFile(report.files[0], { x: floats([size, 4, 6], batch), target: targets(1) });
      expect(difference(row(values.get("attribution")!, size - 1), alone.arrays[0].values)).toBeLessThan(TOLERANCE);
    }
  });

  it("says which node keeps a model that claims any batch from taking it", async () => {
    const model = writeSmallModel(folder, "claims.onnx", {
      inputs: { x: ["float32", "N", 2, 2] },
      outputs: ["y"],
      nodes: [node("Reshape", ["x", "one"], ["flat"]), node("Mul", ["flat", "flat"], ["y"])],
      weights: [weight("one", [2], [1, 4], "int64")],
    });
    const report = await exported("saliency", model, writeArray(folder, "claims.npy", [1, 2, 2], [1, 2, 3, 4]), {
      target: { index: [2] },
    });
    expect(report.batch).toEqual({
      size: 1,
      why: 'it does not run with more than one sample: its node "Reshape_flat" has a fixed batch',
    });
  });

  it.each(["saliency", "integrated-gradients"])(
    "takes token numbers and explains their vectors: %s",
    async (technique) => {
      const model = tokenModel();
      const input = writeArray(folder, "ids.npy", [1, 5], [3, 1, 4, 1, 5], "int64");
      const more: Partial<Job> = {
        target: { index: [1] },
        params: technique === "saliency" ? { absolute: false } : { steps: 6 },
      };
      const alone = await runOn(models, model, input, technique, more);
      expect(alone.arrays[0].dims).toEqual([1, 5, 4]);
      const report = await exported(technique, model, input, more);
      expect(report.batch).toBe("any");
      expect(report.inputs[0]).toEqual({ name: "ids", dataType: "int64", dims: ["N", 5] });
      expect(report.notes.join(" ")).toMatch(/the vectors looked up for "ids"/);
      const values = await runFile(report.files[0], {
        ids: { dataType: "int64", dims: [2, 5], data: BigInt64Array.from([7n, 6n, 5n, 4n, 3n, 3n, 1n, 4n, 1n, 5n]) },
        target: targets(0, 1),
      });
      expect(difference(row(values.get("attribution")!, 1), alone.arrays[0].values)).toBeLessThan(TOLERANCE);
    },
  );

  it("explains a loss", async () => {
    const mobile = await network("mobilenet-v2-small");
    const input = writeArray(folder, "sample.npy", mobile.dims, mobile.data);
    const more = { target: { index: [2] }, params: { score: "loss", absolute: false } };
    const report = await exported("saliency", mobile.model, input, more);
    const values = await runFile(report.files[0], {
      [report.inputs[0].name]: floats(mobile.dims, mobile.data),
      target: targets(2),
    });
    expect(
      difference(
        floatsOf(values.get("attribution")!),
        (await runOn(models, mobile.model, input, "saliency", more)).arrays[0].values,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it("fixes the batch where samples influence each other", async () => {
    const model = writeSmallModel(folder, "mixing.onnx", {
      inputs: { x: ["float32", "N", 3] },
      outputs: ["y"],
      nodes: [
        node("ReduceMax", ["x"], ["most"], { axes: { type: "ints", value: [0] }, keepdims: { type: "int", value: 1 } }),
        node("Add", ["x", "most"], ["sum"]),
        node("Mul", ["sum", "sum"], ["y"]),
      ],
    });
    const report = await exported("saliency", model, writeArray(folder, "mixing.npy", [1, 3], [0.1, 0.2, 0.3]), {
      target: { index: [2] },
    });
    expect(report.batch).toMatchObject({ size: 1 });
    expect(report.notes.join(" ")).toMatch(/influence each other/);
  });

  it("explains differences, indices and regions of dense outputs", async () => {
    const model = writeSmallModel(folder, "dense.onnx", {
      inputs: { x: ["float32", "N", 2, 4, 4] },
      outputs: ["y"],
      nodes: [
        node("Conv", ["x", "w"], ["maps"], { pads: { type: "ints", value: [1, 1, 1, 1] } }),
        node("Mul", ["maps", "maps"], ["y"]),
      ],
      weights: [
        weight(
          "w",
          [3, 2, 3, 3],
          Array.from({ length: 54 }, (_, i) => Math.sin(i)),
        ),
      ],
    });
    const data = Float32Array.from({ length: 32 }, (_, i) => Math.cos(i));
    const input = writeArray(folder, "dense.npy", [1, 2, 4, 4], data);
    const chosen = await exported("saliency", model, input, { target: { index: [0, 0, 0] } });
    const index: TensorValue = { dataType: "int64", dims: [2, 3], data: BigInt64Array.from([2n, 1n, 3n, 0n, 3n, 2n]) };
    const values = await runFile(chosen.files[0], {
      x: floats([2, 2, 4, 4], new Float32Array([...data, ...data])),
      target: index,
    });
    for (const [place, at] of [
      [2, 1, 3],
      [0, 3, 2],
    ].entries()) {
      expect(
        difference(
          row(values.get("attribution")!, place),
          (await runOn(models, model, input, "saliency", { target: { index: at } })).arrays[0].values,
        ),
      ).toBeLessThan(TOLERANCE);
    }
    for (const target of [
      {
        region: [
          [1, 2],
          [0, 3],
          [2, 4],
        ],
      },
      { index: [0, 1, 1], against: [1, 1, 1] },
    ] as const) {
      const report = await exported(
        "saliency",
        model,
        input,
        { target, params: { absolute: false } },
        { target: "fixed" },
      );
      const got = await runFile(report.files[0], {
        x: floats([2, 2, 4, 4], new Float32Array([...data.map(() => 1), ...data])),
      });
      expect(
        difference(
          row(got.get("attribution")!, 1),
          (await runOn(models, model, input, "saliency", { target, params: { absolute: false } })).arrays[0].values,
        ),
      ).toBeLessThan(TOLERANCE);
    }
  });

  it("says whether an input takes the path that was exported", async () => {
    const branch = (name: string, factor: string) => ({
      name,
      inputs: [],
      outputs: [{ name: `${name}.out`, type: { kind: "unknown" as const } }],
      nodes: [node("Mul", ["squares", factor], [`${name}.out`])],
      initializers: [],
      sparseInitializers: [],
      valueInfo: [],
    });
    const model = writeSmallModel(folder, "paths.onnx", {
      inputs: { x: ["float32", 1, 3] },
      outputs: ["y"],
      nodes: [
        node("Mul", ["x", "x"], ["squares"]),
        node("ReduceSum", ["x"], ["total"], { keepdims: { type: "int", value: 0 } }),
        node("Greater", ["total", "zero"], ["positive"]),
        node("If", ["positive"], ["y"], {
          then_branch: { type: "graph", value: branch("then", "two") },
          else_branch: { type: "graph", value: branch("else", "three") },
        }),
      ],
      weights: [weight("zero", [], [0]), weight("two", [], [2]), weight("three", [], [3])],
    });
    const report = await exported("saliency", model, writeArray(folder, "paths.npy", [1, 3], [1, 2, 3]), {
      target: { index: [0] },
    });
    expect(report.notes.join(" ")).toContain("same_path");
    for (const [data, same] of [
      [[1, 2, 3], 1],
      [[-1, -2, -3], 0],
    ] as const) {
      const values = await runFile(report.files[0], { x: floats([1, 3], Float32Array.from(data)), target: targets(0) });
      expect(Number(values.get("same_path")!.data[0])).toBe(same);
    }
  });

  it("takes and gives half floats where the model does", async () => {
    const half = fused.find(({ name }) => name === "conv-float16")!;
    const [{ name, dims, values: numbers }] = half.inputs;
    const model = join("test/reference/fused", "conv-float16.onnx");
    const input = writeArray(folder, "half.npy", dims, numbers);
    const report = await exported("saliency", model, input, {
      target: { index: [half.target] },
      params: { absolute: false },
    });
    expect(report.inputs[0]).toMatchObject({ name, dataType: "float16" });
    expect(report.outputs.map(({ dataType }) => dataType)).toEqual(["float32", "float16"]);
    expect(report.difference).toBeLessThan(1e-3);
  });
});

describe("an exported model's weights", () => {
  it.each(["included", "data", "external"] as const)("are where they were asked for: %s", async (weights) => {
    const mobile = await network("mobilenet-v2-small");
    const input = writeArray(folder, "sample.npy", mobile.dims, mobile.data);
    const report = await exported(
      "saliency",
      mobile.model,
      input,
      { target: { index: [4] } },
      { weights, out: join(folder, `weights-${weights}.onnx`) },
    );
    const size = statSync(report.files[0]).size;
    expect(report.files.length).toBe(weights === "data" ? 2 : 1);
    if (weights === "external") {
      expect(size).toBeLessThan(statSync(mobile.model).size);
      expect(readFileSync(report.files[0]).includes(basename(mobile.model))).toBe(true);
    }
    const values = await runFile(report.files[0], {
      [report.inputs[0].name]: floats(mobile.dims, mobile.data),
      target: targets(4),
    });
    expect(
      difference(
        floatsOf(values.get("attribution")!),
        (await runOn(models, mobile.model, input, "saliency", { target: { index: [4] } })).arrays[0].values,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it("that lie in the original's file are only taken from beside it, and nothing is written over it", async () => {
    const mobile = await network("mobilenet-v2-small");
    const input = writeArray(folder, "sample.npy", mobile.dims, mobile.data);
    await expect(
      exported(
        "saliency",
        mobile.model,
        input,
        {},
        { weights: "external", out: join(mkdtempSync(join(folder, "other-")), "x.onnx") },
      ),
    ).rejects.toThrow(/same folder/);
    await expect(exported("saliency", mobile.model, input, {}, { out: mobile.model })).rejects.toThrow(
      /would overwrite/,
    );
    await expect(
      exported("saliency", mobile.model, input, {}, { out: join(folder, "none", "x.onnx") }),
    ).rejects.toThrow(/could not be written/);
    expect(dirname(mobile.model)).toBe(folder);
    writeFileSync(join(folder, "mine.onnx.data"), "mine");
    await expect(
      exported("saliency", mobile.model, input, {}, { weights: "data", out: join(folder, "mine.onnx") }),
    ).rejects.toThrow(/is not part of the export/);
    expect(readFileSync(join(folder, "mine.onnx.data"), "utf8")).toBe("mine");
  });
});

describe("Triton's configuration", () => {
  const values = {
    inputs: [
      { name: "images", dataType: "float32", dims: ["N", 3, 8, 8] },
      { name: "target", dataType: "int64", dims: ["targets"], optional: false },
    ],
  };

  it("lets Triton batch where any number of samples goes", () => {
    const outputs = [
      { name: "attribution", dataType: "float32", dims: ["N", 3, 8, 8] },
      { name: "logits", dataType: "float16", dims: ["N", 10] },
      { name: "same_path", dataType: "bool", dims: [] },
    ];
    expect(tritonConfig({ ...values, outputs, batch: "any" }, 'cat "saliency"')).toBe(
      [
        'name: "cat \\"saliency\\""',
        'backend: "onnxruntime"',
        "max_batch_size: 8",
        "input [",
        "  {",
        '    name: "images"',
        "    data_type: TYPE_FP32",
        "    dims: [ 3, 8, 8 ]",
        "  },",
        "  {",
        '    name: "target"',
        "    data_type: TYPE_INT64",
        "    dims: [ 1 ]",
        "    reshape: { shape: [ ] }",
        "  }",
        "]",
        "output [",
        "  {",
        '    name: "attribution"',
        "    data_type: TYPE_FP32",
        "    dims: [ 3, 8, 8 ]",
        "  },",
        "  {",
        '    name: "logits"',
        "    data_type: TYPE_FP16",
        "    dims: [ 10 ]",
        "  }",
        "]",
        "dynamic_batching { }",
        "",
      ].join("\n"),
    );
  });

  it("gives whole shapes where the batch is fixed", () => {
    const config = tritonConfig(
      {
        inputs: [{ name: "x", dataType: "float32", dims: [1, 4] }],
        outputs: [{ name: "attribution", dataType: "float32", dims: [1, 4] }],
        batch: { size: 1, why: "" },
      },
      "x",
    );
    expect(config).toContain("max_batch_size: 0");
    expect(config).toContain("dims: [ 1, 4 ]");
    expect(config).not.toContain("dynamic_batching");
  });
});

describe("what cannot be exported", () => {
  it("is what menus do not offer", () => {
    expect([...EXPORTABLE].sort()).toEqual(Object.keys(attributions).sort());
  });

  it("is said, with what can", async () => {
    const mobile = await network("mobilenet-v2-small");
    const input = writeArray(folder, "sample.npy", mobile.dims, mobile.data);
    for (const { info } of techniques)
      if (!Object.hasOwn(attributions, info.id))
        await expect(exported(info.id, mobile.model, input)).rejects.toThrow(
          /can't be exported as a single ONNX graph/,
        );
    await expect(exported("saliency", mobile.model, input, { params: { samples: 5 } })).rejects.toThrow(
      /Noise is drawn anew/,
    );
  });
});

/** A table looked up by token numbers, with positions that the model makes for each sample; a nonlinear head. */
function tokenModel(): string {
  const numbers = (count: number, seed: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.sin(i * 1.3 + seed));
  return writeSmallModel(folder, "tokens.onnx", {
    inputs: { ids: ["int64", "N", 5] },
    outputs: ["y"],
    nodes: [
      node("Gather", ["table", "ids"], ["vectors"]),
      node("Shape", ["ids"], ["shape"]),
      node("Expand", ["numbers", "shape"], ["places"]),
      node("Gather", ["positions", "places"], ["placed"]),
      node("Add", ["vectors", "placed"], ["sum"]),
      node("Tanh", ["sum"], ["bent"]),
      node("MatMul", ["bent", "dense"], ["mixed"]),
      node("Mul", ["mixed", "mixed"], ["squared"]),
      node("ReduceMean", ["squared"], ["y"], {
        axes: { type: "ints", value: [1] },
        keepdims: { type: "int", value: 0 },
      }),
    ],
    weights: [
      weight("table", [8, 4], numbers(32, 0)),
      weight("numbers", [1, 5], [0, 1, 2, 3, 4], "int64"),
      weight("positions", [5, 4], numbers(20, 2)),
      weight("dense", [4, 3], numbers(12, 5)),
    ],
  });
}

/** Self-attention whose shapes come from Shape nodes, as PyTorch's exporter writes view() and reshape(). */
function transformer(): string {
  const numbers = (count: number, seed: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + seed) / 2);
  const ints = (name: string, values: number[]) => weight(name, [values.length], values, "int64");
  return writeSmallModel(folder, "transformer.onnx", {
    inputs: { x: ["float32", "N", 4, 6] },
    outputs: ["y"],
    nodes: [
      node("Shape", ["x"], ["shape"]),
      node("Gather", ["shape", "first"], ["n"], { axis: { type: "int", value: 0 } }),
      node("Concat", ["n", "heads"], ["split"], { axis: { type: "int", value: 0 } }),
      node("Concat", ["n", "tokens"], ["merged"], { axis: { type: "int", value: 0 } }),
      ...["q", "k", "v"].flatMap((name) => [
        node("MatMul", ["x", `w${name}`], [`${name}.flat`]),
        node("Reshape", [`${name}.flat`, "split"], [`${name}.split`]),
        node("Transpose", [`${name}.split`], [name], {
          perm: { type: "ints", value: name === "k" ? [0, 2, 3, 1] : [0, 2, 1, 3] },
        }),
      ]),
      node("MatMul", ["q", "k"], ["scores"]),
      node("Softmax", ["scores"], ["weights"], { axis: { type: "int", value: -1 } }),
      node("MatMul", ["weights", "v"], ["mixed"]),
      node("Transpose", ["mixed"], ["back"], { perm: { type: "ints", value: [0, 2, 1, 3] } }),
      node("Reshape", ["back", "merged"], ["together"]),
      node("Add", ["together", "x"], ["residual"]),
      node("Mul", ["residual", "residual"], ["squared"]),
      node("Flatten", ["squared"], ["flat"]),
      node("MatMul", ["flat", "wo"], ["y"]),
    ],
    weights: [
      ints("first", [0]),
      ints("heads", [4, 2, 3]),
      ints("tokens", [4, 6]),
      weight("wq", [6, 6], numbers(36, 1)),
      weight("wk", [6, 6], numbers(36, 2)),
      weight("wv", [6, 6], numbers(36, 3)),
      weight("wo", [24, 3], numbers(72, 4)),
    ],
  });
}
