import { ModelError } from "./errors.ts";
import { BITS, elementCount, type DataType, type TensorRef } from "./graph.ts";
import {
  floatToBfloat16,
  floatToHalf,
  isSmallFloat,
  smallFloatTable,
  SMALL_FLOATS,
  type SmallFloatType,
} from "./small-floats.ts";

export { summarise } from "./summary.ts";

export type TypedData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

export interface DecodedTensor {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  /**
   * Elements in row-major order: each type's own array; float16 and smaller floats as Float32Array; bool, uint4 and
   * uint2 as Uint8Array, int4 and int2 as Int8Array; complex as pairs (real, imaginary), so twice as many.
   */
  readonly data: TypedData;
}

type NumericArrayConstructor =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor;

/** Types whose raw bytes are the array as it is on a little-endian machine. */
const DIRECT: Partial<Record<DataType, NumericArrayConstructor>> = {
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
};

/** Bytes of `count` elements, packed as raw_data packs them; strings have no fixed width (0). */
export function byteLength(dataType: DataType, count: number): number {
  return Math.ceil((count * BITS[dataType]) / 8);
}

/**
 * A tensor's elements from its raw bytes (little-endian, unaligned is fine, the result owns its memory). Strings come
 * as `encodeStrings` lays them. ModelError where the bytes do not fit the shape.
 */
export function decodeTensor(tensor: TensorRef, bytes: Uint8Array): DecodedTensor {
  const { dataType, dims } = tensor;
  const count = elementCount(dims);
  if (dataType === "string") {
    const data = decodeStrings(bytes);
    if (data.length !== count) throw sizeError(tensor, `${data.length} strings`, `${count}`);
    return { dataType, dims, data };
  }
  if (dataType === "undefined")
    throw new ModelError(`The tensor "${tensor.name}" has an unknown element type.`, tensor.name);
  const expected = byteLength(dataType, count);
  if (bytes.length !== expected) throw sizeError(tensor, `${bytes.length} bytes`, `${expected}`);
  return { dataType, dims, data: decodeElements(dataType, bytes, count) };
}

function sizeError(tensor: TensorRef, has: string, needs: string): ModelError {
  return new ModelError(
    `The tensor "${tensor.name}" has ${has}, but ${tensor.dataType} [${tensor.dims.join(", ")}] needs ${needs}.`,
    tensor.name,
  );
}

function decodeElements(dataType: DataType, bytes: Uint8Array, count: number): Exclude<TypedData, string[]> {
  const direct = DIRECT[dataType];
  if (direct !== undefined) return new direct(ownBuffer(bytes));
  if (isSmallFloat(dataType) || dataType === "float8e8m0") return decodeSmallFloats(dataType, bytes, count);
  const bits = BITS[dataType];
  const codes = unpack(bytes, bits, count);
  if (dataType === "uint4" || dataType === "uint2") return codes;
  // int4 and int2 are two's complement: the upper half of the codes is negative.
  const half = 1 << (bits - 1);
  return Int8Array.from(codes, (code) => (code >= half ? code - 2 * half : code));
}

function decodeSmallFloats(dataType: SmallFloatType | "float8e8m0", bytes: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count);
  const bits = BITS[dataType];
  if (dataType === "bfloat16") {
    const words = new Uint32Array(out.buffer);
    for (let i = 0; i < count; i++) words[i] = ((bytes[2 * i] | (bytes[2 * i + 1] << 8)) << 16) >>> 0;
    return out;
  }
  const table = smallFloatTable(dataType);
  if (bits === 16) for (let i = 0; i < count; i++) out[i] = table[bytes[2 * i] | (bytes[2 * i + 1] << 8)];
  else {
    const codes = bits === 8 ? bytes : unpack(bytes, bits, count);
    for (let i = 0; i < count; i++) out[i] = table[codes[i]];
  }
  return out;
}

/** Codes of 2, 4 or 6 bits, packed from the lowest bit of the first byte on. */
function unpack(bytes: Uint8Array, bits: number, count: number): Uint8Array {
  const codes = new Uint8Array(count);
  const mask = (1 << bits) - 1;
  for (let i = 0; i < count; i++) {
    const bit = i * bits;
    const at = Math.floor(bit / 8);
    codes[i] = ((bytes[at] | ((bytes[at + 1] ?? 0) << 8)) >>> (bit % 8)) & mask;
  }
  return codes;
}

function pack(codes: ArrayLike<number>, bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  const mask = (1 << bits) - 1;
  for (let i = 0; i < codes.length; i++) {
    const bit = i * bits;
    const at = Math.floor(bit / 8);
    const shifted = (codes[i] & mask) << (bit % 8);
    bytes[at] |= shifted & 255;
    if (shifted > 255) bytes[at + 1] |= shifted >>> 8;
  }
  return bytes;
}

function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/**
 * Raw bytes of any numeric type as float32 (bool as 0 and 1, 64-bit types to the nearest). ModelError for strings and
 * complex numbers, and where there are fewer bytes than `count` elements need.
 */
export function toFloat32(dataType: DataType, bytes: Uint8Array, count: number): Float32Array {
  if (dataType === "string" || dataType === "undefined" || dataType === "complex64" || dataType === "complex128") {
    throw new ModelError(`Elements of type ${dataType} are not real numbers.`);
  }
  const needed = byteLength(dataType, count);
  if (bytes.length < needed)
    throw new ModelError(`${count} elements of ${dataType} need ${needed} bytes, but there are ${bytes.length}.`);
  const data = decodeElements(dataType, bytes.subarray(0, needed), count);
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  return Float32Array.from(data);
}

