import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { runCommand } from "../../cli/options.ts";
import { run } from "../../cli/run.ts";
import { exportExplanation } from "../../export/explanation.ts";
import { guessRecipe, readSample, readSamples } from "../../data/index.ts";
import type { Attribute } from "../../model/graph.ts";
import type { BarsArtifact } from "../../protocol/artifacts.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { floatsOf, openSession, type TensorValue } from "../../runtime/ort.ts";
import { node, runOn, weight, writeArray, writeSmallModel, type SmallModel } from "../../../test/support/models.ts";
import { SKLEARN, sklearn } from "../../../test/support/scikit-learn.ts";

const folder = mkdtempSync(join(tmpdir(), "texts-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const models = new ModelCache({ threads: 1 });
afterAll(() => models.dispose());

const words = (...dims: (number | string)[]): { name: string; type: string; dims: (number | string)[] } => ({
  name: "words",
  type: "string",
  dims,
});
const row = { kind: "row" as const };

describe("texts are read", () => {
  it("from a table's row, by name or by place, an empty cell as the empty text", async () => {
    const table = file("t.csv", "port,zip,sex\nS,0123,male\nC,,female\n");
    expect(await readSample(`${table}#0`, { kind: "row", columns: ["sex", "port"] }, words("N", 2))).toMatchObject({
      dataType: "string",
      dims: [1, 2],
      data: ["male", "S"],
      labels: ["sex", "port"],
    });
    const all = await readSample(`${table}#1`, row, words("N", 3));
    expect(all.data).toEqual(["C", "", "female"]);
    expect(all.notes).toContain("Row 1: an empty text for zip.");
    expect((await readSample(table, row, words("N", 3))).data).toEqual(["S", "0123", "male"]);
  });

  it("from a .txt file, without its last line's end, and as given", async () => {
    expect(await readSample(file("s.txt", "a cat\r\n"), row, words("N", 1))).toMatchObject({
      dims: [1, 1],
      data: ["a cat"],
    });
    expect(await readSample(file("s.txt", "a cat"), row, words("N"))).toMatchObject({ dims: [1], data: ["a cat"] });
    const given = await readSample("a dog", row, words(1));
    expect(given).toMatchObject({ dims: [1], data: ["a dog"] });
    expect(given.notes).toEqual(['The input "words" is the literal text "a dog".']);
    await expect(readSample("a dog", row, words("N", 2))).rejects.toThrow(
      'One text is [1, 1], but the input "words" takes [N, 2]',
    );
  });

  it("from a .json list, in the model's rank", async () => {
    expect(await readSample(file("a.json", '["x", "y"]'), row, words("N", 2))).toMatchObject({
      dims: [1, 2],
      data: ["x", "y"],
    });
    expect(await readSample(file("a.json", '["x", "y"]'), row, words("N"))).toMatchObject({ dims: [2] });
    expect(await readSample(file("a.json", '["x", "y"]'), row, words("N", 1))).toMatchObject({ dims: [2, 1] });
    expect(await readSample(file("b.json", '[["x", "y"], ["z", "w"]]'), row, words("N", 2))).toMatchObject({
      dims: [2, 2],
      data: ["x", "y", "z", "w"],
    });
    expect(await readSample(file("c.json", '"x"'), row, words("N", 1))).toMatchObject({ dims: [1, 1], data: ["x"] });
    await expect(readSample(file("d.json", '["x", 3]'), row, words("N", 2))).rejects.toThrow(
      'The input "words" takes text, but the file has 3.',
    );
    await expect(readSample(file("e.json", '[["x"], ["y", "z"]]'), row, words("N", 2))).rejects.toThrow(
      "different shapes: [1] and [2]",
    );
  });

  it("from a .json object with something for each input, numbers as well", async () => {
    const inputs = [
      words("N", 1),
      { name: "age", type: "float32", dims: ["N", 1] },
      { name: "count", type: "int64", dims: [1] },
    ];
    const samples = await readSamples(
      { "": file("o.json", '{"words": "x", "age": 2.5, "count": [3]}') },
      { version: 1, inputs: {} },
      inputs,
    );
    expect(samples.words).toMatchObject({ dims: [1, 1], data: ["x"] });
    expect(samples.age).toMatchObject({ dataType: "float32", dims: [1, 1], data: Float32Array.of(2.5) });
    expect(samples.count).toMatchObject({ dataType: "int64", dims: [1], data: BigInt64Array.of(3n) });
    await expect(
      readSamples(
        { "": file("p.json", '{"words": "x", "age": "old", "count": 3}') },
        { version: 1, inputs: {} },
        inputs,
      ),
    ).rejects.toThrow('The input "age" takes numbers (float32), but the file has "old".');
  });

  it("not from arrays and pictures, and maps are not to be given at all", async () => {
    await expect(readSample(writeArray(folder, "n.npy", [1, 1], [1]), row, words("N", 1))).rejects.toThrow(
      'the input "words" (string [N, 1]) takes text',
    );
    await expect(readSample("cat.png", row, words("N", 1))).rejects.toThrow("takes text");
    await expect(readSample(file("q.csv", "a\n1\n"), row, { name: "m", type: "map(string, float32)" })).rejects.toThrow(
      'The input "m" is a map(string, float32), which ONNX Runtime for Node.js does not accept.',
    );
  });
});

describe("models with columns of texts and numbers", () => {
  const { sample, values, gradient } = sklearn.columns;
  const table = file("passengers.csv", `${Object.keys(sample).join()}\n1,2,male,S\n${Object.values(sample).join()}\n`);
  const path = join(SKLEARN, "columns.onnx");

  it("take a row by their inputs' names, by the recipe that is guessed", async () => {
    const model = await models.get(path);
    const { recipe, reasons } = await guessRecipe(model.description);
    expect(recipe.inputs.sex).toEqual({ kind: "row" });
    expect(reasons).toContain('Input "sex": text, by its type: table cells (.csv), one text (.txt) or a list (.json).');
    const { views: artifacts } = await runOn(models, path, `${table}#1`, "predictions", { recipe });
    const bars = artifacts.find((artifact): artifact is BarsArtifact => artifact.kind === "bars")!;
    expect(bars.values[0]).toBeCloseTo(values[0], 5);
    expect(bars.values[1]).toBeCloseTo(values[1], 5);
  });

  it("have scikit-learn's gradient with respect to a column of numbers", async () => {
    const { recipe } = await guessRecipe((await models.get(path)).description);
    const {
      arrays: [raw],
    } = await runOn(models, path, `${table}#1`, "saliency", {
      recipe,
      target: { index: [1] },
      params: { score: "output", absolute: false },
    });
    expect(raw.values[0]).toBeCloseTo(gradient.age[1], 6);
  });

  it("of a text, in words that are counted", async () => {
    const { views: artifacts } = await runOn(models, join(SKLEARN, "tfidf.onnx"), sklearn.tfidf.sample, "predictions");
    const bars = artifacts.find((artifact): artifact is BarsArtifact => artifact.kind === "bars")!;
    sklearn.tfidf.values.forEach((value, index) => expect(bars.values[index]).toBeCloseTo(value, 5));
  });

  it("of nothing but texts predict as scikit-learn does", async () => {
    const { views: artifacts } = await runOn(
      models,
      join(SKLEARN, "words.onnx"),
      file("w.json", JSON.stringify(sklearn.words.sample)),
      "predictions",
    );
    const bars = artifacts.find((artifact): artifact is BarsArtifact => artifact.kind === "bars")!;
    expect(Array.from(bars.values)).toEqual(sklearn.words.values);
  });
});

describe("methods on columns of texts", () => {
  const { sample, values, gradient, without } = sklearn.columns;
  const path = join(SKLEARN, "columns.onnx");
  const run = async (technique: string, params: Record<string, string | boolean>): Promise<Map<string, number>> => {
    const { recipe } = await guessRecipe((await models.get(path)).description);
    const table = file("one.csv", `${Object.keys(sample).join()}\n${Object.values(sample).join()}\n`);
    const { arrays: inputs, notes } = await runOn(models, path, table, technique, {
      recipe,
      target: { index: [1] },
      params: { score: "output", ...params },
    });
    if (params.baseline !== undefined) expect(notes).toContain('The baseline of "sex" is the empty text.');
    return new Map(inputs.map(({ name = "", values: found }) => [name, found[0]]));
  };

  it("replace a text by none, as scikit-learn does with a text that it does not know; numbers have a baseline of their own", async () => {
    const effects = await run("feature-ablation", { baseline: "5" });
    for (const name of ["sex", "port"]) expect(effects.get(name)).toBeCloseTo(values[1] - without[name][1], 5);
  });

  it("have gradients for numbers", async () => {
    const gradients = await run("saliency", { absolute: false });
    for (const name of ["age", "fare"]) expect(gradients.get(name)).toBeCloseTo(gradient[name][1], 6);
  });

  it("are written into an exported explanation as the texts that they are", async () => {
    const table = file("one.csv", `${Object.keys(sample).join()}\n${Object.values(sample).join()}\n`);
    const { recipe } = await guessRecipe((await models.get(path)).description);
    const out = join(folder, "explained.onnx");
    await exportExplanation(
      {
        job: {
          technique: "saliency",
          model: path,
          source: { kind: "sample", inputs: { "": table } },
          recipe,
          target: { index: [1] },
          params: { score: "output", absolute: false },
        },
        out,
        weights: "included",
        target: "fixed",
      },
      { models, progress: () => undefined, signal: new AbortController().signal },
    );
    const session = await openSession(out);
    const floats = (value: unknown): TensorValue => ({
      dataType: "float32",
      dims: [1, 1],
      data: Float32Array.of(Number(value)),
    });
    const text = (value: unknown): TensorValue => ({ dataType: "string", dims: [1, 1], data: [String(value)] });
    const values = await session.run({
      age: floats(sample.age),
      fare: floats(sample.fare),
      sex: text(sample.sex),
      port: text(sample.port),
    });
    expect(floatsOf(values.get("attribution")!)[0]).toBeCloseTo(gradient.age[1], 6);
    await session.release();
  });

  const wordsOnly = join(SKLEARN, "words.onnx");
  const given = file("words.json", JSON.stringify(sklearn.words.sample));

  it("of nothing but texts run forward, and say why there is no gradient", async () => {
    const {
      arrays: [raw],
      notes,
    } = await runOn(models, wordsOnly, given, "feature-ablation");
    // The tree asks for the sex alone.
    expect(Array.from(raw.values)).toEqual([1, 0]);
    expect(notes).toContain('The baseline of "words" is the empty text.');
    for (const technique of ["saliency", "integrated-gradients", "lrp"]) {
      await expect(runOn(models, wordsOnly, given, technique), technique).rejects.toThrow(
        /^The input "words" is string: only float inputs have a gradient, and text has no gradient: ArrayFeatureExtractor/,
      );
    }
    await expect(runOn(models, wordsOnly, given, "feature-ablation", { params: { baseline: given } })).rejects.toThrow(
      "only the empty text can stand for missing text",
    );
  });
});

describe("run --fetch writes what is no tensor of numbers", () => {
  const fetched = async (
    model: string,
    input: string,
    names: readonly string[],
  ): Promise<{ index: Record<string, Record<string, unknown>>; json: (name: string) => unknown }> => {
    const out = mkdtempSync(join(tmpdir(), "fetched-"));
    const quiet = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(
      await runCommand(run, [model, "--input", input, ...names.flatMap((name) => ["--fetch", name]), "--out", out]),
    ).toBe(0);
    quiet.mockRestore();
    const json = (name: string): unknown => JSON.parse(readFileSync(join(out, name), "utf8"));
    return { index: json("index.json") as Record<string, Record<string, unknown>>, json };
  };
  const input = writeArray(folder, "row.npy", [1, 4], sklearn.row);

  it("labels as a list in .json, ZipMap's maps as objects", async () => {
    const { index, json } = await fetched(join(SKLEARN, "logistic-3-strings.onnx"), input, [
      "output_label",
      "output_probability",
    ]);
    expect(index.output_label).toEqual({
      file: "output_label.json",
      value: "output_label",
      dtype: "string",
      dims: [1],
    });
    expect(json("output_label.json")).toEqual(["versicolor"]);
    expect(index.output_probability).toEqual({
      file: "output_probability.json",
      value: "output_probability",
      dtype: "sequence(map)",
      length: 1,
      of: "probabilities",
    });
    const [maps] = json("output_probability.json") as Record<string, number>[];
    const { classes, values } = sklearn.models.find(({ name }) => name === "logistic-3-strings")!;
    expect(Object.keys(maps)).toEqual(classes);
    Object.values(maps).forEach((value, at) => expect(value).toBeCloseTo(values[at], 5));
  });

  const small = (model: Partial<SmallModel>): string =>
    writeSmallModel(folder, "small.onnx", { inputs: { x: ["float32", 1, 4] }, outputs: [], nodes: [], ...model });
  const axis: Attribute = { type: "int", value: 1 };

  it("lists element by element", async () => {
    const model = small({
      outputs: ["parts"],
      nodes: [node("SplitToSequence", ["x", "sizes"], ["parts"], { axis })],
      weights: [weight("sizes", [2], [1, 3], "int64")],
    });
    const { index } = await fetched(model, input, ["parts"]);
    expect(index.parts).toEqual({
      files: ["parts.0.npy", "parts.1.npy"],
      value: "parts",
      dtype: "sequence(float32)",
      length: 2,
      dims: [
        [1, 1],
        [1, 3],
      ],
    });
  });

  it("optionals by what they hold", async () => {
    const model = small({ outputs: ["maybe"], nodes: [node("Neg", ["x"], ["y"]), node("Optional", ["y"], ["maybe"])] });
    const { index } = await fetched(model, input, ["maybe"]);
    expect(index.maybe).toEqual({ file: "maybe.npy", value: "maybe", dtype: "optional(float32)", dims: [1, 4] });
  });
});
