import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { guessRecipe, readSample } from "../data/index.ts";
import type { Node, ValueInfo } from "../model/graph.ts";
import { mapInput, withoutMapInputs } from "../model/map-inputs.ts";
import type { BarsArtifact } from "../protocol/artifacts.ts";
import { ModelCache } from "./model-cache.ts";
import { node, runOn } from "../../test/support/models.ts";
import { SKLEARN } from "../../test/support/scikit-learn.ts";

const folder = mkdtempSync(join(tmpdir(), "maps-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const models = new ModelCache({ threads: 1 });
afterAll(() => models.dispose());

describe("models that take maps are given what DictVectorizer and CastMap make of them", () => {
  const path = join(SKLEARN, "dictionary.onnx");

  // ONNX Runtime for Python on the maps themselves: {"a": 1, "b": 2} and {"a": 1, "z": 2}.
  it.each([
    ["d.json", '{"a": 1, "b": 2}', 0.7393373847],
    ["e.json", '{"words": {"a": 1, "z": 2}}', 0.5000141263],
    ["d.csv", "b,a\n2,1\n", 0.7393373847],
  ])("%s: %s", async (name, text, probability) => {
    const { recipe } = await guessRecipe((await models.get(path)).description);
    const { views: artifacts, notes } = await runOn(models, path, file(name, text), "predictions", { recipe });
    const bars = artifacts.find((artifact): artifact is BarsArtifact => artifact.kind === "bars")!;
    expect(bars.values[0]).toBeCloseTo(probability, 5);
    if (text.includes("z"))
      expect(notes.join(" ")).toContain('Keys of the map "words" that the model does not have are ignored: "z".');
  });

  it("say what is given, and have gradients by key", async () => {
    const { description } = await models.get(path);
    expect(description.inputs).toEqual([
      { name: "words", type: "map(string, float32)", dims: [1, 2], tensor: { type: "float32", keys: ["a", "b"] } },
    ]);
    const {
      arrays: [raw],
      views: artifacts,
    } = await runOn(models, path, file("g.json", '{"a": 1, "b": 2}'), "saliency", { params: { absolute: false } });
    expect(raw.dims).toEqual([1, 2]);
    expect(raw.values.every((value) => value !== 0)).toBe(true);
    expect((artifacts[0] as BarsArtifact).items.map(({ label }) => label).sort()).toEqual(["a", "b"]);
  });

  it("refuse what a map does not hold", async () => {
    const input = {
      name: "m",
      type: "map(string, float32)",
      dims: [1, 2],
      tensor: { type: "float32", keys: ["a", "b"] },
    };
    await expect(readSample(file("w.json", '{"a": "one"}'), { kind: "row" }, input)).rejects.toThrow(
      'takes numbers, but the file has "one" for "a"',
    );
  });
});

const mapped = (value: "float32" | "string"): ValueInfo => ({
  name: "m",
  type: { kind: "map", key: "int64", value: { kind: "tensor", dataType: value } },
});
const graphOf = (...nodes: Node[]): Parameters<typeof mapInput>[0] => ({
  name: "g",
  inputs: [mapped("float32")],
  outputs: [],
  nodes,
  initializers: [],
  sparseInitializers: [],
  valueInfo: [],
});

describe("the tensor in the place of a map", () => {
  it("has the vocabulary's order, or places by number", () => {
    const vectorizer = node(
      "DictVectorizer",
      ["m"],
      ["y"],
      { int64_vocabulary: { type: "ints", value: [7, 3] } },
      "ai.onnx.ml",
    );
    expect(mapInput(graphOf(vectorizer), mapped("float32"))).toEqual({
      dataType: "float32",
      dims: [1, 2],
      keys: ["7", "3"],
    });
    const sparse = node(
      "CastMap",
      ["m"],
      ["y"],
      {
        map_form: { type: "string", value: "SPARSE" },
        max_map: { type: "int", value: 3 },
        cast_to: { type: "string", value: "TO_INT64" },
      },
      "ai.onnx.ml",
    );
    expect(mapInput(graphOf(sparse), mapped("float32"))).toEqual({
      dataType: "int64",
      dims: [1, 3],
      keys: ["0", "1", "2"],
    });
    expect(mapInput(graphOf(node("CastMap", ["m"], ["y"], {}, "ai.onnx.ml")), mapped("float32"))).toEqual({
      dataType: "float32",
      dims: [1, null],
    });
  });

  it("is not there where anything else takes the map", () => {
    expect(mapInput(graphOf(node("Identity", ["m"], ["y"])), mapped("float32"))).toBeUndefined();
    expect(
      mapInput(
        graphOf(node("CastMap", ["m"], ["y"], {}, "ai.onnx.ml"), node("CastMap", ["m"], ["z"], {}, "ai.onnx.ml")),
        mapped("float32"),
      ),
    ).toBeUndefined();
    const model = { graph: graphOf(node("Identity", ["m"], ["y"])) } as Parameters<typeof withoutMapInputs>[0];
    expect(withoutMapInputs(model)).toBe(model);
  });
});
