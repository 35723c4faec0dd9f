import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { formatPercent, formatShare, formatThreads } from "./format.ts";

describe("percentages", () => {
  test.each([
    [0.58, undefined, "58%"],
    [0.4051, 4, "40.51%"],
    [1, 4, "100%"],
    [1.2e-9, 2, "1.2e−7%"],
  ])("%d is written with %s digits as %s", (fraction, digits, text) => {
    expect(formatPercent(fraction, digits)).toBe(text);
  });

  test.each([
    [0.396, "39.6%"],
    [0, "0.0%"],
    [0.000123, "0.012%"],
  ])("a share of %d is %s", (fraction, text) => {
    expect(formatShare(fraction)).toBe(text);
  });

  test("are written without a space everywhere in the program's texts", () => {
    expect(textsOf(sources()).filter(({ text }) => hasSpacedPercent(text))).toEqual([]);
  });

  test("would be found with a space, in a text and behind a value", () => {
    const spaced = textsOf([["a.tsx", "const a = `${b} % done`; const c = <p>5 %</p>; const d = e % 2 + `5%`;"]]);
    expect(spaced.filter(({ text }) => hasSpacedPercent(text)).map(({ text }) => text)).toEqual(["\0 % done", "5 %"]);
  });
});

describe("threads", () => {
  test.each([
    [{ threads: 1 }, "1 thread"],
    [{ threads: 4, processors: 8 }, "4 threads"],
    [{ threads: 0, processors: 8 }, "automatic number of threads (8 processors)"],
    // A result of an earlier version, from the cache.
    [{ threads: 0 }, "automatic number of threads"],
  ])("%j are %s", (given, text) => {
    expect(formatThreads(given)).toBe(text);
  });
});

function hasSpacedPercent(text: string): boolean {
  return /[\d\0)] %/.test(text);
}

/** The program's own files, each with its text. */
function sources(): [string, string][] {
  const config = ["tsconfig.json", "webview/tsconfig.json"].flatMap((name) => {
    const { config } = ts.readConfigFile(name, (file) => readFileSync(file, "utf8")) as { config: unknown };
    return ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(name)).fileNames;
  });
  return [...new Set(config)]
    .filter((file) => /^(src|webview)\//.test(path.relative(".", file)) && !/\.test\.tsx?$/.test(file))
    .map((file) => [path.relative(".", file), readFileSync(file, "utf8")]);
}

/** All texts in these files; \0 stands for a value in a template. */
function textsOf(files: readonly (readonly [string, string])[]): { readonly file: string; readonly text: string }[] {
  return files.flatMap(([file, source]) => {
    const texts: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) || ts.isJsxText(node)) texts.push(node.text);
      if (ts.isTemplateExpression(node))
        texts.push(node.head.text + node.templateSpans.map(({ literal }) => `\0${literal.text}`).join(""));
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, false));
    return texts.map((text) => ({ file, text }));
  });
}
