import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { STRAIGHT_THROUGH } from "./quantised.ts";
import type { RuleTable } from "./rule.ts";
import { gradientRules } from "./rules/index.ts";
import { elementCount } from "../model/graph.ts";
import { openModel } from "../model/open.ts";
import { floatToHalf } from "../model/small-floats.ts";
import { LoadedModel } from "../runtime/models.ts";
import { floatsOf, type Feeds, type TensorValue } from "../runtime/ort.ts";

interface Case {
  readonly name: string;
  readonly target: number;
  readonly wrt: string;
  readonly tolerance: number;
  readonly operators: readonly string[];
  readonly inputs: readonly {
    readonly name: string;
    readonly dataType: "float32" | "float16" | "float64" | "int64" | "int32";
    readonly dims: readonly number[];
    readonly values: readonly number[];
  }[];
  readonly gradient: readonly number[];
}

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../../test/reference/fused");
const cases = JSON.parse(readFileSync(join(FOLDER, "cases.json"), "utf8")) as readonly Case[];
const SCALED: RuleTable = Object.fromEntries(
  Object.entries(gradientRules).map(([name, rule]) => [
    name,
    (r) => rule(r).map((gradient) => (gradient === undefined ? undefined : r.g.scale(gradient, 1.1))),
  ]),
);

describe("an optimised, quantised, half-precision or external-data model has the gradient of the PyTorch network it came from", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const model = new LoadedModel(await openModel(join(FOLDER, `${one.name}.onnx`)), 1);
    expect(await error(model, one)).toBeLessThan(one.tolerance);
    // The tolerance would notice rules that are ten percent off.
    expect(await error(model, one, { name: "scaled", table: SCALED })).toBeGreaterThan(one.tolerance);
    await model.release();
  });

  it("says that gradients through quantised operators are estimates, and only there", async () => {
    const remarks = async (name: string): Promise<readonly string[]> => {
      const model = new LoadedModel(await openModel(join(FOLDER, `${name}.onnx`)), 1);
      const { specialised } = await model.traced(feedsOf(cases.find((one) => one.name === name)!));
      await model.release();
      return specialised.remarks;
    };
    expect(await remarks("qdq")).toEqual([STRAIGHT_THROUGH]);
    expect(await remarks("qdq-extended")).toEqual([STRAIGHT_THROUGH]);
    expect(await remarks("conv-extended")).toEqual([]);
  });
});

function feedsOf(one: Case): Feeds {
  const tensor = ({ dataType, dims, values }: Case["inputs"][number]): TensorValue => {
    switch (dataType) {
      case "float16":
        return { dataType, dims, data: Uint16Array.from(values, floatToHalf) };
      case "float64":
        return { dataType, dims, data: Float64Array.from(values) };
      case "int64":
        return { dataType, dims, data: BigInt64Array.from(values, BigInt) };
      case "int32":
        return { dataType, dims, data: Int32Array.from(values) };
      default:
        return { dataType, dims, data: Float32Array.from(values) };
    }
  };
  return Object.fromEntries(one.inputs.map((input) => [input.name, tensor(input)]));
}

async function error(model: LoadedModel, one: Case, rules?: { name: string; table: RuleTable }): Promise<number> {
  const feeds = feedsOf(one);
  const output = model.model.graph.outputs[0].name;
  const { trace } = await model.traced(feeds);
  const seed = new Float32Array(elementCount(trace.dims.get(output)!));
  seed[one.target] = 1;
  const { gradients } = await model.gradients(feeds, { of: output, seed, wrt: [one.wrt], rules });
  const ours = floatsOf(gradients.get(one.wrt)!);
  expect(ours.length).toBe(one.gradient.length);
  const largest = Math.max(...one.gradient.map(Math.abs));
  return Math.max(...one.gradient.map((value, index) => Math.abs(value - ours[index]) / largest));
}
