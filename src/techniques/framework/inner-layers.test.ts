import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../cli/options.ts";
import { run } from "../../cli/run.ts";
import { decodeNpy } from "../../data/index.ts";
import { innerLayers } from "../../model/inner-names.ts";
import type { Attribute, Graph, Node } from "../../model/graph.ts";
import { openModel } from "../../model/open.ts";
import { scalar } from "../../model/tensor.ts";
import { floatsOf } from "../../runtime/ort.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-inner-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const output = (name: string): Graph["outputs"][number] => ({ name, type: { kind: "unknown" } });
const subgraph = (parts: Partial<Graph>): Attribute => ({
  type: "graph",
  value: {
    name: "inner",
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: [],
    sparseInitializers: [],
    valueInfo: [],
    ...parts,
  },
});

/** relu(factor · x) as a branch that calls its values as every other branch does. */
function scaled(factor: number): Attribute {
  return subgraph({
    nodes: [node("Mul", ["x", "factor"], ["scaled"]), node("Relu", ["scaled"], ["out"])],
    initializers: [weight("factor", [], [factor])],
    outputs: [output("out")],
  });
}

/** Two Ifs after one another, one of them around a third: a detector for two rates. "x" [1, 1, 4]. */
function detector(): string {
  const nested = subgraph({
    nodes: [
      node("If", ["loud"], ["inner"], { then_branch: scaled(2), else_branch: scaled(3) }),
      node("Neg", ["inner"], ["out"]),
    ],
    outputs: [output("out")],
  });
  return writeSmallModel(folder, "detector.onnx", {
    inputs: { x: ["float32", 1, 1, 4] },
    outputs: ["y"],
    weights: [weight("zero", [], [0])],
    nodes: [
      node("ReduceSum", ["x"], ["sum"], { keepdims: { type: "int", value: 0 } }),
      node("Greater", ["sum", "zero"], ["loud"]),
      node("If", ["loud"], ["first"], { then_branch: nested, else_branch: scaled(5) }),
      node("If", ["loud"], ["second"], { then_branch: scaled(7), else_branch: scaled(11) }),
      node("Add", ["first", "second"], ["y"]),
    ],
  });
}

describe("layers inside branches", () => {
  it("are listed with where they are, each by a name of its own", async () => {
    const open = await openModel(detector());
    const layers = innerLayers(open.model).map(({ node: { outputs }, inside }) => `${outputs[0]}: ${inside}`);
    open.close();
    expect(layers).toEqual([
      "inner: then branch of If_first",
      "scaled: then branch of If_inner, then branch of If_first",
      "out_2: then branch of If_inner, then branch of If_first",
      "scaled_2: else branch of If_inner, then branch of If_first",
      "out_3: else branch of If_inner, then branch of If_first",
      "out: then branch of If_first",
      "scaled_3: else branch of If_first",
      "out_4: else branch of If_first",
      "scaled_4: then branch of If_second",
      "out_5: then branch of If_second",
      "scaled_5: else branch of If_second",
      "out_6: else branch of If_second",
    ]);
  });

  it("are fetched by these names, by node and by value, outer ones beside them", async () => {
    const model = await models.get(detector());
    const feeds = { x: { dataType: "float32" as const, dims: [1, 1, 4], data: Float32Array.of(-1, 2, 3, 4) } };
    const values = await model.forward(feeds, ["scaled", "out", "scaled_4", "y", "x"]);
    expect([...values].map(([name, value]) => [name, ...floatsOf(value)])).toEqual([
      ["scaled", -2, 4, 6, 8],
      ["out", -0, -4, -6, -8],
      ["scaled_4", -7, 14, 21, 28],
      ["y", 0, 10, 15, 20],
      ["x", -1, 2, 3, 4],
    ]);
  });

  it("other feeds of the same shape that go another way get the values of that way, and are told where a value is that does not run", async () => {
    const model = await models.get(detector());
    const feeds = (...numbers: number[]) => ({
      x: { dataType: "float32" as const, dims: [1, 1, 4], data: Float32Array.from(numbers) },
    });
    expect([...floatsOf((await model.forward(feeds(1, 2, 3, 4), ["scaled_4"])).get("scaled_4")!)]).toEqual([
      7, 14, 21, 28,
    ]);
    expect([...floatsOf((await model.forward(feeds(-1, -2, -3, 4), ["scaled_5"])).get("scaled_5")!)]).toEqual([
      -11, -22, -33, 44,
    ]);
    await expect(model.forward(feeds(1, 2, 3, 4), ["scaled_5"])).rejects.toThrow(
      /"scaled_5" lies in the else branch of If_second, which does not run for this input/,
    );
    await expect(model.forward(feeds(1, 2, 3, 4), ["nothing"])).rejects.toThrow(/no value "nothing"/);
  });

  it("are what --layer takes: activation, gradient x activation, integrated gradients and feature maps there", async () => {
    const [model, input] = [detector(), writeArray(folder, "x.npy", [1, 1, 4], [1, 2, 3, 4])];
    const at = (technique: string, layer: string, params = {}) =>
      runOn(models, model, input, technique, { layer, target: { index: [0, 3] }, params });
    expect([...(await at("layer-activation", "scaled_4")).arrays[0].values]).toEqual([7, 14, 21, 28]);
    expect([...(await at("layer-activation", "node:Mul_scaled_4")).arrays[0].values]).toEqual([7, 14, 21, 28]);
    // y = −relu(2x) + relu(7x): at scaled_4 the slope is 1, at scaled −1.
    expect([...(await at("layer-gradient-x-activation", "scaled")).arrays[0].values]).toEqual([0, 0, 0, -8]);
    // From ones, which take the same branch: 7 · (4 − 1); from zeros, which take the other, there is no such layer.
    (await at("layer-integrated-gradients", "scaled_4", { baseline: "1" })).arrays[0].values.forEach((value, i) =>
      expect(value).toBeCloseTo([0, 0, 0, 21][i], 5),
    );
    await expect(at("layer-integrated-gradients", "scaled_4")).rejects.toThrow(
      /lies in the then branch of If_second, which does not run/,
    );
    expect((await at("feature-maps", "scaled_4")).arrays[0].dims).toEqual([1, 1, 4]);
    // The If itself is gone from what runs; its name still stands for its output.
    expect([...(await at("layer-activation", "If_second")).arrays[0].values]).toEqual([7, 14, 21, 28]);
    await expect(at("layer-activation", "scaled_3")).rejects.toThrow(/lies in the else branch of If_first/);
  });

  it("are what run --fetch takes", async () => {
    const [model, input, out] = [
      detector(),
      writeArray(folder, "x.npy", [1, 1, 4], [1, 2, 3, 4]),
      join(folder, "fetched"),
    ];
    expect(
      await runCommand(run, [
        model,
        "--input",
        input,
        "--fetch",
        "scaled_4",
        "--fetch",
        "Relu_out",
        "--fetch",
        "node:If_second",
        "--out",
        out,
      ]),
    ).toBe(0);
    const index = JSON.parse(readFileSync(join(out, "index.json"), "utf8")) as Record<
      string,
      { file: string; value: string }
    >;
    expect(Object.entries(index).map(([asked, { value }]) => [asked, value])).toEqual([
      ["scaled_4", "scaled_4"],
      ["Relu_out", "out_2"],
      ["node:If_second", "second"],
    ]);
    expect([...(decodeNpy(readFileSync(join(out, index.scaled_4.file)), "scaled_4").data as Float32Array)]).toEqual([
      7, 14, 21, 28,
    ]);
  });
});

