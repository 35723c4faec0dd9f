import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { zipSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import { encodeNpy } from "../draw/encode/npy.ts";
import { DataError } from "../model/errors.ts";
import type { ImageRecipe, InputRecipe, Recipe } from "../protocol/recipe.ts";
import { decodeNpy } from "./npy.ts";
import { preview } from "./preview.ts";
import { parseRecipeFile } from "./recipe.ts";
import { readSample } from "./sample.ts";
import type { SampleInput } from "./sample.ts";
import { parseInputSpecs, readSamples } from "./samples.ts";
import { plainPicture } from "../../test/support/recipes.ts";

const root = path.resolve(import.meta.dirname, "../..");
const pictures = path.join(root, "test/reference/pictures");
const scratch = mkdtempSync(path.join(tmpdir(), "samples-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(path.join(scratch, name), content);
  return path.join(scratch, name);
}

const array: InputRecipe = { kind: "array" };
const image: ImageRecipe = plainPicture([6, 8], { mean: [0.5], std: [0.5] });

async function failure(promise: Promise<unknown>): Promise<DataError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

test("the cat is an Egyptian cat (285) to EfficientNet-Lite0, with probability 0.37 to 0.43", async () => {
  // The range is samples' own: Pillow's bytes and PyTorch's float resizing give 0.396 and 0.405.
  const recipe = (await parseRecipeFile(path.join(root, "samples/efficientnet-lite0.loupe.json"))).inputs.images;
  const sample = await readSample(path.join(root, "samples/cat.png"), recipe, {
    name: "images",
    type: "float32",
    dims: ["N", 3, 224, 224],
  });
  expect(sample).toMatchObject({
    name: "cat.png",
    dataType: "float32",
    dims: [1, 3, 224, 224],
    axes: { channel: 1, height: 2, width: 3 },
  });
  const session = await InferenceSession.create(path.join(root, "samples/efficientnet-lite0.onnx"));
  const { logits } = await session.run({ images: new Tensor("float32", sample.data as Float32Array, sample.dims) });
  const scores = Array.from(logits.data as Float32Array);
  const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
  expect(scores.indexOf(Math.max(...scores))).toBe(285);
  expect(Math.exp(scores[285]) / sum).toBeGreaterThan(0.37);
  expect(Math.exp(scores[285]) / sum).toBeLessThan(0.43);
});

describe("a picture", () => {
  const cat = path.join(pictures, "rgb.png");
  test("comes with what the model sees and where its axes are", async () => {
    const sample = await readSample(
      cat,
      { ...image, layout: "nhwc" },
      { name: "x", type: "float32", dims: [1, 6, 8, 3] },
    );
    expect(sample.axes).toEqual({ channel: 3, height: 1, width: 2 });
    expect(sample.picture).toMatchObject({ width: 8, height: 6 });
    expect((sample.data as Float32Array)[0]).toBeCloseTo((sample.picture?.pixels[0] ?? NaN) / 127.5 - 1, 6);
  });
  test("says what of the file is not in it", async () => {
    const sample = await readSample(path.join(pictures, "alpha.png"), image, { name: "x", type: "float32" });
    expect(sample.notes).toEqual(["The picture's alpha channel is ignored: the colours are those below it."]);
  });
  test("loses its batch axis where the model has none", async () => {
    const sample = await readSample(cat, image, { name: "x", type: "float32", dims: [3, 6, 8] });
    expect([sample.dims, sample.axes]).toEqual([[3, 6, 8], { channel: 0, height: 1, width: 2 }]);
  });
  test("becomes half floats or bytes where the model takes those", async () => {
    expect((await readSample(cat, image, { name: "x", type: "float16" })).data).toBeInstanceOf(Uint16Array);
    const bytes = await readSample(cat, { ...image, scale: 1, mean: [0], std: [1] }, { name: "x", type: "uint8" });
    expect(bytes.data[0]).toBe(bytes.picture?.pixels[0]);
  });
  test("of another size than the model's is refused with both shapes", async () => {
    const error = await failure(readSample(cat, image, { name: "x", type: "float32", dims: ["N", 3, 224, 224] }));
    expect(error.message).toBe(
      'The recipe produces an image of [1, 3, 6, 8], but the input "x" takes [N, 3, 224, 224].',
    );
    expect(error.where).toBe(cat);
  });
  test("alone does not fill a model of fixed batches", async () => {
    const error = await failure(readSample(cat, image, { name: "x", type: "float32", dims: [8, 3, 6, 8] }));
    expect(error.hint).toContain("batches of exactly 8");
  });
  test("cannot become strings", async () => {
    expect((await failure(readSample(cat, image, { name: "x", type: "string" }))).message).toContain(
      "takes text: a table row",
    );
  });
  test("is no array", async () => {
    expect((await failure(readSample(cat, array, { name: "x", type: "float32", dims: [1, 4] }))).message).toBe(
      'This is a PNG picture, and the input "x" (float32 [1, 4]) takes an array (.npy or .npz).',
    );
  });
  test.each<[string, string, string]>([
    [
      "a picture",
      path.join(pictures, "rgb.png"),
      'This is a PNG picture, and the input "x" (float32 [1, 4]) takes a row of a table',
    ],
    ["a text", file("words.txt", "some words"), "This is text, and the input"],
    ["an empty file", file("nothing.png", ""), "This is an empty file, and the input"],
    ["a folder", scratch, "This is a folder, not a file. The input"],
    ["a file that is not there", path.join(scratch, "none.txt"), "The file does not exist. The input"],
  ])("given to a row is told from %s", async (_, spec, message) => {
    expect(
      (await failure(readSample(spec, { kind: "row" }, { name: "x", type: "float32", dims: [1, 4] }))).message,
    ).toContain(message);
  });
  test("a folder is no picture either", async () => {
    expect((await failure(readSample(scratch, image, { name: "x", type: "float32" }))).message).toBe(
      "This is a folder, not a file.",
    );
  });
});

describe("an array", () => {
  const three = file(
    "three.npy",
    encodeNpy(
      [3, 4, 5],
      Float32Array.from({ length: 60 }, (_, i) => i),
    ),
  );
  test("is the tensor itself, and a picture where it looks like one", async () => {
    const sample = await readSample(three, array, { name: "x", type: "float32", dims: [1, 3, 4, 5] });
    expect(sample.dims).toEqual([1, 3, 4, 5]);
    expect([...sample.data.slice(0, 3)]).toEqual([0, 1, 2]);
    expect(sample.axes).toEqual({ channel: 1, height: 2, width: 3 });
    // From 0 (black) to 59 (white): the first pixel's channels are 0, 20 and 40.
    expect([...(sample.picture?.pixels.slice(0, 3) ?? [])]).toEqual([
      0,
      Math.round((20 / 59) * 255),
      Math.round((40 / 59) * 255),
    ]);
  });
  test("that a picture recipe made is shown as that picture", async () => {
    const prepared = await readSample(path.join(pictures, "rgb.png"), image, { name: "x", type: "float32" });
    const saved = file("prepared.npy", encodeNpy(prepared.dims, prepared.data as Float32Array));
    expect((await readSample(saved, image, { name: "x", type: "float32" })).picture).toEqual(prepared.picture);
  });
  test("may hold NaN", async () => {
    const nan = file("nan.npy", encodeNpy([1, 1, 2, 2], Float32Array.of(NaN, 1, 2, 3)));
    expect((await readSample(nan, array, { name: "x", type: "float32" })).picture?.pixels.slice(0, 6)).toEqual(
      Uint8Array.of(0, 0, 0, 0, 0, 0),
    );
  });
  test("without channels is no picture, nor is a batch of sequences", async () => {
    expect((await readSample(three, array, { name: "x", type: "float32" })).axes).toEqual({
      channel: 0,
      height: 1,
      width: 2,
    });
    const sequence = file("sequence.npy", encodeNpy([1, 16, 80], new Float32Array(1280)));
    expect((await readSample(sequence, array, { name: "x", type: "float32" })).axes).toBeUndefined();
  });
  test("of another shape is refused with both", async () => {
    const error = await failure(readSample(three, array, { name: "x", type: "float32", dims: [1, 3, 5, 4] }));
    expect(error.message).toBe('The array is [3, 4, 5], but the input "x" takes [1, 3, 5, 4].');
  });
  test("of another type is refused with both, unless nothing is lost", async () => {
    const half = file("half.npy", encodeNpy([1, 1], Float32Array.of(0.5)));
    expect((await failure(readSample(half, array, { name: "x", type: "int64", dims: [1, 1] }))).message).toContain(
      "is float32 but the model takes int64",
    );
    expect((await readSample(half, array, { name: "x", type: "float64", dims: [1, 1] })).data).toEqual(
      Float64Array.of(0.5),
    );
  });
  test("has the same hash whenever it is the same file", async () => {
    const [a, b] = await Promise.all(["x", "y"].map((name) => readSample(three, array, { name, type: "float32" })));
    expect(a.hash).toBe(b.hash);
    expect(a.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("a table's row", () => {
  const iris = file("iris.csv", "sepal,petal,name\n5.1,1.4,setosa\n7.0,4.7,versicolor\n");
  const input: SampleInput = { name: "x", type: "float32", dims: ["N", 2] };
  test("rows count from 0 after the header; columns that are no numbers are left out", async () => {
    const sample = await readSample(`${iris}#1`, { kind: "row" }, input);
    expect(sample).toMatchObject({
      name: "iris.csv#1",
      dims: [1, 2],
      data: Float32Array.of(7, 4.7),
      labels: ["sepal", "petal"],
    });
  });
  test("the recipe names, orders and normalises columns", async () => {
    const sample = await readSample(
      `${iris}#0`,
      { kind: "row", columns: ["petal", "0"], mean: [1, 5], std: [0.1] },
      input,
    );
    expect([...sample.data]).toEqual([Math.fround((1.4 - 1) / 0.1), Math.fround((5.1 - 5) / 0.1)]);
  });
  test("a table of numbers alone has no header", async () => {
    expect([...(await readSample(`${file("n.csv", "1;2\n3;4\n")}#1`, { kind: "row" }, input)).data]).toEqual([3, 4]);
  });
  test("a file's name may contain a hash", async () => {
    expect([...(await readSample(file("a#1.csv", "1,2\n3,4\n"), { kind: "row" }, input)).data]).toEqual([1, 2]);
  });
  test("rows have different hashes", async () => {
    const [a, b] = await Promise.all([
      readSample(`${iris}#0`, { kind: "row" }, input),
      readSample(`${iris}#1`, { kind: "row" }, input),
    ]);
    expect(a.hash).not.toBe(b.hash);
  });
  test.each<[string, string, InputRecipe, string]>([
    ["a row that is not there", "#2", { kind: "row" }, "There is no row 2: the table has 2 rows"],
    ["a column that is not there", "#0", { kind: "row", columns: ["width"] }, 'no column "width"'],
    [
      "a column of words",
      "#0",
      { kind: "row", columns: ["name", "petal"] },
      'column "name" holds "setosa", not a number',
    ],
    [
      "too few columns",
      "#0",
      { kind: "row", columns: ["petal"] },
      'The row has [1, 1], but the input "x" takes [N, 2]',
    ],
  ])("%s is refused", async (_, row, recipe, message) => {
    expect((await failure(readSample(iris + row, recipe, input))).message).toContain(message);
  });
  test("takes the model's own shape where the count is right", async () => {
    expect(
      (await readSample(`${iris}#0`, { kind: "row" }, { name: "x", type: "float32", dims: [1, 1, 2, 1] })).dims,
    ).toEqual([1, 1, 2, 1]);
  });
});

describe("a text", () => {
  const besideHere = path.join(scratch, "m.onnx");
  // A WordPiece tokenizer of a few words, in Hugging Face's format: ids are places in this list.
  const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "cat", "sat", "##s"];
  file(
    "tokenizer.json",
    JSON.stringify({
      version: "1.0",
      added_tokens: words
        .slice(0, 4)
        .map((content, id) => ({
          id,
          content,
          special: true,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
        })),
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(words.map((word, i) => [word, i])),
      },
    }),
  );
  const text: InputRecipe = { kind: "text", tokenizer: "tokenizer.json", maxLength: 16, part: "ids" };
  const input: SampleInput = { name: "input_ids", type: "int64", dims: ["N", "L"] };

  test("becomes its tokens' ids between the special ones", async () => {
    const sample = await readSample("A cats dog", text, input, besideHere);
    expect(sample).toMatchObject({ dims: [1, 6], data: BigInt64Array.of(2n, 4n, 5n, 7n, 1n, 3n) });
    expect(sample.labels).toEqual(["[CLS]", "a", "cat", "##s", "[UNK]", "[SEP]"]);
  });
  test("is read from a .txt file", async () => {
    const sample = await readSample(file("t.txt", "cat"), text, input, besideHere);
    expect([sample.name, sample.data]).toEqual(["t.txt", BigInt64Array.of(2n, 5n, 3n)]);
  });
  test("is padded to a fixed length, and its mask says so", async () => {
    const fixed = { ...input, dims: [1, 5] };
    expect((await readSample("cat", text, fixed, besideHere)).data).toEqual(BigInt64Array.of(2n, 5n, 3n, 0n, 0n));
    expect((await readSample("cat", { ...text, part: "attention-mask" }, fixed, besideHere)).data).toEqual(
      BigInt64Array.of(1n, 1n, 1n, 0n, 0n),
    );
    expect(
      (await readSample("cat", { ...text, part: "positions" }, { ...fixed, type: "int32" }, besideHere)).data,
    ).toEqual(Int32Array.of(0, 1, 2, 3, 4));
  });
  test("is cut before the closing token, and that is said", async () => {
    const cut = await readSample("a cat sat a cat sat", { ...text, maxLength: 4 }, input, besideHere);
    expect(cut.data).toEqual(BigInt64Array.of(2n, 4n, 5n, 3n));
    expect(cut.notes).toEqual(["The text has 8 tokens and was truncated to 4."]);
    expect((await readSample("a cat", text, input, besideHere)).notes).toEqual([]);
  });
  test("is not the name of a file of another kind", async () => {
    expect((await failure(readSample(path.join(pictures, "rgb.png"), text, input, besideHere))).message).toBe(
      'This is a PNG picture, and the input "input_ids" (int64 [N, L]) takes a text: a .txt or .md file, or the text itself.',
    );
    expect((await readSample("cat.png", text, input, besideHere)).notes).toEqual([
      'There is no file "cat.png", so it is used as the text itself.',
    ]);
  });
  test("needs its tokenizer, from the model's folder", async () => {
    expect(
      (await failure(readSample("cat", { ...text, tokenizer: "none.json" }, input, besideHere))).message,
    ).toContain('"none.json" is not beside the model');
    expect(
      (await failure(readSample("cat", { ...text, tokenizer: "../tokenizer.json" }, input, besideHere))).message,
    ).toContain("is outside");
    file("bad.json", "[]");
    expect((await failure(readSample("cat", { ...text, tokenizer: "bad.json" }, input, besideHere))).message).toContain(
      "not a tokenizer",
    );
  });
  test("whose tokenizer lies above a model in the folder onnx, as in Hugging Face's repositories", async () => {
    const inOnnx = path.join(scratch, "onnx", "m.onnx");
    mkdirSync(path.dirname(inOnnx), { recursive: true });
    const sample = await readSample("cat", { ...text, tokenizer: "../tokenizer.json" }, input, inOnnx);
    expect(sample.data).toEqual(BigInt64Array.of(2n, 5n, 3n));
  });
  test("feeds all inputs of a language model", async () => {
    const recipe: Recipe = { version: 1, inputs: { input_ids: text, mask: { ...text, part: "attention-mask" } } };
    const samples = await readSamples(
      { "": "a cat" },
      recipe,
      [input, { name: "mask", type: "int64", dims: ["N", "L"] }],
      besideHere,
    );
    expect(samples.mask.data).toEqual(BigInt64Array.of(1n, 1n, 1n, 1n));
  });
});

describe("several inputs", () => {
  const inputs: SampleInput[] = [
    { name: "a", type: "float32", dims: [2] },
    { name: "b=c", type: "float32", dims: [1] },
  ];
  const recipe: Recipe = { version: 1, inputs: {} };
  const a = file("a.npy", encodeNpy([2], Float32Array.of(1, 2)));
  const b = file("b.npy", encodeNpy([1], Float32Array.of(3)));

  test("come from a file each", async () => {
    const samples = await readSamples(parseInputSpecs([`b=c=${b}`, `a=${a}`], ["a", "b=c"]), recipe, inputs);
    expect([[...samples.a.data], [...samples["b=c"].data]]).toEqual([[1, 2], [3]]);
  });
  test("or from one .npz", async () => {
    const all = file("all.npz", zipSync({ "a.npy": readFileSync(a), "b=c.npy": readFileSync(b) }));
    const samples = await readSamples({ "": all }, recipe, inputs);
    expect([...samples["b=c"].data]).toEqual([3]);
    expect(samples.a.hash).not.toBe(samples["b=c"].hash);
  });
  test("a missing one is named with its type and shape", async () => {
    expect((await failure(readSamples({ "": a }, recipe, inputs))).message).toBe(
      'The model\'s input "b=c" (float32 [1]) is missing.',
    );
    const part = file("part.npz", zipSync({ "a.npy": readFileSync(a) }));
    expect((await failure(readSamples({ "": part }, recipe, inputs))).message).toContain('"b=c"');
  });
  test("a name that the model does not have, or one given twice, is refused", async () => {
    expect((await failure(readSamples({ z: a }, recipe, inputs))).message).toBe('The model has no input "z".');
    expect(() => parseInputSpecs([a, b], ["a", "b=c"])).toThrow("without a name");
    expect(() => parseInputSpecs([`a=${a}`, `a=${b}`], ["a"])).toThrow('"a" was given twice');
  });
  test("an equals sign in a file's name is only that", () => {
    expect(parseInputSpecs(["x=1.npy"], ["a"])).toEqual({ "": "x=1.npy" });
  });
});

test("a preview shows the file and what the model gets", async () => {
  const { before, after } = await preview(path.join(root, "samples/cat.png"), { version: 1, inputs: { x: image } });
  expect([before.width, before.height, before.title]).toEqual([451, 300, "cat.png"]);
  expect([after.width, after.height, after.caption]).toEqual([8, 6, "8×6, stretched, RGB, NCHW"]);
  const row = file("row.npy", encodeNpy([4], new Float32Array(4)));
  await failure(preview(row, { version: 1, inputs: { x: image } }));
  expect((await failure(preview(row, { version: 1, inputs: {} }))).message).toContain("no image input");
});

test("arrays written for NumPy are read back", () => {
  const values = Float32Array.of(1.5, -0, NaN, Infinity);
  expect(decodeNpy(encodeNpy([2, 2], values), "x").data).toEqual(values);
});
