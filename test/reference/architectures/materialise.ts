import { createWriteStream } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { folder, readStored } from "./load.ts";
import type { SeededWeights } from "./load.ts";
import { seededNumbers } from "./prng.ts";

/**
 * Makes a complete model of an export that is kept without its weights.
 * @param name NETWORK-EXPORTER, an `ArchitectureCase`'s name ("resnet18-dynamo").
 * @param directory An existing folder, into which NAME.onnx and its external NAME.weights are written.
 * @returns The path of the .onnx file.
 * @throws When there is no such export.
 */
export async function materialise(name: string, directory: string): Promise<string> {
  const found = readStored()
    .flatMap((network) => network.exports)
    .find((one) => one.name === name);
  if (!found) {
    throw new Error(`There is no exported network "${name}" in ${folder}.`);
  }
  const path = join(directory, `${name}.onnx`);
  await copyFile(join(folder, `${name}.onnx`), path);
  if (found.weights.length > 0) {
    await pipeline(found.weights.map(weightBytes), createWriteStream(join(directory, `${name}.weights`)));
  }
  return path;
}

/** Little-endian float32, as this machine has them. */
function weightBytes({ count, transposedFrom, ...numbers }: SeededWeights): Uint8Array {
  const values = seededNumbers(numbers, count);
  return new Uint8Array((transposedFrom ? transpose(values, transposedFrom) : values).buffer);
}

function transpose(values: Float32Array, [rows, columns]: readonly [number, number]): Float32Array<ArrayBuffer> {
  const transposed = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * rows + row] = values[row * columns + column];
    }
  }
  return transposed;
}
