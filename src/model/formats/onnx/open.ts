import { constants } from "node:buffer";
import { closeSync, fstatSync, statSync, type Stats } from "node:fs";
import { ModelError } from "../../errors.ts";
import { elementCount, type Model, type TensorRef } from "../../graph.ts";
import { encodeStrings } from "../../tensor.ts";
import { externalFiles, type ExternalFiles } from "./external.ts";
import { readModel } from "./read.ts";
import { openFile, readFully } from "../../model-file.ts";
import type { OpenModel } from "../../open.ts";
import { FileSource } from "./source.ts";
import { decodeFields } from "./typed-fields.ts";
import { formatBytes } from "../../../protocol/format.ts";

/** Opens an ONNX file and reads its structure; weights stay on disk. ModelError, for people, when it is not one. */
export function openOnnx(path: string): OpenModel {
  const descriptor = openFile(path);
  try {
    const status = fstatSync(descriptor);
    const source = new FileSource(descriptor, path);
    const external = externalFiles(path);
    const model = readModel(source, external.find);
    return new OpenedFile(path, descriptor, status, source, model, external);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

class OpenedFile implements OpenModel {
  readonly stamp: string;
  readonly size: { readonly file: number; readonly external: number };
  private readonly opened = new Map<string, { descriptor: number; status: Stats; path: string }>();
  private readonly buffers = new Map<string, Buffer>();

  constructor(
    readonly path: string,
    descriptor: number,
    status: Stats,
    private readonly source: FileSource,
    readonly model: Model,
    private readonly externalFiles: ExternalFiles,
  ) {
    this.opened.set("", { descriptor, status, path });
    const files = [...externalFiles.found.values()];
    this.size = { file: status.size, external: files.reduce((sum, file) => sum + file.size, 0) };
    this.stamp = [{ size: status.size, modified: status.mtimeMs }, ...files]
      .map((file) => `${file.size}-${file.modified}`)
      .join("+");
  }

  get dataFiles(): readonly string[] {
    return this.externalFiles.paths();
  }

  isCurrent(): boolean {
    try {
      const [now, then] = [statSync(this.path), this.opened.get("")?.status];
      return (
        now.size === then?.size &&
        now.mtimeMs === then.mtimeMs &&
        now.ino === then.ino &&
        this.externalFiles.areCurrent()
      );
    } catch {
      return false;
    }
  }

  bytesOf(tensor: TensorRef): Uint8Array {
    if (tensor.problem !== undefined) throw new ModelError(tensor.problem, tensor.name);
    const { storage } = tensor;
    switch (storage.kind) {
      case "bytes":
        return storage.bytes;
      case "strings":
        return encodeStrings(storage.strings);
      case "fields":
        this.descriptorOf("");
        return decodeFields(
          this.source,
          tensor.name,
          tensor.dataType,
          storage.field,
          storage.parts,
          elementCount(tensor.dims),
        );
      case "file": {
        const loaded = this.buffers.get(storage.file);
        const { descriptor, path } = this.descriptorOf(storage.file);
        const bytes = new Uint8Array(storage.length);
        if (loaded !== undefined) bytes.set(loaded.subarray(storage.offset, storage.offset + storage.length));
        else readFully(descriptor, bytes, storage.offset, path);
        return bytes;
      }
    }
  }

  fileBytes(file: string): Buffer {
    const { descriptor, status, path } = this.descriptorOf(file);
    let buffer = this.buffers.get(file);
    if (buffer === undefined) {
      if (status.size > constants.MAX_LENGTH) {
        throw new ModelError(
          `The file has ${formatBytes(status.size)}; this Node.js can hold at most ${formatBytes(constants.MAX_LENGTH)} in one buffer, so the model can be inspected but not run here.`,
          path,
          "Run models with a newer Node.js (22 or later), or store the weights in several external data files.",
        );
      }
      buffer = allocate(status.size, path);
      readFully(descriptor, buffer, 0, path);
      this.buffers.set(file, buffer);
    }
    return buffer;
  }

  release(): void {
    this.buffers.clear();
  }

  close(): void {
    this.release();
    for (const { descriptor } of this.opened.values()) closeSync(descriptor);
    this.opened.clear();
  }

  /** The open file, after checking that it is still the one whose structure was read. */
  private descriptorOf(file: string): { descriptor: number; status: Stats; path: string } {
    let opened = this.opened.get(file);
    if (opened === undefined) {
      if (!this.opened.has("")) throw new ModelError("The model was closed.", this.path);
      const data = this.externalFiles.found.get(file);
      if (data === undefined) throw new ModelError(`"${file}" is not a data file of this model.`, this.path);
      const descriptor = openFile(data.path);
      opened = { descriptor, status: fstatSync(descriptor), path: data.path };
      this.opened.set(file, opened);
      if (opened.status.size !== data.size || opened.status.mtimeMs !== data.modified) throw changed(data.path);
    }
    const now = fstatSync(opened.descriptor);
    if (now.size !== opened.status.size || now.mtimeMs !== opened.status.mtimeMs) throw changed(opened.path);
    return opened;
  }
}

function allocate(size: number, path: string): Buffer {
  try {
    return Buffer.allocUnsafeSlow(size);
  } catch (error) {
    if (error instanceof RangeError)
      throw new ModelError(
        `There is not enough memory to load the file's ${formatBytes(size)}.`,
        path,
        "Close other models or programs.",
      );
    throw error;
  }
}

function changed(path: string): ModelError {
  return new ModelError("The file changed on disk since the model was opened.", path, "Open it again.");
}
