import { expect, test } from "vitest";
import { readParam, readParams } from "./params.ts";
import type { ParamSpec } from "./technique.ts";

const common = { label: "", help: "" };
const relu: ParamSpec = { ...common, name: "relu", type: "boolean", default: true };
const steps: ParamSpec = {
  ...common,
  name: "steps",
  type: "number",
  default: 50,
  min: 1,
  max: 100,
  step: 1,
  integer: true,
};
const window: ParamSpec = {
  ...common,
  name: "window",
  type: "text",
  default: "auto",
  pattern: String.raw`auto|\d+`,
  problem: "auto, or a size in pixels.",
};
const rule: ParamSpec = {
  ...common,
  name: "rule",
  type: "choice",
  default: "left",
  options: [
    { value: "left", label: "Left" },
    { value: "right", label: "Right" },
  ],
};
const info = { params: [relu, steps, window, rule] };

test.each<[ParamSpec, unknown]>([
  [relu, false],
  [steps, 100],
  [window, "15"],
  [rule, "right"],
])("a sound value is read as it is: $name", (spec, given) => {
  expect(readParam(spec, given)).toEqual({ value: given });
});

test.each<[ParamSpec, unknown, unknown]>([
  [relu, "0", false],
  [steps, "5", 5],
  [window, 15, "15"],
])("a value may come as text, as on a command line, and a text as a number: $name", (spec, given, value) => {
  expect(readParam(spec, given)).toEqual({ value });
});

test.each<[ParamSpec, unknown, string, string?]>([
  [relu, "yes", '"relu" must be true or false, not "yes".'],
  [steps, "five", '"steps" must be a number, not "five".'],
  [steps, NaN, '"steps" must be a number, not null.'],
  [steps, 101, '"steps" is 101; it must be from 1 to 100.'],
  [steps, 2.5, '"steps" must be a whole number, not 2.5.'],
  [window, "15 x", '"window" cannot be "15 x".', "auto, or a size in pixels."],
  [rule, "middle", '"rule" must be one of left, right, not "middle".'],
])("a value that does not fit is a problem: $name", (spec, given, problem, hint) => {
  expect(readParam(spec, given)).toEqual({ problem, ...(hint === undefined ? {} : { hint }) });
});

test("what is kept is read leniently: defaults in place of what does not fit, nothing that is not known", () => {
  expect(readParams({ relu: false, steps: "5", rule: "right", other: 1 }, info)).toEqual({
    relu: false,
    steps: 50,
    window: "auto",
    rule: "right",
  });
  expect(readParams(null, info)).toEqual({ relu: true, steps: 50, window: "auto", rule: "left" });
});
