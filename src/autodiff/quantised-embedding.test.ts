import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ModelCache } from "../runtime/model-cache.ts";
import { floatsOf } from "../runtime/ort.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-qembed-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const WIDTH = 4;
const IDS = [1, 4, 2];
const bytes = (count: number, shift: number): number[] =>
  Array.from({ length: count }, (_, i) => (37 * i + 91 * shift) % 256);
const STEP = 0.01;
const ZERO = 120;
const real = (values: readonly number[]): number[] => values.map((q) => (q - ZERO) * STEP);
const tables = {
  words: bytes(6 * WIDTH, 1),
  places: bytes(5 * WIDTH, 2),
  gamma: bytes(WIDTH, 3),
  beta: bytes(WIDTH, 4),
};
const READ = Array.from({ length: 3 * WIDTH }, (_, i) => Math.sin(2 * i + 1));

/** The layer's rows by hand, from the sums of the dequantised vectors on. */
function normalised(sums: readonly number[]): number[] {
  const [gamma, beta] = [real(tables.gamma), real(tables.beta)];
  return IDS.flatMap((_, row) => {
    const x = sums.slice(row * WIDTH, (row + 1) * WIDTH);
    const mean = x.reduce((a, b) => a + b, 0) / WIDTH;
    const deviation = Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / WIDTH + 1e-12);
    return x.map((value, k) => ((value - mean) / deviation) * gamma[k] + beta[k]);
  });
}
const score = (sums: readonly number[]): number => normalised(sums).reduce((sum, value, i) => sum + value * READ[i], 0);

it("QEmbedLayerNormalization: ONNX Runtime's output is the formula's, and the vectors' gradients are its slopes", async () => {
  const names = ["words", "places", "", "gamma", "beta"] as const;
  const quantisation = names.flatMap((name) =>
    name === "" ? [] : [weight(`${name}.s`, [], [STEP]), weight(`${name}.z`, [], [ZERO], "uint8")],
  );
  const path = writeSmallModel(folder, "q.onnx", {
    domains: { "com.microsoft": 1 },
    inputs: { ids: ["int32", 1, 3] },
    outputs: ["y"],
    nodes: [
      node(
        "QEmbedLayerNormalization",
        [
          "ids",
          "",
          "words",
          "places",
          "",
          "gamma",
          "beta",
          "",
          ...names.map((name) => (name === "" ? "" : `${name}.s`)),
          ...names.map((name) => (name === "" ? "" : `${name}.z`)),
        ],
        ["e", "m"],
        { epsilon: { type: "float", value: 1e-12 } },
        "com.microsoft",
      ),
      node("Flatten", ["e"], ["f"]),
      node("MatMul", ["f", "read"], ["y"]),
    ],
    weights: [
      ...quantisation,
      weight("words", [6, WIDTH], tables.words, "uint8"),
      weight("places", [5, WIDTH], tables.places, "uint8"),
      weight("gamma", [WIDTH], tables.gamma, "uint8"),
      weight("beta", [WIDTH], tables.beta, "uint8"),
      weight("read", [3 * WIDTH, 1], READ),
    ],
  });
  const [words, places] = [real(tables.words), real(tables.places)];
  const sums = IDS.flatMap((id, row) =>
    Array.from({ length: WIDTH }, (_, k) => words[id * WIDTH + k] + places[row * WIDTH + k]),
  );
  const ids = writeArray(folder, "ids.npy", [1, 3], IDS, "int64");
  const predictions = await runOn(models, path, ids, "predictions", {
    recipe: { version: 1, inputs: {}, outputs: { y: { kind: "regression" } } },
  });
  expect(predictions.arrays[0].values[0]).toBeCloseTo(score(sums), 4);
  // What the integers are looked up as is the word table's row, a part of the sum: both gradients are the derivative of the
  // formula.
  const saliency = await runOn(models, path, ids, "saliency", {
    params: { absolute: false, score: "output" },
    target: { index: [0] },
  });
  const model = await models.get(path);
  const feeds = { ids: { dataType: "int32" as const, dims: [1, 3], data: Int32Array.from(IDS) } };
  const { gradients } = await model.gradients(feeds, { of: "y", seed: Float32Array.of(1), wrt: ["e.embedding_sum"] });
  const found = floatsOf(gradients.get("e.embedding_sum")!);
  expect(found).toHaveLength(3 * WIDTH);
  sums.forEach((_, i) => {
    const moved = (by: number): number => score(sums.map((value, k) => (k === i ? value + by : value)));
    const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
    expect(found[i]).toBeCloseTo(slope, 3);
    expect(saliency.arrays[0].values[i]).toBeCloseTo(slope, 3);
  });
});
