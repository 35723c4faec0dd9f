import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { DataError } from "../model/errors.ts";
import type { Recipe, RowRecipe } from "../protocol/recipe.ts";
import { guessRecipe } from "./guess.ts";
import { readSample } from "./sample.ts";
import type { Sample, SampleInput } from "./sample.ts";
import { parseSampleSpecs, readSamples } from "./samples.ts";

const tables = path.resolve(import.meta.dirname, "../../test/reference/tables");
const scratch = mkdtempSync(path.join(tmpdir(), "tables-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(path.join(scratch, name), content);
  return path.join(scratch, name);
}

async function failure(promise: Promise<unknown>): Promise<DataError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

const input = (width: number, type = "float32", name = "x"): SampleInput => ({ name, type, dims: ["N", width] });
const read = (spec: string, recipe: Omit<RowRecipe, "kind"> = {}, to = input(3)): Promise<Sample> =>
  readSample(spec, { kind: "row", ...recipe }, to);

interface Entry {
  readonly file: string;
  readonly recipe: Omit<RowRecipe, "kind">;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | null)[])[];
}
// Made with pandas: test/reference/tables/make.py.
const entries = JSON.parse(readFileSync(path.join(tables, "index.json"), "utf8")) as Entry[];

test.each(entries)("$file is read as pandas reads it", async ({ file: name, recipe, columns, rows }) => {
  for (const [row, numbers] of rows.entries()) {
    const sample = await read(`${path.join(tables, name)}#${row}`, recipe, input(columns.length));
    expect([...sample.data]).toEqual(numbers.map((value) => Math.fround(value ?? NaN)));
    expect(sample.labels).toEqual(columns);
  }
});

