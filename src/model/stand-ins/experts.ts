import type { Body } from "./body.ts";
import type { StandIn } from "./fused.ts";

const ACTIVATIONS: Readonly<Record<string, (b: Body, value: string) => string>> = {
  relu: (b, value) => b.op("Relu", [value]),
  silu: (b, value) => b.silu(value),
  // ONNX Runtime's is the one by tanh.
  gelu: (b, value) => b.op("FastGelu", [value], {}, "com.microsoft"),
  identity: (_, value) => value,
};

/**
 * com.microsoft's mixture of experts and gated norm, as standard operators: what ONNX Runtime's CPU kernels compute
 * (checked with 1.32).
 */
export const EXPERTS: Readonly<Record<string, StandIn>> = {
  /**
   * Every expert runs on every row, and the router's k largest probabilities weigh what they give: the others' weights
   * are zero. Not with a third layer (SwiGLU and what is gated by it).
   */
  MoE: (b) => {
    const activation = b.string("activation_type", "relu");
    if (
      b.has(6) ||
      b.has(7) ||
      !Object.hasOwn(ACTIVATIONS, activation) ||
      b.int("use_sparse_mixer", 0) !== 0 ||
      b.around.opset < 13
    )
      return false;
    const [, , inner] = b.dims(2) ?? [];
    const [, , outer] = b.dims(4) ?? [];
    if (typeof inner !== "number" || typeof outer !== "number" || b.dims(0)?.[b.dims(0)!.length - 1] !== inner)
      return false;
    const rows = b.op("Reshape", [b.x(0), b.ints(-1, inner)]);
    const dense = (value: string, weight: number, bias: number): string => {
      const product = b.op("MatMul", [value, b.op("Transpose", [b.x(weight)], { perm: [0, 2, 1] })]);
      return b.has(bias) ? b.op("Add", [product, b.op("Unsqueeze", [b.x(bias), b.ints(1)])]) : product;
    };
    const given = dense(ACTIVATIONS[activation](b, dense(rows, 2, 3)), 4, 5);
    const shares = b.op("Softmax", [b.x(1)], { axis: -1 });
    const [largest, which] = b.ops("TopK", [shares, b.ints(b.int("k", 1))], 2, { axis: -1 });
    const kept =
      b.int("normalize_routing_weights", 0) !== 0
        ? b.op("Div", [largest, b.op("ReduceSum", [largest, b.ints(-1)], { keepdims: 1 })])
        : largest;
    const gates = b.op("ScatterElements", [b.op("Mul", [shares, b.floats([0], [])]), which, kept], { axis: 1 });
    const weighed = b.op("Mul", [given, b.op("Unsqueeze", [b.op("Transpose", [gates], { perm: [1, 0] }), b.ints(2)])]);
    b.last("Reshape", [b.op("ReduceSum", [weighed, b.ints(0)], { keepdims: 0 }), b.op("Shape", [b.x(0)])]);
    return true;
  },
  // x / √(mean x² + ε) · weight · SiLU(gate)
  GatedRMSNorm: (b) => {
    if (b.string("activation", "silu") !== "silu" || b.around.opset < 13) return false;
    const squares = b.op("Mul", [b.x(0), b.x(0)]);
    const mean = b.op(
      "ReduceMean",
      b.around.opset >= 18 ? [squares, b.ints(-1)] : [squares],
      b.around.opset >= 18 ? { keepdims: 1 } : { axes: [-1], keepdims: 1 },
    );
    const unit = b.op("Div", [b.x(0), b.op("Sqrt", [b.op("Add", [mean, b.floats([b.float("epsilon", 1e-5)], [])])])]);
    b.last("Mul", [b.op("Mul", [unit, b.x(1)]), b.silu(b.x(2))]);
    return true;
  },
};
