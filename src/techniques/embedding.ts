import { isFloat, type Graph } from "../model/graph.ts";

/** Where a model looks its tokens up: the value that attributions are about when an input is of integers. */
export interface Embedding {
  /** The model's input of token numbers. */
  readonly input: string;
  /** The looked up vectors, [N, T, C]. */
  readonly value: string;
}

/** Operators that hand token numbers on. */
const PASSING: ReadonlySet<string> = new Set(["Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Clip", "Max", "Min"]);

/**
 * The largest table that the model looks one of `inputs` up in: a Gather from a float weight, along its rows, or ONNX Runtime's
 * EmbedLayerNormalization. Undefined where there is none.
 */
export function findEmbedding(graph: Graph, inputs: readonly string[]): Embedding | undefined {
  const tables = new Map(graph.initializers.filter(({ dataType }) => isFloat(dataType)).map(({ name, dims }) => [name, dims]));
  const from = new Map(inputs.map((name) => [name, name]));
  let best: (Embedding & { readonly rows: number }) | undefined;
  const consider = (table: string, index: string, value: string): void => {
    const [input, dims] = [from.get(index), tables.get(table)];
    if (input !== undefined && dims?.length === 2 && (!best || dims[0] > best.rows)) best = { input, value, rows: dims[0] };
  };
  for (const { opType, domain, inputs: [first, second, third], outputs, attributes } of graph.nodes) {
    if (domain === "" && opType === "Gather" && (attributes.axis?.type !== "int" || attributes.axis.value === 0)) consider(first, second, outputs[0]);
    else if (domain === "com.microsoft" && opType === "EmbedLayerNormalization") consider(third, first, outputs[0]);
    else if (domain === "" && tables.has(first) && (opType === "Identity" || opType === "Cast")) tables.set(outputs[0], tables.get(first)!);
    else if (domain === "" && PASSING.has(opType) && from.has(first)) from.set(outputs[0], from.get(first)!);
  }
  return best && { input: best.input, value: best.value };
}
