import { ModelError } from "../../src/model/errors.ts";
import type { ByteSource } from "../../src/model/formats/onnx/source.ts";

/** Bytes in memory. */
export class MemorySource implements ByteSource {
  readonly size: number;
  constructor(private readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }
  page(): { bytes: Uint8Array; start: number } {
    return { bytes: this.bytes, start: 0 };
  }
  read(offset: number, length: number): Uint8Array {
    if (offset + length > this.bytes.length)
      throw new ModelError(
        `${length} bytes are needed, but only ${this.bytes.length - offset} are left.`,
        `byte ${offset}`,
      );
    return this.bytes.slice(offset, offset + length);
  }
}
