import { resolve } from "node:path";
import { formatsText, hasFormat, type ModelFormat } from "../protocol/formats.ts";
import { ModelError } from "./errors.ts";
import { onnx } from "./formats/onnx/index.ts";
import type { Model, TensorRef } from "./graph.ts";
import { readHead, type FileHead } from "./model-file.ts";
import { otherFile } from "./other-files.ts";

/** A format's reader. */
export interface ModelReader extends ModelFormat {
  /** Whether a file's content is of this format for certain; where no format says so, the name decides. */
  matches(head: FileHead): boolean;
  /** Opens a file and reads its structure; weights stay on disk. ModelError, for people, where it cannot. */
  open(path: string): OpenModel;
}

/** The formats that can be opened: another one is its folder and its row here (and in protocol/formats.ts). */
export const READERS: readonly ModelReader[] = [onnx];

export interface OpenModel {
  /** Absolute. */
  readonly path: string;
  readonly model: Model;
  /** Sizes and times of change of the file and its external data: another file, another stamp. */
  readonly stamp: string;
  /**
   * Whether the file and its external data are still the ones whose structure was read (also: what was missing still
   * is).
   */
  isCurrent(): boolean;
  /**
   * Absolute paths of its external data files, links and what they lead to; of those that are missing, where they
   * should lie.
   */
  readonly dataFiles: readonly string[];
  /** Bytes on disk. */
  readonly size: { readonly file: number; readonly external: number };
  /**
   * A tensor's raw little-endian bytes, typed fields decoded (strings as `encodeStrings`). ModelError when it has a
   * problem.
   */
  bytesOf(tensor: TensorRef): Uint8Array;
  /**
   * The whole model file ("") or an external data file, loaded once and kept. ModelError when a Buffer cannot hold it.
   */
  fileBytes(file: string): Buffer;
  /** Drops the buffers that `fileBytes` keeps. */
  release(): void;
  close(): void;
}

/**
 * Opens a model file of any format: by its content, else by its name. ModelError, for people, where it is of none: it
 * says what the file is, and what can be opened.
 * @param path Relative paths are the working directory's.
 */
export async function openModel(path: string, readers: readonly ModelReader[] = READERS): Promise<OpenModel> {
  const absolute = resolve(path);
  const head = readHead(absolute);
  const byContent = readers.find((reader) => reader.matches(head));
  if (byContent) return byContent.open(absolute);
  const other = otherFile(head);
  const opens = `These formats can be opened: ${formatsText(readers)}.`;
  if (other) throw new ModelError(other.message, absolute, `${other.hint} ${opens}`);
  const byName = readers.find((reader) => hasFormat(absolute, reader));
  if (byName) return byName.open(absolute);
  throw new ModelError("Neither the content nor the name of this file is of a known model format.", absolute, opens);
}
