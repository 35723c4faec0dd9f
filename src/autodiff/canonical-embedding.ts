import type { Attribute, Node } from "../model/graph.ts";
import type { Dims } from "./builder.ts";
import type { CanonicalContext } from "./canonical.ts";

/**
 * Embeddings by word, position and segment, summed and normalised. Written out, so that gradients with respect to the sum can be
 * asked for: it is the third output, or `OUTPUT.embedding_sum` where the node has none.
 */
export function embedLayerNorm(c: CanonicalContext): "done" {
  const [, , , , , , , mask, positions] = c.node.inputs;
  return embedded(c, { mask, positions, real: (value) => value });
}

/** The same with tables, scale and shift in 8 bits: inputs 8 to 12 are their scales, 13 to 17 their zero points. Rows become real numbers after they are looked up. */
export function quantisedEmbedLayerNorm(c: CanonicalContext): "done" {
  const place = (input: string): number => QUANTISED_INPUTS.findIndex((index) => c.node.inputs[index] === input);
  const real = (value: string, source: string): string => (
    c.g.op("DequantizeLinear", [value, c.node.inputs[8 + place(source)], c.node.inputs[13 + place(source)] ?? ""], c.g.shape(value)));
  return embedded(c, { mask: c.node.inputs[7], positions: undefined, real });
}
const QUANTISED_INPUTS: readonly number[] = [2, 3, 4, 5, 6];

interface Embedding {
  readonly mask: string | undefined;
  readonly positions: string | undefined;
  /** `value`, all or some of the input `source`, as real numbers. */
  readonly real: (value: string, source: string) => string;
}

function embedded(c: CanonicalContext, { mask, positions, real }: Embedding): "done" {
  const { g, node } = c;
  const [ids, segments, words, places, kinds, gamma, beta] = [...node.inputs, ...new Array<string>(7).fill("")];
  const [batch, sequence] = c.dims(ids);
  const rows = (table: string, indices: string, dims: Dims): string => real(g.op("Gather", [table, indices], [...dims, c.dims(table)[1]], { axis: 0 }), table);
  const parts = [rows(words, ids, [batch, sequence]), positions ? rows(places, positions, c.dims(positions)) : real(g.slice(places, 0, 0, sequence), places)];
  if (kinds && segments) parts.push(rows(kinds, segments, [batch, sequence]));
  const most = parts.slice(0, -1).reduce((a, b) => g.plus(a, b));
  const sum = node.outputs[2] || `${node.outputs[0]}.embedding_sum`;
  if (!node.outputs[2]) g.declare(sum, c.dims(node.outputs[0]));
  g.add({ name: "", opType: "Add", domain: "", inputs: [most, parts[parts.length - 1]], outputs: [sum], attributes: {} });
  g.add({
    name: node.name, opType: "LayerNormalization", domain: "", inputs: [sum, real(gamma, gamma), real(beta, beta)], outputs: [node.outputs[0]],
    attributes: { axis: int(-1), epsilon: { type: "float", value: node.attributes.epsilon?.type === "float" ? node.attributes.epsilon.value : 1e-12 } },
  });
  if (node.outputs[1]) {
    // How many tokens count: 0 without a mask, as ONNX Runtime has it.
    const counted: Pick<Node, "opType" | "inputs" | "attributes"> = mask ? { opType: "ReduceSum", inputs: [mask, g.ints([1])], attributes: { keepdims: int(0) } } : { opType: "Cast", inputs: [g.intTensor(new Array<number>(batch).fill(0), [batch])], attributes: { to: int(6) } };
    g.add({ name: "", domain: "", ...counted, outputs: [node.outputs[1]] });
  }
  return "done";
}

function int(value: number): Attribute {
  return { type: "int", value };
}
