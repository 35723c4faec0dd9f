import type { Attribute, FunctionDef, Graph, Node, SparseTensorRef, TensorRef, ValueInfo } from "../../graph.ts";
import type { ReadContext } from "./context.ts";
import { readSparseTensor, readTensor } from "./read-tensor.ts";
import { readValueInfo } from "./read-types.ts";
import { joinBytes } from "./source.ts";
import { TruncatedError, type WireReader } from "./wire.ts";

/** GraphProto, in the file's order and unchecked. Where the file ends inside it, what came before. */
export function readGraph(reader: WireReader, context: ReadContext): Graph {
  let [name, doc] = ["", ""];
  const nodes: Node[] = [];
  const initializers: TensorRef[] = [];
  const sparseInitializers: SparseTensorRef[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  try {
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          nodes.push(readNode(reader.child("NodeProto"), context));
          break;
        case 2:
          name = reader.string();
          break;
        case 5:
          initializers.push(readTensor(reader.child("TensorProto"), context));
          break;
        case 10:
          doc = reader.string();
          break;
        case 11:
          inputs.push(readValueInfo(reader.child("ValueInfoProto")));
          break;
        case 12:
          outputs.push(readValueInfo(reader.child("ValueInfoProto")));
          break;
        case 13:
          valueInfo.push(readValueInfo(reader.child("ValueInfoProto")));
          break;
        case 15:
          sparseInitializers.push(readSparseTensor(reader.child("SparseTensorProto"), context));
          break;
      }
    }
  } catch (error) {
    if (!(error instanceof TruncatedError)) throw error;
    context.truncated ??= error;
  }
  return { name, inputs, outputs, nodes, initializers, sparseInitializers, valueInfo, ...(doc === "" ? {} : { doc }) };
}

function readNode(reader: WireReader, context: ReadContext): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, Attribute> = {};
  let [name, opType, domain, overload, doc] = ["", "", "", "", ""];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        inputs.push(reader.string());
        break;
      case 2:
        outputs.push(reader.string());
        break;
      case 3:
        name = reader.string();
        break;
      case 4:
        opType = reader.string();
        break;
      case 5:
        readAttribute(reader.child("AttributeProto"), context, attributes);
        break;
      case 6:
        doc = reader.string();
        break;
      case 7:
        domain = foldDomain(reader.string());
        break;
      case 8:
        overload = reader.string();
        break;
    }
  }
  return {
    name,
    opType,
    domain,
    inputs,
    outputs,
    attributes,
    ...(overload === "" ? {} : { overload }),
    ...(doc === "" ? {} : { doc }),
  };
}

/** "ai.onnx" and "" are one domain. */
function foldDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/** AttributeProto's values by field, until its type says which one counts. */
interface AttributeFields {
  name: string;
  type: number;
  reference: string;
  float?: number;
  int?: number;
  string?: { value: string; bytes?: Uint8Array };
  tensor?: TensorRef;
  graph?: Graph;
  sparse?: SparseTensorRef;
  /** Encoded fields of kinds that the graph has no words for. */
  readonly opaque: Uint8Array[];
  readonly floats: number[];
  readonly ints: number[];
  readonly strings: { value: string; bytes?: Uint8Array }[];
  readonly tensors: TensorRef[];
  readonly graphs: Graph[];
}

