import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dims } from "../../src/autodiff/builder.ts";
import type { Graph, Node, TensorRef } from "../../src/model/graph.ts";
import { int64List, scalar, tensorFromArray } from "../../src/model/tensor.ts";
import { openModel, writeModel } from "../../src/model/onnx/index.ts";
import { LoadedModel } from "../../src/runtime/models.ts";
import { floatsOf, type TensorValue } from "../../src/runtime/ort.ts";

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "loupe-lengths-")); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const float32 = (dims: Dims, values: ArrayLike<number>): TensorValue => ({ dataType: "float32", dims, data: Float32Array.from(values) });
const int = (value: number): Node["attributes"][string] => ({ type: "int", value });
const ints = (...value: number[]): Node["attributes"][string] => ({ type: "ints", value });
const node = (opType: string, inputs: string[], outputs: string[], attributes: Node["attributes"] = {}): Node => ({ name: `/${outputs[0]}/${opType}`, opType, domain: "", inputs, outputs, attributes });
const value = (name: string, dims: number[]): Graph["inputs"][number] => ({ name, type: { kind: "tensor", dataType: "float32", dims } });

async function load(dims: number[], nodes: Node[], initializers: TensorRef[]): Promise<LoadedModel> {
  const bytesOf = (tensor: TensorRef): Uint8Array => (tensor.storage.kind === "bytes" ? tensor.storage.bytes : new Uint8Array());
  const graph: Graph = { name: "g", inputs: [value("x", dims)], outputs: [value("y", [1])], nodes, initializers, sparseInitializers: [], valueInfo: [] };
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
  node("Greater", ["area", "limit"], ["large"]), node("NonZero", ["large"], ["nonzero"]), node("Squeeze", ["nonzero", "first"], ["chosen"]),
  node("Gather", ["rois", "chosen"], ["regions"]), node("Gather", ["images", "chosen"], ["of"]),
];
const regions = [tensorFromArray("rois", "float32", [2, 4], [0, 0, 4, 4, 1, 1, 6, 6]), tensorFromArray("area", "float32", [2], [16, 25]), int64List("images", [0, 0]), int64List("first", [0]), int64List("one", [1])];
const limit = (size: number): TensorRef => scalar("limit", "float32", size);
const align = (from: string, images: string, to: string): Node => node("RoiAlign", ["x", from, images], [to], { output_height: int(2), output_width: int(2), sampling_ratio: int(2) });
const total = (from: string): Node[] => [node("ReduceSum", [from], ["sum"], { keepdims: int(0) }), node("Reshape", ["sum", "one"], ["y"])];
const picture = float32([1, 1, 8, 8], Array.from({ length: 64 }, (_, i) => Math.sin(i)));

describe("values without elements", () => {
  it("a pyramid level without regions adds nothing to the gradient of the other", async () => {
    const both = await load([1, 1, 8, 8], [...level, align("regions", "of", "none"), align("rois", "images", "all"), node("Concat", ["none", "all"], ["joined"], { axis: int(0) }), ...total("joined")], [...regions, limit(100)]);
    const alone = await load([1, 1, 8, 8], [align("rois", "images", "all"), ...total("all")], regions.filter(({ name }) => name !== "area" && name !== "first"));
    const found = await gradient(both, picture);
    expect(found).toEqual(await gradient(alone, picture));
    // Each bin is a mean of points inside the picture, and so the gradient's sum is the number of bins: 2 regions of 2×2.
    expect(found!.reduce((sum, one) => sum + one, 0)).toBeCloseTo(8, 5);
    await both.release();
    await alone.release();
  });

  it.each<[string, Node[], TensorRef[]]>([
    ["regions", [align("regions", "of", "taken")], []],
    ["a convolution and a pool of them", [align("regions", "of", "bins"), node("Conv", ["bins", "kernel"], ["conv"]), node("MaxPool", ["conv"], ["taken"], { kernel_shape: ints(1, 1) })], [tensorFromArray("kernel", "float32", [1, 1, 2, 2], [1, 2, 3, 4])]],
    ["a dense layer and a softmax of them", [align("regions", "of", "bins"), node("Flatten", ["bins"], ["flat"]), node("MatMul", ["flat", "w"], ["dense"]), node("Softmax", ["dense"], ["taken"])], [tensorFromArray("w", "float32", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])]],
  ])("where the score hangs on nothing but %s, of which there are none, its gradient is zero", async (_, nodes, weights) => {
    const model = await load([1, 1, 8, 8], [...level, ...nodes, ...total("taken")], [...regions, limit(100), ...weights]);
    expect(await gradient(model, picture)).toEqual(Array(64).fill(0));
    await model.release();
  });
});
