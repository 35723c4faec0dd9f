import { readFileSync } from "node:fs";
import path from "node:path";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { encodeNpy } from "../draw/encode/npy.ts";
import { DataError } from "../model/errors.ts";
import { decodeNpy, decodeNpz } from "./npy.ts";
import { toNumbers } from "./tensor.ts";

const folder = path.resolve(import.meta.dirname, "../../test/reference/npy");
const read = (file: string): Uint8Array => readFileSync(path.join(folder, file));

interface Entry {
  readonly file: string;
  readonly dtype: string;
  readonly dims: number[];
  readonly values: string[];
}
// Written by numpy: test/reference/npy/make.py. Values are numpy's repr, integers as text so that 64 bits stay whole.
const entries = JSON.parse(readFileSync(path.join(folder, "index.json"), "utf8")) as Entry[];

describe("arrays written by numpy", () => {
  test.each(entries)("$file ($dtype)", ({ file, dtype, dims, values }) => {
    const array = decodeNpy(read(file), file);
    expect(array.dtype).toBe(dtype);
    expect(array.dims).toEqual(dims);
    if (/^u?int/.test(dtype)) expect(Array.from<number | bigint>(array.data as Int32Array).map(String)).toEqual(values);
    else expect(Array.from(toNumbers(array.data, array.dtype))).toEqual(values.map(pythonFloat));
  });

  test("scalars have no axes", () => expect(decodeNpy(read("scalar.npy"), "scalar.npy").dims).toEqual([]));

  test.each(["plain.npz", "compressed.npz"])("%s", (file) => {
    const arrays = decodeNpz(read(file), file);
    expect([...arrays.keys()].sort()).toEqual(["images", "mask"]);
    expect(arrays.get("images")?.dims).toEqual([2, 3, 4]);
    expect(arrays.get("mask")?.data).toEqual(BigInt64Array.of(1n, 1n, 1n, 1n, 1n));
  });
});

function pythonFloat(text: string): number {
  return text === "nan" ? NaN : text.endsWith("inf") ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}

describe("files that are no arrays of numbers are refused with the reason", () => {
  test.each([
    ["object.npy", "Python objects"],
    ["record.npy", "records"],
    ["text.npy", "not plain numbers"],
    ["complex.npy", "not plain numbers"],
  ])("%s: %s", (file, reason) => expect(() => decodeNpy(read(file), file)).toThrow(reason));

  const good = read("f4-little.npy");
  test.each<[string, Uint8Array, string]>([
    ["cut off", good.subarray(0, good.length - 1), "needs 96 bytes, but the file has 95"],
    ["too long", Uint8Array.of(...good, 0), "needs 96 bytes, but the file has 97"],
    ["cut in the header", good.subarray(0, 20), "header is truncated"],
    ["empty", new Uint8Array(0), "an empty file"],
    ["a git LFS pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:1"), "a Git LFS pointer"],
    ["text", Buffer.from("hello, world, this is text"), "but text"],
    ["a shape that overflows", withShape("(9007199254740993, 9007199254740993)"), "is not valid"],
    ["a shape whose product overflows", withShape("(4294967296, 4294967296)"), "but the file has 0"],
    ["code in the shape", withShape("(__import__('os'),)"), "header is not valid"],
  ])("%s", (_, bytes, reason) => {
    expect(() => decodeNpy(bytes, "x.npy")).toThrow(DataError);
    expect(() => decodeNpy(bytes, "x.npy")).toThrow(reason);
  });

  test("a pointer says how to get the file", () => {
    const error = catching(() => decodeNpy(Buffer.from("version https://git-lfs.github.com/spec/v1\n"), "x.npy"));
    expect(error.hint).toContain("git lfs pull");
  });

  test("an archive may not unpack to more than its limit", () => {
    const bomb = zipSync({ "a.npy": encodeNpy([1 << 18], new Float32Array(1 << 18)) });
    expect(bomb.length).toBeLessThan(10_000);
    expect(() => decodeNpz(bomb, "bomb.npz", 1 << 20)).toThrow("more than");
    expect(decodeNpz(bomb, "bomb.npz", 1 << 21).get("a")?.dims).toEqual([1 << 18]);
  });

  test("a damaged archive", () =>
    expect(() => decodeNpz(read("plain.npz").subarray(0, 100), "x.npz")).toThrow("not a .npz"));
});

function withShape(shape: string): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + "\n";
  return Buffer.concat([Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0), Buffer.from(header)]);
}

function catching(act: () => unknown): DataError {
  try {
    act();
  } catch (error) {
    if (error instanceof DataError) return error;
  }
  throw new Error("no DataError was thrown");
}
