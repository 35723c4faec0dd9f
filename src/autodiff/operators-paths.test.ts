import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dims } from "./builder.ts";
import { NoGradientError } from "../model/errors.ts";
import type { Graph, Node, TensorRef } from "../model/graph.ts";
import { int64List, scalar, tensorFromArray } from "../model/tensor.ts";
import { writeModel } from "../model/formats/onnx/index.ts";
import { openModel } from "../model/open.ts";
import { LoadedModel } from "../runtime/models.ts";
import type { Feeds, TensorValue } from "../runtime/ort.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-paths-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const float32 = (dims: Dims, ...values: number[]): TensorValue => ({
  dataType: "float32",
  dims,
  data: Float32Array.from(values),
});
const node = (opType: string, inputs: string[], outputs: string[], attributes: Node["attributes"] = {}): Node => ({
  name: outputs[0],
  opType,
  domain: "",
  inputs,
  outputs,
  attributes,
});
const value = (name: string, dataType: "float32" | "int64" | "bool", dims: number[]): Graph["inputs"][number] => ({
  name,
  type: { kind: "tensor", dataType, dims },
});
const graph = (parts: Partial<Graph>): Graph => ({
  name: "g",
  inputs: [],
  outputs: [],
  nodes: [],
  initializers: [],
  sparseInitializers: [],
  valueInfo: [],
  ...parts,
});

async function load(main: Graph): Promise<LoadedModel> {
  const bytesOf = (tensor: TensorRef): Uint8Array =>
    tensor.storage.kind === "bytes" ? tensor.storage.bytes : new Uint8Array();
  const path = join(folder, "model.onnx");
  writeFileSync(
    path,
    writeModel({ irVersion: 8, opsets: { "": 17, "com.microsoft": 1 }, graph: main }, { bytesOf }, { external: false })
      .bytes,
  );
  return new LoadedModel(await openModel(path), 1);
}

async function gradient(model: LoadedModel, feeds: Feeds): Promise<number[]> {
  const { gradients } = await model.gradients(feeds, { of: "y", seed: new Float32Array([1]), wrt: ["x"] });
  return Array.from(gradients.get("x")!.data as Float32Array);
}

/** Multiplies by x as often as `count` says, or until the product passes 100. */
function powers(): Graph {
  const body = graph({
    inputs: [value("i", "int64", []), value("going", "bool", []), value("p", "float32", [1])],
    outputs: [value("on", "bool", []), value("next", "float32", [1])],
    initializers: [scalar("limit", "float32", 100)],
    nodes: [
      node("Mul", ["p", "x"], ["next"]),
      node("Less", ["next", "limit"], ["below"]),
      node("Squeeze", ["below", "first"], ["on"]),
    ],
  });
  return graph({
    inputs: [value("x", "float32", [1]), value("count", "int64", [])],
    outputs: [value("y", "float32", [1])],
    initializers: [scalar("true", "bool", 1), tensorFromArray("one", "float32", [1], [1]), int64List("first", [0])],
    nodes: [node("Loop", ["count", "true", "one"], ["y"], { body: { type: "graph", value: body } })],
  });
}

describe("loops are followed for as many steps as they ran", () => {
  it("d/dx xⁿ = n·xⁿ⁻¹, for each n and x anew, though nothing else changes", async () => {
    const model = await load(powers());
    const at = (x: number, n: bigint): Promise<number[]> =>
      gradient(model, { x: float32([1], x), count: { dataType: "int64", dims: [], data: BigInt64Array.of(n) } });
    expect(await at(1.5, 3n)).toEqual([3 * 1.5 ** 2]);
    expect(await at(1.5, 4n)).toEqual([4 * 1.5 ** 3]);
    // 4, 16, 64, 256: the fourth power stops it, whatever the count.
    expect(await at(4, 9n)).toEqual([4 * 4 ** 3]);
    expect(await at(2, 6n)).toEqual([6 * 2 ** 5]);
    await model.release();
  });

  it("a Scan from the back along another axis", async () => {
    // Over columns from the last to the first: s ← s·c + 1; y = s at the end, so y = ((0·x₂+1)·x₁+1)·x₀+1.
    const body = graph({
      inputs: [value("s", "float32", [1]), value("c", "float32", [1])],
      outputs: [value("t", "float32", [1]), value("kept", "float32", [1])],
      initializers: [tensorFromArray("unit", "float32", [1], [1])],
      nodes: [node("Mul", ["s", "c"], ["m"]), node("Add", ["m", "unit"], ["t"]), node("Identity", ["t"], ["kept"])],
    });
    const model = await load(
      graph({
        inputs: [value("x", "float32", [1, 3])],
        outputs: [value("y", "float32", [1])],
        initializers: [tensorFromArray("zero", "float32", [1], [0])],
        nodes: [
          node("Scan", ["zero", "x"], ["y", "all"], {
            body: { type: "graph", value: body },
            num_scan_inputs: { type: "int", value: 1 },
            scan_input_axes: { type: "ints", value: [1] },
            scan_input_directions: { type: "ints", value: [1] },
          }),
        ],
      }),
    );
    // ∂y/∂x₀ = x₁ + 1, ∂y/∂x₁ = x₀, ∂y/∂x₂ = 0
    expect(await gradient(model, { x: float32([1, 3], 2, 3, 5) })).toEqual([4, 2, 0]);
    await model.release();
  });
});

describe("lists of tensors are followed", () => {
  it("split, reordered and put together again", async () => {
    const model = await load(
      graph({
        inputs: [value("x", "float32", [3])],
        outputs: [value("y", "float32", [1])],
        initializers: [
          scalar("last", "int64", -1),
          scalar("start", "int64", 0),
          tensorFromArray("w", "float32", [4], [1, 10, 100, 1000]),
        ],
        nodes: [
          node("SplitToSequence", ["x"], ["parts"]),
          node("SequenceAt", ["parts", "last"], ["tail"]),
          node("SequenceInsert", ["parts", "tail", "start"], ["longer"]),
          node("ConcatFromSequence", ["longer"], ["all"], { axis: { type: "int", value: 0 } }),
          node("Mul", ["all", "w"], ["weighted"]),
          node("ReduceSum", ["weighted"], ["y"], { keepdims: { type: "int", value: 1 } }),
        ],
      }),
    );
    expect(await gradient(model, { x: float32([3], 1, 2, 3) })).toEqual([10, 100, 1001]);
    await model.release();
  });
});

describe("what cannot be differentiated is said", () => {
  it("an operator without a rule is named, with its node", async () => {
    const model = await load(
      graph({
        inputs: [value("x", "float32", [1, 2])],
        outputs: [value("y", "float32", [1, 2])],
        // ONNX Runtime's example of an operator of one's own.
        nodes: [{ ...node("SampleOp", ["x"], ["y"]), name: "sample", domain: "com.microsoft" }],
      }),
    );
    const error = await gradient(model, { x: float32([1, 2], 0, 0) }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NoGradientError);
    expect((error as NoGradientError).message).toBe(
      'Cannot differentiate through com.microsoft.SampleOp at node "sample": there is no gradient rule for it.',
    );
    expect((error as NoGradientError).obstacles).toEqual(["gradient"]);
    await model.release();
  });

  it("a loop of too many steps", async () => {
    const model = await load(powers());
    const error = await gradient(model, {
      x: float32([1], 1),
      count: { dataType: "int64", dims: [], data: BigInt64Array.of(50_000n) },
    }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect((error as Error).message).toMatch(/^Cannot differentiate through Loop at node "y": it cannot be unrolled/);
    await model.release();
  });
});
