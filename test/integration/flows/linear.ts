// A model that is small enough to reckon by hand, with its weights in a file of their own.
import { writeModel } from "../../../src/model/formats/onnx/index.ts";
import { tensorFromArray } from "../../../src/model/tensor.ts";

const ROWS = 256;

/**
 * row [1, 3] · the first three rows of the weights -> score [1, 2]: a gradient is a column of them. (Small weights
 * would be written into the model's own file.)
 */
const model = writeModel(
  {
    irVersion: 9,
    opsets: { "": 17 },
    graph: {
      name: "linear",
      sparseInitializers: [],
      valueInfo: [],
      nodes: [
        {
          name: "first",
          opType: "Slice",
          domain: "",
          inputs: ["weights", "from", "before"],
          outputs: ["rows"],
          attributes: {},
        },
        { name: "linear", opType: "MatMul", domain: "", inputs: ["row", "rows"], outputs: ["score"], attributes: {} },
      ],
      initializers: [
        {
          name: "weights",
          dataType: "float32",
          dims: [ROWS, 2],
          storage: { kind: "file", file: "linear.onnx.data", offset: 0, length: ROWS * 8 },
        },
        tensorFromArray("from", "int64", [1], [0]),
        tensorFromArray("before", "int64", [1], [3]),
      ],
      inputs: [{ name: "row", type: { kind: "tensor", dataType: "float32", dims: [1, 3] } }],
      outputs: [{ name: "score", type: { kind: "tensor", dataType: "float32", dims: [1, 2] } }],
    },
  },
  { bytesOf: ({ storage }) => (storage.kind === "bytes" ? storage.bytes : new Uint8Array()) },
  { external: true },
).bytes;
/** The file of its weights, from the first row on; the others are zero. */
export const weightsFile = (...values: number[]): Uint8Array =>
  new Uint8Array(Float32Array.from({ length: ROWS * 2 }, (_, place) => values[place] ?? 0).buffer);

/** The model, its weights and its recipe, for a workspace. */
export const linearFiles: Readonly<Record<string, string | Uint8Array>> = {
  "linear.onnx": model,
  "linear.onnx.data": weightsFile(1, -1, 2, -2, 3, -3),
  "linear.loupe.json": JSON.stringify({ version: 1, inputs: { row: { kind: "row" } }, classes: ["no", "yes"] }),
};
