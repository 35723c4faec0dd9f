import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Attribute, DataType, Node, TensorRef } from "../graph.ts";
import { openModel } from "../open.ts";
import { LoadedModel } from "../../runtime/models.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { floatsOf, type Feeds } from "../../runtime/ort.ts";
import { float } from "../../../test/support/lrp-small.ts";
import {
  int,
  ints,
  node,
  runOn,
  weight,
  writeArray,
  writeSmallModel,
  type SmallModel,
} from "../../../test/support/models.ts";

interface Tensor {
  readonly name: string;
  readonly type: "float32" | "int32";
  readonly dims: readonly number[];
  readonly values: readonly number[];
  /** Whether the model is fed it, and its gradient is asked for. */
  readonly fed: boolean;
}
/** Operators without a CPU kernel, by PyTorch in float64: test/reference/stand-ins/make.py. */
interface Case {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  readonly outputs: number;
  readonly inputs: readonly (Tensor | null)[];
  readonly y: { readonly dims: readonly number[]; readonly values: readonly number[] };
  readonly seed: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}
const cases = JSON.parse(readFileSync("test/reference/stand-ins/cases.json", "utf8")) as readonly Case[];
/** Of the largest value: float32 against float64. */
const TOLERANCE = 2e-5;
const DOMAINS = { "com.microsoft": 1, "com.ms.internal.nhwc": 17, "com.microsoft.nchwc": 1 };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-stand-ins-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
async function open(small: SmallModel): Promise<LoadedModel> {
  return new LoadedModel(
    await openModel(writeSmallModel(folder, `m${count++}.onnx`, { opset: 17, domains: DOMAINS, ...small })),
    1,
  );
}

function expectNear(values: ArrayLike<number>, expected: readonly number[], tolerance = TOLERANCE): void {
  expect(values.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  expect(
    expected.reduce(
      (most, value, at) => Math.max(most, Number.isNaN(values[at]) ? Infinity : Math.abs(value - values[at])),
      0,
    ) / largest,
  ).toBeLessThan(tolerance);
}

function attribute(value: number | string | readonly number[]): Attribute {
  if (typeof value === "number") return Number.isInteger(value) ? int(value) : float(value);
  if (typeof value === "string") return { type: "string", value };
  return value.every(Number.isInteger) ? ints(...value) : { type: "floats", value };
}

describe("operators that ONNX Runtime has for one kind of machine run, and have PyTorch's gradients", () => {
  it.each(cases.map((one) => [one.name, one] as const))(
    "%s",
    async (_, { operator, domain, attributes, outputs, inputs, y, seed, gradients }) => {
      const given = inputs.filter((input) => input !== null);
      const names = Array.from({ length: outputs }, (_, index) => `y${index}`);
      const model = await open({
        nodes: [
          node(
            operator,
            inputs.map((input) => input?.name ?? ""),
            names,
            Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
            domain,
          ),
        ],
        outputs: ["y0"],
        inputs: Object.fromEntries(
          given.filter(({ fed }) => fed).map(({ name, dims }) => [name, ["float32", ...dims] as const]),
        ),
        weights: given
          .filter(({ fed }) => !fed)
          .map(({ name, type, dims, values }) => weight(name, dims, values, type)),
      });
      const feeds: Feeds = Object.fromEntries(
        given
          .filter(({ fed }) => fed)
          .map(({ name, dims, values }) => [
            name,
            { dataType: "float32" as const, dims, data: Float32Array.from(values) },
          ]),
      );
      const value = (await model.forward(feeds, ["y0"])).get("y0")!;
      expect(value.dims).toEqual(y.dims);
      expectNear(floatsOf(value), y.values);
      const wrt = Object.keys(feeds);
      const found = (await model.gradients(feeds, { of: "y0", seed: Float32Array.from(seed), wrt })).gradients;
      wrt.forEach((name, index) => expectNear(floatsOf(found.get(name)!), gradients[index], 1e-4));
      await model.release();
    },
  );

  it("say in the result that they were replaced", async () => {
    const models = new ModelCache({ maxModels: 1 });
    const model = writeSmallModel(folder, "biased.onnx", {
      domains: DOMAINS,
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [weight("b", [2], [1, 2]), weight("s", [1, 2], [0, 0])],
      nodes: [
        node("BiasAdd", ["x", "b", "s"], ["a"], {}, "com.microsoft"),
        node("BiasAdd", ["a", "b", "s"], ["y"], {}, "com.microsoft"),
      ],
    });
    const { notes } = await runOn(models, model, writeArray(folder, "x.npy", [1, 2], [3, 4]), "saliency");
    expect(notes).toContain(
      "Operators that ONNX Runtime's optimiser adds for specific hardware were replaced by equivalent ones: com.microsoft.BiasAdd (2).",
    );
    models.dispose();
  });

  it("are replaced inside branches as well", async () => {
    const inner = (nodes: readonly Node[], output: string): Attribute => ({
      type: "graph",
      value: {
        name: "g",
        doc: "",
        nodes,
        inputs: [],
        outputs: [{ name: output, type: { kind: "unknown" } }],
        initializers: [],
        sparseInitializers: [],
        valueInfo: [],
      },
    });
    const model = await open({
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [weight("b", [2], [1, 2]), weight("s", [1, 2], [0, 0]), weight("yes", [], [1], "bool")],
      nodes: [
        node("If", ["yes"], ["y"], {
          then_branch: inner([node("BiasAdd", ["x", "b", "s"], ["t"], {}, "com.microsoft")], "t"),
          else_branch: inner([node("Identity", ["x"], ["e"])], "e"),
        }),
      ],
    });
    const feeds: Feeds = { x: { dataType: "float32", dims: [1, 2], data: Float32Array.of(3, 4) } };
    expect([...floatsOf((await model.forward(feeds, ["y"])).get("y")!)]).toEqual([4, 6]);
    await model.release();
  });
});

/**
 * Weights [O, I, H, W] as ONNX Runtime lays them in blocks: the outputs, and with `both` the inputs too, `block` side
 * by side, filled up with zeros.
 */
function blockedWeights(
  name: string,
  [outputs, inputs, height, width]: readonly number[],
  values: readonly number[],
  block: number,
  both: boolean,
): TensorRef {
  const up = (size: number): number => Math.ceil(size / block) * block;
  const [allOutputs, allInputs] = [up(outputs), both ? up(inputs) : inputs];
  const laid: number[] = [];
  for (let ob = 0; ob < allOutputs; ob += block)
    for (let ib = 0; ib < allInputs; ib += both ? block : 1)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          for (let i = ib; i < ib + (both ? block : 1); i++)
            for (let o = ob; o < ob + block; o++)
              laid.push(o < outputs && i < inputs ? values[((o * inputs + i) * height + y) * width + x] : 0);
        }
  return weight(name, [allOutputs, allInputs, height, width], laid);
}

