import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { WireWriter } from "../../../src/model/formats/onnx/wire-writer.ts";

/** Path of a file that make.py made. */
export function onnxFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export const EFFICIENTNET = fileURLToPath(new URL("../../../samples/efficientnet-lite0.onnx", import.meta.url));

/** What the onnx package and ONNX Runtime say about those files (files.json). */
export const expected = JSON.parse(readFileSync(onnxFile("files.json"), "utf8")) as {
  readonly types: Readonly<Record<string, { dims: number[]; values: unknown[] }>>;
  readonly shapes: Readonly<Record<string, (number | string | null)[]>>;
  readonly external: readonly number[];
} & Readonly<Record<string, unknown>>;

/** A folder that is gone after the test file's tests; `write` puts a file there and gives its path. */
export function temporaryFolder(): { path: string; write(name: string, content: string | Uint8Array): string } {
  const path = mkdtempSync(join(tmpdir(), "onnx-test-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
  };
}

/** A protobuf message written by a function: `message((m) => m.int(1, 8))`. */
export function message(fill: (into: WireWriter) => void): WireWriter {
  const writer = new WireWriter();
  fill(writer);
  return writer;
}

/** ModelProto with a GraphProto written by `fill`, for files that no decent writer makes. */
export function rawModel(fill: (graph: WireWriter) => void): Uint8Array {
  return message((model) => {
    model.int(1, 8);
    model.message(
      8,
      message((opset) => opset.int(2, 17)),
    );
    model.message(7, message(fill));
  }).finish();
}

/** A node of `Relu`s kind: NodeProto with inputs and outputs only. */
export function rawNode(opType: string, inputs: readonly string[], outputs: readonly string[], name = ""): WireWriter {
  return message((node) => {
    for (const input of inputs) node.string(1, input);
    for (const output of outputs) node.string(2, output);
    node.optionalString(3, name);
    node.string(4, opType);
  });
}

/** A float32 ValueInfoProto without shape. */
export function rawValue(name: string): WireWriter {
  return message((value) => {
    value.string(1, name);
    value.message(
      2,
      message((type) =>
        type.message(
          1,
          message((tensor) => tensor.int(1, 1)),
        ),
      ),
    );
  });
}
