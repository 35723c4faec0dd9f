import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Builder, float, type AttributeValue, type Dims } from "./builder.ts";
import type { RuleTable } from "./rule.ts";
import { gradientRules } from "./rules/index.ts";
import type { DataType, Graph } from "../model/graph.ts";
import { tensorFromArray } from "../model/tensor.ts";
import { writeModel } from "../model/formats/onnx/index.ts";
import { openModel } from "../model/open.ts";
import { LoadedModel } from "../runtime/models.ts";
import { floatsOf, type Feeds } from "../runtime/ort.ts";

/**
 * com.microsoft's operators have no float64 kernels and no reference evaluator: what ONNX Runtime's own float32 kernel
 * does beside the input is the reference, with a step wide enough for float32's noise.
 */
const STEP = 1 / 64;
const TOLERANCE = 4e-3;

interface Constant {
  readonly dims: Dims;
  readonly values: readonly number[];
  readonly dataType: DataType;
}
interface FusedCase {
  readonly operator: string;
  /** Dims of a float input to differentiate for, a constant, or "" for one left out. */
  readonly inputs: readonly (Dims | Constant | "")[];
  readonly outputs: readonly Dims[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Narrower where a kink is near. */
  readonly step?: number;
}

const constant = (dataType: DataType, dims: Dims, values: readonly number[]): Constant => ({ dataType, dims, values });
const int64 = (...values: number[]): Constant => constant("int64", [values.length], values);
const int32 = (dims: Dims, ...values: number[]): Constant => constant("int32", dims, values);
const angles = (positions: number, half: number, f: (x: number) => number): Constant =>
  constant(
    "float32",
    [positions, half],
    Array.from({ length: positions * half }, (_, index) => f(Math.floor(index / half) / 10 ** ((index % half) / half))),
  );
const bytes = (count: number): number[] => Array.from({ length: count }, (_, index) => (index * 37 + 11) % 256);

const CASES: Readonly<Record<string, FusedCase>> = {
  "FusedConv with Relu": {
    operator: "FusedConv",
    inputs: [[1, 2, 5, 5], [3, 2, 3, 3], [3]],
    outputs: [[1, 3, 5, 5]],
    attributes: { pads: [1, 1, 1, 1], activation: "Relu" },
    step: STEP / 32,
  },
  "FusedConv with LeakyRelu and a sum": {
    operator: "FusedConv",
    inputs: [[1, 2, 4, 4], [2, 2, 1, 1], [2], [1, 2, 4, 4]],
    outputs: [[1, 2, 4, 4]],
    attributes: { activation: "LeakyRelu", activation_params: { type: "floats", value: [0.3] } },
    step: STEP / 32,
  },
  "FusedConv with HardSigmoid": {
    operator: "FusedConv",
    inputs: [
      [1, 2, 4, 4],
      [2, 2, 1, 1],
    ],
    outputs: [[1, 2, 4, 4]],
    attributes: { activation: "HardSigmoid", activation_params: { type: "floats", value: [0.25, 0.4] } },
  },
  "FusedConv with Clip": {
    operator: "FusedConv",
    inputs: [
      [1, 2, 4, 4],
      [2, 2, 1, 1],
    ],
    outputs: [[1, 2, 4, 4]],
    attributes: { activation: "Clip", activation_params: { type: "floats", value: [-3, 3] } },
  },
  "FusedMatMul, transposed and scaled": {
    operator: "FusedMatMul",
    inputs: [
      [2, 4, 3],
      [2, 5, 4],
    ],
    outputs: [[2, 3, 5]],
    attributes: { transA: 1, transB: 1, alpha: float(0.5) },
  },
  "FusedMatMul with batch axes behind": {
    operator: "FusedMatMul",
    inputs: [
      [3, 2, 4],
      [2, 4, 5],
    ],
    outputs: [[2, 3, 5]],
    attributes: { transBatchA: 1 },
  },
  TransposeMatMul: {
    operator: "TransposeMatMul",
    inputs: [
      [4, 3],
      [4, 5],
    ],
    outputs: [[3, 5]],
    attributes: { transA: 1, alpha: float(2) },
  },
  "FusedGemm with Tanh": {
    operator: "FusedGemm",
    inputs: [[3, 4], [5, 4], [5]],
    outputs: [[3, 5]],
    attributes: { transB: 1, activation: "Tanh", alpha: float(0.5), beta: float(2) },
  },
  "FusedGemm with LeakyRelu": {
    operator: "FusedGemm",
    inputs: [[3, 4], [4, 5], [5]],
    outputs: [[3, 5]],
    attributes: { activation: "LeakyRelu", activation_alpha: float(0.2) },
  },
  Gelu: { operator: "Gelu", inputs: [[3, 4]], outputs: [[3, 4]] },
  BiasGelu: { operator: "BiasGelu", inputs: [[3, 4], [4]], outputs: [[3, 4]] },
  FastGelu: { operator: "FastGelu", inputs: [[3, 4]], outputs: [[3, 4]] },
  "FastGelu with bias": { operator: "FastGelu", inputs: [[3, 4], [4]], outputs: [[3, 4]] },
  QuickGelu: { operator: "QuickGelu", inputs: [[3, 4]], outputs: [[3, 4]], attributes: { alpha: float(1.5) } },
  SkipLayerNormalization: {
    operator: "SkipLayerNormalization",
    inputs: [[2, 3, 4], [2, 3, 4], [4], [4], [4]],
    outputs: [[2, 3, 4]],
    attributes: { epsilon: float(1e-5) },
  },
  SkipSimplifiedLayerNormalization: {
    operator: "SkipSimplifiedLayerNormalization",
    inputs: [[2, 3, 4], [2, 3, 4], [4]],
    outputs: [[2, 3, 4]],
    attributes: { epsilon: float(1e-5) },
  },
  SimplifiedLayerNormalization: {
    operator: "SimplifiedLayerNormalization",
    inputs: [[2, 3, 4], [4]],
    outputs: [[2, 3, 4]],
    attributes: { axis: -1, epsilon: float(1e-5) },
  },
  Attention: {
    operator: "Attention",
    inputs: [[2, 3, 4], [4, 12], [12]],
    outputs: [[2, 3, 4]],
    attributes: { num_heads: 2 },
  },
  "Attention in one direction": {
    operator: "Attention",
    inputs: [[2, 3, 4], [4, 12], [12]],
    outputs: [[2, 3, 4]],
    attributes: { num_heads: 2, unidirectional: 1 },
  },
  "Attention with a mask of lengths": {
    operator: "Attention",
    inputs: [[2, 3, 4], [4, 12], [12], int32([2], 2, 3)],
    outputs: [[2, 3, 4]],
    attributes: { num_heads: 2 },
  },
  "Attention with a mask of tokens": {
    operator: "Attention",
    inputs: [[2, 3, 4], [4, 12], [12], int32([2, 3], 1, 1, 0, 1, 1, 1)],
    outputs: [[2, 3, 4]],
    attributes: { num_heads: 2 },
  },
  MultiHeadAttention: {
    operator: "MultiHeadAttention",
    inputs: [[2, 3, 4], [2, 5, 4], [2, 5, 4], [12]],
    outputs: [[2, 3, 4]],
    attributes: { num_heads: 2 },
  },
  "MultiHeadAttention with a padding mask": {
    operator: "MultiHeadAttention",
    inputs: [[2, 3, 4], [2, 3, 4], [2, 3, 4], "", int32([2, 3], 1, 1, 0, 1, 1, 1)],
    outputs: [[2, 3, 4]],
    attributes: { num_heads: 2, scale: float(0.3) },
  },
  "MultiHeadAttention with a bias of scores": {
    operator: "MultiHeadAttention",
    inputs: [[1, 3, 4], [1, 3, 4], [1, 3, 4], "", "", [1, 2, 3, 3]],
    outputs: [[1, 3, 4]],
    attributes: { num_heads: 2 },
  },
  GroupQueryAttention: {
    operator: "GroupQueryAttention",
    inputs: [[1, 3, 16], [1, 3, 8], [1, 3, 8], "", "", int32([1], 2), int32([1], 3)],
    outputs: [
      [1, 3, 16],
      [1, 1, 3, 8],
      [1, 1, 3, 8],
    ],
    attributes: { num_heads: 2, kv_num_heads: 1 },
  },
  "GroupQueryAttention with rotary positions": {
    operator: "GroupQueryAttention",
    inputs: [
      [1, 3, 32],
      [1, 3, 16],
      [1, 3, 16],
      "",
      "",
      int32([1], 2),
      int32([1], 3),
      angles(4, 8, Math.cos),
      angles(4, 8, Math.sin),
    ],
    outputs: [
      [1, 3, 32],
      [1, 1, 3, 16],
      [1, 1, 3, 16],
    ],
    attributes: { num_heads: 2, kv_num_heads: 1, do_rotary: 1 },
  },
  "GroupQueryAttention of samples of different lengths": {
    operator: "GroupQueryAttention",
    inputs: [[2, 3, 16], [2, 3, 8], [2, 3, 8], "", "", int32([2], 2, 1), int32([1], 3)],
    outputs: [
      [2, 3, 16],
      [2, 1, 3, 8],
      [2, 1, 3, 8],
    ],
    attributes: { num_heads: 2, kv_num_heads: 1 },
  },
  "GroupQueryAttention of samples whose pasts have different lengths, with rotary positions": {
    operator: "GroupQueryAttention",
    inputs: [
      [2, 1, 32],
      [2, 1, 16],
      [2, 1, 16],
      [2, 1, 4, 16],
      [2, 1, 4, 16],
      int32([2], 4, 2),
      int32([1], 5),
      angles(6, 8, Math.cos),
      angles(6, 8, Math.sin),
    ],
    outputs: [
      [2, 1, 32],
      [2, 1, 5, 16],
      [2, 1, 5, 16],
    ],
    attributes: { num_heads: 2, kv_num_heads: 1, do_rotary: 1 },
  },
  "GroupQueryAttention with a window and a bias of scores": {
    operator: "GroupQueryAttention",
    inputs: [[2, 3, 16], [2, 3, 8], [2, 3, 8], "", "", int32([2], 2, 2), int32([1], 3), "", "", "", [1, 2, 3, 3]],
    outputs: [
      [2, 3, 16],
      [2, 1, 3, 8],
      [2, 1, 3, 8],
    ],
    attributes: { num_heads: 2, kv_num_heads: 1, local_window_size: 2 },
  },
  GatedAdd: {
    operator: "GatedAdd",
    inputs: [
      [3, 4],
      [3, 4],
      [3, 1],
    ],
    outputs: [[3, 4]],
  },
  "CDist, squared": {
    operator: "CDist",
    inputs: [
      [3, 4],
      [2, 4],
    ],
    outputs: [[3, 2]],
    attributes: { metric: "sqeuclidean" },
  },
  CDist: {
    operator: "CDist",
    inputs: [
      [3, 4],
      [2, 4],
    ],
    outputs: [[3, 2]],
    attributes: { metric: "euclidean" },
  },
  Trilu: { operator: "Trilu", inputs: [[3, 4]], outputs: [[3, 4]], attributes: { upper: 0 } },
  GatherND: { operator: "GatherND", inputs: [[3, 4], constant("int64", [2, 1], [2, 0])], outputs: [[2, 4]] },
  Pad: { operator: "Pad", inputs: [[2, 3], int64(1, 0, 0, 2), constant("float32", [1], [0.5])], outputs: [[3, 5]] },
  ExpandDims: { operator: "ExpandDims", inputs: [[2, 3], int32([], 1)], outputs: [[2, 1, 3]] },
  GridSample: {
    operator: "GridSample",
    inputs: [[1, 2, 3, 3], constant("float32", [1, 2, 2, 2], [-0.5, 0.3, 0.2, 0.7, -0.9, -0.1, 0.4, 0.6])],
    outputs: [[1, 2, 2, 2]],
    attributes: { mode: "bilinear" },
  },
  ConvTransposeWithDynamicPads: {
    operator: "ConvTransposeWithDynamicPads",
    inputs: [[1, 2, 3, 3], [2, 1, 3, 3], int64(1, 1, 1, 1)],
    outputs: [[1, 1, 3, 3]],
  },
  MatMulBnb4: {
    operator: "MatMulBnb4",
    inputs: [[2, 16], constant("uint8", [32], bytes(32)), constant("float32", [4], [0.1, 0.2, 0.15, 0.05])],
    outputs: [[2, 4]],
    attributes: { K: 16, N: 4, block_size: 16, quant_type: 1 },
  },
  RotaryEmbedding: {
    operator: "RotaryEmbedding",
    inputs: [[1, 3, 8], int64(0), angles(4, 2, Math.cos), angles(4, 2, Math.sin)],
    outputs: [[1, 3, 8]],
  },
  "RotaryEmbedding, interleaved": {
    operator: "RotaryEmbedding",
    inputs: [[1, 2, 3, 4], constant("int64", [1, 3], [1, 2, 3]), angles(4, 2, Math.cos), angles(4, 2, Math.sin)],
    outputs: [[1, 2, 3, 4]],
    attributes: { interleaved: 1 },
  },
  Inverse: { operator: "Inverse", inputs: [[2, 2, 2]], outputs: [[2, 2, 2]], step: STEP / 16 },
  MatMulNBits: {
    operator: "MatMulNBits",
    inputs: [
      [2, 32],
      constant("uint8", [4, 2, 8], bytes(64)),
      constant("float32", [8], [0.1, 0.2, 0.15, 0.05, 0.1, 0.12, 0.07, 0.09]),
    ],
    outputs: [[2, 4]],
    attributes: { K: 32, N: 4, bits: 4, block_size: 16 },
  },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-fused-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCALED: RuleTable = Object.fromEntries(
  Object.entries(gradientRules).map(([name, rule]) => [
    name,
    (r) => rule(r).map((gradient) => (gradient === undefined ? undefined : r.g.scale(gradient, 1.02))),
  ]),
);

describe("gradients through com.microsoft's operators are the slopes of ONNX Runtime's kernels", () => {
  it.each(Object.entries(CASES))("%s", async (_, one) => {
    const model = await build(one);
    expect(await worst(model, one)).toBeLessThan(TOLERANCE);
    expect(await worst(model, one, { name: "scaled", table: SCALED })).toBeGreaterThan(2 * TOLERANCE);
    await model.release();
  });
});

/** A model of the one node, its inputs x0, x1 ... and constants c0, c1 ... */
async function build(one: FusedCase): Promise<LoadedModel> {
  const g = new Builder();
  const names = one.inputs.map((input, index) =>
    input === "" ? "" : Array.isArray(input) ? `x${index}` : `c${index}`,
  );
  const domain = one.operator === "SimplifiedLayerNormalization" ? "" : "com.microsoft";
  const made = g.ops(one.operator, names, one.outputs, one.attributes, domain);
  const graph: Graph = {
    name: "fused",
    nodes: g.nodes,
    sparseInitializers: [],
    valueInfo: [],
    inputs: one.inputs.flatMap((input, index) =>
      Array.isArray(input)
        ? [
            {
              name: `x${index}`,
              type: { kind: "tensor" as const, dataType: "float32" as const, dims: input as number[] },
            },
          ]
        : [],
    ),
    outputs: made.map((name) => ({ name, type: { kind: "unknown" as const } })),
    initializers: one.inputs.flatMap((input, index) =>
      input === "" || Array.isArray(input)
        ? []
        : [
            tensorFromArray(
              `c${index}`,
              (input as Constant).dataType,
              (input as Constant).dims,
              (input as Constant).values,
            ),
          ],
    ),
  };
  const { bytes: file } = writeModel(
    { irVersion: 10, opsets: { "": 21, "com.microsoft": 1 }, graph },
    { bytesOf: (tensor) => (tensor.storage.kind === "bytes" ? tensor.storage.bytes : new Uint8Array()) },
    { external: false },
  );
  const path = join(folder, "model.onnx");
  writeFileSync(path, file);
  return new LoadedModel(await openModel(path), 1);
}

/** Numbers in [-1, 1), the same each time (mulberry32). */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/**
 * The largest difference between our derivative along random directions and the kernel's slope, relative to the largest
 * slope.
 */
async function worst(model: LoadedModel, one: FusedCase, rules?: { name: string; table: RuleTable }): Promise<number> {
  const draw = draws(7);
  const random = (dims: Dims): Float32Array =>
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.round(draw() * 64) / 64);
  const wrt = model.model.graph.inputs.map(({ name }) => name);
  const dims = new Map(wrt.map((name) => [name, one.inputs[Number(name.slice(1))] as Dims]));
  const feeds: Feeds = Object.fromEntries(
    wrt.map((name) => [name, { dataType: "float32" as const, dims: dims.get(name)!, data: random(dims.get(name)!) }]),
  );
  const output = model.model.graph.outputs[0].name;
  const seed = random(one.outputs[0]);
  const score = async (moved: Feeds): Promise<number> => {
    const y = floatsOf((await model.forward(moved, [output])).get(output)!);
    return y.reduce((sum, value, index) => sum + value * seed[index], 0);
  };
  const { gradients } = await model.gradients(feeds, { of: output, seed, wrt, rules });
  const step = one.step ?? STEP;
  const pairs: [number, number][] = [];
  for (const name of wrt) {
    for (let count = 0; count < 3; count++) {
      const along = random(dims.get(name)!);
      const moved = (by: number): Feeds => ({
        ...feeds,
        [name]: {
          ...feeds[name],
          data: (feeds[name].data as Float32Array).map((value, index) => value + by * along[index]),
        },
      });
      // Fourth order, so that a wide step stays exact.
      const near = (await score(moved(step))) - (await score(moved(-step)));
      const far = (await score(moved(2 * step))) - (await score(moved(-2 * step)));
      pairs.push([
        (8 * near - far) / (12 * step),
        floatsOf(gradients.get(name)!).reduce((sum, value, index) => sum + value * along[index], 0),
      ]);
    }
  }
  const largest = Math.max(...pairs.map(([slope]) => Math.abs(slope)));
  return Math.max(...pairs.map(([slope, ours]) => Math.abs(slope - ours) / largest));
}
