import { afterEach, expect, test, vi } from "vitest";
import { absoluteFiles } from "./arguments.ts";
import { formatTable } from "./print-table.ts";
import { print, printError, printJson, visible } from "./terminal.ts";
import { techniques } from "../techniques/index.ts";

afterEach(() => void vi.restoreAllMocks());

test.each([
  ["a title", "\x1b]0;pwn\x07y", "\\x1b]0;pwn\\x07y"],
  ["a colour", "\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
  ["one byte for ESC [", "\x9b31m", "\\x9b31m"],
  ["a return over what stands there", "good\rbad", "good\\x0dbad"],
  ["backspaces and DEL", "ab\b\x7f", "ab\\x08\\x7f"],
  ["the direction of writing", "a\u202eb", "a\\u202eb"],
  ["text, lines and tabs as they are", "grün\t猫\n", "grün\t猫\n"],
])("control characters in names are shown: %s", (_, text, shown) => {
  expect(visible(text)).toBe(shown);
});

test("tables, sentences and JSON hold none, and columns are as wide as what is shown", () => {
  expect(
    formatTable(
      ["name", "n"],
      [
        ["\x1b[1m", 1],
        ["b", 2],
      ],
      { aligned: true },
    ),
  ).toBe("name     n\n\\x1b[1m  1\nb        2\n");
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  print("\x1b");
  printError("\x07");
  printJson({ name: "\x1b\x9b\u202e" });
  expect(written.slice(0, 2)).toEqual(["\\x1b", "\\x07"]);
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(written[2]).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(JSON.parse(written[2])).toEqual({ name: "\x1b\x9b\u202e" });
});

test("a file among a checked method's options is looked for where any other is: from the working folder", () => {
  const { info } = techniques.find((one) => one.info.id === "infidelity")!;
  const file = "package.json";
  expect(
    absoluteFiles(info, { method: "integrated-gradients", options: `steps=20; baseline=${file}`, baseline: file }),
  ).toEqual({
    method: "integrated-gradients",
    options: `steps=20; baseline=${process.cwd()}/${file}`,
    baseline: `${process.cwd()}/${file}`,
  });
  expect(absoluteFiles(info, { options: "" })).toEqual({ options: "" });
});
