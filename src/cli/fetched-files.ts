import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeNpyArray } from "../draw/encode/npy.ts";
import { UsageError } from "../model/errors.ts";
import { freeName } from "../model/names.ts";
import type { TensorValue } from "../runtime/ort.ts";
import type { Unpacked } from "../runtime/non-tensors.ts";

/** What index.json says of a value. */
export type IndexEntry = Readonly<Record<string, unknown>>;

/** Writes values to a folder: numbers as .npy, texts and maps as .json, the elements of a list one by one. */
export class FetchedFiles {
  private readonly taken = new Set(["index.json"]);

  constructor(private readonly folder: string) {}

  async tensor(asked: string, value: string, tensor: TensorValue): Promise<IndexEntry> {
    return { file: await this.write(asked, value, tensor), value, dtype: tensor.dataType, dims: tensor.dims };
  }

  async unpacked(asked: string, value: string, found: Unpacked): Promise<IndexEntry> {
    switch (found.kind) {
      case "maps":
        return {
          file: await this.json(asked, found.rows),
          value,
          dtype: "sequence(map)",
          length: found.rows.length,
          of: found.of,
        };
      case "optional":
        return found.item
          ? { ...(await this.tensor(asked, value, found.item)), dtype: `optional(${found.item.dataType})` }
          : { file: null, value, dtype: "optional", empty: true };
      case "list": {
        const files: string[] = [];
        for (const [index, item] of found.items.entries())
          files.push(await this.write(`${asked}.${index}`, value, item));
        return {
          files,
          value,
          dtype: `sequence(${found.items[0]?.dataType ?? "unknown"})`,
          length: files.length,
          dims: found.items.map(({ dims }) => dims),
        };
      }
    }
  }

  private async write(asked: string, value: string, tensor: TensorValue): Promise<string> {
    if (tensor.dataType === "string") return this.json(asked, nested(tensor.data as readonly string[], tensor.dims));
    if (!ArrayBuffer.isView(tensor.data))
      throw new UsageError(
        `"${value}" has elements of type ${tensor.dataType}, which cannot be written as .npy.`,
        value,
      );
    const file = fileName(asked, this.taken);
    await writeFile(
      join(this.folder, file),
      encodeNpyArray(
        tensor.dims,
        tensor.dataType,
        new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength),
      ),
    );
    return file;
  }

  private async json(asked: string, value: unknown): Promise<string> {
    const file = fileName(asked, this.taken, "json");
    await writeFile(join(this.folder, file), `${JSON.stringify(value, null, 1)}\n`);
    return file;
  }
}

/** Every character but letters, digits, ".", "_", "-" becomes "_"; a second of the same name gets "_2". */
function fileName(value: string, taken: Set<string>, ending = "npy"): string {
  return freeName(value.replace(/[^A-Za-z0-9._-]/g, "_") || "_", taken, `.${ending}`);
}

/** Elements as lists of lists, a level for each axis: the form in which inputs of texts are given. */
function nested(data: readonly string[], dims: readonly number[]): unknown {
  if (dims.length === 0) return data[0];
  const size = data.length / Math.max(1, dims[0]);
  return Array.from({ length: dims[0] }, (_, index) =>
    nested(data.slice(index * size, (index + 1) * size), dims.slice(1)),
  );
}
