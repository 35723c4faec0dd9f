import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  EFFICIENTNET,
  message,
  onnxFile,
  rawModel,
  rawNode,
  rawValue,
  temporaryFolder,
} from "../../../../test/reference/onnx-files/index.ts";
import { ModelError } from "../../errors.ts";
import type { Model } from "../../graph.ts";
import { openModel } from "../../open.ts";
import { readHead } from "../../model-file.ts";
import { onnx } from "./index.ts";
import type { WireWriter } from "./wire-writer.ts";

const folder = temporaryFolder();

async function errorOf(path: string): Promise<ModelError> {
  try {
    (await openModel(path)).close();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error(`${path} was opened without an error`);
}

async function modelOf(path: string): Promise<Model> {
  const open = await openModel(path);
  open.close();
  return open.model;
}

describe("files that are something else are told apart, with what to do", () => {
  const zip = (name: string): string => `PK\x03\x04${"\0".repeat(26)}${name}`;
  const cases: readonly [string, string, string, RegExp, RegExp][] = [
    ["empty", "m.onnx", "", /^The file is empty \(0 bytes\)\.$/, /again/],
    [
      "a Git LFS pointer",
      "m.onnx",
      "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 18614602\n",
      /^This is a Git LFS pointer, not the model itself \(which has 18614602 bytes\)\.$/,
      /git lfs pull/,
    ],
    ["text", "m.onnx", "Hello, this is a readme.\nWith lines.\n", /^This is a text file/, /\.onnx/],
    ["JSON", "m.onnx", '{ "format": "layers-model" }', /^This is a JSON file/, /\.onnx/],
    [
      "a web page",
      "m.onnx",
      "\n<!DOCTYPE html><html><body>Sign in</body></html>",
      /^This is a web page, not a model/,
      /file itself/,
    ],
    ["ONNX as text", "m.onnx", '<\n  ir_version: 8,\n  opset_import: ["" : 17]\n>', /text form/, /onnx\.parser/],
    ["a PyTorch zip", "m.onnx", zip("archive/data.pkl"), /PyTorch/, /torch\.onnx\.export/],
    ["a pickle", "m.onnx", "\x80\x02}q\x00.", /pickle/, /torch\.onnx\.export/],
    ["another zip", "m.onnx", zip("readme.txt"), /zip archive/, /Unpack/],
    ["a Keras zip", "m.onnx", zip("config.json"), /Keras/, /tf2onnx/],
    ["TensorFlow Lite", "m.onnx", "\x1c\0\0\0TFL3\x14\0", /TensorFlow Lite/, /tf2onnx/],
    ["ONNX Runtime's format", "m.onnx", "\x28\0\0\0ORTM\0\0", /\.ort/, /made from/],
    ["a TensorFlow SavedModel", "saved_model.pb", "\x08\x01\x12\x05hello", /SavedModel/, /tf2onnx/],
    [
      "a frozen TensorFlow graph",
      "m.pb",
      "\x0a\x20\x0a\x05input\x12\x0bPlaceholder",
      /frozen TensorFlow graph/,
      /tf2onnx/,
    ],
    ["HDF5", "m.onnx", "\x89HDF\r\n\x1a\n", /HDF5/, /tf2onnx/],
    ["GGUF", "m.onnx", "GGUF\x03\0\0\0", /GGUF/, /export/],
    [
      "safetensors",
      "m.onnx",
      '\x40\0\0\0\0\0\0\0{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      /safetensors/,
      /torch\.onnx\.export/,
    ],
    ["gzip", "m.onnx", "\x1f\x8b\x08\0", /gzip/, /gunzip/],
    ["a NumPy array", "m.onnx", "\x93NUMPY\x01\0", /NumPy array/, /input/],
  ];
  test.each(cases)("%s", async (_name, file, content, wanted, hint) => {
    const error = await errorOf(folder.write(file, Buffer.from(content, "latin1")));
    expect(error.message).toMatch(wanted);
    expect(error.hint).toMatch(hint);
  });

  test("and no ONNX file is taken for one of them", () => {
    for (const name of [
      "types",
      "subgraphs",
      "functions",
      "attributes",
      "constants",
      "defaults-ir3",
      "external",
      "shapes",
    ]) {
      expect(onnx.matches(readHead(onnxFile(`${name}.onnx`))), name).toBe(true);
    }
  });
});

describe("files that are no ONNX model", () => {
  test("random bytes", async () => {
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919 * (i + 13)) % 256);
    bytes[0] = 0xb7;
    const error = await errorOf(folder.write("random.onnx", bytes));
    expect(error.message).toMatch(/not a valid ONNX file|no ONNX graph/);
    expect(error.where).toMatch(/^byte \d+$/);
    expect(error.hint).toContain("not an ONNX model");
  });
  test("zeros", async () => {
    const error = await errorOf(folder.write("zeros.onnx", new Uint8Array(1000)));
    expect([error.message, error.where]).toEqual([
      "This is not a valid ONNX file: ModelProto has a field with an impossible number.",
      "byte 0",
    ]);
  });
  test("a protobuf message without a graph", async () => {
    const error = await errorOf(folder.write("other.onnx", message((m) => m.int(1, 8)).finish()));
    expect(error.message).toBe("This file contains no ONNX graph.");
  });
  test("a folder", async () => {
    mkdirSync(join(folder.path, "dir.onnx"));
    expect((await errorOf(join(folder.path, "dir.onnx"))).message).toBe("This is a folder, not a model file.");
  });
  test("a file that is not there", async () => {
    expect((await errorOf(join(folder.path, "nowhere.onnx"))).message).toBe("The file does not exist.");
  });
  test.skipIf(process.platform === "win32")("a named pipe, without waiting for it", async () => {
    execFileSync("mkfifo", [join(folder.path, "pipe.onnx")]);
    expect((await errorOf(join(folder.path, "pipe.onnx"))).message).toBe("This is not a regular file.");
  });
  test("a file without permission", async () => {
    const path = folder.write("secret.onnx", "x");
    chmodSync(path, 0);
    // The superuser may read everything, so the test becomes somebody else meanwhile.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      expect((await errorOf(path)).message).toBe("You do not have permission to read this file.");
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

describe("a file that was cut off", () => {
  const whole = readFileSync(EFFICIENTNET);

  test("among the weights: the nodes are shown, with what is missing", async () => {
    const model = await modelOf(folder.write("cut.onnx", whole.subarray(0, 10_000_000)));
    // Python: onnx.load of the whole file has 456 nodes; they come before the initializers.
    expect(model.graph.nodes).toHaveLength(456);
    const [problem, tensor] = model.problems;
    expect(problem.severity).toBe("error");
    expect(problem.message).toMatch(
      /^The file ends too early: .* needs at least \d+ more bytes\. The readable part is shown; the model cannot be run\. It was probably truncated/,
    );
    expect(problem.where).toBe("byte 10000000");
    expect(tensor.message).toMatch(/^The data of tensor ".*" is truncated: \d+ of its \d+ bytes are missing/);
    expect(model.problems).toHaveLength(2);
  });

  test("among the nodes: those before the cut are shown", async () => {
    const model = await modelOf(folder.write("cut.onnx", whole.subarray(0, 20_000)));
    expect(model.graph.nodes.length).toBeGreaterThan(50);
    expect(model.graph.nodes.length).toBeLessThan(456);
    expect(model.problems[0].where).toBe("byte 20000");
  });

  test("before any node: an error that says so", async () => {
    const error = await errorOf(folder.write("cut.onnx", whole.subarray(0, 30)));
    expect(error.message).toMatch(/^The file ends too early: .* needs at least \d+ more bytes?\.$/);
    expect(error.hint).toContain("fetch it again");
  });

  test("anywhere: an error or a model with a problem, never another exception", async () => {
    const small = readFileSync(onnxFile("subgraphs.onnx"));
    for (let length = 1; length < small.length; length += 7) {
      const path = folder.write("cut.onnx", small.subarray(0, length));
      try {
        const open = await openModel(path);
        open.close();
        // What follows the graph in a file may be missing without anybody knowing.
        const graphEnd = small.length - 8;
        if (length < graphEnd)
          expect(
            open.model.problems.some((problem) => problem.severity === "error"),
            `cut at ${length}`,
          ).toBe(true);
      } catch (error) {
        expect(error, `cut at ${length}`).toBeInstanceOf(ModelError);
      }
    }
  });
});

describe("tensors that cannot be read do not keep the rest from being shown", () => {
  async function tensorProblem(fill: (tensor: WireWriter) => void): Promise<string> {
    const bytes = rawModel((graph) => {
      graph.message(1, rawNode("Add", ["x", "w"], ["y"]));
      graph.message(
        5,
        message((tensor) => {
          tensor.string(8, "w");
          fill(tensor);
        }),
      );
      graph.message(11, rawValue("x"));
      graph.message(12, rawValue("y"));
    });
    const open = await openModel(folder.write("tensor.onnx", bytes));
    const [tensor] = open.model.graph.initializers;
    expect(open.model.graph.nodes).toHaveLength(1);
    expect(open.model.problems).toEqual([{ severity: "error", message: tensor.problem, where: "w" }]);
    expect(() => open.bytesOf(tensor)).toThrow(ModelError);
    open.close();
    return tensor.problem ?? "";
  }
  const float =
    (dims: number[], bytes: number) =>
    (tensor: WireWriter): void => {
      tensor.packedInts(1, dims);
      tensor.int(2, 1);
      tensor.bytes(9, new Uint8Array(bytes));
    };

  test("a negative dimension", async () =>
    expect(await tensorProblem(float([2, -3], 24))).toBe(
      'Tensor "w" has a negative dimension (-3) in its shape [2, -3].',
    ));
  test("dims that overflow", async () =>
    expect(await tensorProblem(float([2 ** 40, 2 ** 40], 24))).toContain(
      "impossible shape [1099511627776, 1099511627776]",
    ));
  test("dims that overflow 64 bits to something small", async () =>
    expect(await tensorProblem(float([2 ** 32, 2 ** 32], 0))).toContain("impossible shape"));
  test("fewer bytes than the shape", async () =>
    expect(await tensorProblem(float([2, 3], 20))).toBe(
      'Tensor "w" is float32 [2, 3], which takes 24 bytes, but 20 are present.',
    ));
  test("more bytes than the shape", async () =>
    expect(await tensorProblem(float([2, 3], 28))).toContain("but 28 are present"));
  test("no data", async () =>
    expect(
      await tensorProblem((tensor) => {
        tensor.packedInts(1, [2]);
        tensor.int(2, 1);
      }),
    ).toBe('Tensor "w" (float32 [2]) has no data.'));
  test("data in another type's field", async () =>
    expect(
      await tensorProblem((tensor) => {
        tensor.packedInts(1, [2]);
        tensor.int(2, 1);
        tensor.packedInts(7, [1, 2]);
      }),
    ).toBe('Tensor "w" (float32 [2]) has no data in float_data, only in int64_data.'));
  test("too few values", async () =>
    expect(
      await tensorProblem((tensor) => {
        tensor.packedInts(1, [3]);
        tensor.int(2, 7);
        tensor.packedInts(7, [1, 2000]);
      }),
    ).toBe('Tensor "w" holds 2 values, but its shape needs 3.'));
  test("an unknown element type", async () =>
    expect(await tensorProblem((tensor) => tensor.int(2, 77))).toContain("element type (number 77)"));
  test("segments", async () =>
    expect(
      await tensorProblem((tensor) => {
        tensor.int(2, 1);
        tensor.message(
          3,
          message((segment) => segment.int(1, 0)),
        );
      }),
    ).toContain("stored in segments"));
});

test("a model that changes on disk while it is open is noticed", async () => {
  const path = folder.write("changing.onnx", readFileSync(onnxFile("types.onnx")));
  const open = await openModel(path);
  const tensor = open.model.graph.initializers.find(({ storage }) => storage.kind === "file");
  if (tensor === undefined) throw new Error("no tensor in the file");
  expect(open.bytesOf(tensor)).toHaveLength(2000);
  writeFileSync(path, "short");
  expect(() => open.bytesOf(tensor)).toThrow("The file changed on disk since the model was opened.");
  expect(() => open.fileBytes("")).toThrow("The file changed on disk");
  open.close();
  expect(() => open.fileBytes("")).toThrow("The model was closed.");
});
