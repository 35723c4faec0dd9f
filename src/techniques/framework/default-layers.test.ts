import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../../model/graph.ts";
import { inputLayout } from "../../runtime/input-layout.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
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

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-layers-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const numbers = (count: number, shift = 0): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(i * 1.7 + shift) / 2 + 0.1);
const array = (name: string, dims: number[], type: "float32" | "int64" = "float32"): string =>
  writeArray(
    folder,
    `${name}.npy`,
    dims,
    numbers(
      dims.reduce((a, b) => a * b, 1),
      name.length,
    ),
    type,
  );

let made = 0;
const write = (model: Omit<SmallModel, "outputs"> & { outputs?: readonly string[] }): string =>
  writeSmallModel(folder, `m${made++}.onnx`, { opset: 13, outputs: ["y"], ...model });
async function pickedBy(
  path: string,
  inputs: Readonly<Record<string, string>>,
  more: Parameters<typeof runOn>[4] = {},
  technique = "grad-cam",
): Promise<string | undefined> {
  return (await runOn(models, path, inputs, technique, more)).notes
    .find((note) => note.startsWith("Layer chosen automatically: "))
    ?.slice("Layer chosen automatically: ".length);
}

/**
 * A convolution, a recurrent layer over its steps that begins at the state given, and one score: a voice activity
 * detector. "state" [2, 1, 4] is h and c.
 */
function detector(): string {
  return write({
    inputs: { input: ["float32", 1, 2, 6], state: ["float32", 2, 1, 4] },
    outputs: ["y", "stateN"],
    nodes: [
      node("Conv", ["input", "k"], ["conv"], { pads: ints(1, 1) }),
      node("Relu", ["conv"], ["features"]),
      node("Transpose", ["features"], ["steps"], { perm: ints(2, 0, 1) }),
      node("Gather", ["state", "zero"], ["h0"], { axis: int(0) }),
      node("Gather", ["state", "one"], ["c0"], { axis: int(0) }),
      node("Unsqueeze", ["h0", "first"], ["h"]),
      node("Unsqueeze", ["c0", "first"], ["c"]),
      node("LSTM", ["steps", "W", "R", "", "", "h", "c"], ["", "hn", "cn"], { hidden_size: int(4) }),
      node("Concat", ["hn", "cn"], ["stateN"], { axis: int(0) }),
      node("Squeeze", ["hn", "first"], ["last"]),
      node("MatMul", ["last", "v"], ["s"]),
      node("Sigmoid", ["s"], ["y"]),
    ],
    weights: [
      weight("k", [3, 2, 3], numbers(18)),
      weight("W", [1, 16, 3], numbers(48)),
      weight("R", [1, 16, 4], numbers(64)),
      weight("v", [4, 1], numbers(4)),
      weight("zero", [], [0], "int64"),
      weight("one", [], [1], "int64"),
      weight("first", [1], [0], "int64"),
    ],
  });
}

