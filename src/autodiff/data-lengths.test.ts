import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dims } from "./builder.ts";
import { deepLiftRules } from "./rules/deeplift/index.ts";
import type { Graph, Node, TensorRef } from "../model/graph.ts";
import { int64List, scalar, tensorFromArray } from "../model/tensor.ts";
import { writeModel } from "../model/formats/onnx/index.ts";
import { openModel } from "../model/open.ts";
import { manyGradients } from "../runtime/batch-gradients.ts";
import { hessianVector } from "../runtime/hessian.ts";
import { LoadedModel } from "../runtime/models.ts";
import { createSession, floatsOf, type TensorValue } from "../runtime/ort.ts";
import { int, ints } from "../../test/support/models.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-lengths-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const float32 = (dims: Dims, values: ArrayLike<number>): TensorValue => ({
  dataType: "float32",
  dims,
  data: Float32Array.from(values),
});
const node = (opType: string, inputs: string[], outputs: string[], attributes: Node["attributes"] = {}): Node => ({
  name: `/${outputs[0]}/${opType}`,
  opType,
  domain: "",
  inputs,
  outputs,
  attributes,
});
const value = (name: string, dims: number[]): Graph["inputs"][number] => ({
  name,
  type: { kind: "tensor", dataType: "float32", dims },
});

async function load(dims: number[], nodes: Node[], initializers: TensorRef[]): Promise<LoadedModel> {
  const bytesOf = (tensor: TensorRef): Uint8Array =>
    tensor.storage.kind === "bytes" ? tensor.storage.bytes : new Uint8Array();
  const graph: Graph = {
    name: "g",
    inputs: [value("x", dims)],
    outputs: [value("y", [1])],
    nodes,
    initializers,
    sparseInitializers: [],
    valueInfo: [],
  };
  const path = join(folder, "model.onnx");
  writeFileSync(path, writeModel({ irVersion: 8, opsets: { "": 17 }, graph }, { bytesOf }, { external: false }).bytes);
  return new LoadedModel(await openModel(path), 1);
}

async function gradient(model: LoadedModel, x: TensorValue): Promise<number[] | undefined> {
  const { gradients } = await model.gradients({ x }, { of: "y", seed: new Float32Array([1]), wrt: ["x"] });
  const found = gradients.get("x");
  return found && Array.from(floatsOf(found));
}

/** A region for each area over the limit, and none where none is: as a level of a feature pyramid takes them. */
const level: Node[] = [
  node("Greater", ["area", "limit"], ["large"]),
  node("NonZero", ["large"], ["nonzero"]),
  node("Squeeze", ["nonzero", "first"], ["chosen"]),
  node("Gather", ["rois", "chosen"], ["regions"]),
  node("Gather", ["images", "chosen"], ["of"]),
];
const regions = [
  tensorFromArray("rois", "float32", [2, 4], [0, 0, 4, 4, 1, 1, 6, 6]),
  tensorFromArray("area", "float32", [2], [16, 25]),
  int64List("images", [0, 0]),
  int64List("first", [0]),
  int64List("one", [1]),
];
const limit = (size: number): TensorRef => scalar("limit", "float32", size);
const align = (from: string, images: string, to: string): Node =>
  node("RoiAlign", ["x", from, images], [to], { output_height: int(2), output_width: int(2), sampling_ratio: int(2) });
const total = (from: string): Node[] => [
  node("ReduceSum", [from], ["sum"], { keepdims: int(0) }),
  node("Reshape", ["sum", "one"], ["y"]),
];
const picture = float32(
  [1, 1, 8, 8],
  Array.from({ length: 64 }, (_, i) => Math.sin(i)),
);

