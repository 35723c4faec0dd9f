import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node, TensorRef } from "../model/graph.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { findLookups } from "../runtime/lookups.ts";
import { float } from "../../test/support/lrp-small.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-embed-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const [WIDTH, LENGTH] = [8, 5];
const noise = (count: number, shift: number): number[] =>
  Array.from({ length: count }, (_, i) => 0.3 * Math.sin(12.9898 * (i + 1) + shift));
const TABLES: readonly TensorRef[] = [
  weight("words", [20, WIDTH], noise(20 * WIDTH, 1)),
  weight("places", [9, WIDTH], noise(9 * WIDTH, 2)),
  weight("kinds", [2, WIDTH], noise(2 * WIDTH, 3)),
  weight(
    "gamma",
    [WIDTH],
    noise(WIDTH, 4).map((value) => 1 + value),
  ),
  weight("beta", [WIDTH], noise(WIDTH, 5)),
  weight("head", [WIDTH, 3], noise(3 * WIDTH, 6)),
];
const ARRAYS: Readonly<Record<string, readonly number[]>> = {
  ids: [3, 7, 1, 9, 4],
  seg: [0, 0, 1, 1, 1],
  mask: [1, 1, 1, 0, 0],
  position_ids: [2, 3, 4, 0, 8],
};

interface Variant {
  readonly seg?: true;
  readonly mask?: true;
  readonly position_ids?: true;
  readonly sum?: true;
  readonly opset?: number;
}

/**
 * What follows the embeddings: a tanh, so that the gradient depends on all of them, the mean over tokens, and three
 * scores.
 */
const REST: readonly Node[] = [
  node("Tanh", ["e"], ["t"]),
  node("ReduceMean", ["t"], ["m"], { axes: { type: "ints", value: [1] }, keepdims: int(0) }),
  node("MatMul", ["m", "head"], ["logits"]),
];

/** The same network twice: with its embeddings fused, and as a look-up in each table, a sum and a normalisation. */
function write(name: string, { seg, mask, position_ids, sum, opset = 17 }: Variant, fused: boolean): string {
  const given = ["ids", ...(seg ? ["seg"] : []), ...(mask ? ["mask"] : []), ...(position_ids ? ["position_ids"] : [])];
  const joined = fused
    ? [
        node(
          "EmbedLayerNormalization",
          [
            "ids",
            seg ? "seg" : "",
            "words",
            "places",
            seg ? "kinds" : "",
            "gamma",
            "beta",
            mask ? "mask" : "",
            position_ids ? "position_ids" : "",
          ],
          ["e", "counted", ...(sum ? ["s"] : [])],
          { epsilon: float(1e-5) },
          "com.microsoft",
        ),
      ]
    : [
        node("Gather", ["words", "ids"], ["w"]),
        node("Gather", ["places", position_ids ? "position_ids" : "order"], ["p"]),
        ...(seg ? [node("Gather", ["kinds", "seg"], ["k"]), node("Add", ["w", "k"], ["wk"])] : []),
        node("Add", [seg ? "wk" : "w", "p"], ["s"]),
        node("LayerNormalization", ["s", "gamma", "beta"], ["e"], { axis: int(-1), epsilon: float(1e-5) }),
      ];
  return writeSmallModel(folder, name, {
    opset,
    domains: { "com.microsoft": 1 },
    nodes: [...joined, ...REST],
    outputs: ["logits", ...(fused ? ["counted"] : []), ...(sum ? ["s"] : [])],
    inputs: Object.fromEntries(given.map((input) => [input, ["int32", "N", LENGTH] as const])),
    weights: [...TABLES, weight("order", [LENGTH], [0, 1, 2, 3, 4], "int64")].filter((one) =>
      [...joined, ...REST].some((user) => user.inputs.includes(one.name)),
    ),
  });
}

describe("EmbedLayerNormalization: gradients are about the word table's rows, as those of the graph before it was fused", () => {
  it.each<[string, Variant]>([
    ["words and positions", {}],
    ["with segments", { seg: true }],
    ["with a mask", { mask: true }],
    ["with positions of its own", { position_ids: true }],
    ["with all of them, and the sum as an output", { seg: true, mask: true, position_ids: true, sum: true }],
    ["with all of them, in opset 12", { seg: true, mask: true, position_ids: true, opset: 12 }],
  ])("%s", async (name, variant) => {
    const [fused, plain] = [write(`${name}.fused.onnx`, variant, true), write(`${name}.onnx`, variant, false)];
    const files = (among: readonly string[]): Record<string, string> =>
      Object.fromEntries(
        among.map((input) => [input, writeArray(folder, `${input}.npy`, [1, LENGTH], ARRAYS[input], "int64")]),
      );
    const inputs = ["ids", ...(variant.seg ? ["seg"] : []), ...(variant.position_ids ? ["position_ids"] : [])];
    for (const explain of inputs) {
      const job = { params: { absolute: false }, target: { index: [1] }, explain: [explain] };
      const got = await runOn(models, fused, files([...inputs, ...(variant.mask ? ["mask"] : [])]), "saliency", job);
      // The plain graph's mask would be an input that nothing takes.
      const right = await runOn(models, plain, files([...inputs, ...(variant.mask ? ["mask"] : [])]), "saliency", job);
      expect(got.arrays[0].dims).toEqual([1, LENGTH, WIDTH]);
      expect(Math.max(...right.arrays[0].values.map(Math.abs))).toBeGreaterThan(0.01);
      got.arrays[0].values.forEach((value, at) =>
        expect(Math.abs(value - right.arrays[0].values[at])).toBeLessThan(1e-5),
      );
    }
    const model = await models.get(fused);
    expect(
      findLookups(model.model.graph, inputs)
        .map(({ input, table }) => [input, table])
        .sort(),
    ).toEqual([
      ["ids", "words"],
      ...(variant.position_ids ? [["position_ids", "places"]] : []),
      ...(variant.seg ? [["seg", "kinds"]] : []),
    ]);
  });

  it.each<[string, Variant]>([
    ["counts a mask's ones", { mask: true, seg: true, sum: true }],
    ["is 0 without a mask", { sum: true }],
    ["counts them in opset 12", { mask: true, opset: 12 }],
  ])("its second output %s: all outputs are ONNX Runtime's", async (name, variant) => {
    const path = write(`${name}.fused.onnx`, variant, true);
    const batch = (values: readonly number[]): Int32Array => Int32Array.from([...values, ...[...values].reverse()]);
    const used = ["ids", ...(variant.seg ? ["seg"] : []), ...(variant.mask ? ["mask"] : [])];
    const values = (input: string): Int32Array =>
      input === "mask" ? Int32Array.from([1, 1, 1, 0, 0, 1, 2, 1, 1, 0]) : batch(ARRAYS[input]);
    const session = await InferenceSession.create(readFileSync(path));
    const right = await session.run(
      Object.fromEntries(used.map((input) => [input, new Tensor("int32", values(input), [2, LENGTH])])),
    );
    const model = await models.get(path);
    const got = await model.forward(
      Object.fromEntries(
        used.map((input) => [input, { dataType: "int32" as const, dims: [2, LENGTH], data: values(input) }]),
      ),
      Object.keys(right),
    );
    for (const [output, tensor] of Object.entries(right)) {
      expect(got.get(output)!.dims).toEqual(tensor.dims);
      (tensor.data as Float32Array).forEach((value, at) =>
        expect(Number(got.get(output)!.data[at])).toBeCloseTo(value, 5),
      );
    }
    expect(Array.from(right.counted.data as Int32Array)).toEqual(variant.mask ? [3, 3] : [0, 0]);
  });
});
