import { zipSync } from "fflate";
import { encodeNpy } from "./npy.ts";

/**
 * A NumPy .npz file (numpy.savez_compressed's): one float32 array by name. Names are as given, so numpy.load gives them
 * by the same keys; they must be unique and without "/" or "\". The same arrays give the same bytes.
 */
export function encodeNpz(
  arrays: readonly { readonly name: string; readonly dims: readonly number[]; readonly values: Float32Array }[],
): Uint8Array<ArrayBuffer> {
  const files: Record<string, Uint8Array> = {};
  for (const { name, dims, values } of arrays) {
    if (name === "" || /[/\\]/.test(name) || Object.hasOwn(files, `${name}.npy`))
      throw new RangeError(`"${name}" is not a valid array name in a .npz, or is used twice.`);
    files[`${name}.npy`] = encodeNpy(dims, values);
  }
  // ZIP's first day: its own times begin in 1980.
  return new Uint8Array(zipSync(files, { level: 6, mtime: new Date(1980, 0, 1) }));
}
