import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeNpy } from "../../data/index.ts";
import type { Attribute } from "../../model/graph.ts";
import type { Job } from "../../protocol/job.ts";
import type { WholeResult } from "../../protocol/result.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { loadArchitectures } from "../../../test/reference/architectures/load.ts";
import { materialise } from "../../../test/reference/architectures/materialise.ts";
import { node, runOn, weight, writeArray, writeSmallModel, type SmallModel } from "../../../test/support/models.ts";

interface ReferenceCase {
  readonly network: string;
  readonly exporter?: string;
  readonly target: number;
  readonly file: string;
  readonly stride?: number;
  readonly largest?: number;
  readonly shape: readonly number[];
  /** Layers whose biases pytorch-grad-cam knows. */
  readonly places: number;
  readonly score: number;
  /** input × gradient, bias × gradient and what ReLU6's upper end adds, summed, by PyTorch. */
  readonly input: number;
  readonly biases: number;
  readonly lids: number;
  readonly deviates?: string;
  /** pytorch-grad-cam's exception, where it has no numbers. */
  readonly undefined?: string;
}

/** pytorch-grad-cam's numbers in float64, made by make.py there. */
const references = resolve("test/reference/full-grad");
const cases = JSON.parse(readFileSync(join(references, "index.json"), "utf8")) as ReferenceCase[];
const agreeing = cases.filter((one) => one.deviates === undefined && one.undefined === undefined);
/** Of the largest value: float32 against PyTorch's float64. */
const TOLERANCE = 1e-3;

const models = new ModelCache({ most: 8 });
const architectures = loadArchitectures();
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-full-grad-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function run(network: string, exporter: string | undefined, more: Partial<Job> = {}): Promise<WholeResult> {
  if (exporter === undefined)
    return runOn(
      models,
      resolve("samples/efficientnet-lite0.onnx"),
      resolve("test/reference/efficientnet-cat/input.npy"),
      "full-grad",
      more,
    );
  const { dims, data } = architectures.find((one) => one.network === network)!.input;
  return runOn(
    models,
    await materialise(`${network}-${exporter}`, folder),
    writeArray(folder, `${network}.npy`, dims, data),
    "full-grad",
    more,
  );
}

function npy(file: string): Float32Array {
  const path = join(references, file);
  return Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
}

function differenceFrom({ file, stride = 1, largest = 0 }: ReferenceCase, ours: Float32Array): number {
  const expected = npy(file);
  expect(expected.length).toBe(Math.ceil(ours.length / stride));
  const top = expected.reduce((most, value) => Math.max(most, Math.abs(value)), largest);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(ours[i * stride] - value)), 0) / top;
}

/** The numbers in the note about the sum. */
function sumsOf({ notes }: WholeResult): {
  input: number;
  layers: number;
  biases: number;
  lids: number;
  together: number;
  score: number;
} {
  const note = notes.find((text) => text.startsWith("Full gradient"))!;
  const [, input, layers, biases, lids, together, score] =
    /sums to (\S+), bias × gradient over (one|\d+) layers? to ([^\s;,]+)(?:, clipping .*? adds ([-\d.e]+))?; together (\S+), the score is (\S+)\.$/.exec(
      note,
    )!;
  return {
    input: Number(input),
    layers: layers === "one" ? 1 : Number(layers),
    biases: Number(biases),
    lids: Number(lids ?? 0),
    together: Number(together),
    score: Number(score),
  };
}

