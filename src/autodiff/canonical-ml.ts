import { elementCount } from "../model/graph.ts";
import type { CanonicalContext, Rewrite } from "./canonical.ts";
import { asFloats, asRows, finish, floats, postTransform, text } from "./canonical-parts.ts";
import { svmClassifier, svmRegressor } from "./canonical-svm.ts";

/**
 * ai.onnx.ml's operators (versions 1 to 5) as standard ones, where what they do can be differentiated: as ONNX Runtime
 * computes them. Nodes whose output has no gradient (trees, look-ups, probabilities coupled by iteration) stay, and a
 * rule says why. Linear models are rewritten before (`withLinearModels`).
 */
export const ML_REWRITES: Readonly<Record<string, Rewrite>> = {
  // (x − offset)·scale, one for all columns or one each.
  Scaler: (c) => {
    const { g } = c;
    const list = (name: string): string => {
      const values = floats(c.node, name);
      return g.floats(values, values.length === 1 ? [] : [values.length]);
    };
    const offset =
      floats(c.node, "offset").length > 0
        ? g.minus(asFloats(c, c.node.inputs[0]), list("offset"))
        : asFloats(c, c.node.inputs[0]);
    return finish(c, floats(c.node, "scale").length > 0 ? g.times(offset, list("scale")) : offset);
  },
  // x over its largest element, its sum of magnitudes or its length, by row; rows for which that is 0 stay.
  Normalizer: (c) => {
    const { g } = c;
    const x = asFloats(c, c.node.inputs[0]);
    const norm = g.reduce(NORMS[text(c.node, "norm") ?? "MAX"] ?? "ReduceMax", x, [
      c.dims(c.node.inputs[0]).length - 1,
    ]);
    return finish(c, g.over(x, g.where(g.binary("Equal", norm, g.scalar(0)), g.scalar(1), norm)));
  },
  // Missing values (NaN, or the number that stands for them) by a constant for each column.
  Imputer: (c) => {
    const { g } = c;
    const imputed = floats(c.node, "imputed_value_floats");
    if (imputed.length === 0 || !c.isFloat(c.node.inputs[0])) return undefined;
    const [x] = c.node.inputs;
    const missing =
      c.node.attributes.replaced_value_float?.type === "float" ? c.node.attributes.replaced_value_float.value : 0;
    const mask = Number.isNaN(missing) ? g.unary("IsNaN", x) : g.binary("Equal", x, g.scalar(missing));
    return finish(c, g.where(mask, g.floats(imputed, imputed.length === 1 ? [] : [imputed.length]), x));
  },
  // Columns of the last axis; a vector becomes a row.
  ArrayFeatureExtractor: (c) => {
    const { g } = c;
    const [x, indices] = c.node.inputs;
    if (!c.isFloat(x)) return undefined;
    const rank = c.dims(x).length;
    const count = elementCount(c.dims(indices));
    return finish(
      c,
      g.op("Gather", [x, g.reshape(indices, [count])], [...c.dims(x).slice(0, -1), count], { axis: rank - 1 }),
    );
  },
  // Tables beside each other, each cut or filled up with zeros to its number of columns.
  FeatureVectorizer: (c) => {
    const { g } = c;
    const widths = c.node.attributes.inputdimensions?.type === "ints" ? c.node.attributes.inputdimensions.value : [];
    const parts = c.node.inputs.map((input, index) => {
      const dims = c.dims(input);
      const [rows, columns] = dims.length === 1 ? [1, dims[0]] : [dims[0], elementCount(dims.slice(1))];
      const table = g.slice(g.reshape(asFloats(c, input), [rows, columns]), 1, 0, Math.min(columns, widths[index]));
      return g.pad(table, [0, 0], [0, Math.max(0, widths[index] - columns)]);
    });
    return widths.length === parts.length ? finish(c, g.concat(parts, 1)) : undefined;
  },
  LinearRegressor: (c) => linear(c, 0, c.node.attributes.targets?.type === "int" ? c.node.attributes.targets.value : 1),
  LinearClassifier: (c) =>
    c.node.outputs[1] && floats(c.node, "intercepts").length > 1
      ? linear(c, 1, floats(c.node, "intercepts").length)
      : undefined,
  SVMRegressor: svmRegressor,
  SVMClassifier: svmClassifier,
};

const NORMS: Readonly<Record<string, string>> = { MAX: "ReduceMax", L1: "ReduceL1", L2: "ReduceL2" };

/** Linear models with an ending that is no standard operator; the others were rewritten before. */
function linear(c: CanonicalContext, output: number, targets: number): "done" | undefined {
  const { g, node } = c;
  const [weights, biases] = [floats(node, "coefficients"), floats(node, "intercepts")];
  const features = weights.length / targets;
  const product = g.op(
    "Gemm",
    [
      asRows(c, features),
      g.floats(weights, [targets, features]),
      ...(biases.length > 0 ? [g.floats(biases, [targets])] : []),
    ],
    c.dims(node.outputs[output]),
    { transB: 1 },
  );
  return finish(c, postTransform(c, product), output);
}