describe("values without elements", () => {
  it("a pyramid level without regions adds nothing to the gradient of the other", async () => {
    const both = await load(
      [1, 1, 8, 8],
      [
        ...level,
        align("regions", "of", "none"),
        align("rois", "images", "all"),
        node("Concat", ["none", "all"], ["joined"], { axis: int(0) }),
        ...total("joined"),
      ],
      [...regions, limit(100)],
    );
    const alone = await load(
      [1, 1, 8, 8],
      [align("rois", "images", "all"), ...total("all")],
      regions.filter(({ name }) => name !== "area" && name !== "first"),
    );
    const found = await gradient(both, picture);
    expect(found).toEqual(await gradient(alone, picture));
    // Each bin is a mean of points inside the picture, and so the gradient's sum is the number of bins: 2 regions of
    // 2×2.
    expect(found!.reduce((sum, one) => sum + one, 0)).toBeCloseTo(8, 5);
    await both.release();
    await alone.release();
  });

  it.each<[string, Node[], TensorRef[]]>([
    ["regions", [align("regions", "of", "taken")], []],
    [
      "a convolution and a pool of them",
      [
        align("regions", "of", "bins"),
        node("Conv", ["bins", "kernel"], ["conv"]),
        node("MaxPool", ["conv"], ["taken"], { kernel_shape: ints(1, 1) }),
      ],
      [tensorFromArray("kernel", "float32", [1, 1, 2, 2], [1, 2, 3, 4])],
    ],
    [
      "a dense layer and a softmax of them",
      [
        align("regions", "of", "bins"),
        node("Flatten", ["bins"], ["flat"]),
        node("MatMul", ["flat", "w"], ["dense"]),
        node("Softmax", ["dense"], ["taken"]),
      ],
      [tensorFromArray("w", "float32", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
    ],
  ])(
    "where the score hangs on nothing but %s, of which there are none, its gradient is zero",
    async (_, nodes, weights) => {
      const model = await load(
        [1, 1, 8, 8],
        [...level, ...nodes, ...total("taken")],
        [...regions, limit(100), ...weights],
      );
      expect(await gradient(model, picture)).toEqual(Array(64).fill(0));
      await model.release();
    },
  );
});

/** Σ x² of the x over ½, by the place of those or by the mask itself. */
const kept: Readonly<Record<string, Node[]>> = {
  NonZero: [
    node("Greater", ["x", "half"], ["mask"]),
    node("NonZero", ["mask"], ["places"]),
    node("Reshape", ["places", "flat"], ["index"]),
    node("Gather", ["x", "index"], ["kept"]),
  ],
  Compress: [node("Greater", ["x", "half"], ["mask"]), node("Compress", ["x", "mask"], ["kept"], { axis: int(0) })],
  Where: [
    node("Greater", ["x", "half"], ["mask"]),
    node("Where", ["mask", "x", "nought"], ["chosen"]),
    node("NonZero", ["chosen"], ["places"]),
    node("Transpose", ["places"], ["index"]),
    node("GatherND", ["x", "index"], ["kept"]),
  ],
};
const constants = [
  scalar("half", "float32", 0.5),
  scalar("nought", "float32", 0),
  int64List("flat", [-1]),
  int64List("one", [1]),
];
const squares = (by: string): Promise<LoadedModel> =>
  load([6], [...kept[by], node("Mul", ["kept", "kept"], ["squared"]), ...total("squared")], constants);
const x = [0.2, 0.9, 0.4, 0.7, 0.55, 1.5];

describe.each(Object.keys(kept))("how much %s keeps follows from the input", (by) => {
  it("along a path, each point has the gradient of what it keeps", async () => {
    const model = await squares(by);
    // From all to none and back: 2x where x is over ½, by hand.
    for (const share of [1, 0.9, 0.6, 0.5, 0.3, 0, 0.45, 1]) {
      const point = Float32Array.from(x, (one) => share * one);
      expect(await gradient(model, float32([6], point))).toEqual(Array.from(point, (one) => (one > 0.5 ? 2 * one : 0)));
    }
    await model.release();
  });

  it("many points at once", async () => {
    const model = await squares(by);
    const steps = 200;
    const sum = new Float64Array(6);
    await manyGradients({
      model,
      feeds: { x: float32([6], x) },
      varied: "x",
      request: { of: "y", seed: new Float32Array([1]), wrt: ["x"] },
      count: steps,
      memory: 0,
      point: (index) => Float32Array.from(x, (one) => ((index + 0.5) / steps) * one),
      before: () => undefined,
      each: (_, { gradients }) =>
        gradients.get("x")!.forEach((one, i) => {
          sum[i] += (one * x[i]) / steps;
        }),
    });
    // The path's integral is ∫ 2·a·x² da from a = ½/x to 1: x² − ¼ for x over ½, else 0. A step at the threshold misses
    // by 1/steps at most.
    sum.forEach((one, i) => {
      expect(Math.abs(one - (x[i] > 0.5 ? x[i] ** 2 - 0.25 : 0))).toBeLessThan((2 * 0.5 * x[i]) / steps);
    });
    await model.release();
  });

  it("a baseline that keeps another number is refused in words", async () => {
    const model = await squares(by);
    const compared = model.gradients(
      { x: float32([6], x) },
      {
        of: "y",
        seed: new Float32Array([1]),
        wrt: ["x"],
        against: { rules: deepLiftRules, baseline: { x: float32([6], Array(6).fill(0)) } },
      },
    );
    await expect(compared).rejects.toThrow(
      "The model takes a different path for the baseline than for the input, so they cannot be compared.",
    );
    await model.release();
  });

  it("the Hessian of another number", async () => {
    const model = await squares(by);
    for (const share of [1, 0.6]) {
      const point = x.map((one) => share * one);
      const product = await hessianVector(
        model,
        { x: float32([6], point) },
        { of: "y", seed: new Float32Array([1]), wrt: "x", vector: Float32Array.of(1, 2, 3, 4, 5, 6) },
      );
      expect(Array.from(floatsOf(product!))).toEqual(point.map((one, i) => (one > 0.5 ? 2 * (i + 1) : 0)));
    }
    await model.release();
  });
});

/**
 * Channels through a convolution and a normalization, which ONNX Runtime makes one operator: it then rounds otherwise.
 */
describe("a threshold that two ways of running round differently", () => {
  const channels = 64;
  const wave = (count: number, by: number, up = 0): number[] =>
    Array.from({ length: count }, (_, i) => up + Math.sin(by * (i + 1)));
  const weights = [
    tensorFromArray("w", "float32", [channels, 8, 1, 1], wave(8 * channels, 1.3)),
    ...(["scale", "shift", "mean", "variance"] as const).map((name, i) =>
      tensorFromArray(name, "float32", [channels], wave(channels, 0.7 + i / 7, 2)),
    ),
    int64List("flat", [-1]),
    int64List("one", [1]),
  ];
  const layers = [
    node("Conv", ["x", "w"], ["conv"]),
    node("BatchNormalization", ["conv", "scale", "shift", "mean", "variance"], ["norm"]),
    node("Reshape", ["norm", "flat"], ["list"]),
  ];
  const input = float32([1, 8, 1, 1], wave(8, 2.1));

  it("has the gradient of the way that the trace saw", async () => {
    const whole = await load([1, 8, 1, 1], [...layers, ...total("list")], weights);
    const optimised = floatsOf((await whole.forward({ x: input }, ["list"])).get("list")!);
    const session = await createSession(
      {
        ...whole.model,
        graph: { ...whole.model.graph, outputs: [{ name: "list", type: { kind: "unknown" } }], valueInfo: [] },
      },
      whole.open,
      { optimization: "disabled" },
    );
    const plain = floatsOf((await session.run({ x: input })).get("list")!);
    await session.release();
    await whole.release();
    const at = plain.findIndex((one, i) => one !== optimised[i]);
    expect(at).toBeGreaterThanOrEqual(0);
    const threshold = Math.min(plain[at], optimised[at]);

    const model = await load(
      [1, 8, 1, 1],
      [
        ...layers,
        node("Greater", ["list", "limit"], ["mask"]),
        node("Compress", ["list", "mask"], ["kept"], { axis: int(0) }),
        ...total("kept"),
      ],
      [...weights, limit(threshold)],
    );
    const found = await gradient(model, input);
    // By hand: the sum over kept channels of w·scale/√(variance + ε).
    const [scale, variance] = [wave(channels, 0.7, 2), wave(channels, 0.7 + 3 / 7, 2)];
    const taps = wave(8 * channels, 1.3);
    const right = Array.from({ length: 8 }, (_, i) =>
      Array.from(plain).reduce(
        (sum, one, c) => sum + (one > threshold ? (taps[8 * c + i] * scale[c]) / Math.sqrt(variance[c] + 1e-5) : 0),
        0,
      ),
    );
    found!.forEach((one, i) => {
      expect(one).toBeCloseTo(right[i], 3);
    });
    await model.release();
  });
});