const waves = (size: number, seed: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.sin(seed + 1.3 * index) * 0.4);

/**
 * A network with every operator of the blocked layout, and the same one as usual. `channels` is filled up to whole
 * blocks.
 */
function networks(block: number, channels: number): { blocked: SmallModel; plain: SmallModel } {
  const B = "com.microsoft.nchwc";
  const [first, depthwise, both] = [waves(channels * 2 * 9, 1), waves(channels * 9, 2), waves(channels * channels, 3)];
  const biases = waves(channels, 4);
  const all = Math.ceil(channels / block) * block;
  const inputs = { x: ["float32", 1, 2, 6, 6] as const };
  const head = [node("Add", ["p", "q"], ["y"])];
  const blocked: SmallModel = {
    inputs,
    outputs: ["y"],
    weights: [
      blockedWeights("w1", [channels, 2, 3, 3], first, block, false),
      weight("b1", [all], [...biases, ...new Array<number>(all - channels).fill(0)]),
      blockedWeights("w2", [channels, 1, 3, 3], depthwise, block, false),
      blockedWeights("w3", [channels, channels, 1, 1], both, block, true),
    ],
    nodes: [
      node(
        "Conv",
        ["x", "w1", "b1"],
        ["a"],
        {
          pads: ints(1, 1, 1, 1),
          activation: { type: "string", value: "LeakyRelu" },
          activation_params: { type: "floats", value: [0.2] },
        },
        B,
      ),
      node("Conv", ["a", "w2"], ["c"], { pads: ints(1, 1, 1, 1), group: int(all) }, B),
      node("Conv", ["c", "w3", "", "a"], ["d"], { activation: { type: "string", value: "Relu" } }, B),
      node("MaxPool", ["d"], ["m"], { kernel_shape: ints(2, 2), strides: ints(2, 2) }, B),
      node("Upsample", ["m"], ["u"], { scales: ints(1, 1, 2, 2), mode: { type: "string", value: "nearest" } }, B),
      node("Add", ["u", "d"], ["s"]),
      node("ReorderOutput", ["s"], ["o"], { channels: int(channels), channels_last: int(1) }, B),
      node("Tanh", ["o"], ["t"]),
      node("ReorderInput", ["t"], ["r"], { channels_last: int(1) }, B),
      node("AveragePool", ["r"], ["v"], { kernel_shape: ints(2, 2) }, B),
      node("GlobalAveragePool", ["v"], ["g"], {}, B),
      node("ReorderOutput", ["g"], ["p"], { channels: int(channels) }, B),
      node("GlobalMaxPool", ["v"], ["h"], {}, B),
      node("ReorderOutput", ["h"], ["q"], { channels: int(channels) }, B),
      ...head,
    ],
  };
  const plain: SmallModel = {
    inputs,
    outputs: ["y"],
    weights: [
      weight("w1", [channels, 2, 3, 3], first),
      weight("b1", [channels], biases),
      weight("w2", [channels, 1, 3, 3], depthwise),
      weight("w3", [channels, channels, 1, 1], both),
      weight("scales", [4], [1, 1, 2, 2]),
    ],
    nodes: [
      node("Conv", ["x", "w1", "b1"], ["k"], { pads: ints(1, 1, 1, 1) }),
      node("LeakyRelu", ["k"], ["a"], { alpha: float(0.2) }),
      node("Conv", ["a", "w2"], ["c"], { pads: ints(1, 1, 1, 1), group: int(channels) }),
      node("Conv", ["c", "w3"], ["e"]),
      node("Add", ["e", "a"], ["f"]),
      node("Relu", ["f"], ["d"]),
      node("MaxPool", ["d"], ["m"], { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
      node("Resize", ["m", "", "scales"], ["u"], {
        mode: { type: "string", value: "nearest" },
        coordinate_transformation_mode: { type: "string", value: "asymmetric" },
        nearest_mode: { type: "string", value: "floor" },
      }),
      node("Add", ["u", "d"], ["s"]),
      node("Tanh", ["s"], ["t"]),
      node("AveragePool", ["t"], ["v"], { kernel_shape: ints(2, 2) }),
      node("GlobalAveragePool", ["v"], ["p"]),
      node("GlobalMaxPool", ["v"], ["q"]),
      ...head,
    ],
  };
  return { blocked, plain };
}

/** How many channels ONNX Runtime lays side by side here. */
async function blockHere(): Promise<number> {
  const model = writeSmallModel(folder, "probe.onnx", {
    domains: DOMAINS,
    inputs: { x: ["float32", 1, 4, 1, 1] },
    outputs: ["n"],
    nodes: [node("ReorderInput", ["x"], ["y"], {}, "com.microsoft.nchwc"), node("Shape", ["y"], ["n"])],
  });
  const { createSession } = await import("../../runtime/ort.ts");
  const file = await openModel(model);
  const session = await createSession({ ...file.model, graph: file.model.graph }, file, {});
  const dims = (await session.run({ x: { dataType: "float32", dims: [1, 4, 1, 1], data: new Float32Array(4) } })).get(
    "n",
  )!;
  await session.release();
  return Number((dims.data as BigInt64Array)[1]);
}

describe("what ONNX Runtime lays in blocks at its highest level of optimization lies as usual", () => {
  it.each([
    ["blocks of this machine", undefined, 28],
    ["whole blocks of this machine", undefined, 32],
    ["blocks of eight, made on another machine", 8, 20],
  ] as const)("%s", async (_, size, channels) => {
    const { blocked, plain } = networks(size ?? (await blockHere()), channels);
    const feeds: Feeds = { x: { dataType: "float32", dims: [1, 2, 6, 6], data: Float32Array.from(waves(72, 9)) } };
    const seed = Float32Array.from(waves(channels, 11));
    const [ours, usual] = await Promise.all(
      [blocked, plain].map(async (small) => {
        const model = await open(small);
        const { gradients, values } = await model.gradients(feeds, { of: "y", seed, wrt: ["x"], fetch: ["y", "t"] });
        await model.release();
        return {
          gradient: [...floatsOf(gradients.get("x")!)],
          y: [...floatsOf(values.get("y")!)],
          dataType: values.get("y")!.dataType satisfies DataType,
        };
      }),
    );
    expectNear(ours.y, usual.y);
    expectNear(ours.gradient, usual.gradient);
  });
});
