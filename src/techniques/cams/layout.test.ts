import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { channelsFirst, findLayouts, isSpatial, spatialSize, type Layout } from "../../runtime/layout.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { channelView } from "../framework/channels.ts";
import { loadArchitectures } from "../../../test/reference/architectures/load.ts";
import { materialise } from "../../../test/reference/architectures/materialise.ts";
import { node, weight, writeSmallModel, type SmallModel } from "../../../test/support/models.ts";

let scratch = "";
const models = new ModelCache();
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "loupe-layouts-"));
});
afterAll(() => {
  models.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

/** Layouts of a model's values, with their shapes. */
async function layoutsIn(path: string, dims: readonly number[], data: Float32Array) {
  const model = await models.get(path);
  const input = model.description.inputs[0].name;
  const { graph, trace } = await model.traced({ [input]: { dataType: "float32", dims, data } });
  const layouts = findLayouts(graph.nodes, trace.dims, new Map([[input, channelsFirst(dims.length)!]]), (value) =>
    trace.known.get(value),
  );
  const seen = (value: string): { dims: readonly number[]; layout?: Layout; size?: number[] } => {
    const shape = trace.dims.get(value)!;
    const layout = layouts.get(value);
    return {
      dims: shape,
      ...(layout ? { layout } : {}),
      ...(isSpatial(layout, shape) ? { size: spatialSize(layout, shape) } : {}),
    };
  };
  return { graph, seen };
}

const shaped = (name: string, dims: readonly number[]) => weight(name, [dims.length], dims, "int64");

async function small(name: string, nodes: SmallModel["nodes"], weights: NonNullable<SmallModel["weights"]>) {
  const path = writeSmallModel(scratch, name, {
    inputs: { x: ["float32", 1, 3, 8, 12] },
    outputs: [nodes[nodes.length - 1].outputs[0]],
    nodes,
    weights,
  });
  return (await layoutsIn(path, [1, 3, 8, 12], new Float32Array(288))).seen;
}

/** A patch embedding of 2×2 pixels: [1, 5, 4, 6] -> [1, 24, 5]. */
const patches = [
  node("Conv", ["x", "w"], ["c"], { strides: { type: "ints", value: [2, 2] } }),
  node("Reshape", ["c", "flat"], ["f"]),
  node("Transpose", ["f"], ["t"], { perm: { type: "ints", value: [0, 2, 1] } }),
];
const patchWeights = [weight("w", [5, 3, 2, 2], new Float32Array(60)), shaped("flat", [1, 5, 24])];

describe("the tokens of vision transformers are put back into their grid", () => {
  const networks: Readonly<Record<string, number>> = { "vision-transformer": 1, deit: 2, "vit-registers": 5 };
  it.each(loadArchitectures().filter(({ network }) => Object.hasOwn(networks, network)))(
    "$name: 16 tokens as 4×4, the others apart",
    async ({ name, network, input }) => {
      const { graph, seen } = await layoutsIn(await materialise(name, scratch), input.dims, input.data);
      const before = networks[network];
      const norms = graph.nodes
        .filter(({ opType }) => opType === "LayerNormalization")
        .map(({ outputs }) => seen(outputs[0]))
        .filter(({ dims }) => dims.length === 3);
      expect(norms.length).toBeGreaterThanOrEqual(4);
      for (const { dims, layout, size } of norms) {
        expect(dims).toEqual([1, 16 + before, 32]);
        expect(layout).toEqual({ channel: 2, spatial: [1], tokens: { grid: [4, 4], before, after: 0 } });
        expect(size).toEqual([4, 4]);
      }
      // What attention works on has the channels in heads, and its weights have no channels.
      for (const one of graph.nodes.filter(({ opType }) => opType === "Softmax"))
        expect(seen(one.outputs[0]).size).toBeUndefined();
    },
  );

  it.each(loadArchitectures().filter(({ network }) => network === "swin"))(
    "$name: windows are no maps, what they are put together to is",
    async ({ name, input }) => {
      const { graph, seen } = await layoutsIn(await materialise(name, scratch), input.dims, input.data);
      const norms = graph.nodes
        .filter(({ opType }) => opType === "LayerNormalization")
        .map(({ outputs }) => seen(outputs[0]));
      const places = norms.map(({ size }) => size?.join("×"));
      // The embedding's, two per block, the merging's, and the last: 16×16 before neighbours are merged, 8×8 after.
      expect(places).toEqual([...Array.from({ length: 5 }, () => "16×16"), ...Array.from({ length: 6 }, () => "8×8")]);
      expect(new Set(norms.map(({ dims }) => dims.length))).toEqual(new Set([3, 4]));
      const products = graph.nodes.filter(({ opType }) => opType === "MatMul").map(({ outputs }) => seen(outputs[0]));
      expect(products.some(({ dims }) => dims.length === 3 && dims[0] > 1)).toBe(true);
      for (const { dims, size } of products) if (dims[0] > 1) expect(size).toBeUndefined();
    },
  );

  it("tokens may come at the end, be cut off, and be taken out one by one", async () => {
    const seen = await small(
      "registers.onnx",
      [
        ...patches,
        node("Concat", ["k", "t", "r"], ["all"], { axis: { type: "int", value: 1 } }),
        node("Slice", ["all", "one", "last", "axis"], ["cut"]),
        node("Slice", ["all", "one", "middle", "axis"], ["half"]),
        node("Gather", ["all", "zero"], ["class"], { axis: { type: "int", value: 1 } }),
        node("Split", ["all", "sizes"], ["a", "b"], { axis: { type: "int", value: 1 } }),
        node("Concat", ["cut", "b"], ["y"], { axis: { type: "int", value: 1 } }),
      ],
      [
        ...patchWeights,
        weight("k", [1, 1, 5], new Float32Array(5)),
        weight("r", [1, 3, 5], new Float32Array(15)),
        weight("one", [1], [1], "int64"),
        weight("last", [1], [-2], "int64"),
        weight("middle", [1], [14], "int64"),
        weight("axis", [1], [1], "int64"),
        weight("zero", [], [0], "int64"),
        weight("sizes", [2], [1, 27], "int64"),
      ],
    );
    expect(seen("all").layout).toEqual({ channel: 2, spatial: [1], tokens: { grid: [4, 6], before: 1, after: 3 } });
    expect(seen("cut").layout?.tokens).toEqual({ grid: [4, 6], before: 0, after: 1 });
    expect(seen("b").layout?.tokens).toEqual({ grid: [4, 6], before: 0, after: 3 });
    for (const value of ["half", "class", "a", "y"]) expect(seen(value).size, value).toBeUndefined();
  });

  it("neighbours merged into channels make a coarser grid, whether they lie as a map or as tokens", async () => {
    const every = (from: string, to: string, starts: string) =>
      node("Slice", [from, starts, "ends", "both", "twos"], [to]);
    const seen = await small(
      "merging.onnx",
      [
        ...patches,
        node("Reshape", ["t", "map"], ["m"]),
        every("m", "m0", "s00"),
        every("m", "m1", "s10"),
        every("m", "m2", "s01"),
        every("m", "m3", "s11"),
        node("Concat", ["m0", "m1", "m2", "m3"], ["four"], { axis: { type: "int", value: -1 } }),
        node("Reshape", ["four", "six"], ["tokens"]),
        node("MatMul", ["tokens", "d"], ["y"]),
      ],
      [
        ...patchWeights,
        shaped("map", [1, 4, 6, 5]),
        shaped("six", [1, 6, 20]),
        weight("d", [20, 10], new Float32Array(200)),
        weight("ends", [2], [4, 6], "int64"),
        weight("both", [2], [1, 2], "int64"),
        weight("twos", [2], [2, 2], "int64"),
        weight("s00", [2], [0, 0], "int64"),
        weight("s10", [2], [1, 0], "int64"),
        weight("s01", [2], [0, 1], "int64"),
        weight("s11", [2], [1, 1], "int64"),
      ],
    );
    expect(seen("m")).toEqual({ dims: [1, 4, 6, 5], layout: { channel: 3, spatial: [1, 2] }, size: [4, 6] });
    expect(seen("four").size).toEqual([2, 3]);
    expect(seen("y")).toEqual({
      dims: [1, 6, 10],
      layout: { channel: 2, spatial: [1], tokens: { grid: [2, 3], before: 0, after: 0 } },
      size: [2, 3],
    });
  });

  it("channels laid between places make a finer map; a map flattened with its channels, or mixed by weights, is none", async () => {
    const seen = await small(
      "shuffle.onnx",
      [
        node("Conv", ["x", "w"], ["c"], { strides: { type: "ints", value: [2, 2] } }),
        node("Concat", ["c", "c", "c", "c"], ["cc"], { axis: { type: "int", value: 1 } }),
        node("Reshape", ["cc", "apart"], ["a"]),
        node("Transpose", ["a"], ["b"], { perm: { type: "ints", value: [0, 1, 4, 2, 5, 3] } }),
        node("Reshape", ["b", "fine"], ["f"]),
        node("Flatten", ["c"], ["flat"]),
        node("Reshape", ["c", "lines"], ["l"]),
        node("MatMul", ["l", "mix"], ["mixed"]),
        node("Identity", ["f"], ["y"]),
      ],
      [
        weight("w", [5, 3, 2, 2], new Float32Array(60)),
        shaped("apart", [1, 5, 2, 2, 4, 6]),
        shaped("fine", [1, 5, 8, 12]),
        shaped("lines", [1, 5, 24]),
        weight("mix", [24, 24], new Float32Array(576)),
      ],
    );
    expect(seen("f").size).toEqual([8, 12]);
    expect(seen("l").size).toEqual([4, 6]);
    for (const value of ["flat", "mixed"]) expect(seen(value).size, value).toBeUndefined();
  });

  it("fused operators of optimised transformers pass tokens on", () => {
    const dims = new Map<string, readonly number[]>([
      ["x", [1, 3, 8, 12]],
      ["c", [1, 5, 4, 6]],
      ["f", [1, 5, 24]],
      ["t", [1, 24, 5]],
      ["all", [1, 25, 5]],
      ["k", [1, 1, 5]],
      ["a", [1, 25, 8]],
      ["p", [1, 25, 5]],
      ["s", [1, 25, 5]],
      ["g", [1, 25, 5]],
    ]);
    const fused = (opType: string, inputs: readonly string[], output: string) =>
      node(opType, inputs, [output], {}, "com.microsoft");
    const layouts = findLayouts(
      [
        ...patches,
        node("Concat", ["k", "t"], ["all"], { axis: { type: "int", value: 1 } }),
        fused("Attention", ["all", "weights", "bias"], "a"),
        fused("FusedMatMul", ["a", "d"], "p"),
        fused("SkipLayerNormalization", ["p", "all", "gain"], "s"),
        fused("BiasGelu", ["s", "b"], "g"),
      ],
      dims,
      new Map([["x", channelsFirst(4)!]]),
    );
    for (const value of ["a", "p", "s", "g"])
      expect(layouts.get(value), value).toEqual({
        channel: 2,
        spatial: [1],
        tokens: { grid: [4, 6], before: 1, after: 0 },
      });
  });

  it("a view of tokens has the grid's places, row by row, and leaves the others out", () => {
    const values = Float32Array.from({ length: 8 * 2 }, (_, i) => i);
    const view = channelView(values, [1, 8, 2], {
      channel: 2,
      spatial: [1],
      tokens: { grid: [2, 3], before: 1, after: 1 },
    });
    expect(view.size).toEqual([2, 3]);
    expect(Array.from(view.values)).toEqual([2, 4, 6, 8, 10, 12, 3, 5, 7, 9, 11, 13]);
  });
});
