import { ModelError } from "../../errors.ts";
import {
  BITS,
  DATA_TYPES,
  type DataType,
  type FieldPart,
  type SparseTensorRef,
  type TensorRef,
  type TensorStorage,
} from "../../graph.ts";
import { byteLength, splitStrings } from "../../tensor.ts";
import type { ReadContext } from "./context.ts";
import { decodeFields, fieldOf, TYPED_FIELDS, type FieldName } from "./typed-fields.ts";
import { TruncatedError, type ByteRange, type WireReader } from "./wire.ts";

/** Tensors of fewer bytes are read with the structure; larger ones when somebody asks. */
const READ_AT_ONCE = 1024;

interface RawTensor {
  name: string;
  dims: number[];
  typeNumber: number;
  external: boolean;
  raw?: ByteRange & { missing: number };
  segment: boolean;
  readonly fields: Map<FieldName, FieldPart[]>;
  readonly entries: Map<string, string>;
}

/** TensorProto: where the tensor's bytes are; whatever is wrong with them is its `problem`. */
export function readTensor(reader: WireReader, context: ReadContext): TensorRef {
  const raw = collect(reader, context);
  const dataType = DATA_TYPES[raw.typeNumber] ?? "undefined";
  const head = { name: raw.name, dataType, dims: raw.dims };
  try {
    const count = countOf(raw, dataType);
    const storage = storageOf(raw, dataType, count, reader, context);
    return { ...head, storage };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { ...head, storage: { kind: "bytes", bytes: new Uint8Array(0) }, problem: error.message };
  }
}

/** SparseTensorProto. */
export function readSparseTensor(reader: WireReader, context: ReadContext): SparseTensorRef {
  let values: TensorRef | undefined;
  let indices: TensorRef | undefined;
  const dims: number[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        values = readTensor(reader.child("TensorProto"), context);
        break;
      case 2:
        indices = readTensor(reader.child("TensorProto"), context);
        break;
      case 3:
        reader.ints(dims);
        break;
    }
  }
  const absent = (name: string, dataType: DataType): TensorRef => ({
    name,
    dataType,
    dims: [0],
    storage: { kind: "bytes", bytes: new Uint8Array(0) },
  });
  return {
    name: values?.name ?? "",
    dims,
    values: values ?? absent("", "float32"),
    indices: indices ?? absent("", "int64"),
  };
}

function collect(reader: WireReader, context: ReadContext): RawTensor {
  const tensor: RawTensor = {
    name: "",
    dims: [],
    typeNumber: 0,
    external: false,
    segment: false,
    fields: new Map(),
    entries: new Map(),
  };
  const addPart = (field: FieldName, part: FieldPart): void => {
    const parts = tensor.fields.get(field);
    if (parts === undefined) tensor.fields.set(field, [part]);
    else parts.push(part);
  };
  try {
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          reader.ints(tensor.dims);
          break;
        case 2:
          tensor.typeNumber = reader.int();
          break;
        case 3:
          reader.range();
          tensor.segment = true;
          break;
        case 4:
        case 5:
        case 7:
        case 10:
        case 11: {
          const { field, single } = TYPED_FIELDS[reader.field];
          addPart(field, reader.numericRange(single));
          break;
        }
        case 6:
          addPart("string_data", { ...reader.range(), packed: false });
          break;
        case 8:
          tensor.name = reader.string();
          break;
        case 9:
          tensor.raw = reader.rangeOrRest();
          break;
        case 13:
          readEntry(reader.child("StringStringEntryProto"), tensor.entries);
          break;
        case 14:
          tensor.external = reader.int() === 1;
          break;
      }
    }
  } catch (error) {
    if (!(error instanceof TruncatedError)) throw error;
    context.truncated ??= error;
  }
  return tensor;
}

/** StringStringEntryProto, into a map. */
export function readEntry(reader: WireReader, into: Map<string, string>): void {
  let [key, value] = ["", ""];
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = reader.string();
  }
  into.set(key, value);
}

function countOf({ name, dims, typeNumber, segment }: RawTensor, dataType: DataType): number {
  const label = `Tensor "${name}"`;
  if (dataType === "undefined") throw new ModelError(`${label} has an unknown element type (number ${typeNumber}).`);
  if (segment) throw new ModelError(`${label} is stored in segments, which no ONNX tool writes or reads.`);
  const negative = dims.find((dim) => dim < 0);
  if (negative !== undefined)
    throw new ModelError(`${label} has a negative dimension (${negative}) in its shape [${dims.join(", ")}].`);
  const count = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
  if (count * Math.max(8, BITS[dataType]) > Number.MAX_SAFE_INTEGER) {
    throw new ModelError(`${label} has the impossible shape [${dims.join(", ")}]: it has too many elements.`);
  }
  return count;
}

