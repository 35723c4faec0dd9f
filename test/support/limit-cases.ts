import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "../../src/model/graph.ts";
import type { Obstacle } from "../../src/protocol/obstacles.ts";
import { int, ints, node, weight, writeArray, writeSmallModel, type SmallModel } from "./models.ts";

/** A small model of each kind, with what it rules out. */
export interface LimitCase {
  readonly name: string;
  /** Writes it into a folder; its path. */
  readonly model: (folder: string) => string;
  readonly input: readonly number[];
  readonly integers?: true;
  readonly text?: string;
  /** The output that is explained, where it is not the first. */
  readonly output?: string;
  readonly limits: readonly Obstacle[];
  /** What only a run can tell. */
  readonly found?: readonly Obstacle[];
}

export function writeInput(folder: string, { input, integers, text }: LimitCase): string {
  if (text !== undefined) {
    const path = join(folder, "x.json");
    writeFileSync(path, JSON.stringify(text));
    return path;
  }
  const count = input.reduce((product, dim) => product * dim, 1);
  const values = integers ? Array.from({ length: count }, (_, i) => i % 3) : waves(count, 0.7);
  return writeArray(folder, "x.npy", input, values, integers ? "int64" : "float32");
}

function waves(count: number, by = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * by));
}
const small =
  (name: string, model: SmallModel): LimitCase["model"] =>
  (folder) =>
    writeSmallModel(folder, `${name}.onnx`, model);
const attributes = (values: Record<string, string | readonly (number | string)[]>): Node["attributes"] =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (typeof value === "string") return [name, { type: "string", value }];
      if (value.every((one) => typeof one === "string")) return [name, { type: "strings", value: value as string[] }];
      const isWhole = /ids|treeids|nodeids|featureids|class|hitrates/.test(name) && !/weights|values/.test(name);
      return [name, { type: isWhole ? "ints" : "floats", value: value as number[] }];
    }),
  );

const dense = [
  node("Gemm", ["f", "w", "b"], ["h"]),
  node("Relu", ["h"], ["r"]),
  node("Gemm", ["r", "v"], ["z"]),
  node("Softmax", ["z"], ["y"]),
];
const denseOf = (width: number) => [
  weight("w", [width, 5], waves(width * 5)),
  weight("b", [5], waves(5)),
  weight("v", [5, 3], waves(15)),
];
const convolution = weight("k", [4, 1, 3, 3], waves(36));
const filtered = [node("Conv", ["x", "k"], ["c"]), node("Relu", ["c"], ["a"])];
const picture: SmallModel["inputs"] = { x: ["float32", "N", 1, 6, 6] };
const pooled: Pick<SmallModel, "nodes" | "weights"> = {
  nodes: [
    ...filtered,
    node("GlobalAveragePool", ["a"], ["p"]),
    node("Flatten", ["p"], ["f"]),
    node("Gemm", ["f", "u"], ["y"]),
  ],
  weights: [convolution, weight("u", [4, 3], waves(12))],
};
const tree = attributes({
  nodes_treeids: [0, 0, 0],
  nodes_nodeids: [0, 1, 2],
  nodes_featureids: [0, 0, 0],
  nodes_values: [0.5, 0, 0],
  nodes_modes: ["BRANCH_LEQ", "LEAF", "LEAF"],
  nodes_truenodeids: [1, 0, 0],
  nodes_falsenodeids: [2, 0, 0],
  class_treeids: [0, 0],
  class_nodeids: [1, 2],
  class_ids: [0, 1],
  class_weights: [0.25, 0.75],
  classlabels_int64s: [0, 1],
  post_transform: "NONE",
});