describe("what was found out is said", () => {
  test.each<[string, RegExp]>([
    [
      "comma.csv",
      /^comma\.csv: row 0 of 2, numbered from 0 \(comma\.csv#N selects another\); separated by commas; header in the first line\.$/,
    ],
    ["no-header.csv", /separated by commas; no header, because the first line is data: columns are numbered from 0\.$/],
    ["utf16be.csv", /UTF-16BE; separated by commas/],
    ["windows-1252.csv", /its one row; read as Windows-1252, because it is not UTF-8/],
    ["tab.tsv", /separated by tabs/],
    ["bar.csv", /separated by bars/],
  ])("%s", async (name, said) => {
    const { columns } = entries.find((entry) => entry.file === name)!;
    expect((await read(path.join(tables, name), {}, input(columns.length))).notes?.[0]).toMatch(said);
  });
  test("columns by place, with those of text left out", async () => {
    const iris = file("iris.csv", "sepal,petal,name\n5.1,1.4,setosa\n");
    expect((await read(iris, {}, input(2))).notes?.[1]).toBe(
      "Columns by position, because neither the recipe nor the model names them, without text columns: sepal, petal; not used: name.",
    );
    expect((await read(iris, { columns: ["petal"] }, input(1))).notes?.[1]).toBe(
      "Columns by the recipe: petal; not used: sepal, name.",
    );
  });
});

describe("nothing is shifted", () => {
  // The first line is faults' own: a model of three inputs once got 1, 3, 4 of it.
  const four = file("four.csv", "a,b,c,d\n1,,3,4\n5,6,7,8\n9,10,11\n1,2,3,4,5\n");
  test.each<[string, string, Omit<RowRecipe, "kind">, SampleInput, string]>([
    [
      "more columns than the model takes",
      "#0",
      {},
      input(3),
      'The table has 4 columns (a, b, c, d), and the input "x" takes 3.',
    ],
    ["an empty cell", "#0", { ignore: ["d"] }, input(3), 'Row 0, column "b" is empty.'],
    ["a cell that is not there", "#2", {}, input(4), 'Row 2, column "d" is missing: the line has too few cells.'],
    ["a line of more cells than the header", "#3", {}, input(4), "Row 3 has 5 cells, but the header names 4 columns."],
    [
      "fewer columns than the model takes",
      "#1",
      {},
      input(5),
      'The table has 4 columns (a, b, c, d), and the input "x" takes 5.',
    ],
    ["a column to leave out that is not there", "#1", { ignore: ["e"] }, input(4), 'The table has no column "e".'],
  ])("%s is an error", async (_, row, recipe, to, message) => {
    expect((await failure(read(four + row, recipe, to))).message).toBe(message);
  });
  test("the recipe leaves columns out, by name or number", async () => {
    expect([...(await read(`${four}#1`, { ignore: ["c"] })).data]).toEqual([5, 6, 8]);
    expect([...(await read(`${four}#1`, { ignore: ["0"] })).data]).toEqual([6, 7, 8]);
  });
  test("a missing cell is NaN where the recipe says so, and that is said", async () => {
    const sample = await read(`${four}#0`, { ignore: ["d"], missing: "nan" });
    expect([...sample.data]).toEqual([1, NaN, 3]);
    expect(sample.notes).toContain("Row 0: NaN, as set in the recipe, for b (empty).");
  });
  test("text in a column of numbers is named; it is not taken for a label", async () => {
    const mixed = file("mixed.csv", "a,b\n1,2\n3,n/a\n");
    expect((await failure(read(`${mixed}#1`, {}, input(1)))).message).toContain("The table has 2 columns (a, b)");
    expect((await failure(read(`${mixed}#1`, {}, input(2)))).message).toBe(
      'Row 1, column "b" holds "n/a", not a number.',
    );
    expect([...(await read(`${mixed}#1`, { missing: "nan" }, input(2))).data]).toEqual([3, NaN]);
  });
  test("a decimal comma is named, with what reads it", async () => {
    const comma = file("decimal.csv", "a;b\n1,5;2\n");
    const error = await failure(read(comma, {}, input(2)));
    expect(error.message).toBe('Row 0, column "a" holds "1,5", not a number.');
    expect(error.hint).toContain('"decimal": ","');
    expect([...(await read(comma, { decimal: "," }, input(2))).data]).toEqual([1.5, 2]);
    // Thousands are not guessed at.
    expect(
      (await failure(read(file("thousand.csv", "a;b\n1.234,5;2\n"), { decimal: "," }, input(2)))).message,
    ).toContain('"1.234,5"');
  });
  test("columns of one name are told apart by number", async () => {
    const twice = file("twice.csv", "a,a,b\n1,2,3\n");
    expect([...(await read(twice)).data]).toEqual([1, 2, 3]);
    const error = await failure(read(twice, { columns: ["a"] }, input(1)));
    expect([error.message, error.hint]).toEqual([
      'twice.csv has 2 columns named "a".',
      "Use the number of the right one: 0 or 1.",
    ]);
    expect([...(await read(twice, { columns: ["1"] }, input(1))).data]).toEqual([2]);
  });
  test("a table without header fills the columns that the recipe names, if they are as many", async () => {
    const bare = file("bare.csv", "1,2,3\n");
    const sample = await read(bare, { columns: ["a", "b", "c"] });
    expect([...sample.data]).toEqual([1, 2, 3]);
    expect(sample.notes?.[1]).toContain("in the order of the recipe's names, because the table has no header");
    expect((await failure(read(bare, { columns: ["a", "b"] }, input(2)))).message).toContain("names 2 columns");
  });
  test.each<[string, string, string]>([
    ["int64", "1.5", 'Row 0, column "a" gives 1.5, which int64 cannot hold.'],
    ["uint8", "300", "which uint8 cannot hold"],
    ["int64", "9007199254740993", "which int64 cannot hold"],
    ["float16", "70000", "which float16 cannot hold"],
    ["float32", "1e39", "which float32 cannot hold"],
    ["int32", "", 'column "a" is empty; the input takes int32, which has no NaN'],
  ])("a number that %s cannot hold is an error: %s", async (type, cell, message) => {
    expect(
      (await failure(read(file("types.csv", `a,b\n${cell},1\n`), { missing: "nan" }, input(2, type)))).message,
    ).toContain(message);
  });
});

describe("what is no table is said", () => {
  test.each<[string, Uint8Array | string, string]>([
    ["empty.csv", "", "The file is empty."],
    ["blank.csv", "\n \n", "The table is empty."],
    ["header.csv", "a,b\n", "There is no row 0"],
    ["book.csv", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 8, 0), "not a table, but a zip archive"],
    ["unmarked.csv", Buffer.from("a,b\n1,2\n", "utf16le"), "UTF-16 without a byte order mark"],
    ["open.csv", 'a,b\n"1,2\n', "The table is damaged"],
    ["spaces.csv", "a\n4 5 6\n", 'holds "4 5 6", not a number'],
  ])("%s", async (name, content, message) => {
    expect((await failure(read(file(name, content), {}, input(1)))).message).toContain(message);
  });
});

