import { expect, it } from "vitest";
import { formalNames } from "./formal-names.ts";
import { OPERATORS } from "./operators.ts";

const inputsOf = (opType: string, count: number, opset = 21, domain = ""): (string | undefined)[] => {
  const names = formalNames({ opType, domain }, { opsets: { [domain]: opset }, functions: [] });
  return Array.from({ length: count }, (_, place) => names.input(place));
};

it("inputs are called as the ONNX specification calls them", () => {
  expect(inputsOf("Conv", 3)).toEqual(["X", "W", "B"]);
  expect(inputsOf("Gemm", 3)).toEqual(["A", "B", "C"]);
  expect(inputsOf("LSTM", 8)).toEqual(["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]);
  expect(formalNames({ opType: "LSTM", domain: "" }, { opsets: {}, functions: [] }).output(1)).toBe("Y_h");
});

it("an older opset's names are that opset's", () => {
  expect(inputsOf("Resize", 2, 10)).toEqual(["X", "scales"]);
  expect(inputsOf("Resize", 3, 13)).toEqual(["X", "roi", "scales"]);
  expect(inputsOf("BatchNormalization", 4, 9)[3]).toBe("mean");
});

it("what there may be any number of is counted", () => {
  expect(inputsOf("Concat", 3)).toEqual(["inputs 1", "inputs 2", "inputs 3"]);
  expect(inputsOf("If", 2)).toEqual(["cond", undefined]);
});

it("ONNX Runtime's operators have names, and those that only lie in another layout the standard's", () => {
  expect(inputsOf("FusedConv", 4, 1, "com.microsoft")).toEqual(["X", "W", "B", "Z"]);
  expect(inputsOf("Conv", 2, 17, "com.ms.internal.nhwc")).toEqual(["X", "W"]);
});

it("a model's own function names its inputs", () => {
  const own = { name: "Mine", domain: "own", inputs: ["left", "right"], outputs: ["sum"] };
  const names = formalNames({ opType: "Mine", domain: "own" }, { opsets: {}, functions: [own as never] });
  expect([names.input(0), names.input(1), names.input(2), names.output(0)]).toEqual([
    "left",
    "right",
    undefined,
    "sum",
  ]);
});

it("every operator of the tables has them, unless it takes and gives nothing", () => {
  const without = [...OPERATORS.keys()].filter((operator) => {
    const at = operator.lastIndexOf(".");
    const [domain, opType] = at < 0 ? ["", operator] : [operator.slice(0, at), operator.slice(at + 1)];
    return formalNames({ opType, domain }, { opsets: {}, functions: [] }).output(0) === undefined;
  });
  expect(without).toEqual([]);
});
