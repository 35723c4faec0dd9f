import { ModelError } from "../../errors.ts";
import { DATA_TYPES, type DataType, type SparseTensorRef, type TensorRef } from "../../graph.ts";
import { splitStrings } from "../../tensor.ts";
import type { OpenModel } from "../../open.ts";
import { WireWriter } from "./wire-writer.ts";

/**
 * ONNX Runtime may take smaller tensors' values into account while it loads a model, and refuses them when they are
 * outside.
 */
const SMALLEST_EXTERNAL = 1024;

/** What the parts of the writer share. */
export interface WriteContext {
  readonly open: Pick<OpenModel, "bytesOf">;
  /** Whether initializers may point into their files. */
  readonly external: boolean;
  /** File (as in TensorStorage) -> the path that the written model calls it by. */
  readonly paths: Map<string, string>;
}

export function dataTypeNumber(dataType: DataType): number {
  return DATA_TYPES.indexOf(dataType);
}

/** TensorProto: the bytes inline, or for a large initializer in a file (`mayPoint`) a pointer to them. */
export function tensorMessage(tensor: TensorRef, context: WriteContext, mayPoint: boolean): WireWriter {
  if (tensor.problem !== undefined) throw new ModelError(tensor.problem, tensor.name);
  const message = new WireWriter();
  message.packedInts(1, tensor.dims);
  message.int(2, dataTypeNumber(tensor.dataType));
  message.optionalString(8, tensor.name);
  const { storage } = tensor;
  if (mayPoint && context.external && storage.kind === "file" && storage.length >= SMALLEST_EXTERNAL) {
    const entries = {
      location: pathOf(storage.file, context.paths),
      offset: String(storage.offset),
      length: String(storage.length),
    };
    for (const [key, value] of Object.entries(entries)) message.message(13, entryMessage(key, value));
    message.int(14, 1);
    return message;
  }
  if (tensor.dataType === "string") {
    const strings = storage.kind === "strings" ? storage.strings : splitStrings(context.open.bytesOf(tensor));
    for (const text of strings) message.bytes(6, text);
  } else message.bytes(9, context.open.bytesOf(tensor));
  return message;
}

export function sparseTensorMessage(sparse: SparseTensorRef, context: WriteContext): WireWriter {
  const message = new WireWriter();
  message.message(1, tensorMessage({ ...sparse.values, name: sparse.name }, context, false));
  message.message(2, tensorMessage(sparse.indices, context, false));
  message.packedInts(3, sparse.dims);
  return message;
}

/** StringStringEntryProto. */
export function entryMessage(key: string, value: string): WireWriter {
  const message = new WireWriter();
  message.string(1, key);
  message.string(2, value);
  return message;
}

/** "model" stands for the model file itself, unless a data file has that name. */
function pathOf(file: string, paths: Map<string, string>): string {
  let path = paths.get(file);
  if (path === undefined) {
    const taken = new Set(paths.values());
    path = file === "" ? "model" : file.replaceAll("\\", "/");
    while (taken.has(path)) path = `${path}_`;
    paths.set(file, path);
  }
  return path;
}
