import { float, range } from "../../builder.ts";
import { expanding, type RuleContext, type RuleTable } from "../../rule.ts";

/**
 * com.microsoft's fused operators, as ONNX Runtime's optimizers leave them in saved models: each goes back through the
 * standard operators that it stands for (ONNX Runtime, docs/ContribOperators.md).
 */
export const microsoftRules: RuleTable = {
  "com.microsoft.FusedConv": expanding((r) => {
    const { g } = r;
    const y = g.op("Conv", [r.x(0), r.x(1), r.x(2)], r.outDims(), without(r, ["activation", "activation_params"]));
    return [
      activated(
        r,
        r.has(3) ? g.plus(y, r.x(3)) : y,
        r.string("activation", ""),
        r.floatList("activation_params") ?? [],
      ),
    ];
  }),
  "com.microsoft.FusedMatMul": expanding(fusedMatMul),
  "com.microsoft.TransposeMatMul": expanding(fusedMatMul),
  "com.microsoft.FusedGemm": expanding((r) => {
    const y = r.g.op(
      "Gemm",
      [r.x(0), r.x(1), r.x(2)],
      r.outDims(),
      without(r, ["activation", "activation_alpha", "activation_beta", "activation_gamma"]),
    );
    const parameters = ["activation_alpha", "activation_beta"].flatMap((name) =>
      r.node.attributes[name] ? [r.float(name, 0)] : [],
    );
    return [activated(r, y, r.string("activation", ""), parameters)];
  }),

  "com.microsoft.Gelu": expanding((r) => [r.g.op("Gelu", [r.x(0)], r.dims(), {})]),
  "com.microsoft.BiasGelu": expanding((r) => [r.g.op("Gelu", [r.g.plus(r.x(0), r.x(1))], r.outDims(), {})]),
  "com.microsoft.FastGelu": expanding((r) => [
    r.g.op("Gelu", [r.has(1) ? r.g.plus(r.x(0), r.x(1)) : r.x(0)], r.outDims(), { approximate: "tanh" }),
  ]),
  "com.microsoft.QuickGelu": expanding((r) => [
    r.g.times(r.x(0), r.g.unary("Sigmoid", r.g.scale(r.x(0), r.float("alpha", 1.702)))),
  ]),

  "com.microsoft.SkipLayerNormalization": expanding(skipLayerNorm),
  "com.microsoft.SkipSimplifiedLayerNormalization": expanding((r) => {
    const { g } = r;
    const sum = [r.x(1), ...(r.has(3) ? [r.x(3)] : [])].reduce((a, b) => g.plus(a, b), r.x(0));
    return [rmsNorm(r, sum, r.x(2), [r.dims().length - 1], r.float("epsilon", 1e-12)).y, undefined, undefined, sum];
  }),
  // Written without a domain by ONNX Runtime, though ai.onnx has no such operator.
  SimplifiedLayerNormalization: expanding(simplifiedLayerNorm),
  "com.microsoft.SimplifiedLayerNormalization": expanding(simplifiedLayerNorm),

  "com.microsoft.NhwcMaxPool": expanding((r) => {
    const { g } = r;
    const rank = r.dims().length;
    const out = r.outDims();
    const first = g.transpose(r.x(0), [0, rank - 1, ...range(1, rank - 1)]);
    return [
      g.transpose(g.op("MaxPool", [first], [out[0], out[rank - 1], ...out.slice(1, -1)], r.node.attributes), [
        0,
        ...range(2, rank),
        1,
      ]),
    ];
  }),
  // d(A⁻¹) = −A⁻¹·dA·A⁻¹
  "com.microsoft.Inverse": (r) => {
    const { g } = r;
    const rank = r.dims().length;
    const transposed = g.transpose(r.y(), [...range(0, rank - 2), rank - 1, rank - 2]);
    return [g.scale(g.matmul(transposed, g.matmul(r.dy(), transposed)), -1)];
  },
  "com.microsoft.MatMulNBits": expanding((r) => packedProduct(r, 5)),
  "com.microsoft.MatMulBnb4": expanding((r) => packedProduct(r, -1)),
  "com.microsoft.GatedAdd": expanding((r) => {
    if (r.has(3)) throw r.refuse("a projected gate has no rule");
    return [r.g.plus(r.x(0), r.g.times(r.x(1), r.x(2)))];
  }),
  "com.microsoft.CDist": expanding((r) => {
    const { g } = r;
    const [[m, k], [n]] = [r.dims(0), r.dims(1)];
    const apart = g.minus(g.reshape(r.x(0), [m, 1, k]), g.reshape(r.x(1), [1, n, k]));
    return [
      g.reduce(r.string("metric", "sqeuclidean") === "euclidean" ? "ReduceL2" : "ReduceSumSquare", apart, [2], false),
    ];
  }),
};

