import { elementCount, type Graph, type Node } from "../model/graph.ts";

/** What is explained: a value of the graph whose elements, in order, stand for the output's. */
export interface Score {
  readonly value: string;
  readonly kind: "logit" | "output" | "loss";
  /** The operator that was left out: "Softmax". */
  readonly before?: string;
}

const SQUASHING: ReadonlySet<string> = new Set(["Softmax", "LogSoftmax", "Sigmoid"]);
/** Operators that keep the elements and their order. */
const KEEPING: ReadonlySet<string> = new Set(["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout"]);

/** The value to explain for an output: where the graph ends in Softmax, LogSoftmax or Sigmoid, what goes into it. */
export function scoreOf(graph: Graph, output: string, kind: "logit" | "output"): Score {
  if (kind === "output") return { value: output, kind };
  const squashing = finalOperator(graph, output);
  return squashing ? { value: squashing.inputs[0], kind: "logit", before: squashing.opType } : { value: output, kind: "output" };
}

/** The Softmax, LogSoftmax or Sigmoid that makes an output's elements, if one does. */
export function finalOperator(graph: Graph, output: string): Node | undefined {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  let value = output;
  for (let node = makers.get(value); node; node = makers.get(value)) {
    if (node.domain === "" && SQUASHING.has(node.opType)) return node;
    if (node.domain !== "" || !KEEPING.has(node.opType)) return undefined;
    value = node.inputs[0];
  }
  return undefined;
}

/** An output's elements as probabilities, and how that was done; undefined where they are none (a regression's, a map's). */
export function probabilities(graph: Graph, output: string, dims: readonly number[], values: Float32Array): { values: Float32Array; how: string } | undefined {
  const end = finalOperator(graph, output);
  if (end?.opType === "Softmax" || end?.opType === "Sigmoid") return { values, how: `the model's own ${end.opType}` };
  if (end?.opType === "LogSoftmax") return { values: values.map((value) => Math.exp(value)), how: "exp of the model's LogSoftmax" };
  const classes = dims[dims.length - 1] ?? 1;
  if (dims.length > 2 || elementCount(dims) !== (dims[0] ?? 1) * classes || classes < 2) return undefined;
  return { values: softmaxRows(values, classes), how: "softmax of the logits" };
}

function softmaxRows(values: Float32Array, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += columns) {
    const row = values.subarray(start, start + columns);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    let total = 0;
    for (let i = 0; i < columns; i++) total += out[start + i] = Math.exp(row[i] - largest);
    for (let i = 0; i < columns; i++) out[start + i] /= total;
  }
  return out;
}
