import { open, type FileHandle } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { PIECE, putArrays, takeArrays, type LongArray } from "../protocol/pieces.ts";

// A file of plain data: the length of the head (8 bytes), the head (what is not long arrays, as v8 serialises it), and
// the bytes of each array. Written and read piece by piece, so that nobody waits for a large one.

interface Head {
  readonly rest: unknown;
  readonly kinds: readonly LongArray[];
}

/** Writes plain data; gives up, with false, where it takes more than `most` bytes. */
export async function writeData(file: string, data: unknown, most: number): Promise<boolean> {
  const { rest, arrays, kinds } = takeArrays(data);
  const head = serialize({ rest, kinds } satisfies Head);
  if (8 + head.length + kinds.reduce((sum, { length }) => sum + length, 0) > most) return false;
  const handle = await open(file, "wx");
  try {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(head.length));
    await writeAll(handle, length);
    await writeAll(handle, head);
    for (const { buffer, byteOffset, byteLength } of arrays) {
      for (let at = 0; at < byteLength; at += PIECE)
        await writeAll(handle, new Uint8Array(buffer, byteOffset + at, Math.min(PIECE, byteLength - at)));
    }
  } finally {
    await handle.close();
  }
  return true;
}

/** Reads it again; throws where it is not such a file, or not all of it. */
export async function readData(file: string): Promise<unknown> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const length = Number(new DataView(await readAll(handle, Math.min(size, 8))).getBigUint64(0, true));
    if (length > size - 8) throw new RangeError("it is cut off");
    const { rest, kinds } = deserialize(Buffer.from(await readAll(handle, length))) as Head;
    if (8 + length + kinds.reduce((sum, one) => sum + one.length, 0) !== size) throw new RangeError("it is cut off");
    const buffers: ArrayBuffer[] = [];
    for (const one of kinds) buffers.push(await readAll(handle, one.length));
    return putArrays(rest, kinds, buffers);
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done)).bytesWritten;
}

async function readAll(handle: FileHandle, length: number): Promise<ArrayBuffer> {
  const buffer = new ArrayBuffer(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(new Uint8Array(buffer, done, Math.min(PIECE, length - done)));
    if (bytesRead === 0) throw new RangeError("it is cut off");
    done += bytesRead;
  }
  return buffer;
}