describe("a model with an input per column", () => {
  const people = path.join(tables, "people.csv");
  const inputs: SampleInput[] = [
    input(1, "float32", "age"),
    input(1, "int64", "shoe_size"),
    input(1, "float32", "height"),
  ];
  const row = { kind: "row" } as const;
  const recipe: Recipe = { version: 1, inputs: { age: row, shoe_size: row, height: row } };

  test("takes one table, each input the column of its name: ONNX Runtime's value in Python", async () => {
    const { variable } = JSON.parse(readFileSync(path.join(tables, "columns.json"), "utf8")) as { variable: number[] };
    const session = await InferenceSession.create(path.join(tables, "columns.onnx"));
    for (const [index, expected] of variable.entries()) {
      const samples = await readSamples({ "": `${people}#${index}` }, recipe, inputs);
      const feeds = Object.fromEntries(
        Object.entries(samples).map(([name, { dataType, data, dims }]) => [
          name,
          new Tensor(dataType, data as Float32Array, dims),
        ]),
      );
      expect((await session.run(feeds)).variable.data[0]).toBeCloseTo(expected, 5);
      expect(samples.age.notes?.[1]).toBe("Columns by name, one per input: age, shoe size, height; not used: name.");
    }
  });
  test("is guessed to take rows, its integers too", async () => {
    const description = {
      path: path.join(scratch, "m.onnx"),
      name: "m.onnx",
      inputs,
      outputs: [],
      layers: [],
      metadata: {},
    } as unknown as Parameters<typeof guessRecipe>[0];
    expect((await guessRecipe(description)).recipe.inputs).toEqual(recipe.inputs);
  });
  test("takes rows by place where there is no header, and all must be there", async () => {
    const samples = await readSamples({ "": file("three.csv", "36,39,1.75\n") }, recipe, inputs);
    expect(inputs.map(({ name }) => Number(samples[name].data[0]))).toEqual([36, 39, Math.fround(1.75)]);
    expect(samples.age.notes?.[1]).toBe(
      'Columns by position, because neither the recipe nor the model names them: 0 for "age"; 1 for "shoe_size"; 2 for "height".',
    );
    expect((await failure(readSamples({ "": file("more.csv", "36,39,1.75,1\n") }, recipe, inputs))).message).toBe(
      'The table has 4 columns (0, 1, 2, 3), and the inputs "age", "shoe_size", "height" together take 3.',
    );
  });
  test("does not take another column by place where the rest are by name", async () => {
    const error = await failure(
      readSamples({ "": file("other.csv", "age,height,weight\n36,1.75,70\n") }, recipe, inputs),
    );
    expect(error.message).toBe(
      'No column is named like the input "shoe_size", but other inputs have their columns by name.',
    );
    const renamed: Recipe = {
      version: 1,
      inputs: { ...recipe.inputs, shoe_size: { kind: "row", columns: ["weight"] } },
    };
    expect(
      Number((await readSamples({ "": path.join(scratch, "other.csv") }, renamed, inputs)).shoe_size.data[0]),
    ).toBe(70);
  });
  test("leaves the rest by place for an input of several columns", async () => {
    const mixed: SampleInput[] = [input(1, "float32", "age"), input(2, "float32", "rest")];
    const samples = await readSamples(
      { "": file("rest.csv", "p,age,q\n1,2,3\n") },
      { version: 1, inputs: { age: row, rest: row } },
      mixed,
    );
    expect([[...samples.age.data], [...samples.rest.data]]).toEqual([[2], [1, 3]]);
  });
  test("may be given several rows", () => {
    expect(parseSampleSpecs(["t.csv#0", "t.csv#5"], ["age", "height"])).toEqual([{ "": "t.csv#0" }, { "": "t.csv#5" }]);
  });
});

test("columns that the model's metadata name are taken by name", async () => {
  const description = {
    path: path.join(scratch, "m.onnx"),
    name: "m.onnx",
    inputs: [input(2)],
    outputs: [],
    layers: [],
    metadata: { feature_names: '["petal", "sepal"]' },
  } as unknown as Parameters<typeof guessRecipe>[0];
  const { recipe, reasons } = await guessRecipe(description);
  expect(recipe.inputs.x).toEqual({ kind: "row", columns: ["petal", "sepal"] });
  expect(reasons.join()).toContain('its columns from the model\'s metadata ("feature_names")');
  expect([
    ...(await readSample(file("named.csv", "sepal,petal,label\n5,1,0\n"), recipe.inputs.x, input(2))).data,
  ]).toEqual([1, 5]);
});
