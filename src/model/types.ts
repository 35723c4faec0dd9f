import { DATA_TYPES, type Attribute, type DataType, type Graph, type Node, type ValueType } from "./graph.ts";
import { mlTypes } from "./ml-types.ts";
import { hasTrait, operatorsWith } from "./operators.ts";

/**
 * Element types of the values of a graph; values that are no tensors (sequences, optionals) and unknown ones are left
 * out.
 */
export type ValueTypes = Map<string, DataType>;

/**
 * Infers every value's element type from the inputs' and initializers', operator by operator (ai.onnx to opset 26).
 * Operators unknown here give the type that the file declares, or that of their first input.
 */
export function inferTypes(graph: Graph, outer: ReadonlyMap<string, DataType> = new Map()): ValueTypes {
  const types: ValueTypes = new Map(outer);
  const declared = new Map<string, DataType>();
  for (const { name, type } of [...graph.valueInfo, ...graph.outputs])
    if (type.kind === "tensor") declared.set(name, type.dataType);
  for (const { name, type } of graph.inputs) if (type.kind === "tensor") types.set(name, type.dataType);
  for (const { name, dataType } of graph.initializers) types.set(name, dataType);
  for (const { name, values } of graph.sparseInitializers) types.set(name, values.dataType);
  const elements = new Map<string, DataType>();
  for (const { name, type } of graph.inputs) {
    const held = heldType(type);
    if (held) elements.set(name, held);
  }
  for (const node of graph.nodes) {
    const element = elementType(node, elements, types);
    if (element)
      for (const output of node.outputs) (TAKES_OUT.has(node.opType) ? types : elements).set(output, element);
    if (element) continue;
    const outputs = outputTypes(node, types, elements);
    node.outputs.forEach((output, index) => {
      if (output === "") return;
      const type =
        outputs === "none"
          ? undefined
          : hasTrait(node, "body")
            ? (outputs?.[index] ?? declared.get(output))
            : (outputs?.[index] ?? outputs?.[0] ?? declared.get(output) ?? types.get(node.inputs[0] ?? ""));
      if (type) types.set(output, type);
    });
  }
  return types;
}

/** Operators that take a tensor out of a list or an optional; others that know a list pass it on. */
const TAKES_OUT: ReadonlySet<string> = new Set(["SequenceAt", "ConcatFromSequence"]);

/** The type of the numbers or texts that a list, an optional or a map holds. */
function heldType(type: ValueType): DataType | undefined {
  const inner =
    type.kind === "map" ? type.value : type.kind === "sequence" || type.kind === "optional" ? type.element : undefined;
  return inner && (inner.kind === "tensor" ? inner.dataType : heldType(inner));
}

/** The type of the tensors in the list that a node makes, passes on or takes from; undefined where there is no list. */
function elementType(
  node: Node,
  elements: ReadonlyMap<string, DataType>,
  types: ReadonlyMap<string, DataType>,
): DataType | undefined {
  if (node.domain !== "") return undefined;
  const [first = "", second = ""] = node.inputs;
  if (node.opType === "SequenceConstruct" || node.opType === "SplitToSequence") return types.get(first);
  if (node.opType === "SequenceInsert") return elements.get(first) ?? types.get(second);
  if (node.opType === "Optional" && types.has(first)) return undefined;
  return elements.get(first);
}

type Inference = (
  node: Node,
  input: (index: number) => DataType | undefined,
  types: ReadonlyMap<string, DataType>,
) => readonly (DataType | undefined)[] | "none";

const always =
  (type: DataType): Inference =>
  () => [type];
const like =
  (index: number): Inference =>
  (_, input) => [input(index)];
const withIndices: Inference = (_, input) => [input(0), "int64"];
const notATensor: Inference = () => "none";
const byAttribute =
  (name: string, otherwise: (input: (index: number) => DataType | undefined) => DataType | undefined): Inference =>
  (node, input) => [attributeType(node.attributes[name]) ?? otherwise(input)];

