/** Messages name inputs as the model's file does, never the value that stands for them in the graph that runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/job.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import type { Node, TensorRef } from "../../model/graph.ts";
import { int, node, runOn, weight, writeArray, writeSmallModel } from "../../../test/support/models.ts";

let folder: string;
const models = new ModelCache();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-names-"));
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const TABLE = weight("E", [5, 2], [1, 2, -3, 4, 5, -6, 7, 8, -9, 10]);
const files = (inputs: Readonly<Record<string, readonly number[]>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [
      name,
      writeArray(folder, `${name}.npy`, [1, values.length], values, name === "ids" ? "int64" : "float32"),
    ]),
  );
const IDS = { ids: [3, 1] };
const TWO = { ...IDS, row: [0.5, -0.5] };
let count = 0;
function write(
  inputs: Readonly<Record<string, readonly number[]>>,
  nodes: readonly Node[],
  weights: readonly TensorRef[] = [],
): string {
  return writeSmallModel(folder, `m${count++}.onnx`, {
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, { length }]) => [
        name,
        [name === "ids" ? "int64" : "float32", 1, length] as const,
      ]),
    ),
    outputs: ["y"],
    nodes: [
      "ids" in inputs ? node("Gather", ["E", "ids"], ["/e/vectors"]) : node("Identity", ["row"], ["/e/copy"]),
      ...nodes,
    ],
    weights: [TABLE, ...weights],
  });
}
/** What a job says: its notes, and its error with place and hint. */
async function saidBy(
  model: string,
  inputs: Readonly<Record<string, readonly number[]>>,
  technique: string,
  more: Partial<Job> = {},
): Promise<string> {
  try {
    return (await runOn(models, model, files(inputs), technique, { target: { index: [0] }, ...more })).notes.join("\n");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { where, hint } = error as { readonly where?: string; readonly hint?: string };
    return [where, error.message, hint].filter(Boolean).join(": ");
  }
}
const INTERNAL = /loupe\.|\/e\//;
const flat = [node("Flatten", ["/e/vectors"], ["f"])];

