/** What a recipe says of an output is held against its values and shape. By hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OutputKind } from "../protocol/recipe.ts";
import { contradiction } from "./output-claims.ts";
import { ModelCache } from "./model-cache.ts";
import { node, runOn, writeArray, writeSmallModel } from "../../test/support/models.ts";

/** What is said of [1, n] values, or of zeros in another shape. */
function against(
  kind: OutputKind,
  values: readonly number[],
  dims: readonly number[] = [1, values.length],
): string | undefined {
  const count = dims.reduce((a, b) => a * b, 1);
  return contradiction({
    name: "y",
    dims,
    shape: dims,
    values: Float32Array.from({ length: count }, (_, i) => values[i] ?? 0),
    meaning: { kind, why: "Set in the recipe.", assumed: false, classAxis: 1, binary: false },
  });
}

describe("values that fit are passed", () => {
  it.each<[OutputKind, number[], number[]?]>([
    ["probabilities", [0.25, 0.75]],
    ["probabilities", [0.2501, 0.7506]],
    ["probabilities", [0.3], [1, 1]],
    ["probabilities", [0.3, 0.1, 0.7, 0.9], [1, 2, 2]],
    ["independent", [0.9, 0.8, 0]],
    ["log-probabilities", [Math.log(0.25), Math.log(0.75)]],
    ["log-probabilities", [-3], [1, 1]],
    ["logits", [-3, 5]],
    ["logits", [0.2, 0.3]],
    ["label", [3, 0]],
    ["regression", [-7.5]],
    ["boxes", [], [1, 20, 6]],
    ["boxes", [], [1, 84, 100]],
    ["image", [], [1, 3, 8, 8]],
    ["image", [], [1, 8, 8, 1]],
    ["image", [], [1, 8, 8]],
    ["mask", [], [1, 21, 8, 8]],
    ["embedding", [1, 2, 3]],
    ["probabilities", [NaN, 7]],
  ])("%s %j %j", (kind, values, dims) => {
    expect(against(kind, values, dims)).toBeUndefined();
  });
});

describe("values that do not are named, with what they may be", () => {
  it.each<[OutputKind, number[], RegExp, number[]?]>([
    [
      "probabilities",
      [-3.25, 7.5],
      /as probabilities, but its values range from -3\.25 to 7\.5, and probabilities from 0 to 1\. They may be logits \("logits"\) or regression values/,
    ],
    [
      "probabilities",
      [Math.log(0.25), Math.log(0.75)],
      /from -1\.386 to -0\.2877.*may be log-probabilities \("log-probabilities"\)/,
    ],
    [
      "probabilities",
      [0.9, 0.8],
      /sum to 1\.7 along the classes, not to 1: they may be independent scores \("independent"\)/,
    ],
    ["probabilities", [1.5], /from 1\.5 to 1\.5/, [1, 1]],
    ["probabilities", [0.3, 0.1, 0.7, 0.5], /sum to 0\.6 /, [1, 2, 2]],
    ["independent", [-2, 3], /from -2 to 3.*not.* 0 to 1.*sigmoid is applied/i],
    ["log-probabilities", [-1, 2], /from -1 to 2, and log-probabilities are at most 0: they may be logits/],
    ["log-probabilities", [-5, -6], /exponentials of its values sum to 0\.009217, not to 1/],
    [
      "logits",
      [0.25, 0.75],
      /from 0 to 1 and sum to 1, as probabilities do \("probabilities"\)\. A softmax is still applied/,
    ],
    ["label", [0, 2.5], /not integers \(2\.5\): they may be scores/],
    ["boxes", [], /its shape is \[1, 3\], and a box has four numbers/, [1, 3]],
    ["image", [], /its shape is \[1, 10\], which has no two axes for a picture/, [1, 10]],
    ["image", [], /\[1, 21, 8, 8\], and an image has 1, 3 or 4 channels: it may be a map/, [1, 21, 8, 8]],
    ["mask", [], /no two axes for a map over height and width/, [1, 10]],
    ["embedding", [2], /it is a single number/, [1, 1]],
  ])("%s %j", (kind, values, message, dims) => {
    expect(against(kind, values, dims)).toMatch(message);
  });
});

describe("a run", () => {
  const models = new ModelCache();
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "loupe-claims-"));
  });
  afterAll(() => {
    models.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it("says it in its notes, and follows the recipe all the same", async () => {
    const path = writeSmallModel(folder, "m.onnx", {
      inputs: { x: ["float32", 1, 3] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["y"])],
    });
    const x = writeArray(folder, "x.npy", [1, 3], [1, 2, 3]);
    for (const technique of ["predictions", "saliency"]) {
      const run = (kind: OutputKind) =>
        runOn(models, path, x, technique, { recipe: { version: 1, inputs: {}, outputs: { y: { kind } } } });
      const { notes, provenance } = await run("probabilities");
      expect(notes.join(" ")).toContain(
        'The recipe declares the output "y" as probabilities, but its values range from 1 to 9',
      );
      expect(provenance.output?.kind).toBe("probabilities");
      expect((await run("regression")).notes.join(" ")).not.toContain("The recipe declares");
    }
  });
});
