import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { DataError } from "../model/errors.ts";
import type { Recipe, TextRecipe } from "../protocol/recipe.ts";
import { readSampleFile } from "./sample-file.ts";
import { readSamples } from "./samples.ts";
import { readValue } from "./given.ts";
import { plainPicture } from "../../test/support/recipes.ts";

const array = { kind: "array" } as const;
const input = { name: "x", type: "float32", dims: ["N", 4] };
const failure = (work: Promise<unknown>): Promise<DataError> =>
  work.then(
    () => Promise.reject(new Error("It was read.")),
    (error: unknown) => error as DataError,
  );

describe("typed values", () => {
  it("are the tensor itself, a batch axis added where it is missing", async () => {
    const sample = await readValue({ values: [1, 2, 3, 4] }, array, input, "/m.onnx");
    expect([sample.dims, [...sample.data], sample.dataType]).toEqual([[1, 4], [1, 2, 3, 4], "float32"]);
    const columns = ["a", "b", "c", "d"];
    expect((await readValue({ values: [1, 2, 3, 4] }, { kind: "row", columns }, input, "/m.onnx")).labels).toBe(
      columns,
    );
  });

  it("that do not fit are refused with both shapes or types", async () => {
    expect((await failure(readValue({ values: [1, 2] }, array, input, "/m"))).message).toBe(
      'The sample has [2], but the input "x" takes [N, 4].',
    );
    const whole = { ...input, type: "int64" };
    expect((await failure(readValue({ values: [1, 2, 3, 0.5] }, array, whole, "/m"))).message).toMatch(
      /takes int64, which cannot represent the value 0.5 at position 3/,
    );
    expect((await failure(readValue({ text: "abc" }, array, input, "/m"))).message).toMatch(/takes no text/);
    expect((await failure(readValue({ values: ["a", 2, 3, 4] }, array, input, "/m"))).message).toMatch(
      /takes numbers \(float32\)/,
    );
  });

  it("one number fills the model's shape; where that is open it is asked for", async () => {
    const sample = await readValue({ fill: 1 }, array, input, "/m");
    expect([sample.dims, [...sample.data]]).toEqual([
      [1, 4],
      [1, 1, 1, 1],
    ]);
    const open = { name: "mask", type: "int64", dims: ["N", "T"] };
    expect((await failure(readValue({ fill: 1 }, array, open, "/m"))).message).toBe(
      'The input "mask" [N, T] leaves its shape open.',
    );
    const filled = await readValue({ fill: 1, shape: [1, 3] }, array, open, "/m");
    expect([filled.dims, [...filled.data]]).toEqual([
      [1, 3],
      [1n, 1n, 1n],
    ]);
    expect((await failure(readValue({ fill: 0.5, shape: [1, 3] }, array, open, "/m"))).message).toMatch(
      /cannot hold 0.5/,
    );
    expect((await failure(readValue({ fill: 0, shape: [3, 3, 3] }, array, open, "/m"))).message).toMatch(
      /The shape to fill is \[3, 3, 3\]/,
    );
  });

  it("a text is one element of an input of strings, in its shape", async () => {
    const sample = await readValue({ text: "t.csv" }, array, { name: "s", type: "string", dims: [null, 1] }, "/m");
    expect([sample.dims, sample.data]).toEqual([[1, 1], ["t.csv"]]);
  });
});

it("a sample's file feeds what its files and numbers feed one by one", async () => {
  const folder = resolve("test/models/window/several-inputs");
  const inputs = [
    { name: "image", type: "float32", dims: ["N", 3, 64, 64] },
    { name: "measures", type: "float32", dims: ["N", 4] },
  ];
  const recipe: Recipe = {
    version: 1,
    inputs: {
      image: plainPicture([64, 64], { mean: [0, 0, 0], std: [1, 1, 1] }),
      measures: { kind: "row", columns: ["length", "width", "weight", "age"] },
    },
  };
  const files = { image: join(folder, "photo.png"), measures: join(folder, "measures.csv") };
  const sample = await readSamples(await readSampleFile(join(folder, "example.sample.json")), recipe, inputs);
  const apart = await readSamples(files, recipe, inputs);
  for (const name of ["image", "measures"]) expect(sample[name].data).toEqual(apart[name].data);
  expect(sample.measures.labels).toEqual(apart.measures.labels);
});

describe("a text for one input of several", () => {
  const model = resolve("test/models/window/text/text.onnx");
  const part = (of: TextRecipe["part"]): TextRecipe => ({
    kind: "text",
    tokenizer: "tokenizer.json",
    maxLength: 64,
    part: of,
  });
  const inputs = ["input_ids", "attention_mask"].map((name) => ({ name, type: "int64", dims: ["N", "T"] }));
  const recipe: Recipe = { version: 1, inputs: { input_ids: part("ids"), attention_mask: part("attention-mask") } };

  it("gives the others their masks and types", async () => {
    const text = "what a fine film";
    const typed = await readSamples({ input_ids: { text } }, recipe, inputs, model);
    const whole = await readSamples({ "": text }, recipe, inputs, model);
    for (const { name } of inputs) expect(typed[name].data).toEqual(whole[name].data);
    expect([...typed.attention_mask.data].every((one) => one === 1n)).toBe(true);
  });

  it("does not where token numbers are typed: the mask is asked for", async () => {
    const error = await failure(readSamples({ input_ids: { values: [1, 2] } }, recipe, inputs, model));
    expect(error.message).toMatch(/input "attention_mask" .* is missing/);
  });
});