describe("no message holds an internal name", () => {
  it("a result that is not finite, of several inputs and of one that is looked up", async () => {
    const nodes = [
      ...flat,
      node("Concat", ["f", "row"], ["c"], { axis: int(1) }),
      node("Sqrt", ["c"], ["r"]),
      node("ReduceSum", ["r"], ["y"], { keepdims: int(1) }),
    ];
    for (const technique of ["saliency", "integrated-gradients", "lrp", "deeplift", "feature-ablation", "rise"]) {
      const said = await saidBy(write(TWO, nodes), TWO, technique);
      expect(said).toMatch(/NaN|not a number/);
      expect(said).not.toMatch(INTERNAL);
    }
    const alone = await saidBy(
      write(IDS, [...flat, node("Sqrt", ["f"], ["r"]), node("ReduceSum", ["r"], ["y"], { keepdims: int(1) })]),
      IDS,
      "saliency",
    );
    expect(alone).toMatch(/^ids: The result for "ids" has values that are/);
    expect(alone).not.toMatch(INTERNAL);
  });

  it("relevance that reaches none of them: gates alone", async () => {
    const given = { ...TWO, data: [1, 2, 3, 4] };
    const gate = [
      ...flat,
      node("MatMul", ["f", "W"], ["a"]),
      node("MatMul", ["row", "V"], ["b"]),
      node("Add", ["a", "b"], ["c"]),
      node("Sigmoid", ["c"], ["gate"]),
      node("Mul", ["data", "gate"], ["m"]),
      node("ReduceSum", ["m"], ["y"], { keepdims: int(1) }),
    ];
    const model = write(given, gate, [
      weight(
        "W",
        [4, 4],
        Array.from({ length: 16 }, (_, i) => 0.1 * i - 0.7),
      ),
      weight("V", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
    ]);
    expect(await saidBy(model, given, "lrp", { explain: ["ids", "row"] })).toContain(
      'No relevance reaches "ids" and "row": they are used only as a gate or a scale, which are treated as constants.',
    );
    const alone = await saidBy(model, given, "lrp", { explain: ["ids"] });
    expect(alone).toContain(
      'No relevance reaches "ids": it is used only as a gate or a scale, which are treated as constants.',
    );
    expect(alone).not.toMatch(INTERNAL);
  });

  it("a score that does not depend on them, or by whole numbers alone, and the loss of one", async () => {
    const floor = [
      ...flat,
      node("Concat", ["f", "row"], ["c"], { axis: int(1) }),
      node("Cast", ["c"], ["i"], { to: int(7) }),
      node("Cast", ["i"], ["g"], { to: int(1) }),
      node("ReduceSum", ["g"], ["y"], { keepdims: int(1) }),
    ];
    for (const technique of ["saliency", "lrp"]) {
      const said = await saidBy(write(TWO, floor), TWO, technique);
      expect(said).toContain('depends on "ids"');
      expect(said).not.toMatch(INTERNAL);
    }
    expect(
      await saidBy(
        write(TWO, [...floor.slice(0, -1), node("ReduceSum", ["g"], ["y"], { keepdims: int(1) })]),
        TWO,
        "saliency",
        { params: { score: "loss" }, recipe: { version: 1, inputs: {}, outputs: { y: { kind: "logits" } } } },
      ),
    ).not.toMatch(INTERNAL);
  });

  it("effects and gradients that are zero", async () => {
    const zero = [
      ...flat,
      node("Concat", ["f", "row"], ["c"], { axis: int(1) }),
      node("Mul", ["c", "nothing"], ["z"]),
      node("ReduceSum", ["z"], ["y"], { keepdims: int(1) }),
    ];
    const weights = [weight("nothing", [1], [0])];
    for (const technique of [
      "saliency",
      "input-x-gradient",
      "integrated-gradients",
      "lrp",
      "deeplift",
      "feature-ablation",
      "occlusion",
      "rise",
      "full-grad",
    ]) {
      const said = await saidBy(write(TWO, zero, weights), TWO, technique);
      expect(said).toMatch(/ids/);
      expect(said).not.toMatch(INTERNAL);
    }
    const alone = [
      ...flat,
      node("Mul", ["f", "nothing"], ["z"]),
      node("ReduceSum", ["z"], ["y"], { keepdims: int(1) }),
    ];
    for (const technique of ["saliency", "lrp", "feature-ablation"])
      expect(await saidBy(write(IDS, alone, weights), IDS, technique)).not.toMatch(INTERNAL);
  });
});

it("inputs that are changed together are told apart from those that are changed alone", async () => {
  const path = writeSmallModel(folder, "four.onnx", {
    inputs: { img: ["float32", 1, 1, 3, 3], ids: ["int64", 1, 2], row: ["float32", 1, 2], cat: ["int64", 1] },
    outputs: ["y"],
    nodes: [
      node("Conv", ["img", "k"], ["h"]),
      node("Flatten", ["h"], ["hf"]),
      node("Gather", ["E", "ids"], ["v"]),
      node("Flatten", ["v"], ["vf"]),
      node("Gather", ["E", "cat"], ["c"]),
      node("Concat", ["hf", "vf", "row", "c"], ["all"], { axis: int(1) }),
      node("ReduceSum", ["all"], ["y"], { keepdims: int(1) }),
    ],
    weights: [TABLE, weight("k", [1, 1, 2, 2], [1, 2, 3, 4])],
  });
  const given = {
    img: writeArray(folder, "img.npy", [1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ids: files(IDS).ids,
    row: files(TWO).row,
    cat: writeArray(folder, "cat.npy", [1], [4], "int64"),
  };
  const notes = async (technique: string, params: Job["params"] = {}): Promise<string> =>
    (await runOn(models, path, given, technique, { target: { index: [0] }, params })).notes.join("\n");
  expect(await notes("insertion-deletion", { method: "saliency", measure: "score" })).toContain(
    "Inputs are changed one at a time, with the others held fixed: img; ids, row and cat together.",
  );
  expect(await notes("feature-ablation")).toContain(
    "Inputs are changed one at a time, with the others held fixed: img, ids, row, cat.",
  );
});
