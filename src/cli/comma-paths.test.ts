import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absoluteFiles } from "./arguments.ts";
import { joinList, splitList } from "../protocol/list.ts";
import { ModelCache } from "../runtime/model-cache.ts";
import { BASELINE } from "../techniques/framework/baselines.ts";
import { findTechnique } from "../techniques/framework/run.ts";
import { node, runOn, weight, writeArray, writeSmallModel } from "../../test/support/models.ts";

const models = new ModelCache({});
let folder: string;
let before: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "commas-"));
  before = process.cwd();
  process.chdir(folder);
  mkdirSync("a, b");
  writeArray(folder, "a, b/1,5.npy", [1, 2], [1, 1]);
  writeArray(folder, "plain.npy", [1, 2], [0, 2]);
});
afterAll(() => {
  process.chdir(before);
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("lists by commas", () => {
  it.each([
    ["0", ["0"]],
    ["0, a.png ,b.png", ["0", "a.png", "b.png"]],
    ['"a, b.png",0', ["a, b.png", "0"]],
    ['"say ""x"".png"', ['say "x".png']],
    ["", []],
    [" , ", []],
  ])("%s", (text, parts) => expect(splitList(text)).toEqual(parts));
  it("are written so that they are read again", () => {
    const parts = ["a, b.png", "0", 'say "x".png', "plain"];
    expect(splitList(joinList(parts))).toEqual(parts);
    expect(joinList(["0", "a.png"])).toBe("0,a.png");
  });
});

describe("on the command line", () => {
  const info = { ...findTechnique("expected-gradients").info, params: [BASELINE] };
  const absolute = (baseline: string): string[] => splitList(absoluteFiles(info, { baseline }).baseline);
  const [odd, plain] = ["a, b/1,5.npy", "plain.npy"];
  it.each([
    [odd, [odd]],
    [`${odd},${plain}`, [odd, plain]],
    [`0,${odd},1`, ["0", odd, "1"]],
    [`"${odd}",${plain}`, [odd, plain]],
    ["none,there.npy", ["none", "there.npy"]],
    ["0.5,mask", ["0.5", "mask"]],
  ])("what exists as a whole is one file: %s", (text, parts) => {
    expect(absolute(text)).toEqual(
      parts.map((part) => (part.endsWith(".npy") && part !== "there.npy" ? resolve(part) : part)),
    );
  });
});

it("a baseline from a path with commas is that file's", async () => {
  const model = writeSmallModel(folder, "m.onnx", {
    inputs: { x: ["float32", "N", 2] },
    outputs: ["y"],
    weights: [weight("w", [2, 1], [3, 5])],
    nodes: [node("MatMul", ["x", "w"], ["y"])],
  });
  const input = writeArray(folder, "x.npy", [1, 2], [2, 4]);
  // A linear model: (x − baseline) · w, by hand.
  const {
    arrays: [raw],
  } = await runOn(models, model, input, "integrated-gradients", {
    params: { baseline: joinList([join(folder, "a, b", "1,5.npy")]) },
  });
  expect([...raw.values]).toEqual([3, 15]);
});

it("a mask's path may hold commas, too", async () => {
  const model = join(folder, "m.onnx");
  writeArray(folder, "a, b/mask,1.npy", [1, 2], [7, 7], "int64");
  const {
    arrays: [raw],
  } = await runOn(models, model, join(folder, "x.npy"), "feature-ablation", {
    params: { mask: joinList([join(folder, "a, b", "mask,1.npy")]) },
  });
  // Both columns are one part: the whole score, 2·3 + 4·5.
  expect([...raw.values]).toEqual([26, 26]);
});
