import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import manifest from "../../package.json" with { type: "json" };
import type { LoadedModel } from "../runtime/models.ts";

export const VERSION: string = manifest.version;

const hashes = new WeakMap<LoadedModel, string>();
const PIECE = 1 << 22;
/** Of larger files only the beginning, the end and the size are hashed, so that nobody waits for it. */
const WHOLE = 2 ** 28;

/** SHA-256 of a model's file (external data apart), computed once; "partial:" in front for files over 256 MiB. */
export function hashOf(model: LoadedModel): string {
  let hash = hashes.get(model);
  if (hash === undefined) {
    hash = hashFile(model.open.path);
    hashes.set(model, hash);
  }
  return hash;
}

function hashFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE);
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const add = (from: number, to: number): void => {
      for (let at = from; at < to;) {
        const read = readSync(file, piece, 0, Math.min(PIECE, to - at), at);
        if (read === 0) return;
        hash.update(piece.subarray(0, read));
        at += read;
      }
    };
    if (size > WHOLE) {
      add(0, WHOLE / 4);
      add(size - WHOLE / 4, size);
      return `partial:${hash.update(String(size)).digest("hex")}`;
    }
    add(0, size);
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
