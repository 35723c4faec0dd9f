import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { writeArray } from "../../test/support/models.ts";
import type { Recipe } from "../protocol/recipe.ts";
import { fitProblem, rowCount } from "./fit.ts";

const folder = mkdtempSync(join(tmpdir(), "loupe-fit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const row: Recipe = { version: 1, inputs: { x: { kind: "row" } } };
const one = [{ name: "x", type: "float32", dims: ["N", 4] }];
const two = [...one, { name: "image", type: "float32", dims: ["N", 3, 8, 8] }];

it("an array that does not have the input's shape cannot fit, by its header alone", async () => {
  const right = writeArray(folder, "right.npy", [1, 4], [1, 2, 3, 4]);
  const wrong = writeArray(folder, "wrong.npy", [1, 5], [1, 2, 3, 4, 5]);
  expect(await fitProblem(right, row, one)).toBeUndefined();
  expect(await fitProblem(wrong, row, one)).toBe('An array of float32 [1, 5], but the input "x" takes [N, 4].');
  expect(await fitProblem(write("no.npy", "hello"), row, one)).toMatch(/not a \.npy array, but text/);
});

it("a table with other columns cannot fit; of a long one only the beginning is read", async () => {
  expect(await fitProblem(write("t.csv", "a,b,c,d\n1,2,3,4\n"), row, one)).toBeUndefined();
  expect(await fitProblem(write("five.csv", "a,b,c,d,e\n1,2,3,4,5\n"), row, one)).toMatch(/5 columns|\[1, 5\]/);
  // 3 MB, the last line broken by a row of another length far behind the beginning.
  const long = write("long.csv", `a,b,c,d\n${"1,2,3,4\n".repeat(400_000)}1,2\n`);
  expect(await fitProblem(long, row, one)).toBeUndefined();
  expect(await rowCount(write("three.csv", "a,b\n1,2\n3,4\n5,6\n"), row)).toBe(3);
});

it("of several inputs a file for one belongs into the form, a sample has to have each", async () => {
  const picture = resolve("samples/cat.png");
  expect(await fitProblem(picture, row, two)).toMatch(/for one of the model's 2 inputs/);
  expect(await fitProblem(picture, row, one)).toBeUndefined();
  const sample = (name: string, json: unknown): Promise<string | undefined> =>
    fitProblem(write(`${name}.sample.json`, JSON.stringify(json)), row, two);
  expect(await sample("both", { x: [1, 2, 3, 4], image: { file: "a.png" } })).toBeUndefined();
  expect(await sample("less", { x: [1, 2, 3, 4] })).toBe('It has nothing for the input "image".');
  expect(await sample("other", { y: 1 })).toBe('The model has no input "y".');
  expect(await sample("broken", [])).toMatch(/^A sample is an object/);
});
