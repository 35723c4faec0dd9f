import { expect, test } from "vitest";
import { namesFromLines, namesFromRows } from "./class-lines.ts";

test.each<[string, string[], string[], RegExp | undefined]>([
  ["by line", ["a", "b", "c"], ["a", "b", "c"], undefined],
  ["by index, in any order", ["3 d", "1 b", "2 c", "0 a"], ["a", "b", "c", "d"], /begin with a class index/],
  [
    "by index, other separators",
    ["1: big dog", "0,cat", "2\tbird = 3", "", "3 - fish"],
    ["cat", "big dog", "bird = 3", "fish"],
    /index/,
  ],
  [
    "numbers that are no indices stay",
    ["2 cats", "3 dogs"],
    ["2 cats", "3 dogs"],
    /from 2 to 3, which are not the indices 0 to 1/,
  ],
  ["an index twice is none", ["0 a", "0 b"], ["0 a", "0 b"], undefined],
  ["not all lines have one", ["0 a", "b"], ["0 a", "b"], undefined],
  ["digits are names", ["0", "1", "2"], ["0", "1", "2"], undefined],
  [
    "synsets are no indices",
    ["n01440764 tench", "n01443537 goldfish"],
    ["n01440764 tench", "n01443537 goldfish"],
    undefined,
  ],
  ["a gap", ["a", "", "c"], ["a", "", "c"], /no name for class 1\./],
])("lines: %s", (_, lines, names, note) => {
  const read = namesFromLines(lines, "labels.txt");
  expect(read.names).toEqual(names);
  if (note) expect(read.notes.join()).toMatch(note);
  else expect(read.notes).toEqual([]);
});

test.each<[string, string[][], string[], RegExp]>([
  [
    "a header",
    [
      ["index", "label"],
      ["1", "b"],
      ["0", "a"],
    ],
    ["a", "b"],
    /column "label", by the index in its column "index"/,
  ],
  [
    "names first",
    [
      ["name", "class_id"],
      ["b", "1"],
      ["a", "0"],
    ],
    ["a", "b"],
    /column "name", by the index in its column "class_id"/,
  ],
  [
    "no header",
    [
      ["0", "a"],
      ["1", "b"],
    ],
    ["a", "b"],
    /column 2, by the index in its column 1/,
  ],
  ["one column with a header", [["label"], ["a"], ["b"]], ["a", "b"], /column "label", by row/],
  ["one column without", [["a"], ["b"]], ["a", "b"], /column 1, by row/],
  [
    "AudioSet's",
    [
      ["index", "mid", "display_name"],
      ["0", "/m/09x0r", "Speech"],
      ["1", "/m/05zppz", "Male speech, man speaking"],
    ],
    ["Speech", "Male speech, man speaking"],
    /"display_name"/,
  ],
  [
    "indices from 1",
    [
      ["index", "label"],
      ["1", "a"],
      ["2", "b"],
    ],
    ["a", "b"],
    /by row, because its column "index" does not hold the indices 0 to 1/,
  ],
])("rows: %s", (_, rows, names, note) => {
  const read = namesFromRows(rows, "labels.csv");
  expect(read.names).toEqual(names);
  expect(read.notes.join()).toMatch(note);
});
