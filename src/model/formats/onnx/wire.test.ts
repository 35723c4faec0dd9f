import { describe, expect, test } from "vitest";
import { message } from "../../../../test/reference/onnx-files/index.ts";
import { ModelError } from "../../errors.ts";
import { MemorySource } from "../../../../test/support/memory-source.ts";
import { TruncatedError, WireReader } from "./wire.ts";
import { WireWriter } from "./wire-writer.ts";

function reader(bytes: Uint8Array | number[]): WireReader {
  return WireReader.over(new MemorySource(Uint8Array.from(bytes)), "Test");
}

function errorOf(run: () => unknown): ModelError {
  try {
    run();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("what the writer writes, the reader reads", () => {
  const integers = [
    0,
    1,
    -1,
    127,
    128,
    300,
    -300,
    2 ** 31,
    -(2 ** 31),
    2 ** 32 + 5,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    -(2 ** 63),
  ];

  test.each(integers)("integer %d", (value) => {
    const read = reader(message((m) => m.int(3, value)).finish());
    expect(read.next()).toBe(true);
    expect(read.field).toBe(3);
    expect(read.int()).toBe(value);
    expect(read.next()).toBe(false);
  });

  test("integers as protobuf writes them (hand-made: the encoding guide's examples)", () => {
    expect([...message((m) => m.int(1, 150)).finish()]).toEqual([0x08, 0x96, 0x01]);
    expect([...message((m) => m.int(1, -2)).finish()]).toEqual([0x08, 0xfe, ...new Array<number>(8).fill(0xff), 0x01]);
    expect([...message((m) => m.string(2, "testing")).finish()]).toEqual([0x12, 7, ...Buffer.from("testing")]);
  });

  test("what int64 cannot hold is written as its nearest end", () => {
    const end = (value: number): string => Buffer.from(message((m) => m.int(1, value)).finish()).toString("hex");
    expect(end(1e300)).toBe("08ffffffffffffffff7f");
    expect(end(2 ** 63)).toBe("08ffffffffffffffff7f");
    expect(end(-1e300)).toBe("0880808080808080808001");
  });

  test("lists, packed and not", () => {
    const bytes = message((m) => {
      m.packedInts(1, integers);
      m.ints(1, [5, -5]);
      m.floats(2, [0.5, -1]);
    }).finish();
    const read = reader(bytes);
    const [ints, floats]: [number[], number[]] = [[], []];
    while (read.next()) {
      if (read.field === 1) read.ints(ints);
      else read.floats(floats);
    }
    expect(ints).toEqual([...integers, 5, -5]);
    expect(floats).toEqual([0.5, -1]);
  });

  test("packed floats", () => {
    const floats: number[] = [];
    const read = reader([0x0a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    read.next();
    read.floats(floats);
    expect(floats).toEqual([1, -2]);
  });

  test("large fields among small ones, nested", () => {
    const large = new Uint8Array(5000).fill(7);
    const bytes = message((m) => {
      m.int(1, 1);
      m.message(
        2,
        message((inner) => {
          inner.bytes(9, large);
          inner.string(8, "name");
        }),
      );
      m.int(3, 3);
    }).finish();
    const read = reader(bytes);
    const seen: unknown[] = [];
    while (read.next()) {
      if (read.field !== 2) seen.push(read.int());
      else {
        const inner = read.child("Inner");
        while (inner.next()) seen.push(inner.field === 9 ? inner.bytes() : inner.string());
      }
    }
    expect(seen).toEqual([1, large, "name", 3]);
  });
});

describe("fields that nobody takes are skipped", () => {
  test("of every wire type", () => {
    const read = reader([0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, 9, 9, 0x25, 1, 2, 3, 4, 0x28, 42]);
    const fields: number[] = [];
    let last = 0;
    while (read.next()) {
      fields.push(read.field);
      if (read.field === 5) last = read.int();
    }
    expect(fields).toEqual([1, 2, 3, 4, 5]);
    expect(last).toBe(42);
  });

  test("and their content is not read from the source", () => {
    const bytes = message((m) => {
      m.bytes(1, new Uint8Array(100_000));
      m.int(2, 5);
    }).finish();
    const pages: number[] = [];
    const source = {
      size: bytes.length,
      read: (offset: number, length: number) => bytes.slice(offset, offset + length),
      page: (offset: number) => {
        pages.push(offset);
        return { bytes: bytes.slice(offset, offset + 64), start: offset };
      },
    };
    const read = WireReader.over(source, "Test");
    let value = 0;
    while (read.next()) if (read.field === 2) value = read.int();
    expect(value).toBe(5);
    expect(pages).toEqual([0, 100_004]);
  });
});

describe("malformed messages are errors with the byte", () => {
  test("a field longer than the message around it", () => {
    // Field 1: a message of 3 bytes, in which field 1 says it has 100. Another field follows, so the file is not cut
    // off.
    const read = reader([0x0a, 3, 0x0a, 100, 0, 0x10, 1]);
    read.next();
    const child = read.child("Inner");
    child.next();
    const error = errorOf(() => child.bytes());
    expect(error.message).toBe(
      "This is not a valid ONNX file: field 1 of Inner is 99 bytes longer than the message around it.",
    );
    expect(error.where).toBe("byte 4");
  });

  test("a field that the file cuts off", () => {
    const read = reader([0x0a, 100, 1, 2]);
    read.next();
    const error = errorOf(() => read.bytes());
    expect(error).toBeInstanceOf(TruncatedError);
    expect(error.message).toBe("The file ends too early: field 1 of Test needs at least 98 more bytes.");
    expect(error.where).toBe("byte 4");
  });

  test("a number that does not end", () => {
    const read = reader(new Array<number>(20).fill(0xff));
    expect(errorOf(() => read.next()).message).toContain("a number is longer than 10 bytes");
  });

  test("field number 0, groups, and a field of another kind", () => {
    expect(errorOf(() => reader([0x00, 1]).next()).message).toContain("impossible number");
    const group = reader([0x0b, 0x0c]);
    group.next();
    expect(errorOf(() => group.next()).message).toContain("group start");
    const text = reader([0x0a, 1, 65]);
    text.next();
    expect(errorOf(() => text.int()).message).toBe(
      "This is not a valid ONNX file: field 1 of Test is stored as length-delimited instead of varint.",
    );
  });

  test("messages nested without end", () => {
    let nested = new WireWriter();
    for (let i = 0; i < 200; i++) {
      const outer = new WireWriter();
      outer.message(1, nested);
      nested = outer;
    }
    const descend = (read: WireReader): void => {
      while (read.next()) descend(read.child("Nested"));
    };
    expect(errorOf(() => descend(reader(nested.finish()))).message).toContain("nested more than 100 deep");
  });
});
