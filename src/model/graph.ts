/**
 * The intermediate representation that every model file is read into and every derived model is written from.
 * Graphs are plain data: values are named by strings, exactly as in ONNX, so nothing here can be cyclic in memory.
 */
import type { ModelFormatId } from "../protocol/formats.ts";

/** Element types of ONNX's TensorProto.DataType (up to IR version 14), by the names numpy and PyTorch users know. */
export type DataType =
  | "float32"
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "int32"
  | "int64"
  | "string"
  | "bool"
  | "float16"
  | "float64"
  | "uint32"
  | "uint64"
  | "complex64"
  | "complex128"
  | "bfloat16"
  | "float8e4m3fn"
  | "float8e4m3fnuz"
  | "float8e5m2"
  | "float8e5m2fnuz"
  | "uint4"
  | "int4"
  | "float4e2m1"
  | "float8e8m0"
  | "uint2"
  | "int2"
  | "float6e2m3"
  | "float6e3m2"
  | "undefined";

/** Where a tensor's bytes lie. Nothing is read before somebody asks for it. */
export type TensorStorage =
  /**
   * Little-endian raw bytes inside a file: the model file itself (`file` is "") or an external one, relative to its
   * folder.
   */
  | { readonly kind: "file"; readonly file: string; readonly offset: number; readonly length: number }
  /**
   * Typed protobuf fields (float_data, int32_data, ...) inside the model file: byte ranges of the encoded fields,
   * decoded when asked.
   */
  | {
      readonly kind: "fields";
      readonly field: "float_data" | "int32_data" | "int64_data" | "double_data" | "uint64_data" | "string_data";
      readonly parts: readonly FieldPart[];
    }
  /** Little-endian raw bytes in memory (made by a program, or a small tensor). */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Strings in memory. */
  | { readonly kind: "strings"; readonly strings: readonly Uint8Array[] };

/** One occurrence of a typed field in the file: packed (one length-delimited run) or a single value. */
export interface FieldPart {
  readonly offset: number;
  readonly length: number;
  readonly packed: boolean;
}

/** A constant tensor: its description, and where its bytes are. */
export interface TensorRef {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly storage: TensorStorage;
  /**
   * Set when the tensor cannot be read as described (too short, missing file, path outside the folder ...): a sentence
   * for people.
   */
  readonly problem?: string;
}

/** A sparse constant (SparseTensorProto): COO values and indices. */
export interface SparseTensorRef {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: TensorRef;
  readonly indices: TensorRef;
}

/**
 * `bytes` beside a string is there only where the file's bytes are not UTF-8 (they are then what counts).
 * Integers beyond 2^53 are clamped to the nearest double; the writer clamps them back into int64.
 */
export type Attribute =
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "string"; readonly value: string; readonly bytes?: Uint8Array }
  | { readonly type: "tensor"; readonly value: TensorRef }
  | { readonly type: "graph"; readonly value: Graph }
  | { readonly type: "floats"; readonly value: readonly number[] }
  | { readonly type: "ints"; readonly value: readonly number[] }
  | { readonly type: "strings"; readonly value: readonly string[]; readonly bytes?: readonly Uint8Array[] }
  | { readonly type: "tensors"; readonly value: readonly TensorRef[] }
  | { readonly type: "graphs"; readonly value: readonly Graph[] }
  | { readonly type: "sparse_tensor"; readonly value: SparseTensorRef }
  /** TypeProto attributes (Optional) and whatever a later ONNX adds: kept as bytes, written back unchanged. */
  | { readonly type: "opaque"; readonly attributeType: number; readonly bytes: Uint8Array }
  /** Inside a function body: takes the value of the caller's attribute of this name. */
  | { readonly type: "reference"; readonly name: string; readonly attributeType: number };

export interface Node {
  /** May be empty: exporters need not name nodes. `outputs[0]` identifies a node in that case. */
  readonly name: string;
  readonly opType: string;
  /** "" is ai.onnx (the reader folds "ai.onnx" into ""). */
  readonly domain: string;
  /** "" marks an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly overload?: string;
  readonly doc?: string;
  /**
   * Of a node that was inlined: the function it is written in, and the label of the node that calls that. Not in files.
   */
  readonly call?: { readonly definition: string; readonly by: string };
}

