import { describe, expect, test } from "vitest";
import { ModelError } from "./errors.ts";
import type { DataType, TensorRef } from "./graph.ts";
import {
  decodeTensor,
  encodeStrings,
  scalar,
  summarise,
  tensorFromArray,
  tensorFromStrings,
  toFloat32,
  toNumbers,
} from "./tensor.ts";
import { decodeSmallFloat, floatToBfloat16, floatToHalf, halfToFloat } from "./small-floats.ts";
import { elementText } from "./summary.ts";

function bytesOf(tensor: TensorRef): Uint8Array {
  if (tensor.storage.kind === "bytes") return tensor.storage.bytes;
  if (tensor.storage.kind === "strings") return encodeStrings(tensor.storage.strings);
  throw new Error("not in memory");
}

const roundTrip = (dataType: DataType, numbers: (number | bigint)[]): unknown[] => {
  const tensor = tensorFromArray("t", dataType, [numbers.length], numbers);
  return Array.from(decodeTensor(tensor, bytesOf(tensor)).data as ArrayLike<unknown>);
};

describe("half floats", () => {
  test("every code is the number's nearest code", () => {
    const codes = Array.from({ length: 65536 }, (_, code) => code);
    const wanted = codes.map((code) => (Number.isNaN(halfToFloat(code)) ? 0x7e00 : code));
    expect(codes.map((code) => floatToHalf(halfToFloat(code)))).toEqual(wanted);
  });
  test("between two codes the nearer one is taken, at the middle the even one", () => {
    // 1 + 2^-11 is halfway between 0x3c00 and 0x3c01; 1 + 3 * 2^-11 between 0x3c01 and 0x3c02.
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 1e-9, 1 - 2 ** -12].map(floatToHalf)).toEqual([
      0x3c00, 0x3c02, 0x3c01, 0x3c00,
    ]);
    expect([65519, 65520, 1e10, -Infinity, -0, 2 ** -25, 2 ** -25 * 1.01].map(floatToHalf)).toEqual([
      0x7bff, 0x7c00, 0x7c00, 0xfc00, 0x8000, 0, 1,
    ]);
  });
  test("bfloat16 rounds to even too, and keeps NaN", () => {
    expect([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, -2].map(floatToBfloat16)).toEqual([0x3f80, 0x3f80, 0x3f82, 0xc000]);
    expect(decodeSmallFloat("bfloat16", floatToBfloat16(NaN))).toBeNaN();
    expect(decodeSmallFloat("bfloat16", 0x4049)).toBe(3.140625);
  });
});

describe("numbers -> tensor -> numbers", () => {
  const exact: [DataType, (number | bigint)[]][] = [
    ["float32", [0, -1.5, Infinity]],
    ["float64", [0.1, -1e300]],
    ["float16", [0.5, -65504]],
    ["bfloat16", [1, -3.140625]],
    ["int8", [-128, 127]],
    ["uint8", [0, 255]],
    ["int16", [-32768, 32767]],
    ["uint16", [65535]],
    ["int32", [-(2 ** 31), 2 ** 31 - 1]],
    ["uint32", [2 ** 32 - 1]],
    ["int64", [-(2n ** 63n), 2n ** 63n - 1n]],
    ["uint64", [2n ** 64n - 1n]],
    ["int4", [-8, 7, -1]],
    ["uint4", [15, 0, 9]],
    ["int2", [-2, 1, -1, 0, 1]],
    ["uint2", [3, 2, 1, 0, 3]],
    ["float8e4m3fn", [448, -0.5]],
    ["float8e5m2", [57344, -0.25]],
    ["float8e4m3fnuz", [240, -1]],
    ["float8e5m2fnuz", [-57344, 1]],
    ["float8e8m0", [0.5, 2 ** 127]],
    ["float4e2m1", [6, -0.5, 1.5]],
    ["float6e2m3", [7.5, -0.125]],
    ["float6e3m2", [28, -0.0625, 3]],
    ["complex64", [1, 2]],
  ];
  test.each(exact)("%s keeps what it can hold", (dataType, numbers) => {
    if (dataType === "complex64")
      expect(
        decodeTensor(
          tensorFromArray("c", dataType, [1], numbers),
          bytesOf(tensorFromArray("c", dataType, [1], numbers)),
        ).data,
      ).toEqual(Float32Array.of(1, 2));
    else expect(roundTrip(dataType, numbers)).toEqual(numbers);
  });
  test("what it cannot hold becomes the nearest", () => {
    expect(roundTrip("int64", [1e300, -1e300, 2.7])).toEqual([2n ** 63n - 1n, -(2n ** 63n), 2n]);
    expect(roundTrip("float8e4m3fn", [1000, 0.07])).toEqual([448, 0.0703125]);
    expect(roundTrip("float4e2m1", [2.4, -2.6, 100])).toEqual([2, -3, 6]);
    expect(roundTrip("bool", [0, 0.5, -1])).toEqual([0, 1, 1]);
  });
  test("scalars and strings", () => {
    expect(scalar("s", "int64", 7)).toMatchObject({ dims: [] });
    expect(toNumbers(scalar("s", "int64", 7), bytesOf(scalar("s", "int64", 7)))).toEqual([7]);
    const strings = tensorFromStrings("s", [2], ["", "🐈"]);
    expect(decodeTensor(strings, bytesOf(strings)).data).toEqual(["", "🐈"]);
  });
  test("a wrong number of elements or bytes is an error", () => {
    expect(() => tensorFromArray("w", "float32", [2, 2], [1, 2, 3])).toThrow(
      '3 numbers do not fill the shape [2, 2] of "w".',
    );
    expect(() => decodeTensor(tensorFromArray("w", "float32", [1], [1]), new Uint8Array(3))).toThrow(
      'The tensor "w" has 3 bytes, but float32 [1] needs 4.',
    );
    expect(() => toFloat32("float32", new Uint8Array(7), 2)).toThrow(ModelError);
    expect(() => toFloat32("string", new Uint8Array(8), 2)).toThrow("Elements of type string are not real numbers.");
    expect(() => decodeTensor(tensorFromStrings("s", [1], ["a"]), Uint8Array.of(5, 0, 0, 0, 1))).toThrow("truncated");
  });
});

