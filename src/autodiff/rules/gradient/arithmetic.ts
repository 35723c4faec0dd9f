import { range } from "../../builder.ts";
import type { RuleContext, RuleTable } from "../../rule.ts";

/** Operators of two and more values, with broadcasting (ai.onnx, opset 21), and matrix products. */
export const arithmeticRules: RuleTable = {
  Add: (r) => [back(r, 0, () => r.dy()), back(r, 1, () => r.dy())],
  Sub: (r) => [back(r, 0, () => r.dy()), back(r, 1, () => r.g.scale(r.dy(), -1))],
  Mul: (r) => [back(r, 0, () => r.g.times(r.dy(), r.x(1))), back(r, 1, () => r.g.times(r.dy(), r.x(0)))],
  Div: (r) => [
    back(r, 0, () => r.g.over(r.dy(), r.x(1))),
    back(r, 1, () => r.g.scale(r.g.times(r.dy(), r.g.over(r.y(), r.x(1))), -1)),
  ],
  Pow: (r) => [back(r, 0, () => powBase(r)), back(r, 1, () => powExponent(r))],
  Mod: (r) => {
    if (r.int("fmod", 0) !== 1) throw r.refuse("integer Mod has no gradient");
    // fmod truncates: y = a − b·trunc(a/b)
    const quotient = (): string => r.g.over(r.g.minus(r.x(0), r.y()), r.x(1));
    return [back(r, 0, () => r.dy()), back(r, 1, () => r.g.scale(r.g.times(r.dy(), quotient()), -1))];
  },
  Sum: (r) => r.node.inputs.map((_, index) => back(r, index, () => r.dy())),
  Mean: (r) => r.node.inputs.map((_, index) => back(r, index, () => r.g.scale(r.dy(), 1 / r.node.inputs.length))),
  Max: shareAmongTies,
  Min: shareAmongTies,
  Where: (r) => {
    const zero = r.g.scalar(0);
    return [
      undefined,
      back(r, 1, () => r.g.where(r.x(), r.dy(), zero)),
      back(r, 2, () => r.g.where(r.x(), zero, r.dy())),
    ];
  },
  MatMul: matmul,
  Gemm: gemm,
};

/**
 * Input `index`'s gradient, summed over the axes along which the input was broadcast; nothing where it is not asked
 * for.
 */
function back(r: RuleContext, index: number, grad: () => string): string | undefined {
  return r.needs(index) ? r.g.sumTo(r.g.expand(grad(), r.outDims()), r.dims(index)) : undefined;
}

/** dy · b · a^(b−1), and 0 where b is 0 (also at a = 0), as PyTorch. The exponent may be of an integer type. */
function powBase(r: RuleContext): string {
  const { g } = r;
  const exponent = g.op("Cast", [r.x(1)], r.dims(1), { to: 1 });
  const slope = g.times(exponent, g.binary("Pow", r.x(0), g.offset(exponent, -1)));
  // Not asked of an exponent that depends on what the gradient is for: the graph must not be held to its values.
  const known = r.needs(1) ? undefined : r.known(1);
  // A root of a negative number that is masked out later: nothing comes back, which NaN must not make NaN.
  const masked =
    known && !known.every(Number.isInteger)
      ? g.op("And", [g.unary("IsNaN", slope), g.binary("Equal", r.dy(), g.scalar(0))], g.shape(slope))
      : undefined;
  return g.times(
    r.dy(),
    g.where(
      g.binary("Equal", exponent, g.scalar(0)),
      g.scalar(0),
      masked ? g.where(masked, g.scalar(0), slope) : slope,
    ),
  );
}

/** dy · y · ln a, and 0 where a is 0. */
function powExponent(r: RuleContext): string {
  const { g } = r;
  const isZero = g.binary("Equal", r.x(0), g.scalar(0));
  const log = g.unary("Log", g.where(isZero, g.scalar(1), r.x(0)));
  return g.times(r.dy(), g.times(r.y(), log));
}

/** Max and Min: inputs that tie share equally. */
function shareAmongTies(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const chosen = r.node.inputs.map((input) => g.indicator("Equal", g.expand(input, r.outDims()), r.y()));
  const share =
    chosen.length === 1
      ? r.dy()
      : g.over(
          r.dy(),
          chosen.reduce((a, b) => g.plus(a, b)),
        );
  return chosen.map((mask, index) => back(r, index, () => g.times(share, mask)));
}

/** numpy's matmul: 1-D operands get an axis and lose it again. */
function matmul(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const [a, b] = [r.dims(0), r.dims(1)];
  const left = a.length === 1 ? g.reshape(r.x(0), [1, a[0]]) : r.x(0);
  const right = b.length === 1 ? g.reshape(r.x(1), [b[0], 1]) : r.x(1);
  const rows = g.shape(left)[g.shape(left).length - 2];
  const columns = g.shape(right)[g.shape(right).length - 1];
  const batch = r.outDims().slice(0, r.outDims().length - (a.length > 1 ? 1 : 0) - (b.length > 1 ? 1 : 0));
  const dy = g.reshape(r.dy(), [...batch, rows, columns]);
  const da = (): string => g.reshape(g.sumTo(g.matmul(dy, swapLast(r, right)), g.shape(left)), a);
  const db = (): string => g.reshape(g.sumTo(weightGrad(r, left, dy, g.shape(right)), g.shape(right)), b);
  return [r.needs(0) ? da() : undefined, r.needs(1) ? db() : undefined];
}

/** leftᵀ·dy; a right operand without batch axes gets its sum over the batch inside one product. */
function weightGrad(r: RuleContext, left: string, dy: string, rightDims: readonly number[]): string {
  const { g } = r;
  const dims = g.shape(left);
  if (rightDims.length > 2 || dims.length === 2) return g.matmul(swapLast(r, left), dy);
  const flat = (value: string): string => {
    const shape = g.shape(value);
    const last = shape[shape.length - 1];
    return g.reshape(value, [shape.slice(0, -1).reduce((a, b) => a * b, 1), last]);
  };
  return g.matmul(g.transpose(flat(left), [1, 0]), flat(dy));
}

function swapLast(r: RuleContext, value: string): string {
  const rank = r.g.shape(value).length;
  return r.g.transpose(value, [...range(0, rank - 2), rank - 1, rank - 2]);
}

/** Y = α·A′·B′ + β·C, with A′ and B′ transposed where asked. */
function gemm(r: RuleContext): (string | undefined)[] {
  const { g } = r;
  const [transA, transB] = [r.int("transA", 0) !== 0, r.int("transB", 0) !== 0];
  const [alpha, beta] = [r.float("alpha", 1), r.float("beta", 1)];
  const product = (a: string, ta: boolean, b: string, tb: boolean): string => {
    const [rows, columns] = [g.shape(a)[ta ? 1 : 0], g.shape(b)[tb ? 0 : 1]];
    return g.scale(g.op("Gemm", [a, b], [rows, columns], { transA: ta ? 1 : 0, transB: tb ? 1 : 0 }), alpha);
  };
  const dy = r.dy();
  return [
    r.needs(0) ? (transA ? product(r.x(1), transB, dy, true) : product(dy, false, r.x(1), !transB)) : undefined,
    r.needs(1) ? (transB ? product(dy, true, r.x(0), transA) : product(r.x(0), !transA, dy, false)) : undefined,
    r.needs(2) ? g.scale(g.sumTo(dy, r.dims(2)), beta) : undefined,
  ];
}