/** The weights as real numbers are what the operator makes of the identity. `bias`: the input that is added, or -1. */
function packedProduct(r: RuleContext, bias: number): string[] {
  const { g } = r;
  const [k, n] = [r.int("K", 0), r.int("N", 0)];
  const identity = Float32Array.from({ length: k * k }, (_, index) => (index % (k + 1) === 0 ? 1 : 0));
  const weights = g.op(
    r.node.opType,
    [g.floats(identity, [k, k]), ...r.node.inputs.slice(1, 5)],
    [k, n],
    r.node.attributes,
    "com.microsoft",
  );
  const y = g.matmul(r.x(0), weights);
  return [r.has(bias) ? g.plus(y, r.x(bias)) : y];
}

function without(r: RuleContext, names: readonly string[]): RuleContext["node"]["attributes"] {
  return Object.fromEntries(Object.entries(r.node.attributes).filter(([name]) => !names.includes(name)));
}

/** A fused activation with its parameters in the order that the optimizer writes them. */
function activated(r: RuleContext, value: string, activation: string, parameters: readonly number[]): string {
  const { g } = r;
  const dims = g.shape(value);
  const alpha = (otherwise: number): Record<string, ReturnType<typeof float>> => ({
    alpha: float(parameters[0] ?? otherwise),
  });
  switch (activation) {
    case "":
      return value;
    case "Relu":
    case "Tanh":
    case "Sigmoid":
    case "Softplus":
    case "Softsign":
      return g.unary(activation, value);
    case "LeakyRelu":
      return g.op("LeakyRelu", [value], dims, alpha(0.01));
    case "Elu":
      return g.op("Elu", [value], dims, alpha(1));
    case "ThresholdedRelu":
      return g.op("ThresholdedRelu", [value], dims, alpha(1));
    case "HardSigmoid":
      return g.op("HardSigmoid", [value], dims, { ...alpha(0.2), beta: float(parameters[1] ?? 0.5) });
    case "Clip":
      return g.op("Clip", [value, g.scalar(parameters[0]), g.scalar(parameters[1])], dims);
    default:
      throw r.refuse(`its activation "${activation}" has no rule`);
  }
}

/** α·A′·B′: the last two axes exchanged where asked, or the batch axes moved behind the rows (transBatch). */
function fusedMatMul(r: RuleContext): string[] {
  const { g } = r;
  const operand = (index: number, side: "A" | "B"): string => {
    const rank = r.dims(index).length;
    let value = r.x(index);
    // [rows, batch..., columns] to [batch..., rows, columns]
    if (r.int(`transBatch${side}`, 0) !== 0 && rank > 2)
      value = g.transpose(value, [...range(1, rank - 1), 0, rank - 1]);
    return r.int(`trans${side}`, 0) !== 0 && rank > 1
      ? g.transpose(value, [...range(0, rank - 2), rank - 1, rank - 2])
      : value;
  };
  return [g.scale(g.op("MatMul", [operand(0, "A"), operand(1, "B")], r.outDims()), r.float("alpha", 1))];
}

/** LayerNormalization of input + skip (+ bias) over the last axis; the sum is the fourth output. */
function skipLayerNorm(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const sum = [r.x(1), ...(r.has(4) ? [r.x(4)] : [])].reduce((a, b) => g.plus(a, b), r.x(0));
  const y = g.op("LayerNormalization", [sum, r.x(2), r.x(3)], g.shape(sum), {
    axis: -1,
    epsilon: float(r.float("epsilon", 1e-12)),
  });
  return [y, undefined, undefined, sum];
}

function simplifiedLayerNorm(r: RuleContext): (string | undefined)[] {
  const rank = r.dims().length;
  const { y, inverse } = rmsNorm(r, r.x(0), r.x(1), range(r.axis("axis", -1), rank), r.float("epsilon", 1e-5));
  return [y, inverse];
}

/** x / √(mean x² + ε) · scale */
function rmsNorm(
  r: RuleContext,
  x: string,
  scale: string,
  axes: readonly number[],
  epsilon: number,
): { y: string; inverse: string } {
  const { g } = r;
  const root = g.unary("Sqrt", g.offset(g.mean(g.times(x, x), axes), epsilon));
  return { y: g.times(g.over(x, root), scale), inverse: g.unary("Reciprocal", root) };
}
