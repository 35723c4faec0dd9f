import { expect, it } from "vitest";
import { needsForm, readRow, readRows, rowsOf, sizesOf, type FormInput } from "./sample-form.ts";
import type { Recipe } from "./recipe.ts";

const none = new Map<string, number>();
const four: FormInput = { name: "x", type: "float32", dims: ["N", 4] };
const tokens: FormInput = { name: "ids", type: "int64", dims: ["N", "T"] };
const recipe = { inputs: { x: { kind: "row" }, ids: { kind: "array" } } } as unknown as Pick<Recipe, "inputs">;

it("numbers are as many as the input takes, whole where it takes whole ones, and lists have axes", () => {
  const numbers = (text: string, input: FormInput) => readRow({ how: "numbers", text }, input, none);
  expect(numbers("1, 2 3;4", four)).toEqual({ source: { values: [1, 2, 3, 4] } });
  expect(numbers("1 2", four)).toEqual({ problem: "2 of 4 numbers." });
  expect(numbers("1 2.5", tokens)).toEqual({
    problem: "2.5 at position 1 is not a whole number; the input takes int64.",
  });
  expect(numbers("[[1, 2]]", tokens)).toEqual({ source: { values: [[1, 2]] } });
  expect(numbers("[[1, 2]", tokens)).toHaveProperty("problem");
  expect(numbers("[null]", tokens)).toHaveProperty("problem");
  expect(numbers("1 2 3 4", { ...four, dims: ["N", 2, 2] })).toEqual({
    source: {
      values: [
        [1, 2],
        [3, 4],
      ],
    },
  });
});

it("one number everywhere takes its open axes from other inputs, or asks for the shape", () => {
  const mask: FormInput = { ...tokens, name: "mask" };
  const fill = (sizes: ReadonlyMap<string, number>, shape?: string) =>
    readRow({ how: "fill", text: "1", ...(shape === undefined ? {} : { shape }) }, mask, sizes);
  expect(fill(none)).toEqual({ problem: "Say which shape to fill." });
  expect(fill(sizesOf([tokens, mask], { ids: { dims: [1, 5] } }))).toEqual({ source: { fill: 1, shape: [1, 5] } });
  expect(fill(none, "1, 8")).toEqual({ source: { fill: 1, shape: [1, 8] } });
  expect(readRow({ how: "fill", text: "0" }, four, none)).toEqual({ source: { fill: 0 } });
});

it("rows begin with what a sample gives, and come back from a state as far as they are sound", () => {
  const rows = rowsOf({ x: { values: [1, 2] }, ids: "a.npy" }, [four, tokens], recipe);
  expect(rows).toEqual({ x: { how: "numbers", text: "1, 2" }, ids: { how: "file", text: "a.npy" } });
  expect(readRows({ ...rows, bad: { how: "guess", text: "" } })).toEqual(rows);
  expect(readRows([1])).toBeUndefined();
  expect([needsForm([four, tokens], recipe), needsForm([four], recipe)]).toEqual([true, false]);
});
