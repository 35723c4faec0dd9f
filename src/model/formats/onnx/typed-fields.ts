import { ModelError } from "../../errors.ts";
import { BITS, type DataType, type FieldPart, type TensorStorage } from "../../graph.ts";
import { encodeStrings } from "../../tensor.ts";
import { joinBytes, type ByteSource } from "./source.ts";

export type FieldName = Extract<TensorStorage, { kind: "fields" }>["field"];

/** TensorProto's typed fields by number, with the wire type of a single value. */
export const TYPED_FIELDS: Readonly<
  Record<number, { field: Exclude<FieldName, "string_data">; single: "varint" | "32-bit" | "64-bit" }>
> = {
  4: { field: "float_data", single: "32-bit" },
  5: { field: "int32_data", single: "varint" },
  7: { field: "int64_data", single: "varint" },
  10: { field: "double_data", single: "64-bit" },
  11: { field: "uint64_data", single: "varint" },
};

/** The typed field that holds elements of a type (onnx.proto, TensorProto); everything not listed is in int32_data. */
export function fieldOf(dataType: DataType): FieldName {
  switch (dataType) {
    case "float32":
    case "complex64":
      return "float_data";
    case "float64":
    case "complex128":
      return "double_data";
    case "int64":
      return "int64_data";
    case "uint32":
    case "uint64":
      return "uint64_data";
    case "string":
      return "string_data";
    default:
      return "int32_data";
  }
}

/**
 * Typed fields -> raw little-endian bytes, as raw_data would have them (strings as `encodeStrings`). `count` is the
 * number of elements that the shape asks for; any other number of values is a ModelError.
 */
export function decodeFields(
  source: ByteSource,
  name: string,
  dataType: DataType,
  field: FieldName,
  parts: readonly FieldPart[],
  count: number,
): Uint8Array {
  const chunks = parts.map((part) => source.read(part.offset, part.length));
  if (field === "string_data") {
    checkCount(name, chunks.length, count);
    return encodeStrings(chunks);
  }
  if (field === "float_data" || field === "double_data") {
    const all = joinBytes(chunks);
    const width = field === "float_data" ? 4 : 8;
    checkCount(name, all.length / width, count * (BITS[dataType] / (8 * width)));
    return all;
  }
  return decodeVarints(name, dataType, chunks, count);
}

function decodeVarints(name: string, dataType: DataType, chunks: readonly Uint8Array[], count: number): Uint8Array {
  const bits = BITS[dataType];
  // Types of 2 and 4 bits come several to a value, as whole bytes; types of 6 bits one to a value, and are packed here.
  const width = Math.max(1, bits / 8);
  const wanted = bits === 6 ? count : Math.ceil((count * Math.min(bits, 8)) / 8);
  const values = bits >= 8 ? count : wanted;
  const out = new Uint8Array(bits === 6 ? Math.ceil((count * 6) / 8) : values * width);
  let index = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; index++) {
      let [low, high, shift] = [0, 0, 0];
      let byte: number;
      do {
        if (at >= chunk.length || shift > 63)
          throw new ModelError(`The data of tensor "${name}" is damaged: it ends inside a number.`, name);
        byte = chunk[at++];
        const part = byte & 127;
        if (shift < 28) low |= part << shift;
        else if (shift === 28) {
          low |= part << 28;
          high = part >>> 4;
        } else high |= part << (shift - 32);
        shift += 7;
      } while (byte >= 128);
      if (index < values) write(out, index, low, high, bits);
    }
  }
  checkCount(name, index, values);
  return out;
}

function write(out: Uint8Array, index: number, low: number, high: number, bits: number): void {
  if (bits === 6) {
    const at = Math.floor((index * 6) / 8);
    const shifted = (low & 63) << ((index * 6) % 8);
    out[at] |= shifted & 255;
    if (shifted > 255) out[at + 1] |= shifted >>> 8;
    return;
  }
  const width = Math.max(1, bits / 8);
  for (let i = 0; i < width; i++) out[index * width + i] = ((i < 4 ? low : high) >>> (8 * (i % 4))) & 255;
}

function checkCount(name: string, has: number, needs: number): void {
  if (has !== needs) throw new ModelError(`Tensor "${name}" holds ${has} values, but its shape needs ${needs}.`, name);
}
