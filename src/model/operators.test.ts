import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { REWRITES } from "../autodiff/canonical.ts";
import { gradientRules } from "../autodiff/rules/index.ts";
import type { RelevanceGraph } from "../autodiff/rules/lrp/graph.ts";
import { structureRules } from "../autodiff/rules/lrp/structure.ts";
import { sinceVersion } from "./formats/onnx/operator-versions.ts";
import { factsOf, FAMILIES, hasTrait, OPERATORS, operatorsWith } from "./operators.ts";
import { MACHINE_LEARNING } from "./operators/ml.ts";
import { MICROSOFT } from "./operators/microsoft.ts";
import { STANDARD } from "./operators/standard.ts";
import { ML_SHAPE_RULES } from "./shapes/ml-rules.ts";
import { SHAPE_RULES } from "./shapes/rules.ts";
import { VALUE_RULES } from "./shapes/values.ts";
import { EMBEDDING } from "./stand-ins/embedding.ts";
import { EXPERTS } from "./stand-ins/experts.ts";
import { FUSED } from "./stand-ins/fused.ts";
import { CHANNELS_LAST, NHWC } from "./stand-ins/layouts.ts";

const rows = [STANDARD, MACHINE_LEARNING, MICROSOFT].flatMap((table) => table.split("\n").filter((row) => row !== ""));

it("every row is an operator of its own, with a family and a line", () => {
  expect(OPERATORS.size).toBe(rows.length);
  for (const [operator, { family, line }] of OPERATORS) {
    expect(FAMILIES, operator).toContain(family);
    expect(line, operator).toMatch(/\S/);
  }
});

it("ai.onnx's rows are ai.onnx's operators", () => {
  const unknown = [...OPERATORS.keys()].filter((name) => !name.includes(".") && sinceVersion(name, Infinity) === 0);
  expect(unknown).toEqual(["SimplifiedLayerNormalization"]);
});

it.each([
  ["a gradient (DeepLIFT has a rule for each that has one)", Object.keys(gradientRules)],
  ["an LRP rule", Object.keys(structureRules({} as RelevanceGraph))],
  ["a canonical form", Object.keys(REWRITES)],
  ["shape inference", [...SHAPE_RULES.keys(), ...VALUE_RULES.keys()]],
  ["shape inference of ai.onnx.ml", [...ML_SHAPE_RULES.keys()].map((name) => `ai.onnx.ml.${name}`)],
  [
    "a stand-in",
    [
      ...Object.keys({ ...FUSED, ...EMBEDDING, ...NHWC, ...EXPERTS }).map((name) => `com.microsoft.${name}`),
      ...Object.keys(CHANNELS_LAST)
        .filter((name) => !name.startsWith("QLinear"))
        .map((name) => `com.ms.internal.nhwc.${name}`),
    ],
  ],
])("every operator that has %s is in the table", (_, operators) => {
  expect(operators.length).toBeGreaterThan(1);
  expect(operators.filter((operator) => factsOf(operator) === undefined)).toEqual([]);
});

it("a trait brings those that follow from it, and holds in one domain", () => {
  expect(hasTrait({ domain: "", opType: "Reshape" }, "linear")).toBe(true); // reshape, so moves, so linear
  expect(hasTrait({ domain: "", opType: "Relu" }, "linear", "reshape")).toBe(false);
  expect(hasTrait({ domain: "some.library", opType: "Reshape" }, "linear")).toBe(false);
  expect(operatorsWith("", "recurrent")).toEqual(["LSTM", "GRU", "RNN"]);
});

/** Files with longer lists of operators, and why they are no traits. */
const LISTS: Readonly<Record<string, string>> = {
  "src/autodiff/rules/lrp/index.ts": "operators that share a rule",
  "src/autodiff/rules/lrp/structure.ts": "operators that share a rule",
  "src/model/ml-types.ts": "operators that share a rule",
  "src/model/stand-ins/layouts.ts": "operators that ONNX Runtime has with channels last",
};

it("what is a fact about operators is a trait: no other file has a list of more than four of them", () => {
  const names = new Set([...OPERATORS.keys()].flatMap((name) => [name, name.slice(name.lastIndexOf(".") + 1)]));
  const files = readdirSync("src", { recursive: true, encoding: "utf8" })
    .map((name) => `src/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const found = files.filter((file) => {
    const text = readFileSync(file, "utf8");
    const lists = [
      ...text.matchAll(/\[[^[\]]*\]/g), // an array
      ...text.matchAll(/\/[^/\n]*\([\w|]*\|[\w|]*\)[^/\n]*\//g), // alternatives of a regular expression
      ...text.matchAll(/(?:[\w.?]+ === "\w+"\s*\|\|\s*){4,}[\w.?]+ === "\w+"/g), // comparisons in a row
    ];
    return lists.some(([list]) => (list.match(/[\w.]+/g) ?? []).filter((word) => names.has(word)).length > 4);
  });
  expect(found.sort()).toEqual(Object.keys(LISTS).sort());
});
