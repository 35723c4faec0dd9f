import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RuleTable } from "./rule.ts";
import { gradientRules } from "./rules/index.ts";
import type { Attribute, DataType, Node, TensorRef } from "../model/graph.ts";
import { openModel } from "../model/open.ts";
import { LoadedModel } from "../runtime/models.ts";
import { floatsOf, type Feeds } from "../runtime/ort.ts";
import { int, ints, node, weight, writeSmallModel } from "../../test/support/models.ts";

interface Quantisation {
  readonly step: number;
  readonly zero: number;
  readonly kind: DataType;
}
type Input =
  | null
  | { readonly type: DataType; readonly dims: readonly number[]; readonly values: readonly number[] }
  | ({ readonly fed: number } & Quantisation)
  | { readonly float: number };
/** Quantised operators by PyTorch's fake quantisation in float64: test/reference/quantised/make.py. */
interface Case {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  readonly inputs: readonly Input[];
  readonly out: Quantisation | null;
  /** Whether the operator computes these numbers itself; else it rounds inside as it sees fit. */
  readonly compareValues: boolean;
  readonly fed: readonly { readonly dims: readonly number[]; readonly values: readonly number[] }[];
  readonly y: readonly number[];
  readonly seed: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}
const cases = JSON.parse(readFileSync("test/reference/quantised/cases.json", "utf8")) as readonly Case[];
/** Of the largest value. The gradient is taken where the model's own rounded values are. */
const TOLERANCE = 1e-3;
const SCALED: RuleTable = Object.fromEntries(
  Object.entries(gradientRules).map(([name, rule]) => [
    name,
    (r) => rule(r).map((gradient) => (gradient === undefined ? undefined : r.g.scale(gradient, 1.02))),
  ]),
);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-quantised-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function attribute(value: number | string | readonly number[]): Attribute {
  if (typeof value === "string") return { type: "string", value };
  if (typeof value !== "number") return ints(...value);
  return Number.isInteger(value) ? int(value) : { type: "float", value };
}

/** The node between QuantizeLinear of what is fed and DequantizeLinear. */
function build({ operator, domain, attributes, inputs, out, fed }: Case, path: string): string {
  const nodes: Node[] = [];
  const weights: TensorRef[] = [];
  const constant = (name: string, dims: readonly number[], values: readonly number[], type: DataType): string => {
    weights.push(weight(name, dims, values, type));
    return name;
  };
  const quantisation = (name: string, { step, zero, kind }: Quantisation): readonly [string, string] => [
    constant(`${name}.step`, [], [step], "float32"),
    constant(`${name}.zero`, [], [zero], kind),
  ];
  const names = inputs.map((input, index) => {
    if (input === null) return "";
    if ("float" in input) return `x${input.float}`;
    if (!("fed" in input)) return constant(`c${index}`, input.dims, input.values, input.type);
    nodes.push(node("QuantizeLinear", [`x${input.fed}`, ...quantisation(`x${input.fed}`, input)], [`q${input.fed}`]));
    return `q${input.fed}`;
  });
  nodes.push(
    node(
      operator,
      names,
      [out ? "made" : "y"],
      Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
      domain,
    ),
  );
  if (out?.kind === "int32") nodes.push(node("Cast", ["made"], ["y"], { to: int(1) }));
  else if (out) nodes.push(node("DequantizeLinear", ["made", ...quantisation("out", out)], ["y"]));
  return writeSmallModel(folder, path, {
    opset: 17,
    domains: { "com.microsoft": 1, "com.ms.internal.nhwc": 17 },
    nodes,
    weights,
    outputs: ["y"],
    inputs: Object.fromEntries(fed.map(({ dims }, index) => [`x${index}`, ["float32", ...dims] as const])),
  });
}

function error(values: ArrayLike<number>, expected: readonly number[]): number {
  expect(values.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  return (
    expected.reduce(
      (most, value, at) => Math.max(most, Number.isNaN(values[at]) ? Infinity : Math.abs(value - values[at])),
      0,
    ) / largest
  );
}

describe("quantised operators have the gradients of fake quantisation, straight through", () => {
  it.each(cases.map((one, index) => [one.name, one, index] as const))("%s", async (_, one, index) => {
    const model = new LoadedModel(await openModel(build(one, `m${index}.onnx`)), 1);
    const feeds: Feeds = Object.fromEntries(
      one.fed.map(({ dims, values }, input) => [
        `x${input}`,
        { dataType: "float32" as const, dims, data: Float32Array.from(values) },
      ]),
    );
    const wrt = Object.keys(feeds);
    const asked = { of: "y", seed: Float32Array.from(one.seed), wrt, fetch: ["y"] };
    const { gradients, values } = await model.gradients(feeds, asked);
    // A step of the output: ONNX Runtime rounds a few halves the other way.
    if (one.compareValues)
      expect(error(floatsOf(values.get("y")!), one.y)).toBeLessThan(
        one.out ? (1.01 * one.out.step) / Math.max(...one.y.map(Math.abs)) : 1e-5,
      );
    wrt.forEach((name, input) =>
      expect(error(floatsOf(gradients.get(name)!), one.gradients[input])).toBeLessThan(TOLERANCE),
    );
    const scaled = await model.gradients(feeds, { ...asked, rules: { name: "scaled", table: SCALED } });
    wrt.forEach((name, input) =>
      expect(error(floatsOf(scaled.gradients.get(name)!), one.gradients[input])).toBeGreaterThan(TOLERANCE),
    );
    await model.release();
  });
});