describe("summaries", () => {
  const summary = (dataType: DataType, numbers: number[], dims = [numbers.length]) => {
    const tensor = tensorFromArray("t", dataType, dims, numbers);
    return summarise(tensor, bytesOf(tensor));
  };

  test("statistics over the finite elements", () => {
    // By hand: 0, 1, 2, 5 have mean 2 and variance (4 + 1 + 0 + 9) / 4.
    const { statistics, histogram, count } = summary("float32", [0, 1, 2, 5, NaN, Infinity]);
    expect(statistics).toEqual({ min: 0, max: 5, mean: 2, std: Math.sqrt(3.5), zeros: 1, notFinite: 2 });
    expect(count).toBe(6);
    expect(histogram).toMatchObject({ min: 0, max: 5 });
    expect(histogram?.counts.reduce((a, b) => a + b)).toBe(4);
    expect([0, 10, 20, 49].map((bin) => histogram?.counts[bin])).toEqual([1, 1, 1, 1]);
  });
  test("a constant tensor, an empty one, one of NaN alone, and extremes", () => {
    expect(summary("float32", [3, 3]).statistics).toMatchObject({ min: 3, max: 3, std: 0 });
    expect(summary("float32", [3, 3]).histogram?.counts[0]).toBe(2);
    expect(summary("float32", [], [0, 3])).toEqual({ name: "t", type: "float32", dims: [0, 3], count: 0, preview: [] });
    expect(summary("float32", [NaN, NaN]).statistics).toEqual({
      min: NaN,
      max: NaN,
      mean: NaN,
      std: NaN,
      zeros: 0,
      notFinite: 2,
    });
    expect(summary("float64", [-1.7e308, 1.7e308]).histogram?.counts.reduce((a, b) => a + b)).toBe(2);
  });
  test("the first elements, written without loss", () => {
    expect(summary("float32", [0.1, 1e-45, -0, 16777216, NaN]).preview).toEqual([
      "0.1",
      "1e-45",
      "-0",
      "16777216",
      "NaN",
    ]);
    expect(summary("float64", [0.1, 1 / 3]).preview).toEqual(["0.1", "0.3333333333333333"]);
    expect(summary("bool", [1, 0]).preview).toEqual(["true", "false"]);
    expect(summary("complex64", [1, -2], [1]).preview).toEqual(["1 + -2i"]);
    const long = summary(
      "int64",
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect([long.preview.length, long.preview[63]]).toEqual([64, "63"]);
    const strings = tensorFromStrings("s", [2], ["cat", "dog"]);
    expect(summarise(strings, bytesOf(strings))).toEqual({
      name: "s",
      type: "string",
      dims: [2],
      count: 2,
      preview: ["cat", "dog"],
    });
  });
  test("every float32 is written so that it reads back", () => {
    for (let i = 0; i < 2000; i++) {
      const value = Math.fround(Math.sin(i) * 10 ** ((i % 60) - 30));
      expect(Math.fround(Number(elementText(value, "float32")))).toBe(value);
    }
  });
});
