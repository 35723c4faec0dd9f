import { describe, expect, test } from "vitest";
import { convertElements, fromNumbers } from "./tensor.ts";
import { floatToHalf, halfToFloat } from "../model/small-floats.ts";

describe("float16", () => {
  // Bits by hand from IEEE 754: 1 is exponent 15; 65504 the largest; 2^-24 the least subnormal; 2049 lies between 2048
  // and 2050.
  test.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -24, 0x03ff],
    [2049, 0x6800],
    [2051, 0x6802],
    [0.1, 0x2e66],
    [-0, 0x8000],
    [Infinity, 0x7c00],
  ])("%f is %i", (value, bits) => expect(floatToHalf(value)).toBe(bits));

  test("every one of the 65536 bit patterns comes back", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfToFloat(bits);
      if (Number.isNaN(value)) continue;
      if (floatToHalf(value) !== bits) expect.fail(`${bits} is ${value} and comes back as ${floatToHalf(value)}`);
    }
    expect(halfToFloat(0x7e00)).toBeNaN();
  });
});

describe("an array takes the model's type only where nothing is lost", () => {
  test("float64 is rounded to float32", () => {
    expect(convertElements(Float64Array.of(0.1, NaN), "float64", "float32", "x")).toEqual(Float32Array.of(0.1, NaN));
  });
  test("whole numbers pass between floats and integers", () => {
    expect(convertElements(Float32Array.of(-3, 4), "float32", "int64", "x")).toEqual(BigInt64Array.of(-3n, 4n));
    expect(convertElements(BigInt64Array.of(255n), "int64", "uint8", "x")).toEqual(Uint8Array.of(255));
    expect(convertElements(Uint8Array.of(0, 1), "bool", "float32", "x")).toEqual(Float32Array.of(0, 1));
  });
  test.each([
    ["a fraction to int64", Float32Array.of(1, 0.5), "float32", "int64", "0.5 at position 1"],
    ["NaN to int64", Float32Array.of(NaN), "float32", "int64", "NaN"],
    ["300 to uint8", Int32Array.of(300), "int32", "uint8", "300"],
    ["-1 to uint64", BigInt64Array.of(-1n), "int64", "uint64", "-1"],
    ["2^24 + 1 to float32", Int32Array.of(16777217), "int32", "float32", "16777217"],
    ["2^53 + 1 to float64", BigInt64Array.of(9007199254740993n), "int64", "float64", "9007199254740993"],
    ["1e300 to float32", Float64Array.of(1e300), "float64", "float32", "1e+300"],
    ["70000 to float16", Float32Array.of(70000), "float32", "float16", "70000"],
  ] as const)("%s is refused", (_, data, from, to, reason) => {
    expect(() => convertElements(data, from, to, "x.npy")).toThrow(reason);
  });
});

test("integers are rounded and held to their range", () => {
  expect(fromNumbers([-5, 1.6, 300, NaN], "uint8")).toEqual(Uint8Array.of(0, 2, 255, 0));
  expect(fromNumbers([1.6], "int64")).toEqual(BigInt64Array.of(2n));
});
