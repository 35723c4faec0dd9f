import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TensorRef } from "../model/graph.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { float } from "../../test/support/lrp-small.ts";
import {
  MASKED,
  maskedDecoder,
  table,
  type Attend,
  type Layer,
  type Masking,
} from "../../test/support/masked-decoder.ts";
import { int, ints, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

/** Of the largest value: float32 against the float64 of a network without the closed entries. */
const TOLERANCE = 1e-3;
const LOWEST = -3.4028234663852886e38;
const T = MASKED.tokens;

const softmax = ({ add }: Layer, scores: string): string => add("Softmax", [scores], "weights", { axis: int(-1) });
/** exp(x − max)/Σ, as frameworks without a softmax write it. */
const takenApart = ({ add }: Layer, scores: string): string => {
  const exp = add("Exp", [add("Sub", [scores, add("ReduceMax", [scores], "most", { axes: ints(-1) })], "less")], "exp");
  return add("Div", [exp, add("ReduceSum", [exp, "back"], "total")], "weights");
};
const added = (value: number, after: Attend & { weights: unknown } = { weights: softmax }): Masking => ({
  attend: {
    weights: (layer, scores) =>
      (after as { weights: typeof softmax }).weights(layer, layer.add("Add", [scores, "mask"], "masked")),
  },
  more: [weight("mask", [1, 1, T, T], table(0, value)), weight("back", [1], [-1], "int64")],
});
const chosen = (value: number): Masking => ({
  attend: { weights: (layer, scores) => softmax(layer, layer.add("Where", ["closed", "low", scores], "masked")) },
  more: [weight("closed", [1, 1, T, T], table(0, 1), "bool"), weight("low", [], [value])],
});
const causal = (value: number): TensorRef =>
  weight(
    "causal",
    [1, 1, T, T],
    Array.from({ length: T * T }, (_, at) => (at % T <= Math.floor(at / T) ? 0 : value)),
  );
const padding = (value: number): TensorRef => weight("padding", [1, 1, 1, T], [0, 0, 0, value, 0]);
const fused = (
  opType: string,
  attributes: Parameters<Layer["add"]>[3],
  inputs: (qkv: readonly [string, string, string], normed: string) => readonly string[],
  more: readonly TensorRef[],
  domain = "com.microsoft",
): Masking => ({
  attend: { mixed: ({ add }, qkv, normed) => add(opType, inputs(qkv, normed), "joined", attributes, domain) },
  more,
  opset: domain === "" ? 23 : 17,
});
const own = { q_num_heads: int(2), kv_num_heads: int(2) };
const packed = ["wq", "wk", "wv"].map((name) => MASKED.weights[name]);
const packedWeights = [
  weight(
    "packed",
    [8, 24],
    Array.from({ length: 8 }, (_, row) => packed.flatMap((numbers) => numbers.slice(8 * row, 8 * row + 8))).flat(),
  ),
  weight(
    "packedBias",
    [24],
    ["bq", "bk", "bv"].flatMap((name) => MASKED.weights[name]),
  ),
];

/** The same decoder with its mask written in every way that models do. */
const MASKINGS: Readonly<Record<string, Masking>> = {
  "−∞ added": added(-Infinity),
  "float32's lowest number added": added(LOWEST),
  "−1e9 added": added(-1e9),
  "float16's lowest number added": added(-65504),
  "two masks added, which overflow together": {
    attend: {
      weights: (layer, scores) =>
        softmax(layer, layer.add("Add", [layer.add("Add", [scores, "causal"], "first.masked"), "padding"], "masked")),
    },
    more: [causal(LOWEST), padding(LOWEST)],
  },
  "two masks of −∞": {
    attend: {
      weights: (layer, scores) =>
        softmax(layer, layer.add("Add", [layer.add("Add", [scores, "causal"], "first.masked"), "padding"], "masked")),
    },
    more: [causal(-Infinity), padding(-Infinity)],
  },
  "a mask that the model is fed, turned into numbers": {
    attend: {
      weights: (layer, scores) => {
        const low = layer.add("Mul", [layer.add("Sub", ["one", "attention_mask"], "closed"), "lowest"], "low");
        return softmax(layer, layer.add("Add", [scores, layer.add("Add", [low, "causal"], "both")], "masked"));
      },
    },
    more: [weight("one", [], [1]), weight("lowest", [], [LOWEST]), causal(LOWEST)],
    inputs: { attention_mask: ["float32", 1, 1, 1, T] },
  },
  "the logarithm of a mask that the model is fed": {
    attend: {
      weights: (layer, scores) =>
        softmax(
          layer,
          layer.add(
            "Add",
            [layer.add("Add", [scores, layer.add("Log", ["attention_mask"], "log")], "first.masked"), "causal"],
            "masked",
          ),
        ),
    },
    more: [causal(-Infinity)],
    inputs: { attention_mask: ["float32", 1, 1, 1, T] },
  },
  "−∞ chosen": chosen(-Infinity),
  "float32's lowest number chosen": chosen(LOWEST),
  "−∞ added, softmax taken apart": added(-Infinity, { weights: takenApart }),
  "float32's lowest number added, softmax taken apart": added(LOWEST, { weights: takenApart }),
  "float16's lowest number added, softmax taken apart": added(-65504, { weights: takenApart }),
  "the exponential of a log-softmax of −∞": added(-Infinity, {
    weights: (layer, scores) =>
      layer.add("Exp", [layer.add("LogSoftmax", [scores], "logs", { axis: int(-1) })], "weights"),
  }),
  "weights set to zero once more after softmax": added(LOWEST, {
    weights: (layer, scores) => layer.add("Mul", [softmax(layer, scores), "allowed"], "kept"),
  }),
  "scores times the mask, less 10000 where it is zero": {
    attend: {
      weights: (layer, scores) =>
        softmax(layer, layer.add("Sub", [layer.add("Mul", [scores, "allowed"], "left"), "closed"], "masked")),
    },
    more: [weight("closed", [1, 1, T, T], table(0, 10000))],
  },
  "NaN chosen away after softmax": {
    ...added(-Infinity, {
      weights: (layer, scores) => {
        const made = softmax(layer, scores);
        return layer.add("Where", [layer.add("IsNaN", [made], "isnan"), "zero", made], "kept");
      },
    }),
  },
  "Attention with a boolean mask": fused(
    "Attention",
    own,
    (qkv) => [...qkv, "mask"],
    [weight("mask", [T, T], table(1, 0), "bool")],
    "",
  ),
  "Attention with a mask of −∞": fused(
    "Attention",
    own,
    (qkv) => [...qkv, "mask"],
    [weight("mask", [T, T], table(0, -Infinity))],
    "",
  ),
  "Attention with a mask of float32's lowest number": fused(
    "Attention",
    own,
    (qkv) => [...qkv, "mask"],
    [weight("mask", [1, 1, T, T], table(0, LOWEST))],
    "",
  ),
  "causal Attention with a padding mask": fused(
    "Attention",
    { ...own, is_causal: int(1) },
    (qkv) => [...qkv, "padding"],
    [
      weight(
        "padding",
        [1, 1, T, T],
        Array.from({ length: T * T }, (_, at) => (at % T === 3 ? -Infinity : 0)),
      ),
    ],
    "",
  ),
  "com.microsoft.Attention with a mask of pairs": fused(
    "Attention",
    { num_heads: int(2) },
    (_, normed) => [normed, "packed", "packedBias", "pairs"],
    [...packedWeights, weight("pairs", [1, T, T], table(1, 0), "int32")],
  ),
  "causal com.microsoft.Attention with a mask of tokens": fused(
    "Attention",
    { num_heads: int(2), unidirectional: int(1) },
    (_, normed) => [normed, "packed", "packedBias", "tokens"],
    [...packedWeights, weight("tokens", [1, T], [1, 1, 1, 0, 1], "int32")],
  ),
  "com.microsoft.Attention that masks by the lowest number": fused(
    "Attention",
    { num_heads: int(2), mask_filter_value: float(LOWEST) },
    (_, normed) => [normed, "packed", "packedBias", "pairs"],
    [...packedWeights, weight("pairs", [1, T, T], table(1, 0), "int32")],
  ),
  "com.microsoft.Attention with a bias of −∞": fused(
    "Attention",
    { num_heads: int(2) },
    (_, normed) => [normed, "packed", "packedBias", "", "", "bias"],
    [...packedWeights, weight("bias", [1, 2, T, T], [...table(0, -Infinity), ...table(0, -Infinity)])],
  ),
  "com.microsoft.MultiHeadAttention with a bias of −∞": fused(
    "MultiHeadAttention",
    { num_heads: int(2) },
    (qkv) => [...qkv, "", "", "bias"],
    [weight("bias", [1, 2, T, T], [...table(0, -Infinity), ...table(0, -Infinity)])],
  ),
  "com.microsoft.MultiHeadAttention with a mask of pairs": fused(
    "MultiHeadAttention",
    { num_heads: int(2) },
    (qkv) => [...qkv, "", "pairs"],
    [weight("pairs", [1, T, T], table(1, 0), "int32")],
  ),
};

/** One row looks at nothing: its scores are lost in the mask, so all keys have the same weight and relevance stops. */
const EMPTY_ROWS: Readonly<Record<string, Masking>> = Object.fromEntries(
  Object.entries({
    "float32's lowest number added": {
      ...added(LOWEST),
      more: [weight("mask", [1, 1, T, T], table(0, LOWEST, MASKED.empty))],
    },
    "float32's lowest number chosen": {
      ...chosen(LOWEST),
      more: [weight("closed", [1, 1, T, T], table(0, 1, MASKED.empty), "bool"), weight("low", [], [LOWEST])],
    },
    "−1e30 added": { ...added(-1e30), more: [weight("mask", [1, 1, T, T], table(0, -1e30, MASKED.empty))] },
  }).map(([name, masking]) => [name, { ...masking, token: MASKED.emptyRow.token }]),
);

const models = new ModelCache({ maxModels: 4 });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-masked-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function run(masking: Masking, technique: string, params: Params = {}): Promise<Float32Array> {
  const common = [weight("allowed", [1, 1, T, T], table(1, 0)), weight("zero", [], [0])];
  const small = maskedDecoder({ ...masking, more: [...(masking.more ?? []), ...common] });
  const taken = new Set(small.nodes.flatMap(({ inputs }) => inputs));
  const model = writeSmallModel(folder, `m${Math.random().toString(36).slice(2)}.onnx`, {
    ...small,
    weights: small.weights!.filter(({ name }) => taken.has(name)),
  });
  const x = writeArray(folder, "x.npy", [1, T, 8], MASKED.x);
  const inputs = masking.inputs
    ? { x, attention_mask: writeArray(folder, "mask.npy", [1, 1, 1, T], [1, 1, 1, 0, 1]) }
    : x;
  const {
    arrays: [raw],
  } = await runOn(models, model, inputs, technique, { target: { index: [MASKED.target] }, params });
  return raw.values;
}

function expectNear(values: Float32Array, expected: readonly number[]): void {
  const largest = Math.max(...expected.map(Math.abs));
  expect(values.length).toBe(expected.length);
  expect(
    values.reduce(
      (most, value, at) => Math.max(most, Number.isNaN(value) ? Infinity : Math.abs(value - expected[at])),
      0,
    ) / largest,
  ).toBeLessThan(TOLERANCE);
}

type Params = Readonly<Record<string, string | number | boolean>>;
const METHODS: readonly (readonly [string, "gradient" | "relevance" | "contributions"])[] = [
  ["saliency", "gradient"],
  ["lrp", "relevance"],
  ["deeplift", "contributions"],
];

describe.each(METHODS)("%s of a masked decoder is that of the decoder without the closed entries", (technique, key) => {
  const asked = (): Params =>
    technique === "deeplift"
      ? { baseline: writeArray(folder, "baseline.npy", [1, T, 8], MASKED.baseline) }
      : technique === "saliency"
        ? { absolute: false }
        : {};
  it.each(Object.entries(MASKINGS))("%s", async (_, masking) => {
    expectNear(await run(masking, technique, asked()), MASKED.masked[key]);
  });
  if (technique !== "saliency") {
    it.each(Object.entries(EMPTY_ROWS))("and stops at a query that may look at nothing: %s", async (_, masking) => {
      expectNear(await run(masking, technique, asked()), MASKED.emptyRow[key]);
    });
  }
});
