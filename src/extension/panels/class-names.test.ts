import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import type * as vscode from "vscode";
import type { Services } from "../services.ts";
import { besideModel, classNameHandlers, scoresOf } from "./class-names.ts";

vi.mock("vscode", () => import("../../../test/support/vscode.ts"));
const root = path.join(import.meta.dirname, "../../..");
const uri = (file: string, scheme = "file"): vscode.Uri =>
  ({ path: file, fsPath: file, scheme, authority: "", toString: () => `${scheme}://${file}` }) as vscode.Uri;

describe("a file of class names", () => {
  const model = uri("/m/nets/net.onnx");
  test.each([
    ["/m/nets/labels.txt", "labels.txt"],
    ["/m/nets/names/a b.csv", "names/a b.csv"],
    ["/m/nets/..names.txt", "..names.txt"],
  ])("%s is named as the recipe names it", (file, name) => expect(besideModel(model, uri(file))).toBe(name));
  test.each([uri("/m/labels.txt"), uri("/m/other/labels.txt"), uri("/m/nets/labels.txt", "vscode-remote")])(
    "%s is refused, and what to do is said",
    (file) => {
      expect(() => besideModel(model, file)).toThrow("labels.txt is outside the model's folder.");
    },
  );
  test("a message that names no file reaches no engine", () => {
    const call = vi.fn();
    const { classNames } = classNameHandlers({ engine: { call } } as unknown as Services, model);
    expect(() => classNames({ file: 3 as unknown as string }, {} as never)).toThrow("a path");
    expect(call).not.toHaveBeenCalled();
  });
});

test("outputs that are a list of scores say how many", () => {
  const outputs = [
    { name: "logits", dims: ["N", 1000] },
    { name: "flat", dims: [10] },
    { name: "map", dims: ["N", 4, 8, 8] },
    { name: "open", dims: ["N", "K"] },
    { name: "unknown" },
  ];
  expect(scoresOf({ outputs } as never)).toEqual({ logits: 1000, flat: 10 });
});

test("ImageNet's names come with the program: 1,000, in the usual order, in the package", () => {
  const names = JSON.parse(readFileSync(path.join(root, "samples/imagenet-classes.json"), "utf8")) as string[];
  expect(names).toHaveLength(1000);
  expect(names.every((name) => typeof name === "string" && name !== "")).toBe(true);
  expect([names[0], names[285], names[999]]).toEqual(["tench", "Egyptian cat", "toilet tissue"]);
  expect(readFileSync(path.join(root, ".vscodeignore"), "utf8")).toContain("!samples/**");
  expect(readFileSync(path.join(root, "samples/README.md"), "utf8")).toMatch(/imagenet-classes\.json.*BSD/);
});
