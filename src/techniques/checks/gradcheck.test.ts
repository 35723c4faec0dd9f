import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RuleSet } from "../../autodiff/rule.ts";
import { gradientRules } from "../../autodiff/rules/index.ts";
import { ModelCache } from "../../runtime/model-cache.ts";
import { JobContext } from "../framework/context.ts";
import { checkGradients, type GradientCheck } from "./gradcheck.ts";
import { judgeLine, judgePoint, type Step } from "./gradcheck-verdict.ts";
import { NO_HINTS } from "../framework/output.ts";
import { prepareInput } from "../framework/prepared-input.ts";
import { saliency } from "../gradients/saliency.ts";
import type { SampleContext } from "../framework/technique.ts";
import { node, weight, writeArray, writeSmallModel, type SmallModel } from "../../../test/support/models.ts";

let folder: string;
let models: ModelCache;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loupe-gradcheck-"));
  models = new ModelCache();
});
afterAll(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const wave = (n: number, scale = 1): number[] => Array.from({ length: n }, (_, i) => scale * Math.sin(1.7 * i + 0.3));

/** The check of a small model on an input; `wrong` puts a factor on one operator's gradients. */
async function check(
  name: string,
  model: SmallModel,
  dims: readonly number[],
  values: ArrayLike<number>,
  wrong?: { readonly operator: string; readonly factor: number },
): Promise<GradientCheck> {
  const loaded = await models.get(writeSmallModel(folder, `${name}.onnx`, model));
  const input = writeArray(folder, `${name}.npy`, dims, values);
  const prepared = await prepareInput(loaded, { inputs: { "": input }, recipe: { version: 1, inputs: {} } });
  const context = await JobContext.create(prepared, {
    info: saliency.info,
    hints: NO_HINTS,
    params: { score: "logit" },
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  return checkGradients(wrong ? withRules(context, scaled(wrong.operator, wrong.factor)) : context);
}

function scaled(operator: string, factor: number): RuleSet {
  const rule = gradientRules[operator];
  return {
    name: `wrong:${operator}:${factor}`,
    table: {
      ...gradientRules,
      [operator]: (r) => rule(r).map((dx) => (dx === undefined ? undefined : r.g.scale(dx, factor))),
    },
  };
}

function withRules(context: JobContext, rules: RuleSet): SampleContext {
  return new Proxy(context, {
    get(target, key) {
      if (key === "gradients")
        return (request: Parameters<SampleContext["gradients"]>[0], feeds?: SampleContext["feeds"]) =>
          target.gradients({ ...request, rules }, feeds);
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** Dense, activation, dense: enough for every case. */
function network(activation: string, bias = true): SmallModel {
  return {
    inputs: { x: ["float32", 1, 12] },
    outputs: ["y"],
    nodes: [
      node("Gemm", ["x", "w", ...(bias ? ["b"] : [])], ["h"]),
      node(activation, ["h"], ["a"]),
      node("Gemm", ["a", "v"], ["y"]),
    ],
    weights: [weight("w", [12, 16], wave(192)), weight("b", [16], wave(16, 0.2)), weight("v", [16, 3], wave(48))],
  };
}

const UNTOUCHED: [string, SmallModel, readonly number[], ArrayLike<number>][] = [
  ["smooth", network("Tanh"), [1, 12], wave(12)],
  ["many kinks", network("Relu"), [1, 12], wave(12)],
  ["an input of zeros where every unit is at its kink", network("Relu", false), [1, 12], new Float32Array(12)],
  [
    "magnitudes of values at zero",
    {
      inputs: { x: ["float32", 1, 12] },
      outputs: ["y"],
      nodes: [node("Abs", ["x"], ["a"]), node("Gemm", ["a", "v"], ["y"])],
      weights: [weight("v", [12, 3], wave(36))],
    },
    [1, 12],
    wave(12).map((value, i) => (i % 3 === 0 ? 0 : value)),
  ],
  [
    "logarithms near zero",
    {
      inputs: { x: ["float32", 1, 12] },
      outputs: ["y"],
      nodes: [
        node("Mul", ["x", "x"], ["p"]),
        node("Add", ["p", "tiny"], ["q"]),
        node("Log", ["q"], ["l"]),
        node("Gemm", ["l", "v"], ["y"]),
      ],
      weights: [weight("tiny", [], [1e-10]), weight("v", [12, 3], wave(36))],
    },
    [1, 12],
    wave(12).map((value, i) => (i % 4 === 0 ? 1e-6 : value)),
  ],
  [
    "roots near zero",
    {
      inputs: { x: ["float32", 1, 12] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "x"], ["p"]), node("Sqrt", ["p"], ["l"]), node("Gemm", ["l", "v"], ["y"])],
      weights: [weight("v", [12, 3], wave(36))],
    },
    [1, 12],
    wave(12).map((value, i) => (i % 4 === 0 ? 1e-5 : value)),
  ],
  [
    "strong curvature",
    {
      inputs: { x: ["float32", 1, 12] },
      outputs: ["y"],
      nodes: [node("Mul", ["x", "fast"], ["p"]), node("Sin", ["p"], ["l"]), node("Gemm", ["l", "v"], ["y"])],
      weights: [weight("fast", [], [300]), weight("v", [12, 3], wave(36))],
    },
    [1, 12],
    wave(12),
  ],
  [
    "a score lost in a large constant",
    {
      inputs: { x: ["float32", 1, 12] },
      outputs: ["y"],
      nodes: [node("Gemm", ["x", "v"], ["g"]), node("Add", ["g", "large"], ["y"])],
      weights: [weight("v", [12, 3], wave(36)), weight("large", [], [1e5])],
    },
    [1, 12],
    wave(12),
  ],
  [
    "half precision inside",
    {
      inputs: { x: ["float32", 1, 12] },
      outputs: ["y"],
      nodes: [
        node("Cast", ["x"], ["h"], { to: { type: "int", value: 10 } }),
        node("MatMul", ["h", "v"], ["g"]),
        node("Cast", ["g"], ["y"], { to: { type: "int", value: 1 } }),
      ],
      weights: [weight("v", [12, 3], wave(36), "float16")],
    },
    [1, 12],
    wave(12),
  ],
  [
    "ties of a maximum",
    {
      inputs: { x: ["float32", 1, 1, 4, 4] },
      outputs: ["y"],
      nodes: [
        node("MaxPool", ["x"], ["m"], {
          kernel_shape: { type: "ints", value: [2, 2] },
          strides: { type: "ints", value: [2, 2] },
        }),
        node("Flatten", ["m"], ["f"]),
        node("Gemm", ["f", "v"], ["y"]),
      ],
      weights: [weight("v", [4, 3], wave(12))],
    },
    [1, 1, 4, 4],
    new Float32Array(16).fill(0.5),
  ],
];

describe("right gradients never differ", () => {
  test.each(UNTOUCHED)("%s", async (name, model, dims, values) => {
    const { verdict, directions } = await check(name, model, dims, values);
    expect(verdict).not.toBe("differs");
    expect(directions.every((one) => one.verdict !== "differs")).toBe(true);
  });

  test.each(["smooth", "many kinks", "logarithms near zero", "strong curvature"])(
    "and agree where rounding lets them: %s",
    async (name) => {
      const [, model, dims, values] = UNTOUCHED.find(([one]) => one === name)!;
      expect((await check(name, model, dims, values)).verdict).toBe("agrees");
    },
  );

  test("quantised: inconclusive, because rounding has no gradient", async () => {
    const { verdict, why } = await check(
      "quantised",
      {
        inputs: { x: ["float32", 1, 12] },
        outputs: ["y"],
        nodes: [
          node("QuantizeLinear", ["x", "s", "z"], ["q"]),
          node("DequantizeLinear", ["q", "s", "z"], ["d"]),
          node("Gemm", ["d", "v"], ["y"]),
        ],
        weights: [weight("s", [], [0.02]), weight("z", [], [0], "int8"), weight("v", [12, 3], wave(36))],
      },
      [1, 12],
      wave(12),
    );
    expect(verdict).toBe("inconclusive");
    expect(why).toContain("quantised");
  });
});

describe("a wrong rule differs", () => {
  test.each([
    ["smooth", "Gemm", 1.01],
    ["smooth", "Tanh", 1.01],
    ["smooth", "Tanh", 0.99],
    ["many kinks", "Relu", 1.01],
    ["logarithms near zero", "Log", 1.01],
    ["strong curvature", "Sin", 1.01],
    ["smooth", "Tanh", 2],
    ["smooth", "Tanh", -1],
    ["many kinks", "Relu", 0],
    ["an input of zeros where every unit is at its kink", "Gemm", 1.01],
  ])("%s, %s times %s", async (name, operator, factor) => {
    const [, model, dims, values] = UNTOUCHED.find(([one]) => one === name)!;
    const { verdict, why } = await check(name, model, dims, values, { operator, factor });
    // At an input of zeros the gradient of every unit is zero, wrong or not; near a logarithm's pole rounding is as
    // large as the fault.
    if (/zero/.test(name)) expect(verdict).not.toBe("agrees");
    else {
      expect(why).toContain("directions");
      expect(verdict).toBe("differs");
    }
  });
});

describe("differences by step", () => {
  const step = (at: number, numeric: number, more: Partial<Step> = {}): Step => ({
    step: at,
    analytic: 1,
    numeric,
    forward: numeric,
    backward: numeric,
    error: Math.abs(numeric - 1),
    rounding: 0,
    ...more,
  });

  test("agree at two neighbours, by hand", () => {
    expect(judgePoint([step(1e-5, 1.2), step(3e-5, 1.001), step(1e-4, 0.999), step(3e-4, 0.8)]).verdict).toBe("agrees");
  });
  test("one near miss on the way past is no agreement", () => {
    expect(judgePoint([step(1e-5, 1.2), step(3e-5, 1.001), step(1e-4, 0.9)]).verdict).toBe("inconclusive");
  });
  test("settled elsewhere they differ", () => {
    expect(judgePoint([step(1e-5, 1.3), step(3e-5, 1.0101), step(1e-4, 1.01), step(3e-4, 1.0102)])).toMatchObject({
      verdict: "differs",
      why: "finite differences converge 1% from the gradient",
    });
  });
  test("at a kink forward and backward differences lie on both sides", () => {
    const kink = { forward: 1, backward: 0 };
    expect(judgePoint([step(1e-5, 0.5, kink), step(3e-5, 0.5, kink), step(1e-4, 0.5, kink)]).verdict).toBe(
      "inconclusive",
    );
  });
  test("equal scores on both sides are below what a model resolves, unless at every step", () => {
    expect(judgePoint([step(1e-5, 0), step(3e-5, 0), step(1e-4, 0), step(3e-4, 1.3)])).toMatchObject({
      verdict: "inconclusive",
      why: expect.stringContaining("jumps") as string,
    });
    expect(judgePoint([step(1e-5, 0), step(3e-5, 0), step(1e-4, 0)]).verdict).toBe("differs");
  });
  test("scores that are not finite", () => {
    expect(judgePoint([step(1e-5, NaN), step(3e-5, 1.2)])).toMatchObject({
      verdict: "inconclusive",
      why: expect.stringContaining("not finite") as string,
    });
  });
  test("along the way, an unsure average says nothing", () => {
    const line = (doubt: number): Pick<Step, "line"> => ({ line: { analytic: 1, doubt } });
    const three = (...doubts: readonly number[]): Step[] =>
      doubts.map((doubt, index) => step(10 ** (index - 4), 1.02, line(doubt)));
    expect(judgeLine(three(0, 0.001, 0), () => 1)?.verdict).toBe("differs");
    expect(judgeLine(three(0, 0.02, 0), () => 1)).toBeUndefined();
    expect(judgeLine([step(1e-3, 1.001, line(0)), step(3e-3, 0.999, line(0))], () => 1)?.verdict).toBe("agrees");
  });
});
