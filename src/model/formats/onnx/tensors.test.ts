import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expected, onnxFile } from "../../../../test/reference/onnx-files/index.ts";
import type { TensorRef } from "../../graph.ts";
import { decodeTensor, toFloat32 } from "../../tensor.ts";
import { openModel, type OpenModel } from "../../open.ts";

let open: OpenModel;
let tensors: Map<string, TensorRef>;
beforeAll(async () => {
  open = await openModel(onnxFile("types.onnx"));
  tensors = new Map(open.model.graph.initializers.map((tensor) => [tensor.name, tensor]));
});
afterAll(() => open.close());

/** As make.py writes numbers into files.json. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value > 2n ** 53n || value < -(2n ** 53n) ? String(value) : Number(value);
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

describe("every element type is read as the onnx package reads it (files.json), from raw_data and from typed fields", () => {
  test.each(Object.keys(expected.types))("%s", (name) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${name} is not in the model`);
    expect(tensor.problem).toBeUndefined();
    const { dims, data } = decodeTensor(tensor, open.bytesOf(tensor));
    const { dims: wantedDims, values } = expected.types[name];
    expect(dims).toEqual(wantedDims);
    const wanted = tensor.dataType.startsWith("complex") ? values.flat() : values;
    expect(Array.from(data as ArrayLike<unknown>, plain)).toEqual(wanted);
  });

  test("and no tensor is without its test", () => {
    expect([...tensors.keys()].sort()).toEqual(Object.keys(expected.types).sort());
  });
});

test("small tensors are in memory, large ones stay in the file", () => {
  const kind = (name: string): string => tensors.get(name)?.storage.kind ?? "absent";
  expect([kind("raw_float32"), kind("field_float32"), kind("strings")]).toEqual(["bytes", "bytes", "strings"]);
  expect([kind("long_raw"), kind("long_int64"), kind("long_float"), kind("long_strings")]).toEqual([
    "file",
    "fields",
    "fields",
    "fields",
  ]);
});

test("every numeric type becomes float32", () => {
  for (const [name, { values }] of Object.entries(expected.types)) {
    const tensor = tensors.get(name);
    if (tensor === undefined || tensor.dataType === "string" || tensor.dataType.startsWith("complex")) continue;
    const floats = toFloat32(tensor.dataType, open.bytesOf(tensor), values.length);
    const wanted = values.map((value) =>
      Math.fround(value === "nan" ? NaN : value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value)),
    );
    expect(Array.from(floats), name).toEqual(wanted);
  }
});

test("bytes are given at any alignment", () => {
  const tensor = tensors.get("raw_float64");
  if (tensor === undefined) throw new Error("no tensor");
  const bytes = open.bytesOf(tensor);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(decodeTensor(tensor, shifted.subarray(1)).data).toEqual(decodeTensor(tensor, bytes).data);
});
