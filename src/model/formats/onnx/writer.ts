import { ModelError } from "../../errors.ts";
import {
  type Attribute,
  type FunctionDef,
  type Graph,
  type Model,
  type Node,
  type TensorRef,
  type ValueInfo,
  type ValueType,
} from "../../graph.ts";
import type { OpenModel } from "../../open.ts";
import { WireWriter } from "./wire-writer.ts";
import { dataTypeNumber, entryMessage, sparseTensorMessage, tensorMessage, type WriteContext } from "./write-tensor.ts";

export interface WrittenModel {
  /** A ModelProto. */
  readonly bytes: Uint8Array;
  /**
   * The files that its large initializers point into: the path that the model calls each by, and its name for
   * `OpenModel.fileBytes`.
   */
  readonly files: readonly { readonly path: string; readonly file: string }[];
}

export type WritableModel = Pick<Model, "graph" | "opsets" | "irVersion"> &
  Partial<Pick<Model, "functions" | "metadata" | "producer" | "producerVersion" | "domain" | "modelVersion" | "doc">>;

/** protobuf's limit for one message. */
const LARGEST_MODEL = 2 ** 31 - 1;

/**
 * Model -> ONNX file. Initializers that lie in a file, and are not small, are written as pointers to their bytes there
 * (external data), so that a derived model holds no copy of the weights:
 *
 *     ort.InferenceSession.create(bytes, { externalData: files.map(({ path, file }) => ({ path, data:
 *     open.fileBytes(file) })) })
 *
 * With `external: false` everything is inside. ModelError where a tensor cannot be read, or the file would pass 2 GiB.
 */
export function writeModel(
  model: WritableModel,
  open: Pick<OpenModel, "bytesOf">,
  options: { external?: boolean } = {},
): WrittenModel {
  const context: WriteContext = { open, external: options.external ?? true, paths: new Map() };
  const message = new WireWriter();
  message.int(1, model.irVersion);
  message.optionalString(2, model.producer ?? "neural-loupe");
  message.optionalString(3, model.producerVersion);
  message.optionalString(4, model.domain);
  if (model.modelVersion !== undefined && model.modelVersion !== 0) message.int(5, model.modelVersion);
  message.optionalString(6, model.doc);
  for (const [domain, version] of Object.entries(model.opsets)) message.message(8, opsetMessage(domain, version));
  message.message(7, graphMessage(model.graph, context, { main: true, listDefaults: model.irVersion < 4 }));
  for (const [key, value] of Object.entries(model.metadata ?? {})) message.message(14, entryMessage(key, value));
  for (const definition of model.functions ?? []) message.message(25, functionMessage(definition, context));
  if (message.length > LARGEST_MODEL) {
    throw new ModelError(
      `The model would take ${message.length} bytes, more than the 2 GiB limit of an ONNX file.`,
      undefined,
      "Save it with its weights as external data.",
    );
  }
  return { bytes: message.finish(), files: [...context.paths].map(([file, path]) => ({ path, file })) };
}

function opsetMessage(domain: string, version: number): WireWriter {
  const message = new WireWriter();
  message.string(1, domain);
  message.int(2, version);
  return message;
}

/**
 * Only the main graph's initializers may point into files: ONNX Runtime 1.30 refuses a subgraph's, whose shapes it
 * infers before it has the data. `listDefaults`: before IR version 4, initializers had to be among the inputs.
 */
function graphMessage(
  graph: Graph,
  context: WriteContext,
  { main, listDefaults } = { main: false, listDefaults: false },
): WireWriter {
  const message = new WireWriter();
  for (const node of graph.nodes) message.message(1, nodeMessage(node, context));
  message.optionalString(2, graph.name);
  for (const tensor of graph.initializers) message.message(5, tensorMessage(tensor, context, main));
  message.optionalString(10, graph.doc);
  const defaults = listDefaults ? graph.initializers.map(valueOf) : [];
  for (const value of [...graph.inputs, ...defaults]) message.message(11, valueMessage(value));
  for (const value of graph.outputs) message.message(12, valueMessage(value));
  for (const value of graph.valueInfo) message.message(13, valueMessage(value));
  for (const tensor of graph.sparseInitializers) message.message(15, sparseTensorMessage(tensor, context));
  return message;
}

function valueOf({ name, dataType, dims }: TensorRef): ValueInfo {
  return { name, type: { kind: "tensor", dataType, dims } };
}

