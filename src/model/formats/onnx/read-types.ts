import { DATA_TYPES, type Dim, type ValueInfo, type ValueType } from "../../graph.ts";
import type { WireReader } from "./wire.ts";

/** ValueInfoProto. */
export function readValueInfo(reader: WireReader): ValueInfo {
  let name = "";
  let type: ValueType = { kind: "unknown" };
  let doc = "";
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.string();
        break;
      case 2:
        type = readType(reader.child("TypeProto"));
        break;
      case 3:
        doc = reader.string();
        break;
    }
  }
  return doc === "" ? { name, type } : { name, type, doc };
}

/** TypeProto; what is neither tensor, sequence, map nor optional is "unknown". */
function readType(reader: WireReader): ValueType {
  let type: ValueType = { kind: "unknown" };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        type = readTensorType(reader.child("TypeProto.Tensor"), "tensor");
        break;
      case 4:
        type = { kind: "sequence", element: readElement(reader.child("TypeProto.Sequence")) };
        break;
      case 5:
        type = readMap(reader.child("TypeProto.Map"));
        break;
      case 8:
        type = readTensorType(reader.child("TypeProto.SparseTensor"), "sparse");
        break;
      case 9:
        type = { kind: "optional", element: readElement(reader.child("TypeProto.Optional")) };
        break;
    }
  }
  return type;
}

function readTensorType(reader: WireReader, kind: "tensor" | "sparse"): ValueType {
  let dataType = DATA_TYPES[0];
  let dims: Dim[] | undefined;
  while (reader.next()) {
    if (reader.field === 1) dataType = DATA_TYPES[reader.int()] ?? "undefined";
    else if (reader.field === 2) dims = readShape(reader.child("TensorShapeProto"));
  }
  return dims === undefined ? { kind, dataType } : { kind, dataType, dims };
}

function readShape(reader: WireReader): Dim[] {
  const dims: Dim[] = [];
  while (reader.next()) {
    if (reader.field === 1) dims.push(readDim(reader.child("TensorShapeProto.Dimension")));
  }
  return dims;
}

function readDim(reader: WireReader): Dim {
  let dim: Dim = null;
  while (reader.next()) {
    if (reader.field === 1) dim = reader.int();
    else if (reader.field === 2) dim = reader.string();
  }
  // Some exporters write -1 or an empty name for a dimension they do not know.
  return dim === "" || (typeof dim === "number" && dim < 0) ? null : dim;
}

function readElement(reader: WireReader): ValueType {
  let element: ValueType = { kind: "unknown" };
  while (reader.next()) {
    if (reader.field === 1) element = readType(reader.child("TypeProto"));
  }
  return element;
}

function readMap(reader: WireReader): ValueType {
  let key = DATA_TYPES[0];
  let value: ValueType = { kind: "unknown" };
  while (reader.next()) {
    if (reader.field === 1) key = DATA_TYPES[reader.int()] ?? "undefined";
    else if (reader.field === 2) value = readType(reader.child("TypeProto"));
  }
  return { kind: "map", key, value };
}
