import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Attribute } from "../model/graph.ts";
import { describe as describeModel } from "../model/describe.ts";
import { openModel } from "../model/open.ts";
import { LoadedModel } from "../runtime/models.ts";
import { floatsOf, openSession, type TensorValue } from "../runtime/ort.ts";
import { ints, node, writeSmallModel, type SmallModel } from "../../test/support/models.ts";

type Attributes = Record<string, Attribute>;
const floats = (...value: number[]): Attribute => ({ type: "floats", value });
const text = (value: string): Attribute => ({ type: "string", value });
const number = (value: number): Attribute => ({ type: "float", value });
const integer = (value: number): Attribute => ({ type: "int", value });

interface Case {
  readonly operator: string;
  readonly attributes: Attributes;
  /** Rows of the input; a list is a vector. */
  readonly x?: readonly (readonly number[])[] | readonly number[];
  readonly output?: number;
}

const ROWS = [
  [0.5, -1, 2],
  [0.1, 0.2, -0.3],
];
const WEIGHTS = [0.3, 0.2, 0.1, 0.05, -0.02, 0.04, -0.5, 0.4, 0.2];
const linear = (classes: number, transform: string): Attributes => ({
  coefficients: floats(...WEIGHTS.slice(0, 3 * classes).map((w) => w * (transform === "PROBIT" ? 0.2 : 1))),
  intercepts: floats(...[0.1, -0.3, 0.2].slice(0, classes).map((b) => (transform === "PROBIT" ? 0.4 : b))),
  post_transform: text(transform),
  classlabels_ints: ints(...(classes === 1 ? [-4, 9] : classes === 2 ? [-4, 9] : [5, -1, 2])),
});
const SCORES = [
  ...["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"].flatMap((transform) =>
    [1, 2, 3].map((classes) => [classes, transform] as const),
  ),
  [2, "PROBIT"] as const,
  [3, "PROBIT"] as const,
];
const KERNELS: Readonly<Record<string, readonly number[]>> = {
  LINEAR: [1, 0, 3],
  RBF: [0.4, 0, 3],
  POLY: [0.3, 1.2, 2],
  SIGMOID: [0.2, 0.1, 3],
};
const VECTORS = [0.4, -0.9, 1.5, 0.3, 0.3, -0.2, -0.6, 0.8, 0.1, 1.1, -0.2, 0.6, -0.4, 0.5, 1.3];
const machine = (kernel: string, more: Attributes): Attributes => ({
  kernel_type: text(kernel),
  kernel_params: floats(...KERNELS[kernel]),
  support_vectors: floats(...VECTORS),
  post_transform: text("NONE"),
  ...more,
});
const two = {
  vectors_per_class: ints(2, 3),
  coefficients: floats(0.7, 0.2, -0.5, -0.3, -0.1),
  rho: floats(0.15),
  classlabels_ints: ints(-1, 1),
};
const three = {
  vectors_per_class: ints(2, 1, 2),
  coefficients: floats(0.7, 0.2, -0.5, -0.3, -0.1, 0.4, 0.3, 0.6, -0.2, -0.8),
  rho: floats(0.15, -0.2, 0.05),
  classlabels_ints: ints(3, 5, 8),
};

const CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    SCORES.map(([classes, transform]) => [
      `LinearClassifier of ${classes} scores, ${transform}`,
      { operator: "LinearClassifier", attributes: linear(classes, transform), output: 1 },
    ]),
  ),
  "LinearClassifier of a vector": {
    operator: "LinearClassifier",
    attributes: linear(3, "SOFTMAX"),
    output: 1,
    x: ROWS[0],
  },
  ...Object.fromEntries(
    SCORES.map(([classes, transform]) => {
      const { coefficients, intercepts, post_transform } = linear(classes, transform);
      return [
        `LinearRegressor of ${classes} targets, ${transform}`,
        {
          operator: "LinearRegressor",
          attributes: { coefficients, intercepts, post_transform, targets: integer(classes) },
        },
      ];
    }),
  ),
  "LinearRegressor without intercepts": {
    operator: "LinearRegressor",
    attributes: { coefficients: floats(0.3, 0.2, 0.1) },
  },
  "Scaler of each column": {
    operator: "Scaler",
    attributes: { offset: floats(0.5, -0.2, 1), scale: floats(2, 0.3, -1) },
  },
  "Scaler of all columns": { operator: "Scaler", attributes: { offset: floats(0.5), scale: floats(2) } },
  ...Object.fromEntries(
    ["MAX", "L1", "L2"].flatMap((norm): [string, Case][] => [
      [`Normalizer ${norm}`, { operator: "Normalizer", attributes: { norm: text(norm) } }],
      [`Normalizer ${norm} of a vector`, { operator: "Normalizer", attributes: { norm: text(norm) }, x: ROWS[0] }],
      [
        `Normalizer ${norm} of negative numbers`,
        { operator: "Normalizer", attributes: { norm: text(norm) }, x: [[-1, -2, -3]] },
      ],
    ]),
  ),
  "Imputer of NaN": {
    operator: "Imputer",
    attributes: { imputed_value_floats: floats(1, 2, 3), replaced_value_float: number(NaN) },
    x: [
      [0.5, NaN, 2],
      [NaN, 0.2, -0.3],
    ],
  },
  "Imputer of a number by one for all": {
    operator: "Imputer",
    attributes: { imputed_value_floats: floats(7), replaced_value_float: number(2) },
    x: [
      [0.5, 2, 2],
      [1, 0.2, -0.3],
    ],
  },
  ...Object.fromEntries(
    Object.keys(KERNELS).flatMap((kernel): [string, Case][] => [
      [
        `SVMRegressor ${kernel}`,
        {
          operator: "SVMRegressor",
          attributes: machine(kernel, {
            n_supports: integer(5),
            coefficients: floats(0.7, 0.2, -0.5, -0.3, -0.1),
            rho: floats(0.15),
          }),
        },
      ],
      [
        `SVMClassifier ${kernel} of two classes`,
        { operator: "SVMClassifier", attributes: machine(kernel, two), output: 1 },
      ],
      [
        `SVMClassifier ${kernel} of three classes`,
        { operator: "SVMClassifier", attributes: machine(kernel, three), output: 1 },
      ],
    ]),
  ),
  "SVMRegressor without vectors": {
    operator: "SVMRegressor",
    attributes: {
      coefficients: floats(0.7, 0.2, -0.5),
      rho: floats(0.15),
      kernel_type: text("LINEAR"),
      kernel_params: floats(0, 0, 0),
    },
  },
  "SVMClassifier without vectors": {
    operator: "SVMClassifier",
    attributes: {
      coefficients: floats(...WEIGHTS),
      rho: floats(0.15),
      kernel_type: text("LINEAR"),
      kernel_params: floats(0, 0, 0),
      classlabels_ints: ints(0, 1, 2),
    },
    output: 1,
  },
  ...Object.fromEntries(
    ["LOGISTIC", "SOFTMAX"].flatMap((transform): [string, Case][] => [
      [
        `SVMClassifier of two classes, ${transform}`,
        {
          operator: "SVMClassifier",
          attributes: machine("RBF", { ...two, post_transform: text(transform) }),
          output: 1,
        },
      ],
      [
        `SVMClassifier of three classes, ${transform}`,
        {
          operator: "SVMClassifier",
          attributes: machine("RBF", { ...three, post_transform: text(transform) }),
          output: 1,
        },
      ],
    ]),
  ),
  "FeatureVectorizer, cut and filled": { operator: "FeatureVectorizer", attributes: { inputdimensions: ints(2) } },
  "FeatureVectorizer, filled": { operator: "FeatureVectorizer", attributes: { inputdimensions: ints(5) } },
};

