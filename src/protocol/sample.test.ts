import { describe, expect, it } from "vitest";
import { isSampleName, readSampleJson, readSource, sampleStem, valueName } from "./sample.ts";

describe("a sample's JSON", () => {
  it("has a file, a text, numbers or one number everywhere for each input", () => {
    const json = {
      $schema: "./sample.schema.json",
      image: { file: "photo.png" },
      measures: [1, 2.5],
      tokens: { values: [[101, 102]] },
      words: { text: "a.txt is not read" },
      mask: { fill: 1, shape: [1, 2] },
      bare: "photo.png",
    };
    expect(readSampleJson(json)).toEqual({
      entries: {
        image: { file: "photo.png" },
        measures: { values: [1, 2.5] },
        tokens: { values: [[101, 102]] },
        words: { text: "a.txt is not read" },
        mask: { fill: 1, shape: [1, 2] },
        bare: { bare: "photo.png" },
      },
    });
  });

  it.each([
    ["a list", [1, 2], /is an object with an entry for each input/],
    ["nothing", {}, /has no entry/],
    ["null", { x: null }, /"x": Values are numbers, texts, and lists of them, not null/],
    ["an unknown word", { x: { path: "a.png" } }, /"x": An entry is a value, \{"file"/],
    ["two at once", { x: { file: "a.png", text: "b" } }, /"x": An entry is a value/],
    ["a shape without a number", { x: { values: [1], shape: [1] } }, /"x": An entry is a value/],
    ["a path of another type", { x: { file: 5 } }, /"x": "file" is a path/],
    ["a null byte in a path", { x: { file: "a\0.png" } }, /"x": "file" is a path/],
    ["objects in lists", { x: [{ a: 1 }] }, /"x": Values are numbers/],
    ["a shape of gigabytes", { x: { fill: 0, shape: [100_000, 100_000] } }, /"x": "shape" is a list/],
    ["negative dims", { x: { fill: 0, shape: [-1] } }, /"x": "shape" is a list/],
    ["seventeen axes", { x: JSON.parse("[".repeat(17) + "]".repeat(17)) as unknown }, /nested deeper than 16/],
    ["a million and one values", { x: Array.from({ length: 1_000_001 }, () => 0) }, /more than 1000000 values/],
  ])("refuses %s, and says where", (_, json, message) => {
    const read = readSampleJson(json);
    expect("problem" in read ? read.problem : "sound").toMatch(message);
  });

  it("__proto__ as an input's name is an entry like any other", () => {
    const read = readSampleJson(JSON.parse('{"__proto__": {"fill": 1}}'));
    expect("entries" in read && Object.keys(read.entries)).toEqual(["__proto__"]);
  });
});

it("a source from a state is a path or a value, nothing else", () => {
  expect(readSource("/a/b.png")).toBe("/a/b.png");
  expect(readSource({ text: "x" })).toEqual({ text: "x" });
  for (const wrong of [5, null, [1], { file: "a.png" }, { values: [null] }]) expect(readSource(wrong)).toBeUndefined();
});

it("names samples and values as a person would", () => {
  expect([isSampleName("/a/Perch.Sample.JSON"), isSampleName("sample.json")]).toEqual([true, false]);
  expect(sampleStem("cat and dog.sample.json")).toBe("cat and dog");
  expect(
    valueName({
      values: [
        [1, 2],
        [3, 4],
      ],
    }),
  ).toBe("4 numbers");
  expect(valueName({ values: 0.5 })).toBe("0.5");
  expect(valueName({ values: [["a", "b"]] })).toBe("2 texts");
  expect(valueName({ fill: 0 })).toBe("all 0");
  expect(valueName({ text: "x".repeat(50) })).toHaveLength(40);
});
