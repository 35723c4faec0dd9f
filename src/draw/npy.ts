/**
 * A NumPy .npy file, version 1.0 (numpy.lib.format): float32, little-endian, C order; the data begin at a multiple of 64 bytes.
 */
export function encodeNpy(dims: readonly number[], values: Float32Array): Uint8Array<ArrayBuffer> {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const prefix = 10; // magic (6), version (2), header length (2)
  const total = Math.ceil((prefix + dictionary.length + 1) / 64) * 64;
  const header = `${dictionary.padEnd(total - prefix - 1)}\n`;
  const bytes = new Uint8Array(total + 4 * values.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8]);
  for (let i = 0; i < header.length; i++) bytes[prefix + i] = header.charCodeAt(i);
  if (littleEndian) bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), total);
  else {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(total + 4 * i, values[i], true);
  }
  return bytes;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