function modelOf({ operator, attributes, x = ROWS, output = 0 }: Case): { model: SmallModel; feed: TensorValue } {
  const vector = typeof x[0] === "number";
  const dims = vector ? [x.length] : [x.length, (x[0] as readonly number[]).length];
  const outputs = output === 1 ? ["label", "y"] : ["y"];
  return {
    model: {
      domains: { "ai.onnx.ml": 3 },
      inputs: { x: ["float32", ...dims] },
      outputs,
      nodes: [node(operator, ["x"], outputs, attributes, "ai.onnx.ml")],
    },
    feed: { dataType: "float32", dims, data: Float32Array.from(x.flat()) },
  };
}

describe("ai.onnx.ml's operators written out: ONNX Runtime's values, and slopes that its values have", () => {
  it.each(Object.entries(CASES))("%s", async (_, one) => {
    const { model: small, feed } = modelOf(one);
    const path = writeSmallModel(mkdtempSync(join(tmpdir(), "ml-operators-")), "m.onnx", small);
    const session = await openSession(path);
    const model = new LoadedModel(await openModel(path), 1);
    const run = async (data: Float32Array): Promise<Float32Array> =>
      floatsOf((await session.run({ x: { ...feed, data } }, ["y"])).get("y")!);
    const x = floatsOf(feed);
    const y = await run(x);
    const declared = describeModel(model.open).outputs.find(({ name }) => name === "y")!;
    expect(declared.dims).toEqual((await session.run({ x: feed }, ["y"])).get("y")!.dims);
    expect(declared.type).toBe("unknown");

    const forward = floatsOf((await model.forward({ x: feed }, ["y"])).get("y")!);
    forward.forEach((value, index) => expect(value).toBeCloseTo(y[index], 5));
    // A seed that tells all outputs apart, and the run that gives the values along with their gradient.
    const seed = Float32Array.from(y, (_value, index) => 1 + 0.37 * index);
    const { gradients, values } = await model.gradients({ x: feed }, { of: "y", seed, wrt: ["x"], fetch: ["y"] });
    floatsOf(values.get("y")!).forEach((value, index) => expect(value).toBeCloseTo(y[index], 5));
    const slopes = floatsOf(gradients.get("x")!);
    const h = 1 / 64;
    for (const [place, value] of x.entries()) {
      if (Number.isNaN(value)) {
        expect(slopes[place]).toBe(0);
        continue;
      }
      const [up, down] = await Promise.all(
        [h, -h].map((step) => run(x.map((other, index) => (index === place ? other + step : other)))),
      );
      const slope = up.reduce((sum, other, index) => sum + (seed[index] * (other - down[index])) / (2 * h), 0);
      const missing = one.attributes.replaced_value_float;
      const replaced = missing?.type === "float" && missing.value === value;
      expect(Math.abs(slopes[place] - (replaced ? 0 : slope)), `∂/∂x[${place}]`).toBeLessThan(
        0.01 * Math.max(0.5, Math.abs(slope)),
      );
    }
    await Promise.all([session.release(), model.release()]);
  });

  it("gives the label that the operator gives, whatever was written out", async () => {
    const { model: small, feed } = modelOf(CASES["LinearClassifier of 3 scores, SOFTMAX"]);
    const path = writeSmallModel(mkdtempSync(join(tmpdir(), "ml-operators-")), "m.onnx", small);
    const model = new LoadedModel(await openModel(path), 1);
    expect(
      Array.from((await model.forward({ x: feed }, ["label"])).get("label")!.data as BigInt64Array, Number),
    ).toEqual([5, 2]);
  });
});