const INFERENCE: Readonly<Record<string, Inference>> = {
  ...Object.fromEntries(operatorsWith("", "gives-int64").map((name) => [name, always("int64")])),
  ...Object.fromEntries(operatorsWith("", "gives-bool").map((name) => [name, always("bool")])),
  ...Object.fromEntries([...operatorsWith("", "gives-sequence"), "Optional"].map((name) => [name, notATensor])),
  Cast: byAttribute("to", () => undefined),
  CastLike: like(1),
  BitCast: byAttribute("to", () => undefined),
  ConstantOfShape: (node) => [tensorType(node.attributes.value) ?? "float32"],
  Constant: (node) => [
    tensorType(node.attributes.value) ??
      (node.attributes.value_int || node.attributes.value_ints
        ? "int64"
        : node.attributes.value_string || node.attributes.value_strings
          ? "string"
          : "float32"),
  ],
  EyeLike: byAttribute("dtype", (input) => input(0)),
  Bernoulli: byAttribute("dtype", (input) => input(0)),
  RandomNormalLike: byAttribute("dtype", (input) => input(0)),
  RandomUniformLike: byAttribute("dtype", (input) => input(0)),
  RandomNormal: byAttribute("dtype", () => "float32"),
  RandomUniform: byAttribute("dtype", () => "float32"),
  Multinomial: byAttribute("dtype", () => "int32"),
  BlackmanWindow: byAttribute("output_datatype", () => "float32"),
  HannWindow: byAttribute("output_datatype", () => "float32"),
  HammingWindow: byAttribute("output_datatype", () => "float32"),
  MelWeightMatrix: byAttribute("output_datatype", () => "float32"),
  Where: like(1),
  OneHot: like(2),
  TfIdfVectorizer: always("float32"),
  ImageDecoder: always("uint8"),
  TopK: withIndices,
  MaxPool: withIndices,
  Unique: (_, input) => [input(0), "int64", "int64", "int64"],
  Dropout: (_, input) => [input(0), "bool"],
  QuantizeLinear: (node, input) => [attributeType(node.attributes.output_dtype) ?? input(2) ?? "uint8"],
  DequantizeLinear: (node, input) => [attributeType(node.attributes.output_dtype) ?? input(1)],
  DynamicQuantizeLinear: () => ["uint8", "float32", "uint8"],
  ConvInteger: always("int32"),
  MatMulInteger: always("int32"),
  QLinearConv: like(7),
  QLinearMatMul: like(7),
  If: branchTypes("then_branch"),
  Loop: bodyTypes(1),
  Scan: bodyTypes(0),
};

/** com.microsoft's operators whose outputs are not of their first input's type. */
const MICROSOFT: Readonly<Record<string, Inference>> = {
  EmbedLayerNormalization: (_, input) => [input(2), "int32", input(2)],
  QEmbedLayerNormalization: () => ["float32", "int32"],
  QuantizeLinear: (node, input) => [attributeType(node.attributes.output_dtype) ?? input(2) ?? "uint8"],
  DequantizeLinear: like(1),
  MatMulIntegerToFloat: like(2),
  QAttention: like(3),
  GatherBlockQuantized: like(2),
  ...Object.fromEntries(
    [
      ["QLinearAdd", 7],
      ["QLinearMul", 7],
      ["QLinearConv", 7],
      ["QLinearSigmoid", 4],
      ["QLinearLeakyRelu", 4],
      ["QLinearGlobalAveragePool", 4],
      ["QLinearAveragePool", 4],
      ["QLinearSoftmax", 4],
      ["QLinearConcat", 1],
      ["QLinearWhere", 8],
    ].map(([name, index]) => [
      name,
      (_: Node, input: (index: number) => DataType | undefined) => [input(index as number) ?? input(0)],
    ]),
  ),
  QGemm: (_, input) => [input(8) ?? "float32"],
};

function outputTypes(
  node: Node,
  types: ReadonlyMap<string, DataType>,
  elements: ReadonlyMap<string, DataType>,
): readonly (DataType | undefined)[] | "none" | undefined {
  if (node.domain === "ai.onnx.ml")
    return mlTypes(
      node,
      (index) => types.get(node.inputs[index] ?? ""),
      (index) => elements.get(node.inputs[index] ?? ""),
    );
  const table = node.domain === "" ? INFERENCE : node.domain === "com.microsoft" ? MICROSOFT : {};
  if (!Object.hasOwn(table, node.opType)) return undefined;
  return table[node.opType](node, (index) => types.get(node.inputs[index] ?? ""), types);
}

function branchTypes(attribute: string): Inference {
  return (node, _input, types) => {
    const branch = node.attributes[attribute];
    if (branch?.type !== "graph") return [];
    const inner = inferTypes(branch.value, types);
    return branch.value.outputs.map(({ name }) => inner.get(name));
  };
}

/** Loop and Scan: the body's outputs, of which the first `skip` are not the node's. */
function bodyTypes(skip: number): Inference {
  return (node, input, types) => {
    const body = node.attributes.body;
    if (body?.type !== "graph") return [];
    const seeded = new Map(types);
    body.value.inputs.forEach(({ name, type }, index) => {
      const known = type.kind === "tensor" ? type.dataType : input(index);
      if (known) seeded.set(name, known);
    });
    const inner = inferTypes(body.value, seeded);
    return body.value.outputs.slice(skip).map(({ name }) => inner.get(name));
  };
}

function attributeType(attribute: Attribute | undefined): DataType | undefined {
  return attribute?.type === "int" && attribute.value > 0 ? DATA_TYPES[attribute.value] : undefined;
}

function tensorType(attribute: Attribute | undefined): DataType | undefined {
  return attribute?.type === "tensor" ? attribute.value.dataType : undefined;
}
