/** A model with a picture, a table's row, token numbers and their mask, as scenarios of the panel's fake host. */
import { plainPicture } from "../../support/recipes.ts";

const inputs = [
  { name: "image", type: "float32", dims: ["N", 3, 64, 64] },
  { name: "measures", type: "float32", dims: ["N", 4] },
  { name: "input_ids", type: "int64", dims: ["N", "T"] },
  { name: "attention_mask", type: "int64", dims: ["N", "T"] },
];

const image = plainPicture([64, 64], { mean: [0, 0, 0], std: [1, 1, 1] });

const text = { kind: "text", tokenizer: "tokenizer.json", maxLength: 64, part: "ids" };

const recipe = {
  inputs: {
    image,
    measures: { kind: "row", columns: ["length", "width", "weight", "age"] },
    input_ids: text,
    attention_mask: { ...text, part: "attention-mask" },
  },
};

export const severalInputs = { inputs, recipe, withoutInput: true };

/** Filled in but for the last input's shape, with a number that is out of range and one that is missing. */
export const rowsWithProblems = {
  image: { how: "file", text: "photos/gone.png" },
  measures: { how: "numbers", text: "-0.39, 0.85, 1.09" },
  input_ids: { how: "numbers", text: "12, 7, 99" },
  attention_mask: { how: "fill", text: "1" },
};

export const soundRows = {
  image: { how: "file", text: "photos/perch.png" },
  measures: { how: "numbers", text: "-0.39, 0.85, 1.09, 1.86" },
  input_ids: { how: "numbers", text: "12, 7, 9" },
  attention_mask: { how: "fill", text: "1" },
};