function readAttribute(reader: WireReader, context: ReadContext, into: Record<string, Attribute>): void {
  const fields: AttributeFields = {
    name: "",
    type: 0,
    reference: "",
    opaque: [],
    floats: [],
    ints: [],
    strings: [],
    tensors: [],
    graphs: [],
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        fields.name = reader.string();
        break;
      case 2:
        fields.float = reader.float();
        break;
      case 3:
        fields.int = reader.int();
        break;
      case 4:
        fields.string = reader.stringOrBytes();
        break;
      case 5:
        fields.tensor = readTensor(reader.child("TensorProto"), context);
        break;
      case 6:
        fields.graph = readGraph(reader.child("GraphProto"), context);
        break;
      case 7:
        reader.floats(fields.floats);
        break;
      case 8:
        reader.ints(fields.ints);
        break;
      case 9:
        fields.strings.push(reader.stringOrBytes());
        break;
      case 10:
        fields.tensors.push(readTensor(reader.child("TensorProto"), context));
        break;
      case 11:
        fields.graphs.push(readGraph(reader.child("GraphProto"), context));
        break;
      case 13:
        break;
      case 20:
        fields.type = reader.int();
        break;
      case 21:
        fields.reference = reader.string();
        break;
      case 22:
        fields.sparse = readSparseTensor(reader.child("SparseTensorProto"), context);
        break;
      default:
        fields.opaque.push(reader.encoded());
    }
  }
  // defineProperty: an attribute named "__proto__" must be an attribute, not the object's prototype.
  Object.defineProperty(into, fields.name, {
    value: attributeOf(fields),
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function attributeOf(fields: AttributeFields): Attribute {
  if (fields.reference !== "") return { type: "reference", name: fields.reference, attributeType: fields.type };
  switch (fields.type !== 0 ? fields.type : guessType(fields)) {
    case 1:
      return { type: "float", value: fields.float ?? 0 };
    case 2:
      return { type: "int", value: fields.int ?? 0 };
    case 3:
      return { type: "string", ...(fields.string ?? { value: "" }) };
    case 4:
      if (fields.tensor !== undefined) return { type: "tensor", value: fields.tensor };
      break;
    case 5:
      if (fields.graph !== undefined) return { type: "graph", value: fields.graph };
      break;
    case 6:
      return { type: "floats", value: fields.floats };
    case 7:
      return { type: "ints", value: fields.ints };
    case 8:
      return stringsAttribute(fields.strings);
    case 9:
      return { type: "tensors", value: fields.tensors };
    case 10:
      return { type: "graphs", value: fields.graphs };
    case 11:
      if (fields.sparse !== undefined) return { type: "sparse_tensor", value: fields.sparse };
      break;
  }
  return { type: "opaque", attributeType: fields.type, bytes: joinBytes(fields.opaque) };
}

function stringsAttribute(strings: AttributeFields["strings"]): Attribute {
  const value = strings.map((text) => text.value);
  if (strings.every((text) => text.bytes === undefined)) return { type: "strings", value };
  const encoder = new TextEncoder();
  return { type: "strings", value, bytes: strings.map((text) => text.bytes ?? encoder.encode(text.value)) };
}

/** Files from before the type field was required (IR version 1): the type is that of the field that is there. */
function guessType(fields: AttributeFields): number {
  if (fields.float !== undefined) return 1;
  if (fields.int !== undefined) return 2;
  if (fields.string !== undefined) return 3;
  if (fields.tensor !== undefined) return 4;
  if (fields.graph !== undefined) return 5;
  if (fields.floats.length > 0) return 6;
  if (fields.ints.length > 0) return 7;
  if (fields.strings.length > 0) return 8;
  if (fields.tensors.length > 0) return 9;
  if (fields.graphs.length > 0) return 10;
  return fields.sparse !== undefined ? 11 : 0;
}

/** FunctionProto. */
export function readFunction(reader: WireReader, context: ReadContext): FunctionDef {
  let [name, domain, overload, doc] = ["", "", "", ""];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const attributeDefaults: Record<string, Attribute> = {};
  const nodes: Node[] = [];
  const opsets: Record<string, number> = {};
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.string();
        break;
      case 4:
        inputs.push(reader.string());
        break;
      case 5:
        outputs.push(reader.string());
        break;
      case 6:
        attributes.push(reader.string());
        break;
      case 7:
        nodes.push(readNode(reader.child("NodeProto"), context));
        break;
      case 8:
        doc = reader.string();
        break;
      case 9:
        readOpset(reader.child("OperatorSetIdProto"), opsets);
        break;
      case 10:
        domain = foldDomain(reader.string());
        break;
      case 11:
        readAttribute(reader.child("AttributeProto"), context, attributeDefaults);
        break;
      case 13:
        overload = reader.string();
        break;
    }
  }
  return {
    name,
    domain,
    overload,
    inputs,
    outputs,
    attributes,
    attributeDefaults,
    nodes,
    opsets,
    ...(doc === "" ? {} : { doc }),
  };
}

/** OperatorSetIdProto, into versions by domain. */
export function readOpset(reader: WireReader, into: Record<string, number>): void {
  let domain = "";
  let version = 0;
  while (reader.next()) {
    if (reader.field === 1) domain = foldDomain(reader.string());
    else if (reader.field === 2) version = reader.int();
  }
  into[domain] = Math.max(into[domain] ?? 0, version);
}
