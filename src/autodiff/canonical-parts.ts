import type { Node } from "../model/graph.ts";
import type { CanonicalContext } from "./canonical.ts";

/** What a classifier or regressor makes of its scores [rows, scores] (post_transform), as ONNX Runtime computes it. */
export function postTransform({ g, node }: CanonicalContext, scores: string): string {
  const single = g.shape(scores)[1] === 1;
  switch (text(node, "post_transform") ?? "NONE") {
    case "SOFTMAX":
      return single ? scores : g.op("Softmax", [scores], g.shape(scores), { axis: 1 });
    case "LOGISTIC":
      return single ? scores : g.unary("Sigmoid", scores);
    // Scores of 0 stay out.
    case "SOFTMAX_ZERO": {
      if (single) return scores;
      const counted = g.indicator("Greater", g.unary("Abs", scores), g.scalar(1e-7));
      const shares = g.times(g.unary("Exp", g.minus(scores, g.reduce("ReduceMax", scores, [1]))), counted);
      return g.over(shares, g.sum(shares, [1]));
    }
    // √2 · erf⁻¹(2x − 1), by the approximation of Winitzki that ONNX Runtime takes.
    case "PROBIT": {
      const x = g.offset(g.scale(scores, 2), -1);
      const log = g.unary("Log", g.times(g.minus(g.scalar(1), x), g.offset(x, 1)));
      const v = g.offset(g.scale(log, 0.5), 2 / (3.14159 * 0.147));
      const root = g.unary("Sqrt", g.minus(g.unary("Sqrt", g.minus(g.times(v, v), g.scale(log, 1 / 0.147))), v));
      return g.scale(g.times(g.unary("Sign", x), root), 1.41421356);
    }
    default:
      return scores;
  }
}

/** The first input as float32 [rows, features]; a vector is one row. */
export function asRows(c: CanonicalContext, features: number): string {
  const [x] = c.node.inputs;
  const dims = c.dims(x);
  return c.g.reshape(asFloats(c, x), [dims.length === 1 ? 1 : dims[0], features]);
}

/** A value as float32. */
export function asFloats(c: CanonicalContext, value: string): string {
  return c.isFloat(value) ? value : c.g.op("Cast", [value], c.dims(value), { to: 1 });
}

/** Gives an output of the node this value; its other outputs stay the node's own. */
export function finish({ g, node, dims }: CanonicalContext, value: string, output = 0): "done" {
  const rest = node.outputs.map((name, index) => (index === output ? g.fresh(`${node.opType}.unused`) : name));
  if (rest.some((name, index) => index !== output && name !== "")) {
    g.declare(rest[output], dims(node.outputs[output]));
    g.add({ ...node, name: node.name && `${node.name}/label`, outputs: rest });
  }
  g.add({
    name: node.name,
    opType: "Reshape",
    domain: "",
    inputs: [value, g.ints(dims(node.outputs[output]))],
    outputs: [node.outputs[output]],
    attributes: { allowzero: { type: "int", value: 1 } },
  });
  return "done";
}

/** A node's list of floats; empty where it has none of this name. */
export function floats(node: Node, name: string): readonly number[] {
  const attribute = node.attributes[name];
  return attribute?.type === "floats" ? attribute.value : [];
}

export function text(node: Node, name: string): string | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === "string" ? attribute.value : undefined;
}
