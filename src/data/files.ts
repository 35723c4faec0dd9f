import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import path from "node:path";
import { locateBeside, REPOSITORY_FILES } from "../model/beside.ts";
import { DataError } from "../model/errors.ts";
import { formatBytes } from "../protocol/format.ts";

/**
 * A file's bytes. Throws a DataError where there is no such file, it cannot be read, or it is longer than `limit`
 * bytes.
 */
export async function readBytes(file: string, limit: number): Promise<Buffer<ArrayBuffer>> {
  let handle;
  try {
    handle = await open(file, "r");
    const { size } = await handle.stat().then((stat) => {
      if (!stat.isFile())
        throw new DataError(stat.isDirectory() ? "This is a folder, not a file." : "This is not a regular file.", file);
      return stat;
    });
    if (size > limit) {
      throw new DataError(`The file has ${formatBytes(size)}; the limit is ${formatBytes(limit)}.`, file);
    }
    // Memory of its own: small Buffers are slices of a shared pool, and typed arrays over them may not be aligned.
    const bytes = Buffer.from(new ArrayBuffer(size));
    for (let at = 0; at < size;) {
      const { bytesRead } = await handle.read(bytes, at, size - at, at);
      if (bytesRead === 0) throw new DataError("The file shrank while it was being read.", file, "Try again.");
      at += bytesRead;
    }
    return bytes;
  } catch (error) {
    throw asDataError(error, file);
  } finally {
    await handle?.close();
  }
}

/** A file's first bytes, for what it looks like. Throws as readBytes does. */
export async function readHead(file: string, length = 512): Promise<Uint8Array> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asDataError(error, file);
  }
}

/**
 * Bytes of a file beside a model or below (a repository's own also above its folder `onnx`), or undefined where there
 * is none. Throws a DataError for a name or a link that leads elsewhere.
 */
export async function readBeside(
  modelPath: string,
  name: string,
  limit: number,
): Promise<Buffer<ArrayBuffer> | undefined> {
  const folder = path.dirname(modelPath);
  let file: string;
  try {
    const located = locateBeside(modelPath, name, REPOSITORY_FILES);
    if ("leadsOut" in located) {
      throw new DataError(
        `"${name}" is outside the model's folder.`,
        folder,
        "Files named in a recipe must be in the model's folder or below it.",
      );
    }
    file = located.path;
  } catch (error) {
    const mapped = asDataError(error, path.join(folder, name));
    if (mapped.cause === "missing") return undefined;
    throw mapped;
  }
  return readBytes(file, limit);
}

/** Bytes as JSON. Throws a DataError that says where the syntax is wrong. */
export function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(decodeText(bytes, where)) as unknown;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`This is not JSON: ${(error as Error).message}`, where);
  }
}

/** Bytes as UTF-8 text, without a byte order mark. */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const kind = utf16 ? "text in UTF-16" : looksLike(bytes);
    throw new DataError(
      `This is not text in UTF-8, but ${kind === "text" ? "text in another encoding" : kind}.`,
      where,
      /^text/.test(kind) ? "Save it as UTF-8." : undefined,
    );
  }
}

/** SHA-256 in hexadecimal, of one piece or several after one another. */
export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** What bytes seem to be, for a message: "an empty file", "a Git LFS pointer", "text" ... */
export function looksLike(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString("latin1");
  const kind = kinds.find(([test]) => (typeof test === "string" ? head.startsWith(test) : test.test(head)));
  return kind?.[1] ?? "a binary file of another kind";
}

/** Why a file that "looks like" a Git LFS pointer is not enough, and what to do. */
export function hintFor(bytes: Uint8Array): string | undefined {
  return looksLike(bytes) === lfsPointer ? 'Fetch the file itself: run "git lfs pull" in its repository.' : undefined;
}

const lfsPointer = "a Git LFS pointer";

const kinds: readonly (readonly [string | RegExp, string])[] = [
  [/^$/, "an empty file"],
  ["version https://git-lfs.github.com/spec/", lfsPointer],
  ["\x89PNG\r\n\x1a\n", "a PNG picture"],
  ["\xff\xd8\xff", "a JPEG picture"],
  [/^GIF8[79]a/, "a GIF picture"],
  [/^RIFF[^]{4}WEBP/, "a WebP picture"],
  ["BM", "a BMP picture"],
  [/^(II\*\0|MM\0\*)/, "a TIFF picture"],
  ["\x93NUMPY", "a NumPy array"],
  ["PK\x03\x04", "a zip archive"],
  ["%PDF", "a PDF document"],
  [/^\s*(<\?xml[^]*)?<svg/i, "an SVG drawing"],
  [/^\s*<(!doctype html|html)/i, "a web page"],
  [/^\s*[{[]/, "JSON text"],
  // eslint-disable-next-line no-control-regex -- control characters are what tells binary files from text
  [/^[^\x00-\x08\x0e-\x1f]*$/, "text"],
];

export function asDataError(error: unknown, where: string): DataError {
  if (error instanceof DataError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    ENOENT: "The file does not exist.",
    ENOTDIR: "The file does not exist.",
    ENAMETOOLONG: "The file does not exist: its name is too long.",
    EACCES: "You do not have permission to read this file.",
    EPERM: "You do not have permission to read this file.",
    EISDIR: "This is a folder, not a file.",
    ELOOP: "Symbolic links form a loop here.",
  };
  const mapped = new DataError(known[code ?? ""] ?? message, where);
  if (code === "ENOENT" || code === "ENOTDIR") mapped.cause = "missing";
  return mapped;
}