describe("FullGrad", () => {
  it.each(agreeing.map((one) => [one.network, one] as const))(
    "is pytorch-grad-cam's before its last min-max: %s",
    async (network, one) => {
      const result = await run(network, one.exporter, { target: { index: [one.target] } });
      expect(result.arrays[0].dims).toEqual(one.shape);
      expect(differenceFrom(one, result.arrays[0].values)).toBeLessThan(TOLERANCE);
      expect(result.views[0]).toMatchObject({ id: "full-grad", kind: "heatmap", signed: false, dims: one.shape });
    },
  );

  it.each(agreeing.map((one) => [one.network, one] as const))(
    "has terms that sum to the score: %s",
    async (network, one) => {
      const sums = sumsOf(await run(network, one.exporter, { target: { index: [one.target] } }));
      // The note has four digits.
      const near = (ours: number, expected: number): void =>
        expect(Math.abs(ours - expected)).toBeLessThan(TOLERANCE * Math.max(Math.abs(expected), Math.abs(one.score)));
      near(sums.input, one.input);
      near(sums.biases, one.biases);
      near(sums.lids, one.lids);
      near(sums.score, one.score);
      near(sums.together, sums.score);
      expect(sums.layers).toBeGreaterThanOrEqual(one.places);
    },
  );

  it("knows all biases of a vision transformer, of which pytorch-grad-cam knows one, and says what is not linear in it", async () => {
    const one = cases.find(({ network }) => network === "vision-transformer")!;
    const result = await run(one.network, one.exporter, { target: { index: [one.target] } });
    expect(result.arrays[0].dims).toEqual([32, 32]);
    const sums = sumsOf(result);
    expect(sums.layers).toBeGreaterThan(10);
    expect(sums.input).toBeCloseTo(one.input, 3);
    expect(sums.biases).toBeCloseTo(one.biases, 3);
    expect(sums.score).toBeCloseTo(one.score, 3);
    expect(differenceFrom(one, result.arrays[0].values)).toBeGreaterThan(0.01);
    expect(result.notes.join(" ")).toMatch(
      /They add up to the score in piecewise linear networks; this one has .*Softmax.*, whose implicit biases are omitted\./,
    );
  });

  // Exporters write GELU, hard-swish and LayerNorm in several nodes or in one: the numbers in them are no biases.
  it.each(["vgg", "vision-transformer", "mobilenet-v3"])(
    "has the same map for both exporters' files: %s",
    async (network) => {
      const a = await run(network, "torchscript", { target: { index: [3] } });
      const b = await run(network, "dynamo", { target: { index: [3] } });
      expect(sumsOf(a).layers).toBe(sumsOf(b).layers);
      const largest = Math.max(...a.arrays[0].values);
      a.arrays[0].values.forEach((value, i) =>
        expect(Math.abs(value - b.arrays[0].values[i])).toBeLessThan(TOLERANCE * largest),
      );
    },
  );

  it("is the same for a table row: the rescaled input × gradient, biases only in the sum", async () => {
    const {
      arrays: [raw],
      views: artifacts,
      notes,
    } = await run("mlp", "dynamo", { target: { index: [1] } });
    const plain = await runOn(
      models,
      await materialise("mlp-dynamo", folder),
      join(folder, "mlp.npy"),
      "input-x-gradient",
      { target: { index: [1] } },
    );
    const magnitudes = Array.from(plain.arrays[0].values, Math.abs);
    const [least, most] = [Math.min(...magnitudes), Math.max(...magnitudes)];
    magnitudes.forEach((value, i) => expect(raw.values[i]).toBeCloseTo((value - least) / (most - least), 4));
    expect(artifacts[0].kind).toBe("bars");
    expect(notes.join(" ")).toMatch(/Biases without a position in a table row are not in the map/);
  });
});

describe("Gradients with many values from the same run", () => {
  it("are given where ONNX Runtime's optimizations lose them", async () => {
    const model = await models.get(resolve("samples/efficientnet-lite0.onnx"));
    const path = resolve("test/reference/efficientnet-cat/input.npy");
    const images = Float32Array.from(decodeNpy(readFileSync(path), path).data as ArrayLike<number>);
    const feeds = { images: { dataType: "float32" as const, dims: [1, 3, 224, 224], data: images } };
    const clips = model.model.graph.nodes.filter(({ opType }) => opType === "Clip").map(({ outputs }) => outputs[0]);
    const seed = new Float32Array(1000);
    seed[285] = 1;
    const { values, gradients } = await model.gradients(feeds, { of: "logits", seed, wrt: ["images"], fetch: clips });
    expect(clips.length).toBe(33);
    const largest = clips.map((clip) =>
      (values.get(clip)!.data as Float32Array).reduce((most, value) => Math.max(most, value), 0),
    );
    for (const value of largest) expect(value).toBeGreaterThan(0);
    expect(Math.max(...largest)).toBe(6);
    expect((gradients.get("images")!.data as Float32Array).some((value) => value !== 0)).toBe(true);
  });
});

describe("FullGrad of tokens", () => {
  it("has one number for each, where pytorch-grad-cam takes pictures alone", async () => {
    expect(cases.find(({ network }) => network === "bert")!.undefined).toContain("Only 2D or 3D images are supported");
    const words = resolve("test/reference/bert");
    const result = await runOn(
      models,
      join(words, "bert-dynamo.onnx"),
      { input_ids: join(words, "ids.npy"), attention_mask: join(words, "mask.npy") },
      "full-grad",
    );
    expect(result.arrays[0].dims).toEqual([12]);
    expect(result.views[0]).toMatchObject({ kind: "tokens", dims: [12], signed: false });
    // The last two are padding, which nothing looks at.
    expect([...result.arrays[0].values].map((value) => value > 0)).toEqual([...new Array(10).fill(true), false, false]);
  });
});

