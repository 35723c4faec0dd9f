import { readFileSync } from "node:fs";
import type { Node, TensorRef } from "../../src/model/graph.ts";
import { float } from "./lrp-small.ts";
import { int, ints, node, weight, type SmallModel } from "./models.ts";

/**
 * A small decoder and its numbers with closed entries absent, by LXT and paired rules in float64:
 * test/reference/masked/make.py.
 */
export interface Expected {
  readonly token: number;
  readonly score: number;
  readonly relevance: readonly number[];
  readonly gradient: readonly number[];
  readonly contributions: readonly number[];
}
export const MASKED = JSON.parse(readFileSync("test/reference/masked/masked.json", "utf8")) as {
  readonly tokens: number;
  readonly target: number;
  readonly open: readonly (readonly number[])[];
  readonly empty: readonly (readonly number[])[];
  readonly dims: Readonly<Record<string, readonly number[]>>;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly x: readonly number[];
  readonly baseline: readonly number[];
  readonly masked: Expected;
  readonly emptyRow: Expected;
};

/** What builds the masked attention of one layer. */
export interface Layer {
  /** A value's name in this layer. */
  readonly own: (name: string) => string;
  /** Adds a node of one output; its name. */
  readonly add: (
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes?: Node["attributes"],
    domain?: string,
  ) => string;
}
/**
 * From scores [1, heads, queries, keys] to attention weights; or from the queries, keys and values [1, tokens, width]
 * to the mixed values.
 */
export type Attend =
  | { readonly weights: (layer: Layer, scores: string) => string }
  | { readonly mixed: (layer: Layer, qkv: readonly [string, string, string], normed: string) => string };
export interface Masking {
  readonly attend: Attend;
  readonly more?: readonly TensorRef[];
  readonly inputs?: SmallModel["inputs"];
  readonly opset?: number;
  /** Queries and keys that go together, where it is not MASKED.open. */
  readonly token?: number;
}

const [HEADS, SIZE] = [2, 4];

/** The decoder as an ONNX model, its attention masked by `masking`: x [1, tokens, width] to y [1, classes]. */
export function maskedDecoder({
  attend,
  more = [],
  inputs = {},
  opset = 17,
  token = MASKED.masked.token,
}: Masking): SmallModel {
  const nodes: Node[] = [];
  let x = "x";
  for (const layer of [0, 1]) {
    const own = (name: string): string => `l${layer}.${name}`;
    const add: Layer["add"] = (opType, from, output, attributes = {}, domain = "") => {
      nodes.push(node(opType, from, [own(output)], attributes, domain));
      return own(output);
    };
    const linear = (from: string, part: string): string =>
      add("Add", [add("MatMul", [from, `w${part}`], `${part}.product`), `b${part}`], part);
    const normed = add("LayerNormalization", [x, "gain", "shift"], "n", { axis: int(-1), epsilon: float(1e-5) });
    const [q, k, v] = ["q", "k", "v"].map((part) => linear(normed, part));
    const heads = (from: string): string =>
      add("Transpose", [add("Reshape", [from, "split"], `${from}.split`)], `${from}.heads`, { perm: ints(0, 2, 1, 3) });
    let mixed: string;
    if ("mixed" in attend) mixed = attend.mixed({ own, add }, [q, k, v], normed);
    else {
      const turned = add("Transpose", [heads(k)], "k.turned", { perm: ints(0, 1, 3, 2) });
      const scores = add("Mul", [add("MatMul", [heads(q), turned], "product"), "scale"], "scores");
      const weights = attend.weights({ own, add }, scores);
      mixed = add(
        "Reshape",
        [
          add("Transpose", [add("MatMul", [weights, heads(v)], "mixed")], "mixed.turned", { perm: ints(0, 2, 1, 3) }),
          "join",
        ],
        "joined",
      );
    }
    const first = add("Add", [x, linear(mixed, "o")], "first");
    const second = add("LayerNormalization", [first, "gain", "shift"], "n2", { axis: int(-1), epsilon: float(1e-5) });
    x = add("Add", [first, linear(add("Relu", [linear(second, "1")], "r"), "2")], "x");
  }
  nodes.push(
    node("Gather", [x, "token"], ["last"], { axis: int(1) }),
    node("MatMul", ["last", "wc"], ["c"]),
    node("Add", ["c", "bc"], ["y"]),
  );
  return {
    opset,
    domains: { "com.microsoft": 1 },
    inputs: { x: ["float32", 1, MASKED.tokens, HEADS * SIZE], ...inputs },
    outputs: ["y"],
    nodes,
    weights: [
      ...Object.entries(MASKED.weights).map(([name, numbers]) => weight(name, MASKED.dims[name], numbers)),
      ...more,
      weight("scale", [], [SIZE ** -0.5]),
      weight("split", [4], [1, MASKED.tokens, HEADS, SIZE], "int64"),
      weight("join", [3], [1, MASKED.tokens, HEADS * SIZE], "int64"),
      weight("token", [], [token], "int64"),
    ],
  };
}

/** One number for each query and key, by whether it is open. */
export function table(open: number, closed: number, keys: readonly (readonly number[])[] = MASKED.open): number[] {
  return keys.flatMap((row) => Array.from({ length: MASKED.tokens }, (_, key) => (row.includes(key) ? open : closed)));
}
