import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { ModelError } from "./errors.ts";

/** How many bytes of a file's start tell formats apart. */
const HEAD = 4096;
/** One read call takes at most 2^31 - 1 bytes; a round number below it. */
const LARGEST_READ = 1024 * 1024 * 1024;

/** What formats are recognised by. */
export interface FileHead {
  readonly bytes: Uint8Array;
  /** The bytes as Latin-1, so that index and byte agree. */
  readonly text: string;
  /** The file's name, without its folder. */
  readonly name: string;
  readonly size: number;
}

/** The start of a regular file. ModelError, for people, where it cannot be read. */
export function readHead(path: string): FileHead {
  // Before opening: opening a named pipe would wait for somebody to write into it.
  const status = attempt(path, () => statSync(path));
  if (status.isDirectory())
    throw new ModelError("This is a folder, not a model file.", path, "Open the model file inside it.");
  if (!status.isFile()) throw new ModelError("This is not a regular file.", path);
  const descriptor = openFile(path);
  try {
    const bytes = new Uint8Array(Math.min(HEAD, fstatSync(descriptor).size));
    readFully(descriptor, bytes, 0, path);
    return headOf(bytes, path, status.size);
  } finally {
    closeSync(descriptor);
  }
}

export function headOf(bytes: Uint8Array, path: string, size = bytes.length): FileHead {
  return { bytes, text: Buffer.from(bytes).toString("latin1"), name: basename(path), size };
}

/** A descriptor of a file, for reading. */
export function openFile(path: string): number {
  return attempt(path, () => openSync(path, "r"));
}

/** Fills `into` from a file's `offset`; ModelError where the file has become shorter. */
export function readFully(descriptor: number, into: Uint8Array, offset: number, path: string): void {
  for (let done = 0; done < into.length;) {
    const count = readSync(descriptor, into, done, Math.min(LARGEST_READ, into.length - done), offset + done);
    if (count === 0) {
      throw new ModelError(
        `The file ends at byte ${offset + done}, ${into.length - done} bytes too early: it changed on disk.`,
        path,
        "Open it again.",
      );
    }
    done += count;
  }
}

/** The system's errors, for people. */
function attempt<T>(path: string, access: () => T): T {
  try {
    return access();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") throw new ModelError("The file does not exist.", path);
    if (code === "EACCES" || code === "EPERM")
      throw new ModelError("You do not have permission to read this file.", path, "Change the file's permissions.");
    throw new ModelError(`The file cannot be opened (${code === "" ? String(error) : code}).`, path);
  }
}