export const LIMIT_CASES: readonly LimitCase[] = [
  {
    name: "a multilayer perceptron over a table",
    model: small("mlp", {
      inputs: { x: ["float32", "N", 4] },
      outputs: ["y"],
      nodes: [node("Identity", ["x"], ["f"]), ...dense],
      weights: denseOf(4),
    }),
    input: [1, 4],
    limits: ["pooled head", "spatial layer"],
  },
  {
    name: "a multilayer perceptron over pictures",
    model: small("mlp-pictures", {
      inputs: picture,
      outputs: ["y"],
      nodes: [node("Flatten", ["x"], ["f"]), ...dense],
      weights: denseOf(36),
    }),
    input: [1, 1, 6, 6],
    limits: ["pooled head", "spatial layer"],
  },
  {
    name: "a linear model",
    model: small("linear", {
      inputs: { x: ["float32", "N", 4] },
      outputs: ["y"],
      nodes: [node("Gemm", ["x", "w"], ["y"])],
      weights: [weight("w", [4, 3], waves(12))],
    }),
    input: [1, 4],
    limits: ["pooled head", "spatial layer"],
  },
  {
    name: "convolutions, pooled before a dense layer",
    model: small("pooled", { inputs: picture, outputs: ["y"], ...pooled }),
    input: [1, 1, 6, 6],
    limits: [],
  },
  {
    name: "convolutions, flattened before dense layers",
    model: small("flattened", {
      inputs: picture,
      outputs: ["y"],
      nodes: [...filtered, node("Flatten", ["a"], ["f"]), ...dense],
      weights: [convolution, ...denseOf(64)],
    }),
    input: [1, 1, 6, 6],
    limits: ["pooled head"],
  },
  {
    name: "a signal's convolutions",
    model: small("signal", {
      inputs: { x: ["float32", 1, 2, 12] },
      outputs: ["y"],
      nodes: [
        node("Conv", ["x", "k"], ["c"]),
        node("Relu", ["c"], ["a"]),
        node("ReduceMean", ["a"], ["f"], { axes: ints(2), keepdims: int(0) }),
        node("MatMul", ["f", "u"], ["y"]),
      ],
      weights: [weight("k", [4, 2, 3], waves(24)), weight("u", [4, 3], waves(12))],
    }),
    input: [1, 2, 12],
    limits: [],
  },
  {
    name: "whole numbers that are looked up nowhere",
    model: small("integers", {
      inputs: { x: ["int64", 1, 4] },
      outputs: ["y"],
      nodes: [node("Cast", ["x"], ["f"], { to: int(1) }), ...dense],
      weights: denseOf(4),
    }),
    input: [1, 4],
    integers: true,
    limits: ["pooled head", "spatial layer", "float input"],
  },
  {
    name: "tokens, looked up in a table",
    model: small("tokens", {
      inputs: { x: ["int64", 1, 6] },
      outputs: ["y"],
      nodes: [
        node("Gather", ["table", "x"], ["e"]),
        node("ReduceMean", ["e"], ["f"], { axes: ints(1), keepdims: int(0) }),
        ...dense,
      ],
      weights: [weight("table", [8, 4], waves(32)), ...denseOf(4)],
    }),
    input: [1, 6],
    integers: true,
    limits: ["pooled head", "spatial layer"],
  },
  {
    name: "decision trees",
    model: small("trees", {
      domains: { "ai.onnx.ml": 3 },
      inputs: { x: ["float32", "N", 4] },
      outputs: ["label", "probabilities"],
      nodes: [node("TreeEnsembleClassifier", ["x"], ["label", "probabilities"], tree, "ai.onnx.ml")],
    }),
    input: [1, 4],
    output: "probabilities",
    limits: ["pooled head", "spatial layer", "gradient", "neuron gradient"],
  },
  {
    name: "an operator without a rule before the layers",
    model: small("blocked-front", {
      domains: { "com.microsoft": 1 },
      inputs: picture,
      outputs: ["y"],
      nodes: [
        node("SampleOp", ["x"], ["s"], {}, "com.microsoft"),
        node("Conv", ["s", "k"], ["c"]),
        ...pooled.nodes.slice(1),
      ],
      weights: pooled.weights,
    }),
    input: [1, 1, 6, 6],
    limits: ["input gradient", "neuron gradient"],
  },
  {
    name: "an operator without a rule that makes the score",
    model: small("blocked-end", {
      domains: { "com.microsoft": 1 },
      inputs: picture,
      outputs: ["y"],
      nodes: [
        ...filtered,
        node("Flatten", ["a"], ["f"]),
        ...dense.slice(0, 2),
        node("Gemm", ["r", "v"], ["z"]),
        node("SampleOp", ["z"], ["y"], {}, "com.microsoft"),
      ],
      weights: [convolution, ...denseOf(64)],
    }),
    input: [1, 1, 6, 6],
    limits: ["pooled head", "gradient"],
  },
  {
    name: "a recurrent layer",
    model: small("recurrent", {
      inputs: { x: ["float32", 5, 1, 3] },
      outputs: ["y"],
      nodes: [
        node("LSTM", ["x", "w", "r"], ["steps", "last"], { hidden_size: int(4) }),
        node("Reshape", ["last", "shape"], ["f"]),
        node("MatMul", ["f", "v"], ["y"]),
      ],
      weights: [
        weight("w", [1, 16, 3], waves(48)),
        weight("r", [1, 16, 4], waves(64)),
        weight("v", [4, 2], waves(8)),
        weight("shape", [2], [1, 4], "int64"),
      ],
    }),
    input: [5, 1, 3],
    limits: ["pooled head"],
    found: ["spatial layer"],
  },
  {
    name: "a file that was cut short",
    model: (folder) => {
      const whole = readFileSync(small("whole", { inputs: picture, outputs: ["y"], ...pooled })(folder));
      const path = join(folder, "cut.onnx");
      writeFileSync(path, whole.subarray(0, whole.length - 60));
      return path;
    },
    input: [1, 1, 6, 6],
    limits: ["run"],
  },
  {
    name: "a value that nothing makes",
    model: small("missing", { inputs: picture, outputs: ["y"], nodes: [node("Add", ["x", "nowhere"], ["y"])] }),
    input: [1, 1, 6, 6],
    limits: ["run"],
  },
  {
    name: "a value that is made twice",
    model: small("twice", {
      inputs: picture,
      outputs: ["y"],
      nodes: [node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])],
    }),
    input: [1, 1, 6, 6],
    limits: ["run"],
  },
  {
    name: "a cycle",
    model: small("cycle", {
      inputs: picture,
      outputs: ["y"],
      nodes: [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])],
    }),
    input: [1, 1, 6, 6],
    limits: ["run"],
  },
  {
    name: "weights in a file that is missing",
    model: small("apart", {
      inputs: picture,
      outputs: ["y"],
      nodes: [node("Flatten", ["x"], ["f"]), node("Gemm", ["f", "far"], ["y"])],
      weights: [
        {
          name: "far",
          dataType: "float32",
          dims: [36, 64],
          storage: { kind: "file", file: "far.bin", offset: 0, length: 36 * 64 * 4 },
        },
      ],
    }),
    input: [1, 1, 6, 6],
    limits: ["run"],
  },
  {
    name: "texts",
    model: small("texts", {
      inputs: { x: ["string", 1, 1] },
      outputs: ["y"],
      nodes: [
        node(
          "OneHotEncoder",
          ["x"],
          ["c"],
          { cats_strings: { type: "strings", value: ["a", "b", "c", "d"] } },
          "ai.onnx.ml",
        ),
        node("Reshape", ["c", "shape"], ["f"]),
        ...dense,
      ],
      domains: { "ai.onnx.ml": 3 },
      weights: [...denseOf(4), weight("shape", [2], [1, 4], "int64")],
    }),
    input: [1, 1],
    text: "b",
    limits: ["pooled head"],
    found: ["spatial layer"],
  },
  {
    name: "an opset that is too new",
    model: small("newer", { opset: 27, inputs: picture, outputs: ["y"], ...pooled }),
    input: [1, 1, 6, 6],
    limits: ["run"],
  },
  {
    name: "an operator of somebody else's",
    model: small("foreign", {
      domains: { custom: 1 },
      inputs: picture,
      outputs: ["y"],
      nodes: [node("Mine", ["x"], ["y"], {}, "custom")],
    }),
    input: [1, 1, 6, 6],
    limits: ["run"],
  },
];
