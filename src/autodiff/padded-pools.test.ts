// Pads in front of pools and convolutions: ONNX Runtime (1.30) makes some of them part of what follows, with another
// number in the padding.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportExplanation } from "../export/explanation.ts";
import type { Graph, Node } from "../model/graph.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { floatsOf, openSession } from "../runtime/ort.ts";
import { faultyOptimizers } from "../runtime/runnable.ts";
import { int, ints, node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

const models = new ModelCache({ maxModels: 4 });
let folder = "";
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-padded-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * One row and one column of padding behind [[-1, -2], [-3, -4]], as every pool here meets it with a kernel of 2 and a
 * stride of 1.
 */
const X = [-1, -2, -3, -4];
const text = (value: string) => ({ type: "string", value }) as const;
const KERNEL = { kernel_shape: ints(2, 2) };
const WEIGHTS = [
  weight("pads", [8], [0, 0, 0, 0, 0, 0, 1, 1], "int64"),
  weight("half", [], [0.5]),
  weight("lowest", [], [-Infinity]),
  weight("one", [1, 1, 2, 2], [1, 1, 1, 1]),
];

const FEEDS = { x: { dataType: "float32" as const, dims: [1, 1, 2, 2], data: Float32Array.from(X) } };

interface Padded {
  readonly of: string;
  readonly nodes: readonly Node[];
  readonly y: readonly number[];
}

/** By hand. */
const CASES: readonly Padded[] = [
  {
    of: "MaxPool behind zeros",
    nodes: [node("Pad", ["x", "pads"], ["p"]), node("MaxPool", ["p"], ["m"], KERNEL)],
    y: [-1, 0, 0, 0],
  },
  {
    of: "MaxPool behind zeros and an Identity",
    nodes: [node("Pad", ["x", "pads"], ["i"]), node("Identity", ["i"], ["p"]), node("MaxPool", ["p"], ["m"], KERNEL)],
    y: [-1, 0, 0, 0],
  },
  {
    of: "MaxPool of a larger stride behind zeros",
    nodes: [
      node("Pad", ["x", "pads"], ["p"]),
      node("MaxPool", ["p"], ["m"], { ...KERNEL, strides: ints(2, 2), ceil_mode: int(1) }),
    ],
    y: [-1, 0, 0, 0],
  },
  {
    of: "MaxPool behind halves",
    nodes: [node("Pad", ["x", "pads", "half"], ["p"]), node("MaxPool", ["p"], ["m"], KERNEL)],
    y: [-1, 0.5, 0.5, 0.5],
  },
  {
    of: "MaxPool behind -∞",
    nodes: [node("Pad", ["x", "pads", "lowest"], ["p"]), node("MaxPool", ["p"], ["m"], KERNEL)],
    y: [-1, -2, -3, -4],
  },
  {
    of: "MaxPool behind edges",
    nodes: [node("Pad", ["x", "pads"], ["p"], { mode: text("edge") }), node("MaxPool", ["p"], ["m"], KERNEL)],
    y: [-1, -2, -3, -4],
  },
  {
    of: "MaxPool behind reflections",
    nodes: [node("Pad", ["x", "pads"], ["p"], { mode: text("reflect") }), node("MaxPool", ["p"], ["m"], KERNEL)],
    y: [-1, -1, -1, -1],
  },
  // Its own padding and the Pad's are as wide as its kernel.
  {
    of: "MaxPool with its own padding behind zeros",
    y: [-1, -1, 0, -1, -1, 0, 0, 0, 0],
    nodes: [node("Pad", ["x", "pads"], ["p"]), node("MaxPool", ["p"], ["m"], { ...KERNEL, pads: ints(1, 1, 0, 0) })],
  },
  {
    of: "MaxPool with its own padding at the Pad's end",
    y: [-1, 0, 0, 0, 0, 0, 0, 0, 0],
    nodes: [node("Pad", ["x", "pads"], ["p"]), node("MaxPool", ["p"], ["m"], { ...KERNEL, pads: ints(0, 0, 1, 1) })],
  },
  {
    of: "AveragePool behind zeros",
    nodes: [node("Pad", ["x", "pads"], ["p"]), node("AveragePool", ["p"], ["m"], KERNEL)],
    y: [-2.5, -1.5, -1.75, -1],
  },
  {
    of: "AveragePool behind halves",
    nodes: [node("Pad", ["x", "pads", "half"], ["p"]), node("AveragePool", ["p"], ["m"], KERNEL)],
    y: [-2.5, -1.25, -1.5, -0.625],
  },
  {
    of: "AveragePool that counts its own padding at the Pad's end",
    y: [-2.5, -1.5, 0, -1.75, -1, 0, 0, 0, 0],
    nodes: [
      node("Pad", ["x", "pads"], ["p"]),
      node("AveragePool", ["p"], ["m"], { ...KERNEL, pads: ints(0, 0, 1, 1), count_include_pad: int(1) }),
    ],
  },
  {
    of: "Conv behind zeros",
    nodes: [node("Pad", ["x", "pads"], ["p"]), node("Conv", ["p", "one"], ["m"])],
    y: [-10, -6, -7, -4],
  },
  {
    of: "Conv behind halves",
    nodes: [node("Pad", ["x", "pads", "half"], ["p"]), node("Conv", ["p", "one"], ["m"])],
    y: [-10, -5, -6, -2.5],
  },
];

function written(nodes: readonly Node[]): { model: string; input: string } {
  const name = `padded-${count++}`;
  const all = [...nodes, node("Flatten", ["m"], ["y"])];
  const weights = WEIGHTS.filter((one) => all.some(({ inputs }) => inputs.includes(one.name)));
  return {
    model: writeSmallModel(folder, `${name}.onnx`, {
      inputs: { x: ["float32", 1, 1, 2, 2] },
      outputs: ["y"],
      nodes: all,
      weights,
    }),
    input: writeArray(folder, `${name}.npy`, [1, 1, 2, 2], X),
  };
}

describe.each(CASES)("$of", ({ nodes, y }) => {
  it("is what the model gives", async () => {
    const { model } = written(nodes);
    const values = await (await models.get(model)).forward(FEEDS, ["y"]);
    expect([...floatsOf(values.get("y")!)]).toEqual(y);
  });

  it("is what its derivative goes with", async () => {
    const { model, input } = written(nodes);
    // Piecewise linear, so y(x + step) − y(x) is ∂y/∂x · step; among values of which a window has several alike, all
    // are the same input's.
    const step = [0.125, -0.125, 0.0625, 0.25].map((value) => value / 4);
    const moved = { x: { ...FEEDS.x, data: Float32Array.from(X, (value, i) => value + step[i]) } };
    const after = floatsOf((await (await models.get(model)).forward(moved, ["y"])).get("y")!);
    for (const [target, before] of y.entries()) {
      const {
        arrays: [raw],
      } = await runOn(models, model, input, "saliency", {
        target: { index: [target] },
        params: { absolute: false, score: "output" },
      });
      expect(raw.values.reduce((sum, slope, i) => sum + slope * step[i], 0)).toBeCloseTo(after[target] - before, 5);
    }
  });
});

it("leaves other models' optimizers alone, and looks into branches", () => {
  const graph = (...nodes: Node[]): Graph => ({
    name: "g",
    nodes,
    inputs: [],
    outputs: [],
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
  });
  const [pad, pool, conv] = [
    node("Pad", ["x", "pads"], ["p"]),
    node("MaxPool", ["p"], ["m"], KERNEL),
    node("Conv", ["p", "one"], ["c"]),
  ];
  expect(faultyOptimizers(graph(pad, conv))).toEqual([]);
  expect(faultyOptimizers(graph(pool))).toEqual([]);
  expect(
    faultyOptimizers(
      graph(
        node("If", ["b"], ["z"], {
          then_branch: { type: "graph", value: graph(pad, pool) },
          else_branch: { type: "graph", value: graph() },
        }),
      ),
    ),
  ).toEqual(["Pad_Fusion"]);
});

it("stays so in an exported explanation, as anybody's ONNX Runtime runs it", async () => {
  const nodes = [
    node("Pad", ["x", "pads"], ["p"]),
    node("MaxPool", ["p"], ["h"], KERNEL),
    node("Conv", ["h", "one"], ["m"], { pads: ints(0, 0, 1, 1) }),
  ];
  const { model, input } = written(nodes);
  const out = join(folder, "exported.onnx");
  await exportExplanation(
    {
      job: {
        technique: "grad-cam",
        model,
        source: { kind: "sample", inputs: { "": input } },
        recipe: { version: 1, inputs: {} },
        params: {},
        layer: "h",
        target: { index: [0] },
      },
      out,
      weights: "included",
      target: "required",
    },
    { models, progress: () => undefined, signal: new AbortController().signal },
  );
  const session = await openSession(out);
  const values = await session
    .run({ ...FEEDS, target: { dataType: "int64", dims: [1], data: BigInt64Array.of(0n) } })
    .finally(() => session.release());
  // h is -1, 0, 0, 0; the convolution adds it up.
  expect([...floatsOf(values.get("y")!)]).toEqual([-1, 0, 0, 0]);
});
