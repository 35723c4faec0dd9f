import { unzipSync } from "fflate";
import { DataError } from "../model/errors.ts";
import { hintFor, looksLike } from "./files.ts";
import { elementTypes } from "./tensor.ts";
import type { ElementType, TensorData } from "./tensor.ts";

/** An array from a NumPy file, its elements in C order (row-major) and in this machine's byte order. */
export interface NpyArray {
  readonly dtype: ElementType;
  readonly dims: readonly number[];
  /** float16 as its bits in a Uint16Array, bool as bytes. */
  readonly data: TensorData;
}

/**
 * A .npy file (numpy.lib.format, versions 1 to 3): every boolean, integer and float dtype of either byte order, C or
 * Fortran order (which becomes C order). Throws a DataError for other dtypes and for sizes that do not fit the file.
 * Pickled objects are never read.
 */
export function decodeNpy(bytes: Uint8Array, where: string): NpyArray {
  const { dtype: name, dims, order, fortran, start } = npyHeader(bytes, where);
  const { size } = elementTypes[name];
  const count = dims.reduce((product, dim) => product * dim, 1);
  const expected = count * size;
  if (!Number.isSafeInteger(expected) || bytes.length - start !== expected) {
    throw new DataError(
      `An array of ${name} [${dims.join(", ")}] needs ${expected} bytes, but the file has ${bytes.length - start}.`,
      where,
      bytes.length - start < expected ? "The file seems to be truncated: copy or save it again." : undefined,
    );
  }
  // A copy, aligned and of its own memory: what comes in may be a Buffer, whose slice() is a view.
  const own = new Uint8Array(bytes.subarray(start));
  if (size > 1 && (order === ">") === littleEndian) swapBytes(own, size);
  const data = elementTypes[name].view(own.buffer);
  return { dtype: name, dims, data: fortran && dims.length > 1 ? toRowMajor(data, dims) : data };
}

/** What a .npy file's first bytes say of it. Throws a DataError as decodeNpy does. */
export function npyHeader(
  bytes: Uint8Array,
  where: string,
): Pick<NpyArray, "dtype" | "dims"> & { readonly order: string; readonly fortran: boolean; readonly start: number } {
  const { text, start } = headerOf(bytes, where);
  const { descr, fortran, dims } = parseHeader(text, where);
  const [order, dtype] = [descr[0], dtypes[descr.slice(1)]];
  if (!"<>|=".includes(order) || !dtype) {
    const what = descr.endsWith("O") ? "Python objects" : `elements of type ${JSON.stringify(descr)}`;
    throw new DataError(
      `The array holds ${what}, not plain numbers.`,
      where,
      "Save it as float32, for example: numpy.save(file, array.astype('float32')).",
    );
  }
  return { dtype, dims, order, fortran, start };
}

/** The arrays of a .npz file by name. At most `limit` bytes are unpacked, so that a zip bomb stays a message. */
export function decodeNpz(bytes: Uint8Array, where: string, limit = 2 ** 30): Map<string, NpyArray> {
  let unpacked: Record<string, Uint8Array>;
  let total = 0;
  try {
    unpacked = unzipSync(bytes, {
      filter: (entry) => {
        if (!entry.name.endsWith(".npy")) return false;
        total += entry.originalSize;
        if (!(total <= limit)) throw new DataError(`The archive unpacks to more than ${limit} bytes.`, where);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `This is not a .npz archive, but ${looksLike(bytes)}: ${(error as Error).message}.`,
      where,
      hintFor(bytes),
    );
  }
  return new Map(
    Object.entries(unpacked).map(([name, file]) => [
      name.slice(0, -".npy".length),
      decodeNpy(file, `${where} (${name})`),
    ]),
  );
}

const dtypes: Readonly<Record<string, ElementType>> = {
  b1: "bool",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
};

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function headerOf(bytes: Uint8Array, where: string): { text: string; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isNpy = bytes.length >= 10 && [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, i) => bytes[i] === byte);
  if (!isNpy) throw new DataError(`This is not a .npy array, but ${looksLike(bytes)}.`, where, hintFor(bytes));
  const version = bytes[6];
  if (version < 1 || version > 3)
    throw new DataError(`Version ${version} of the .npy format is not supported; versions 1 to 3 are.`, where);
  const prefix = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : bytes.length >= 12 ? view.getUint32(8, true) : Infinity;
  if (prefix + length > bytes.length)
    throw new DataError("The .npy header is truncated.", where, "Copy or save the file again.");
  return { text: new TextDecoder().decode(bytes.subarray(prefix, prefix + length)), start: prefix + length };
}

/** The header is a Python dictionary literal of three known keys: taken apart by pattern, never evaluated. */
function parseHeader(text: string, where: string): { descr: string; fortran: boolean; dims: number[] } {
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[))/.exec(text);
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const shape = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (descr?.[2]) {
    throw new DataError("The array holds records with named fields, not plain numbers.", where, "Save a single field.");
  }
  if (!descr || !fortran || !shape) {
    throw new DataError("The .npy header is not valid.", where, "Save the array again with numpy.save.");
  }
  const dims = shape[1]
    .split(",")
    .map((dim) => dim.trim().replace(/L$/, ""))
    .filter(Boolean)
    .map(Number);
  if (dims.length > 32 || !dims.every(Number.isSafeInteger)) {
    throw new DataError(`The array's shape (${shape[1]}) is not valid.`, where);
  }
  return { descr: descr[1], fortran: fortran[1] === "True", dims };
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Fortran order (first axis fastest) to C order (last axis fastest). */
function toRowMajor<T extends TensorData>(data: T, dims: readonly number[]): T {
  const out = data.slice() as T;
  const index = new Array<number>(dims.length).fill(0);
  for (let from = 0; from < data.length; from++) {
    let to = 0;
    for (let axis = 0; axis < dims.length; axis++) to = to * dims[axis] + index[axis];
    out[to] = data[from];
    for (let axis = 0; axis < dims.length && ++index[axis] === dims[axis]; axis++) index[axis] = 0;
  }
  return out;
}
