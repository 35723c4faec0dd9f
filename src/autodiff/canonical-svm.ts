import type { Node } from "../model/graph.ts";
import type { CanonicalContext } from "./canonical.ts";
import { asRows, finish, floats, postTransform, text } from "./canonical-parts.ts";

/**
 * Σ coefficient · kernel(x, support vector) + ρ (ai.onnx.ml SVMRegressor): a regression, or the decision value of a
 * one-class machine, of which `one_class` keeps the sign alone.
 */
export function svmRegressor(c: CanonicalContext): "done" | undefined {
  const { g, node } = c;
  const coefficients = floats(node, "coefficients");
  const count = int(node, "n_supports");
  const rho = g.scalar(floats(node, "rho")[0] ?? 0);
  const sum =
    count > 0
      ? g.matmul(kernel(c, count), g.floats(coefficients, [count, 1]))
      : g.matmul(asRows(c, coefficients.length), g.floats(coefficients, [coefficients.length, 1]));
  const score = g.plus(sum, rho);
  if (int(node, "one_class") === 0) return text(node, "post_transform") === "PROBIT" ? undefined : finish(c, score);
  return finish(c, g.offset(g.scale(g.indicator("Greater", score, g.scalar(0)), 2), -1));
}

/**
 * A support vector classifier's scores (ai.onnx.ml SVMClassifier): one for each pair of classes, two for two classes,
 * one each for the linear machine without vectors; and the probabilities of two classes by Platt's sigmoid. Those of
 * more classes are coupled by iteration, and stay with the node.
 */
export function svmClassifier(c: CanonicalContext): "done" | undefined {
  const { g, node } = c;
  const perClass = node.attributes.vectors_per_class?.type === "ints" ? node.attributes.vectors_per_class.value : [];
  const rho = floats(node, "rho");
  const classes = c.dims(node.outputs[1])[1];
  if (perClass.length === 0) {
    const coefficients = floats(node, "coefficients");
    const features = coefficients.length / classes;
    const product = g.op(
      "Gemm",
      [asRows(c, features), g.floats(coefficients, [classes, features])],
      c.dims(node.outputs[1]),
      { transB: 1 },
    );
    return finish(c, postTransform(c, g.offset(product, rho[0] ?? 0)), 1);
  }
  const count = perClass.reduce((a, b) => a + b, 0);
  const pairs = pairCoefficients(floats(node, "coefficients"), perClass);
  const scores = g.plus(
    g.matmul(kernel(c, count), g.transpose(g.floats(pairs.flat(), [pairs.length, count]), [1, 0])),
    g.floats(rho.slice(0, pairs.length), [pairs.length]),
  );
  const [a, b] = [floats(node, "prob_a"), floats(node, "prob_b")];
  if (a.length > 0)
    return perClass.length === 2 ? finish(c, postTransform(c, plattShares(c, scores, a[0], b[0])), 1) : undefined;
  if (perClass.length > 2) return finish(c, postTransform(c, scores), 1);
  const transform = text(node, "post_transform") ?? "NONE";
  if (transform === "NONE") return finish(c, g.concat([g.scale(scores, -1), scores], 1), 1);
  if (transform === "PROBIT") return undefined;
  const positive = transform === "LOGISTIC" ? g.unary("Sigmoid", scores) : scores;
  return finish(c, g.concat([g.minus(g.scalar(1), positive), positive], 1), 1);
}

/**
 * [p, 1 − p] with p = 1 − σ(A·score + B), kept 10⁻⁷ away from 0 and 1 (Platt 1999; what pairwise coupling comes to for
 * two classes).
 */
function plattShares({ g }: CanonicalContext, score: string, a: number, b: number): string {
  const first = g.op(
    "Clip",
    [g.minus(g.scalar(1), g.unary("Sigmoid", g.offset(g.scale(score, a), b))), g.scalar(1e-7), g.scalar(1 - 1e-7)],
    g.shape(score),
  );
  return g.concat([first, g.minus(g.scalar(1), first)], 1);
}

/**
 * Which vectors count for which pair of classes, [pairs][vectors]: libsvm keeps, for each vector, a coefficient against
 * each other class, so that those of class i against j stand in row j − 1, those of class j in row i (i < j).
 */
function pairCoefficients(coefficients: readonly number[], perClass: readonly number[]): number[][] {
  const count = perClass.reduce((a, b) => a + b, 0);
  const classOf = perClass.flatMap((size, index) => new Array<number>(size).fill(index));
  const pairs = perClass.flatMap((_, i) => perClass.flatMap((_size, j) => (j > i ? [[i, j]] : [])));
  return pairs.map(([i, j]) =>
    classOf.map((of, vector) =>
      of === i ? coefficients[(j - 1) * count + vector] : of === j ? coefficients[i * count + vector] : 0,
    ),
  );
}

/** The kernel between each row and each support vector, [rows, vectors]. */
function kernel(c: CanonicalContext, count: number): string {
  const { g, node } = c;
  const vectors = floats(node, "support_vectors");
  const features = vectors.length / count;
  const [gamma = 0, coef0 = 0, degree = 3] = floats(node, "kernel_params");
  const x = asRows(c, features);
  const kind = text(node, "kernel_type") ?? "LINEAR";
  if (kind === "RBF") {
    // By differences: products would cancel.
    const difference = g.minus(g.reshape(x, [g.shape(x)[0], 1, features]), g.floats(vectors, [1, count, features]));
    return g.unary("Exp", g.scale(g.sum(g.times(difference, difference), [2], false), -gamma));
  }
  const product = g.matmul(x, g.transpose(g.floats(vectors, [count, features]), [1, 0]));
  if (kind === "LINEAR") return product;
  const shifted = g.offset(g.scale(product, gamma), coef0);
  return kind === "POLY" ? g.power(shifted, degree) : g.unary("Tanh", shifted);
}

function int(node: Node, name: string): number {
  const attribute = node.attributes[name];
  return attribute?.type === "int" ? attribute.value : 0;
}
