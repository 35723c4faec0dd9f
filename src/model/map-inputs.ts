import type { DataType, Graph, Model, Node, ValueInfo } from "./graph.ts";
import { OPSET_FOR_NONE } from "./linear-models.ts";

/** What a tensor in the place of a map holds. */
export interface MapInput {
  readonly dataType: DataType;
  /** [1, entries]. */
  readonly dims: readonly [1, number | null];
  /** The map's keys in the tensor's order; absent where any may be given. */
  readonly keys?: readonly string[];
}

/**
 * The tensor that an input of maps stands for: what the one node that takes it makes of it (DictVectorizer, CastMap).
 * Undefined where the input is no map, or taken by anything else. ONNX Runtime for Node.js cannot be given maps.
 */
export function mapInput(graph: Graph, { name, type }: ValueInfo): MapInput | undefined {
  if (type.kind !== "map") return undefined;
  const takers = graph.nodes.filter(({ inputs }) => inputs.includes(name));
  const taker = takers.length === 1 && takers[0].domain === "ai.onnx.ml" ? takers[0] : undefined;
  return taker && TAKEN[taker.opType]?.(taker, type.value.kind === "tensor" ? type.value.dataType : "float32");
}

const TAKEN: Readonly<Record<string, ((node: Node, held: DataType) => MapInput | undefined) | undefined>> = {
  DictVectorizer: ({ attributes }, held) => {
    const { string_vocabulary: words, int64_vocabulary: numbers } = attributes;
    const keys = words?.type === "strings" ? words.value : numbers?.type === "ints" ? numbers.value.map(String) : [];
    return { dataType: held, dims: [1, keys.length], keys };
  },
  CastMap: ({ attributes }) => {
    const to = attributes.cast_to?.type === "string" ? attributes.cast_to.value : "TO_FLOAT";
    const dataType: DataType = to === "TO_STRING" ? "string" : to === "TO_INT64" ? "int64" : "float32";
    const sparse = attributes.map_form?.type === "string" && attributes.map_form.value === "SPARSE";
    const maximum = attributes.max_map?.type === "int" ? attributes.max_map.value : 1;
    return sparse
      ? { dataType, dims: [1, maximum], keys: Array.from({ length: maximum }, (_, key) => String(key)) }
      : { dataType, dims: [1, null] };
  },
};

/** The model with tensors in the place of its maps: what DictVectorizer and CastMap make of them is given. */
export function withoutMapInputs(model: Model): Model {
  const { graph } = model;
  const maps = new Map(
    graph.inputs.flatMap((input) => {
      const found = mapInput(graph, input);
      return found ? [[input.name, found] as const] : [];
    }),
  );
  if (maps.size === 0) return model;
  const inputs = graph.inputs.map((input): ValueInfo => {
    const map = maps.get(input.name);
    return map ? { ...input, type: { kind: "tensor", dataType: map.dataType, dims: map.dims } } : input;
  });
  const nodes = graph.nodes.map((node): Node =>
    maps.has(node.inputs[0])
      ? {
          name: node.name,
          opType: "Identity",
          domain: "",
          inputs: node.inputs.slice(0, 1),
          outputs: node.outputs,
          attributes: {},
        }
      : node,
  );
  return { ...model, opsets: { "": OPSET_FOR_NONE, ...model.opsets }, graph: { ...graph, inputs, nodes } };
}