function storageOf(
  raw: RawTensor,
  dataType: DataType,
  count: number,
  reader: WireReader,
  context: ReadContext,
): TensorStorage {
  if (raw.external) return externalStorage(raw, dataType, count, context);
  if (raw.raw !== undefined && dataType !== "string") return rawStorage(raw, raw.raw, dataType, count, reader);
  const field = fieldOf(dataType);
  const parts = raw.fields.get(field);
  if (parts !== undefined) return fieldStorage(raw, dataType, field, parts, count, reader);
  if (count === 0)
    return dataType === "string" ? { kind: "strings", strings: [] } : { kind: "bytes", bytes: new Uint8Array(0) };
  if (context.truncated !== undefined)
    throw new ModelError(`The data of tensor "${raw.name}" is not in the file: the file ends before it.`);
  const other = [...raw.fields.keys()][0];
  throw new ModelError(
    `Tensor "${raw.name}" (${shape(dataType, raw.dims)}) has no data${other === undefined ? "" : ` in ${field}, only in ${other}`}.`,
  );
}

function rawStorage(
  raw: RawTensor,
  range: ByteRange & { missing: number },
  dataType: DataType,
  count: number,
  reader: WireReader,
): TensorStorage {
  const needed = byteLength(dataType, count);
  const has = range.length + range.missing;
  if (has !== needed)
    throw new ModelError(
      `Tensor "${raw.name}" is ${shape(dataType, raw.dims)}, which takes ${needed} bytes, but ${has} are present.`,
    );
  if (range.missing > 0)
    throw new ModelError(
      `The data of tensor "${raw.name}" is truncated: ${range.missing} of its ${needed} bytes are missing because the file ends before them.`,
    );
  if (needed < READ_AT_ONCE) return { kind: "bytes", bytes: reader.source.read(range.offset, needed) };
  return { kind: "file", file: "", offset: range.offset, length: needed };
}

function fieldStorage(
  raw: RawTensor,
  dataType: DataType,
  field: FieldName,
  parts: readonly FieldPart[],
  count: number,
  reader: WireReader,
): TensorStorage {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  // Each value takes a byte at least, so this many elements cannot be there.
  if (field !== "string_data" && count * Math.min(1, BITS[dataType] / 8) > total) {
    throw new ModelError(
      `Tensor "${raw.name}" is ${shape(dataType, raw.dims)}, but its ${field} has only ${total} bytes.`,
    );
  }
  if (field === "string_data" && parts.length !== count) {
    throw new ModelError(`Tensor "${raw.name}" is ${shape(dataType, raw.dims)}, but it has ${parts.length} strings.`);
  }
  if (total >= READ_AT_ONCE) return { kind: "fields", field, parts };
  const bytes = decodeFields(reader.source, raw.name, dataType, field, parts, count);
  return field === "string_data" ? { kind: "strings", strings: splitStrings(bytes) } : { kind: "bytes", bytes };
}

function externalStorage(raw: RawTensor, dataType: DataType, count: number, context: ReadContext): TensorStorage {
  const location = raw.entries.get("location") ?? "";
  const offset = entryNumber(raw, "offset") ?? 0;
  const needed = byteLength(dataType, count);
  const length = entryNumber(raw, "length") ?? needed;
  const external = context.external(location);
  if ("problem" in external)
    throw new ModelError(`The data of tensor "${raw.name}" cannot be read: ${external.problem}`);
  if (dataType === "string")
    throw new ModelError(
      `Tensor "${raw.name}" has its strings in "${location}", but ONNX keeps strings inside the model file.`,
    );
  if (length !== needed) {
    throw new ModelError(
      `Tensor "${raw.name}" is ${shape(dataType, raw.dims)}, which takes ${needed} bytes, but its entry in "${location}" has ${length}.`,
    );
  }
  if (offset + length > external.size) {
    throw new ModelError(
      `The data file "${location}" is too short for tensor "${raw.name}": it has ${external.size} bytes, and ${offset + length} are needed. It may be truncated, or belong to another model.`,
    );
  }
  return { kind: "file", file: external.file, offset, length };
}

function entryNumber(raw: RawTensor, key: string): number | undefined {
  const text = raw.entries.get(key);
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new ModelError(
      `Tensor "${raw.name}" has an external data ${key} of "${text.slice(0, 40)}", which is not a number of bytes.`,
    );
  return Number(text);
}

function shape(dataType: DataType, dims: readonly number[]): string {
  return `${dataType} [${dims.join(", ")}]`;
}