describe("FullGrad's biases", () => {
  let count = 0;
  const float = (value: number): Attribute => ({ type: "float", value });
  const explain = (
    small: Pick<SmallModel, "nodes" | "weights" | "domains">,
    x: readonly number[],
  ): Promise<WholeResult> => {
    const path = writeSmallModel(folder, `bias-${count++}.onnx`, {
      inputs: { x: ["float32", 1, 1, 2, 2] },
      outputs: ["y"],
      opset: 17,
      ...small,
    });
    return runOn(models, path, writeArray(folder, `bias-${count}.npy`, [1, 1, 2, 2], x), "full-grad");
  };
  const sum = node("ReduceSum", ["h"], ["y"], { keepdims: { type: "int", value: 0 } });

  it.each<
    [string, Pick<SmallModel, "nodes" | "weights" | "domains">, { biases: number; input: number; lids?: number }]
  >([
    // x = [1, −2, 3, 4], summed: 6. Each case's terms by hand.
    [
      "a convolution's",
      {
        nodes: [node("Conv", ["x", "w", "b"], ["h"]), sum],
        weights: [weight("w", [1, 1, 1, 1], [2]), weight("b", [1], [0.5])],
      },
      { input: 12, biases: 2 },
    ],
    [
      "a constant that is added",
      { nodes: [node("Add", ["x", "c"], ["h"]), sum], weights: [weight("c", [2], [1, 10])] },
      { input: 6, biases: 22 },
    ],
    [
      "a constant that is taken away",
      { nodes: [node("Sub", ["x", "c"], ["h"]), sum], weights: [weight("c", [], [3])] },
      { input: 6, biases: -12 },
    ],
    [
      "what a value is taken away from",
      { nodes: [node("Sub", ["c", "x"], ["h"]), sum], weights: [weight("c", [], [3])] },
      { input: -6, biases: 12 },
    ],
    [
      "BatchNormalization's implied one",
      {
        nodes: [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["h"], { epsilon: float(0) }), sum],
        weights: [weight("s", [1], [4]), weight("b", [1], [1]), weight("m", [1], [3]), weight("v", [1], [4])],
      },
      { input: 12, biases: 4 * (1 - 6) },
    ],
    [
      "one behind a Relu that is shut there",
      { nodes: [node("Add", ["x", "c"], ["s"]), node("Relu", ["s"], ["h"]), sum], weights: [weight("c", [], [1])] },
      { input: 8, biases: 3 },
    ],
    [
      "a Clip's lid",
      {
        nodes: [node("Clip", ["x", "low", "high"], ["h"]), sum],
        weights: [weight("low", [], [0]), weight("high", [], [3.5])],
      },
      { input: 4, biases: 0, lids: 3.5 },
    ],
    [
      "a fused convolution's, by the derivative of its activation",
      {
        domains: { "com.microsoft": 1 },
        weights: [weight("w", [1, 1, 1, 1], [2]), weight("b", [1], [0.5])],
        nodes: [
          node("FusedConv", ["x", "w", "b"], ["h"], { activation: { type: "string", value: "Relu" } }, "com.microsoft"),
          sum,
        ],
      },
      { input: 16, biases: 1.5 },
    ],
  ])("are found: %s", async (_, small, expected) => {
    const result = await explain(small, [1, -2, 3, 4]);
    const sums = sumsOf(result);
    expect(sums).toMatchObject({ input: expected.input, biases: expected.biases, lids: expected.lids ?? 0 });
    expect(sums.together).toBeCloseTo(sums.score, 3);
    expect(result.notes.join(" ")).not.toContain("piecewise linear networks; this one has");
  });

  it("have their magnitudes rescaled in each channel: by hand", async () => {
    // |x·gradient| = [1, 2, 3, 4] becomes [0, 1/3, 2/3, 1]; the constant's part [1, 10, 1, 10] becomes [0, 1, 0, 1].
    const {
      arrays: [raw],
    } = await explain(
      { nodes: [node("Add", ["x", "c"], ["h"]), sum], weights: [weight("c", [2], [1, 10])] },
      [1, -2, 3, 4],
    );
    [0, 4 / 3, 2 / 3, 2].forEach((expected, i) => expect(raw.values[i]).toBeCloseTo(expected, 5));
  });
});