describe("the layer that maps take by themselves has places", () => {
  it("a recurrent state has none: maps lie over the signal, at the steps before the recurrent layer", async () => {
    const inputs = { input: array("input", [1, 2, 6]), state: array("state", [2, 1, 4]) };
    expect(await pickedBy(detector(), inputs)).toBe("steps [6×1×3], the last with steps that the target depends on.");
    const { notes } = await runOn(models, detector(), inputs, "grad-cam");
    expect(notes.join(" ")).toContain('"state" (the map belongs to "input")');
    expect(await pickedBy(detector(), inputs, {}, "feature-maps")).toBe(
      "features [1×3×6], the first convolution, after its activation.",
    );
  });

  it.each(["hidden", "h", "past_key_values.0.key", "cache_k"])(
    "an input named %s that comes back as an output is a state",
    async (name) => {
      const back = name.startsWith("past") ? "present.0.key" : `${name}_out`;
      const path = write({
        inputs: { x: ["float32", 1, 4], [name]: ["float32", 1, 2, 4] },
        outputs: ["y", back],
        nodes: [
          node("ReduceMean", [name], ["m"], { axes: ints(1), keepdims: int(0) }),
          node("Add", ["x", "m"], ["s"]),
          node("Tanh", ["s"], ["y"]),
          node("Identity", [name], [back]),
        ],
      });
      const { model } = await models.get(path);
      // The writer leaves the types of outputs out; ranks are what a file says.
      const graph = {
        ...model.graph,
        outputs: model.graph.outputs.map((output) => ({
          ...output,
          type: {
            kind: "tensor" as const,
            dataType: "float32" as const,
            dims: output.name === back ? [1, 2, 4] : [1, 4],
          },
        })),
      };
      expect(inputLayout(graph, name, [1, 2, 4]).layout).toBeUndefined();
    },
  );

  it("steps of features [N, T, C] are told from channels of places [N, C, L] by what takes them", async () => {
    const of = async (nodes: Node[], weights: SmallModel["weights"]): Promise<unknown> =>
      inputLayout(
        (await models.get(write({ inputs: { x: ["float32", 1, 5, 4] }, nodes, weights }))).model.graph,
        "x",
        [1, 5, 4],
      ).layout;
    const steps = { channel: 2, spatial: [1] };
    const channels = { channel: 1, spatial: [2] };
    expect(await of([node("MatMul", ["x", "w"], ["y"])], [weight("w", [4, 3], numbers(12))])).toEqual(steps);
    expect(await of([node("Conv", ["x", "w"], ["y"])], [weight("w", [3, 5, 1], numbers(15))])).toEqual(channels);
    expect(
      await of(
        [node("Transpose", ["x"], ["t"], { perm: ints(0, 2, 1) }), node("Conv", ["t", "w"], ["y"])],
        [weight("w", [3, 4, 1], numbers(12))],
      ),
    ).toEqual(steps);
    expect(
      await of(
        [node("Transpose", ["x"], ["t"], { perm: ints(0, 2, 1) }), node("MatMul", ["t", "w"], ["y"])],
        [weight("w", [5, 3], numbers(15))],
      ),
    ).toEqual(channels);
    expect(
      await of(
        [
          node("Transpose", ["x"], ["t"], { perm: ints(1, 0, 2) }),
          node("GRU", ["t", "W", "R"], ["y"], { hidden_size: int(2) }),
        ],
        [weight("W", [1, 6, 4], numbers(24)), weight("R", [1, 6, 2], numbers(12))],
      ),
    ).toEqual(steps);
    expect(
      await of([node("Flatten", ["x"], ["f"]), node("MatMul", ["f", "w"], ["y"])], [weight("w", [20, 3], numbers(60))]),
    ).toEqual(channels);
  });

  it("a decoder that looks at memory: the memory's steps, not its features nor the attention's weights", async () => {
    const path = write({
      inputs: { memory: ["float32", 1, 6, 4], query: ["float32", 1, 1, 4] },
      nodes: [
        node("Tanh", ["memory"], ["keys"]),
        node("Transpose", ["keys"], ["turned"], { perm: ints(0, 2, 1) }),
        node("MatMul", ["query", "turned"], ["products"]),
        node("Softmax", ["products"], ["weights"], { axis: int(-1) }),
        node("MatMul", ["weights", "keys"], ["context"]),
        node("Concat", ["query", "context"], ["both"], { axis: int(-1) }),
        node("MatMul", ["both", "w"], ["z"]),
        node("Tanh", ["z"], ["t"]),
        node("Squeeze", ["t", "first"], ["u"]),
        node("MatMul", ["u", "v"], ["y"]),
      ],
      weights: [weight("w", [8, 5], numbers(40)), weight("v", [5, 3], numbers(15)), weight("first", [1], [1], "int64")],
    });
    expect(await pickedBy(path, { memory: array("memory", [1, 6, 4]), query: array("query", [1, 1, 4]) })).toMatch(
      /^(turned|keys) .* the last with steps/,
    );
  });
});

/**
 * A detector as YOLO v8 has it: at two scales a box and a class branch, each of two convolutions; all cells one after
 * another [1, 4 + 2, 16 + 4].
 */
function yolo(): string {
  const branch = (scale: number, what: string, channels: number): Node[] => [
    node("Conv", [`f${scale}`, "k"], [`${what}${scale}.conv`]),
    node("Relu", [`${what}${scale}.conv`], [`${what}${scale}.features`]),
    node("Conv", [`${what}${scale}.features`, `k.${what}`], [`${what}${scale}`]),
    node("Reshape", [`${what}${scale}`, `flat${channels}`], [`${what}${scale}.cells`]),
  ];
  return write({
    inputs: { images: ["float32", 1, 3, 16, 16] },
    outputs: ["output0"],
    nodes: [
      node("Conv", ["images", "stem"], ["s"], { strides: ints(4, 4) }),
      node("Relu", ["s"], ["f0"]),
      node("MaxPool", ["f0"], ["f1"], { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
      ...branch(0, "class", 2),
      ...branch(0, "box", 4),
      ...branch(1, "class", 2),
      ...branch(1, "box", 4),
      node("Concat", ["class0.cells", "class1.cells"], ["classes"], { axis: int(2) }),
      node("Concat", ["box0.cells", "box1.cells"], ["boxes"], { axis: int(2) }),
      node("Sigmoid", ["classes"], ["scores"]),
      node("Concat", ["boxes", "scores"], ["output0"], { axis: int(1) }),
    ],
    weights: [
      weight("stem", [3, 3, 4, 4], numbers(144)),
      weight("k", [3, 3, 1, 1], numbers(9)),
      weight("k.class", [2, 3, 1, 1], numbers(6)),
      weight("k.box", [4, 3, 1, 1], numbers(12)),
      weight("flat2", [3], [1, 2, -1], "int64"),
      weight("flat4", [3], [1, 4, -1], "int64"),
    ],
  });
}

describe("of a detector's box the layer is in its own branch, at its own scale", () => {
  it.each([
    ["a class score of a small cell", [4, 5], "class0.features [1×3×4×4]"],
    ["a class score of a large cell", [5, 17], "class1.features [1×3×2×2]"],
    ["a coordinate", [0, 5], "box0.features [1×3×4×4]"],
    ["a coordinate of a large cell", [3, 19], "box1.features [1×3×2×2]"],
  ])("%s", async (_, index, layer) => {
    expect(await pickedBy(yolo(), { images: array("images", [1, 3, 16, 16]) }, { target: { index } })).toBe(
      `${layer}, the last with height and width that the target depends on.`,
    );
  });
});