function nodeMessage(node: Node, context: WriteContext): WireWriter {
  const message = new WireWriter();
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.optionalString(3, node.name);
  message.string(4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes))
    message.message(5, attributeMessage(name, attribute, context));
  message.optionalString(6, node.doc);
  message.optionalString(7, node.domain);
  message.optionalString(8, node.overload);
  return message;
}

/** AttributeProto.AttributeType by the names of the graph's attributes. */
const ATTRIBUTE_TYPES: Readonly<Record<Exclude<Attribute["type"], "opaque" | "reference">, number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse_tensor: 11,
};

function attributeMessage(name: string, attribute: Attribute, context: WriteContext): WireWriter {
  const message = new WireWriter();
  message.string(1, name);
  switch (attribute.type) {
    case "float":
      message.float(2, attribute.value);
      break;
    case "int":
      message.int(3, attribute.value);
      break;
    case "string":
      message.bytes(4, attribute.bytes ?? new TextEncoder().encode(attribute.value));
      break;
    case "tensor":
      message.message(5, tensorMessage(attribute.value, context, false));
      break;
    case "graph":
      message.message(6, graphMessage(attribute.value, context));
      break;
    case "floats":
      message.floats(7, attribute.value);
      break;
    case "ints":
      message.ints(8, attribute.value);
      break;
    case "strings":
      for (const bytes of attribute.bytes ?? attribute.value.map((text) => new TextEncoder().encode(text)))
        message.bytes(9, bytes);
      break;
    case "tensors":
      for (const tensor of attribute.value) message.message(10, tensorMessage(tensor, context, false));
      break;
    case "graphs":
      for (const graph of attribute.value) message.message(11, graphMessage(graph, context));
      break;
    case "sparse_tensor":
      message.message(22, sparseTensorMessage(attribute.value, context));
      break;
    case "opaque":
      message.raw(attribute.bytes);
      message.int(20, attribute.attributeType);
      return message;
    case "reference":
      message.int(20, attribute.attributeType);
      message.string(21, attribute.name);
      return message;
  }
  message.int(20, ATTRIBUTE_TYPES[attribute.type]);
  return message;
}

/** ValueInfoProto; a value of unknown type has only its name, and ONNX Runtime infers the rest. */
function valueMessage(value: ValueInfo): WireWriter {
  const message = new WireWriter();
  message.string(1, value.name);
  if (value.type.kind !== "unknown") message.message(2, typeMessage(value.type));
  message.optionalString(3, value.doc);
  return message;
}

function typeMessage(type: ValueType): WireWriter {
  const message = new WireWriter();
  switch (type.kind) {
    case "tensor":
      message.message(1, tensorTypeMessage(type));
      break;
    case "sparse":
      message.message(8, tensorTypeMessage(type));
      break;
    case "sequence":
      message.message(4, elementMessage(type.element));
      break;
    case "optional":
      message.message(9, elementMessage(type.element));
      break;
    case "map": {
      const map = new WireWriter();
      map.int(1, dataTypeNumber(type.key));
      map.message(2, typeMessage(type.value));
      message.message(5, map);
      break;
    }
    case "unknown":
      break;
  }
  return message;
}

function elementMessage(element: ValueType): WireWriter {
  const message = new WireWriter();
  message.message(1, typeMessage(element));
  return message;
}

function tensorTypeMessage(type: Extract<ValueType, { kind: "tensor" | "sparse" }>): WireWriter {
  const message = new WireWriter();
  message.int(1, dataTypeNumber(type.dataType));
  if (type.dims === undefined) return message;
  const shape = new WireWriter();
  for (const dim of type.dims) {
    const dimension = new WireWriter();
    if (typeof dim === "number") dimension.int(1, dim);
    else if (dim !== null) dimension.string(2, dim);
    shape.message(1, dimension);
  }
  message.message(2, shape);
  return message;
}

function functionMessage(definition: FunctionDef, context: WriteContext): WireWriter {
  const message = new WireWriter();
  message.string(1, definition.name);
  for (const input of definition.inputs) message.string(4, input);
  for (const output of definition.outputs) message.string(5, output);
  for (const attribute of definition.attributes) message.string(6, attribute);
  for (const node of definition.nodes) message.message(7, nodeMessage(node, context));
  message.optionalString(8, definition.doc);
  for (const [domain, version] of Object.entries(definition.opsets)) message.message(9, opsetMessage(domain, version));
  message.string(10, definition.domain);
  for (const [name, attribute] of Object.entries(definition.attributeDefaults))
    message.message(11, attributeMessage(name, attribute, context));
  message.optionalString(13, definition.overload);
  return message;
}
