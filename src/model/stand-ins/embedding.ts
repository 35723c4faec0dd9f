import { DATA_TYPES, type Attribute } from "../graph.ts";
import { tensorFromArray } from "../tensor.ts";
import type { Body } from "./body.ts";
import type { StandIn } from "./fused.ts";

/**
 * Where the operators have their inputs: 0 ids, 1 segments, 2 to 4 the tables of words, places and segments, 5 scale, 6
 * shift, 7 mask.
 */
const [IDS, SEGMENTS, WORDS, PLACES, KINDS, SCALE, SHIFT, MASK, POSITIONS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/**
 * com.microsoft's embeddings by word, position and segment in one operator (ONNX Runtime, docs/ContribOperators.md), as
 * the look-ups, the sum and the normalisation that they were before they were fused: so each table's rows are values,
 * and what integers are looked up as is a row, not the layer's output.
 */
export const EMBEDDING: Readonly<Record<string, StandIn>> = {
  EmbedLayerNormalization: (b) => embedded(b, (value) => value, POSITIONS),
  // Tables, scale and shift in 8 bits: inputs 8 to 12 are their scales, 13 to 17 their zero points. Rows become real
  // numbers after they are looked up.
  QEmbedLayerNormalization: (b) =>
    embedded(
      b,
      (value, of) => b.op("DequantizeLinear", [value, b.x(of + 6), b.has(of + 11) ? b.x(of + 11) : ""]),
      undefined,
    ),
};

/**
 * @param real `value`, all or some rows of the input `of`, as real numbers. @param positions The input of the tokens'
 * positions, where there may be one.
 */
function embedded(b: Body, real: (value: string, of: number) => string, positions: number | undefined): true {
  const rows = (table: number, indices: number): string =>
    real(b.op("Gather", [b.x(table), b.x(indices)], { axis: 0 }), table);
  const length = (): string => b.op("Slice", [b.op("Shape", [b.x(IDS)]), b.ints(1), b.ints(2)]);
  const words = rows(WORDS, IDS);
  const places =
    positions !== undefined && b.has(positions)
      ? rows(PLACES, positions)
      : real(b.slice(b.x(PLACES), 0, b.ints(0), length()), PLACES);
  const kinds = b.has(KINDS) && b.has(SEGMENTS) ? [rows(KINDS, SEGMENTS)] : [];
  const sum = b.node.outputs[2] || b.around.fresh(`${b.node.outputs[0]}.embedding_sum`);
  const [first, last] = kinds.length > 0 ? [b.op("Add", [words, places]), kinds[0]] : [words, places];
  b.nodes.push({ name: sum, opType: "Add", domain: "", inputs: [first, last], outputs: [sum], attributes: {} });
  b.last("LayerNormalization", [sum, real(b.x(SCALE), SCALE), real(b.x(SHIFT), SHIFT)], {
    axis: -1,
    epsilon: { type: "float", value: b.float("epsilon", 1e-12) },
  });
  if (b.node.outputs[1]) b.gives(1, b.has(MASK) ? counted(b) : none(b));
  return true;
}

const INT32 = DATA_TYPES.indexOf("int32");

/** How many of a text's tokens the mask counts, those with a 1: [batch] of int32. */
function counted(b: Body): string {
  const marked = b.op("Cast", [b.op("Equal", [b.x(MASK), b.int32(1)])], { to: INT32 });
  return b.around.opset >= 13
    ? b.op("ReduceSum", [marked, b.ints(1)], { keepdims: 0 })
    : b.op("ReduceSum", [marked], { axes: [1], keepdims: 0 });
}

/** 0 for each text, as ONNX Runtime has it without a mask. */
function none(b: Body): string {
  const zero: Attribute = { type: "tensor", value: tensorFromArray("", "int32", [1], [0]) };
  return b.op("ConstantOfShape", [b.op("Slice", [b.op("Shape", [b.x(IDS)]), b.ints(0), b.ints(1)])], { value: zero });
}
