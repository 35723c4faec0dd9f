import { fstatSync } from "node:fs";
import { readFully } from "../../model-file.ts";

/** Random access to a file's bytes. */
export interface ByteSource {
  readonly size: number;
  /** A copy of `length` bytes from `offset`; ModelError where the source has fewer. */
  read(offset: number, length: number): Uint8Array;
  /** A page that holds the byte at `offset` (which must be inside); valid until the next call. */
  page(offset: number): { bytes: Uint8Array; start: number };
}

const SMALLEST_PAGE = 4096;
const LARGEST_PAGE = 256 * 1024;

/**
 * A file behind a descriptor. Headers between skipped weights are read in small pages; the longer reading goes on in
 * sequence, the larger the pages become.
 */
export class FileSource implements ByteSource {
  readonly size: number;
  private window: Uint8Array = new Uint8Array(0);
  private start = 0;
  private nextSize = SMALLEST_PAGE;

  constructor(
    private readonly descriptor: number,
    private readonly path: string,
  ) {
    this.size = fstatSync(descriptor).size;
  }

  page(offset: number): { bytes: Uint8Array; start: number } {
    const end = this.start + this.window.length;
    if (offset < this.start || offset >= end) {
      this.nextSize = offset === end ? Math.min(this.nextSize * 4, LARGEST_PAGE) : SMALLEST_PAGE;
      this.window = this.readFile(offset, Math.min(this.nextSize, this.size - offset));
      this.start = offset;
    }
    return { bytes: this.window, start: this.start };
  }

  read(offset: number, length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0);
    const inside = offset - this.start;
    if (inside >= 0 && inside + length <= this.window.length) return this.window.slice(inside, inside + length);
    if (length >= SMALLEST_PAGE) return this.readFile(offset, length);
    const first = this.page(offset);
    const from = offset - first.start;
    if (from + length <= first.bytes.length) return first.bytes.slice(from, from + length);
    return this.readFile(offset, length);
  }

  private readFile(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    readFully(this.descriptor, bytes, offset, this.path);
    return bytes;
  }
}

/** Pieces as one array (the piece itself where there is only one). */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