describe("layers inside loops", () => {
  /** Three steps of h ← tanh(h · x). */
  function recurrence(): string {
    const body: Partial<Graph> = {
      inputs: [
        { name: "i", type: { kind: "tensor", dataType: "int64", dims: [] } },
        { name: "on", type: { kind: "tensor", dataType: "bool", dims: [] } },
        { name: "h", type: { kind: "tensor", dataType: "float32", dims: [1, 2] } },
      ],
      outputs: [output("going"), output("next")],
      nodes: [
        node("Identity", ["on"], ["going"]),
        node("Mul", ["h", "x"], ["product"]),
        node("Tanh", ["product"], ["next"]),
      ],
    };
    return writeSmallModel(folder, "loop.onnx", {
      inputs: { x: ["float32", 1, 2] },
      outputs: ["y"],
      weights: [weight("start", [1, 2], [1, 1]), scalar("count", "int64", 3), scalar("true", "bool", 1)],
      nodes: [node("Loop", ["count", "true", "start"], ["y"], { body: subgraph(body) })],
    });
  }

  it("have a name for each step: the first keeps the body's", async () => {
    const model = await models.get(recurrence());
    const feeds = { x: { dataType: "float32" as const, dims: [1, 2], data: Float32Array.of(0.5, 2) } };
    const values = await model.forward(feeds, ["product", "product_2", "product_3", "y"]);
    const steps = [0.5, 2].map((x) => [x, Math.tanh(x) * x, Math.tanh(Math.tanh(x) * x) * x]);
    for (const [step, name] of ["product", "product_2", "product_3"].entries()) {
      floatsOf(values.get(name)!).forEach((value, i) => expect(value).toBeCloseTo(steps[i][step], 6));
    }
    expect(innerLayers(model.open.model).map(({ node: { outputs }, inside }) => `${outputs[0]}: ${inside}`)).toEqual([
      "going: body of Loop_y",
      "product: body of Loop_y",
      "next: body of Loop_y",
    ]);
  });
});

describe("layers inside functions", () => {
  it("are listed and fetched by the names that inlining gives them; the call's own name stands for its output", async () => {
    const open = await openModel(join(import.meta.dirname, "../../../test/reference/onnx-files/functions.onnx"));
    const layers = innerLayers(open.model);
    open.close();
    expect(layers.map(({ node: { outputs } }: { node: Node }) => outputs[0])).toContain("first/t");
    expect(layers[0].inside).toMatch(/^function .+, called by first/);
    const model = await models.get(join(import.meta.dirname, "../../../test/reference/onnx-files/functions.onnx"));
    const feeds = {
      x: { dataType: "float32" as const, dims: [5], data: Float32Array.of(-4, -1, 0, 1, 4) },
      flag: { dataType: "bool" as const, dims: [], data: Uint8Array.of(1) },
    };
    // alpha 0.25, in make.py.
    expect([...floatsOf((await model.forward(feeds, ["first/t"])).get("first/t")!)]).toEqual([-1, -0.25, 0, 1, 4]);
  });
});