/** As numbers (float64), for a few integers such as axes and shapes; int64 beyond 2^53 to the nearest. */
export function toNumbers(tensor: TensorRef, bytes: Uint8Array): number[] {
  const { data } = decodeTensor(tensor, bytes);
  return Array.from(data as ArrayLike<unknown>, Number);
}

/**
 * A tensor in memory from plain numbers, rounded to the nearest the type can hold (integers: truncated and wrapped to
 * their width, int64 clamped). Sizes must agree: ModelError. Strings: see `tensorFromStrings`.
 */
export function tensorFromArray(
  name: string,
  dataType: DataType,
  dims: readonly number[],
  numbers: ArrayLike<number | bigint>,
): TensorRef {
  const perElement = dataType === "complex64" || dataType === "complex128" ? 2 : 1;
  if (numbers.length !== elementCount(dims) * perElement) {
    throw new ModelError(`${numbers.length} numbers do not fill the shape [${dims.join(", ")}] of "${name}".`, name);
  }
  return { name, dataType, dims: [...dims], storage: { kind: "bytes", bytes: encodeElements(dataType, numbers) } };
}

/** A scalar (no dimensions) in memory. */
export function scalar(name: string, dataType: DataType, value: number | bigint): TensorRef {
  return tensorFromArray(name, dataType, [], [value]);
}

/** A list of integers as int64 [n]: axes, shapes, starts and ends. */
export function int64List(name: string, values: readonly number[]): TensorRef {
  return tensorFromArray(name, "int64", [values.length], values);
}

export function tensorFromStrings(name: string, dims: readonly number[], strings: readonly string[]): TensorRef {
  const encoder = new TextEncoder();
  return {
    name,
    dataType: "string",
    dims: [...dims],
    storage: { kind: "strings", strings: strings.map((text) => encoder.encode(text)) },
  };
}

function encodeElements(dataType: DataType, numbers: ArrayLike<number | bigint>): Uint8Array {
  if (dataType === "int64" || dataType === "uint64") return encode64(numbers, dataType === "int64");
  const plain = Array.from(numbers, Number);
  const direct = DIRECT[dataType] as
    Exclude<NumericArrayConstructor, BigInt64ArrayConstructor | BigUint64ArrayConstructor> | undefined;
  if (direct !== undefined) {
    const array = direct.from(dataType === "bool" ? plain.map((value) => Number(value !== 0)) : plain);
    return new Uint8Array(array.buffer);
  }
  if (dataType === "float16" || dataType === "bfloat16") {
    const convert = dataType === "float16" ? floatToHalf : floatToBfloat16;
    return new Uint8Array(Uint16Array.from(plain, convert).buffer);
  }
  if (isSmallFloat(dataType) || dataType === "float8e8m0")
    return pack(
      plain.map((value) => nearestCode(dataType, value)),
      BITS[dataType],
    );
  if (BITS[dataType] > 0) return pack(plain, BITS[dataType]);
  throw new ModelError(`Numbers cannot be stored as ${dataType}.`);
}

function encode64(numbers: ArrayLike<number | bigint>, signed: boolean): Uint8Array {
  const lowest = signed ? -(2n ** 63n) : 0n;
  const highest = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  const view = new DataView(new ArrayBuffer(numbers.length * 8));
  for (let i = 0; i < numbers.length; i++) {
    const value =
      typeof numbers[i] === "bigint" ? (numbers[i] as bigint) : BigInt(Math.trunc(clampDouble(Number(numbers[i]))));
    view.setBigInt64(i * 8, value < lowest ? lowest : value > highest ? highest : value, true);
  }
  return new Uint8Array(view.buffer);
}

/** Infinities to the edge of what BigInt is asked for; NaN to 0. */
function clampDouble(value: number): number {
  return Number.isNaN(value) ? 0 : Math.max(-(2 ** 64), Math.min(2 ** 64, value));
}

/** The code of the nearest number in a small format, ties to the even code; beyond the largest finite one, that one. */
function nearestCode(dataType: SmallFloatType | "float8e8m0", value: number): number {
  const table = smallFloatTable(dataType);
  if (Number.isNaN(value)) {
    const nan = table.findIndex(Number.isNaN);
    if (nan < 0) throw new ModelError(`${dataType} cannot hold NaN.`);
    return nan;
  }
  const signBit = isSmallFloat(dataType)
    ? 1 << (SMALL_FLOATS[dataType].exponentBits + SMALL_FLOATS[dataType].mantissaBits)
    : 0;
  const negative = value < 0 || Object.is(value, -0);
  let best = -1;
  let bestDistance = Infinity;
  for (let code = 0; code < table.length; code++) {
    if (!Number.isFinite(table[code]) || (signBit !== 0 && ((code & signBit) !== 0) !== negative)) continue;
    const distance = Math.abs(table[code] - Math.max(-3e38, Math.min(3e38, value)));
    if (distance < bestDistance || (distance === bestDistance && code % 2 === 0)) {
      best = code;
      bestDistance = distance;
    }
  }
  // Negative values in "negative-zero" formats that round to zero: there is only one zero.
  return best;
}

/** Strings as bytes: each one's length (uint32, little-endian), then its UTF-8. How `bytesOf` gives a string tensor. */
export function encodeStrings(strings: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(strings.reduce((sum, bytes) => sum + 4 + bytes.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const bytes of strings) {
    view.setUint32(at, bytes.length, true);
    out.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return out;
}

/** The strings' bytes from what `encodeStrings` made. */
export function splitStrings(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) throw new ModelError("A list of strings is truncated.", `byte ${at}`);
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length) throw new ModelError("A list of strings is truncated.", `byte ${at}`);
    strings.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return strings;
}

function decodeStrings(bytes: Uint8Array): string[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return splitStrings(bytes).map((text) => decoder.decode(text));
}
