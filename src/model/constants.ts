import { elementCount, type Attribute, type Graph, type Node, type SparseTensorRef, type TensorRef } from "./graph.ts";
import { byteLength, tensorFromArray, tensorFromStrings, toNumbers } from "./tensor.ts";

/** A sparse constant of more bytes than this, made dense, is left as it is. */
const LARGEST_DENSE = 64 * 1024 * 1024;

/** Where the bytes of tensors that are not in memory come from: `OpenModel.bytesOf`. */
type BytesOf = (tensor: TensorRef) => Uint8Array;

/**
 * Turns Constant nodes, in subgraphs too, into initializers of their graph, so that constants come in one way only. A
 * sparse one becomes dense when it is small and its bytes are in memory or `bytesOf` gives them; otherwise its node
 * stays.
 */
export function liftConstants(graph: Graph, bytesOf: BytesOf = inMemory): Graph {
  const lifted: TensorRef[] = [];
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const tensor = constantOf(node, bytesOf);
    if (tensor !== undefined) lifted.push(tensor);
    else nodes.push(liftInside(node, bytesOf));
  }
  return {
    ...graph,
    nodes,
    initializers: lifted.length === 0 ? graph.initializers : [...graph.initializers, ...lifted],
  };
}

/** The tensor that a Constant node makes, named as its output; undefined for other nodes and what cannot be told. */
export function constantOf(node: Node, bytesOf: BytesOf = inMemory): TensorRef | undefined {
  if (node.opType !== "Constant" || node.domain !== "" || node.outputs.length !== 1) return undefined;
  const name = node.outputs[0];
  for (const [key, attribute] of Object.entries(node.attributes)) {
    const tensor = VALUES[key]?.(attribute, name, bytesOf);
    if (tensor !== undefined) return tensor;
  }
  return undefined;
}

/** What each attribute of Constant (opset 13) means. */
const VALUES: Readonly<
  Record<string, (attribute: Attribute, name: string, bytesOf: BytesOf) => TensorRef | undefined>
> = {
  value: (attribute, name) => (attribute.type === "tensor" ? { ...attribute.value, name } : undefined),
  value_float: (attribute, name) =>
    attribute.type === "float" ? tensorFromArray(name, "float32", [], [attribute.value]) : undefined,
  value_floats: (attribute, name) =>
    attribute.type === "floats"
      ? tensorFromArray(name, "float32", [attribute.value.length], attribute.value)
      : undefined,
  value_int: (attribute, name) =>
    attribute.type === "int" ? tensorFromArray(name, "int64", [], [attribute.value]) : undefined,
  value_ints: (attribute, name) =>
    attribute.type === "ints" ? tensorFromArray(name, "int64", [attribute.value.length], attribute.value) : undefined,
  value_string: (attribute, name) => (attribute.type === "string" ? stringTensor(name, [], [attribute]) : undefined),
  value_strings: (attribute, name) =>
    attribute.type === "strings"
      ? stringTensor(
          name,
          [attribute.value.length],
          attribute.value.map((value, i) => ({ value, bytes: attribute.bytes?.[i] })),
        )
      : undefined,
  sparse_value: (attribute, name, bytesOf) =>
    attribute.type === "sparse_tensor" ? toDense(attribute.value, name, bytesOf) : undefined,
};

function stringTensor(
  name: string,
  dims: number[],
  strings: readonly { value: string; bytes?: Uint8Array }[],
): TensorRef {
  const tensor = tensorFromStrings(
    name,
    dims,
    strings.map(({ value }) => value),
  );
  if (strings.every(({ bytes }) => bytes === undefined)) return tensor;
  const encoder = new TextEncoder();
  return {
    ...tensor,
    storage: { kind: "strings", strings: strings.map(({ value, bytes }) => bytes ?? encoder.encode(value)) },
  };
}

/**
 * A sparse tensor as a dense one; indices are [NNZ], counted through, or [NNZ, rank] (SparseTensorProto). undefined
 * where it is too large, of a type narrower than a byte, or malformed.
 */
function toDense(sparse: SparseTensorRef, name: string, bytesOf: BytesOf = inMemory): TensorRef | undefined {
  const { values, indices, dims } = sparse;
  const total = byteLength(values.dataType, elementCount(dims));
  const width = byteLength(values.dataType, 1);
  if (values.problem !== undefined || indices.problem !== undefined || indices.dataType !== "int64") return undefined;
  if (!(total <= LARGEST_DENSE) || dims.some((dim) => dim < 0) || width * elementCount(dims) !== total)
    return undefined;
  if ([values, indices].some((tensor) => tensor.storage.kind !== "bytes" && bytesOf === inMemory)) return undefined;
  const source = bytesOf(values);
  const at = toNumbers(indices, bytesOf(indices));
  const count = elementCount(values.dims);
  const rank = indices.dims.length === 2 ? dims.length : 1;
  if (at.length !== count * rank) return undefined;
  const bytes = new Uint8Array(total);
  for (let i = 0; i < count; i++) {
    let index = 0;
    for (let axis = 0; axis < rank; axis++) index = index * (rank === 1 ? 1 : dims[axis]) + at[i * rank + axis];
    if (!(index >= 0 && index < elementCount(dims))) return undefined;
    bytes.set(source.subarray(i * width, (i + 1) * width), index * width);
  }
  return { name, dataType: values.dataType, dims, storage: { kind: "bytes", bytes } };
}

function inMemory(tensor: TensorRef): Uint8Array {
  return tensor.storage.kind === "bytes" ? tensor.storage.bytes : new Uint8Array(0);
}

function liftInside(node: Node, bytesOf: BytesOf): Node {
  const entries = Object.entries(node.attributes);
  if (!entries.some(([, attribute]) => attribute.type === "graph" || attribute.type === "graphs")) return node;
  const attributes = entries.map(([name, attribute]): [string, Attribute] => {
    if (attribute.type === "graph") return [name, { type: "graph", value: liftConstants(attribute.value, bytesOf) }];
    if (attribute.type === "graphs")
      return [name, { type: "graphs", value: attribute.value.map((graph) => liftConstants(graph, bytesOf)) }];
    return [name, attribute];
  });
  return { ...node, attributes: Object.fromEntries(attributes) };
}
