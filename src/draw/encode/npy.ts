/**
 * A NumPy .npy file, version 1.0 (numpy.lib.format): float32, little-endian, C order; the data begin at a multiple of
 * 64 bytes.
 */
export function encodeNpy(dims: readonly number[], values: Float32Array): Uint8Array<ArrayBuffer> {
  return encodeNpyArray(dims, "float32", littleEndianBytes(values));
}

/** numpy's type descriptors; float16 as its bits, bool as one byte each. */
const DESCRIPTORS: Readonly<Record<string, string>> = {
  float32: "<f4",
  float64: "<f8",
  float16: "<f2",
  int8: "|i1",
  uint8: "|u1",
  bool: "|b1",
  int16: "<i2",
  uint16: "<u2",
  int32: "<i4",
  uint32: "<u4",
  int64: "<i8",
  uint64: "<u8",
};

/** The same for any element type that numpy has, from little-endian bytes. RangeError for others. */
export function encodeNpyArray(dims: readonly number[], type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const descriptor = Object.hasOwn(DESCRIPTORS, type) ? DESCRIPTORS[type] : undefined;
  if (descriptor === undefined) throw new RangeError(`NumPy has no element type for ${type}.`);
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const dictionary = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${shape}, }`;
  const prefix = 10; // magic (6), version (2), header length (2)
  const total = Math.ceil((prefix + dictionary.length + 1) / 64) * 64;
  const header = `${dictionary.padEnd(total - prefix - 1)}\n`;
  const bytes = new Uint8Array(total + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8]);
  for (let i = 0; i < header.length; i++) bytes[prefix + i] = header.charCodeAt(i);
  bytes.set(data, total);
  return bytes;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function littleEndianBytes(values: Float32Array): Uint8Array {
  if (littleEndian) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => view.setFloat32(4 * index, value, true));
  return new Uint8Array(view.buffer);
}