/** A dimension is a number, a symbol's name ("batch"), or null where the file says nothing. */
export type Dim = number | string | null;

export type ValueType =
  | { readonly kind: "tensor"; readonly dataType: DataType; readonly dims?: readonly Dim[] }
  | { readonly kind: "sparse"; readonly dataType: DataType; readonly dims?: readonly Dim[] }
  | { readonly kind: "sequence"; readonly element: ValueType }
  | { readonly kind: "optional"; readonly element: ValueType }
  | { readonly kind: "map"; readonly key: DataType; readonly value: ValueType }
  | { readonly kind: "unknown" };

export interface ValueInfo {
  readonly name: string;
  readonly type: ValueType;
  readonly doc?: string;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** In topological order, once checked (the reader sorts a graph that is not, and says so; a cycle is a problem). */
  readonly nodes: readonly Node[];
  readonly initializers: readonly TensorRef[];
  readonly sparseInitializers: readonly SparseTensorRef[];
  /** Types that the file declares for inner values. */
  readonly valueInfo: readonly ValueInfo[];
  readonly doc?: string;
}

/** A model-local function (FunctionProto). */
export interface FunctionDef {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of attributes without default. */
  readonly attributes: readonly string[];
  /** Attributes with a default. */
  readonly attributeDefaults: Readonly<Record<string, Attribute>>;
  readonly nodes: readonly Node[];
  readonly opsets: Readonly<Record<string, number>>;
  readonly doc?: string;
}

/** Something wrong with a file that did not keep the rest from being shown. */
export interface Problem {
  readonly severity: "error" | "warning" | "info";
  /** For people: what is wrong and what can be done. */
  readonly message: string;
  /** Where: a node, tensor or value's name, a file, or a byte offset ("byte 1234"). */
  readonly where?: string;
  /** The function that it is in, which the graph may not call. */
  readonly function?: string;
}

export interface Model {
  readonly format: ModelFormatId;
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: number;
  readonly doc: string;
  /** Opset version by domain; "" is ai.onnx. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: Graph;
  readonly functions: readonly FunctionDef[];
  readonly problems: readonly Problem[];
  /** Of a model that was rewritten: sentences on what that changed. */
  readonly remarks?: readonly string[];
}

/** The name a person uses for a node: its own, or its first named output's where it has none. */
export function nodeLabel(node: Node): string {
  return node.name !== "" ? node.name : (node.outputs.find((output) => output !== "") ?? node.opType);
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Whether two shapes, or two lists of numbers, are the same. */
export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index]);
}

/** The graphs of a node's attributes: branches and bodies. */
export function subgraphsOf(node: Node): Graph[] {
  return Object.values(node.attributes).flatMap((attribute) =>
    attribute.type === "graph" ? [attribute.value] : attribute.type === "graphs" ? [...attribute.value] : [],
  );
}

/** The nodes of a graph and, each after its own, those of its branches and bodies. */
export function allNodes(graph: Graph): Node[] {
  return graph.nodes.flatMap((node) => [node, ...subgraphsOf(node).flatMap(allNodes)]);
}

/** Bits per element; 0 where elements have no fixed width (string) or none is known. */
export const BITS: Readonly<Record<DataType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  string: 0,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
  float6e2m3: 6,
  float6e3m2: 6,
  undefined: 0,
};

/** TensorProto.DataType numbers in the order of onnx.proto. */
export const DATA_TYPES: readonly DataType[] = [
  "undefined",
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
  "complex64",
  "complex128",
  "bfloat16",
  "float8e4m3fn",
  "float8e4m3fnuz",
  "float8e5m2",
  "float8e5m2fnuz",
  "uint4",
  "int4",
  "float4e2m1",
  "float8e8m0",
  "uint2",
  "int2",
  "float6e2m3",
  "float6e3m2",
];

const FLOATS: ReadonlySet<DataType> = new Set([
  "float32",
  "float16",
  "float64",
  "bfloat16",
  "float8e4m3fn",
  "float8e4m3fnuz",
  "float8e5m2",
  "float8e5m2fnuz",
  "float4e2m1",
  "float8e8m0",
  "float6e2m3",
  "float6e3m2",
]);

/** Whether gradients can flow through values of this type. */
export function isFloat(type: DataType): boolean {
  return FLOATS.has(type);
}
